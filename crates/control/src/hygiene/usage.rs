use downhaul_core::document::{ClientKind, Flag};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Flags of one acknowledgement that are taken; more are passed over.
const KEYS: usize = 256;

/// Which flags clients have asked for, by the day and second they told of it. Never who asked, nor how often.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Since when clients of a kind tell, in seconds since 1970. Of a kind that is not there nobody has told.
    since: BTreeMap<ClientKind, i64>,
    /// By flag and kind: when a client last told that it was asked for.
    flags: BTreeMap<String, BTreeMap<ClientKind, i64>>,
}

impl Usage {
    /// A client of this kind told which flags it was asked for since it last told. Names that are no flags are left out.
    pub fn told<'a>(
        &mut self,
        kind: ClientKind,
        keys: impl Iterator<Item = &'a str>,
        is_flag: impl Fn(&str) -> bool,
        now: Timestamp,
    ) {
        let now = now.as_second();
        self.since.entry(kind).or_insert(now);
        for key in keys.take(KEYS).filter(|key| is_flag(key)) {
            let last = self.flags.entry(key.to_owned()).or_default().entry(kind).or_insert(now);
            *last = now.max(*last);
        }
    }

    /// Forgets flags that are no more.
    pub fn keep(&mut self, is_flag: impl Fn(&str) -> bool) {
        self.flags.retain(|key, _| is_flag(key));
    }

    /// When clients last told that they were asked for a flag, and of which kind they were; the last first.
    pub fn asked(&self, flag: &str) -> Vec<(ClientKind, Timestamp)> {
        let mut asked: Vec<(ClientKind, Timestamp)> = self
            .flags
            .get(flag)
            .into_iter()
            .flatten()
            .filter_map(|(kind, at)| Some((*kind, Timestamp::from_second(*at).ok()?)))
            .collect();
        asked.sort_by_key(|(kind, at)| (std::cmp::Reverse(*at), *kind));
        asked
    }

    /// Since when it would be known if a flag was asked for: since clients of every kind that it is given to tell.
    pub fn known_since(&self, flag: &Flag) -> Option<Timestamp> {
        let since: Option<Vec<i64>> = flag.clients.iter().map(|kind| self.since.get(kind).copied()).collect();
        Timestamp::from_second(since?.into_iter().max()?).ok()
    }

    /// Since when clients of each kind tell.
    pub fn since(&self) -> impl Iterator<Item = (ClientKind, Timestamp)> {
        self.since.iter().filter_map(|(kind, at)| Some((*kind, Timestamp::from_second(*at).ok()?)))
    }
}
