use crate::api::{BreakerReport, Trust};
use crate::outcomes::Teller;
use downhaul_core::document::ClientKind;
use std::collections::BTreeMap;
use std::time::Duration;

/// What an instance said of its breakers holds for three batches.
const LEASE: Duration = Duration::from_secs(180);
/// Instances of trusted and of claimed telemetry each; of one key half of them at most.
const INSTANCES: usize = 20_000;

/// Where the breakers of every instance stand, as each told last.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    trusted: BTreeMap<(String, String), Told>,
    claimed: BTreeMap<(String, String), Told>,
}

#[derive(Debug, Clone)]
pub(super) struct Told {
    kind: ClientKind,
    pub(super) at: Duration,
    pub(super) region: Option<String>,
    pub(super) sdk: Option<String>,
    pub(super) breakers: Vec<BreakerReport>,
}

impl Standing {
    /// Takes the place of what the instance said before. Where there is no room it is not known of.
    pub(super) fn set(
        &mut self,
        teller: &Teller<'_>,
        [region, sdk]: [Option<String>; 2],
        breakers: Vec<BreakerReport>,
        now: Duration,
    ) {
        let told = match Trust::of(teller.kind) {
            Trust::Trusted => &mut self.trusted,
            Trust::Claimed => &mut self.claimed,
        };
        let of = (teller.key.to_owned(), teller.instance.to_owned());
        // One without breakers is heard of all the same; of a page nobody asks that.
        if breakers.is_empty() && teller.kind == ClientKind::Browser {
            told.remove(&of);
            return;
        }
        if told.len() >= INSTANCES && !told.contains_key(&of) {
            told.retain(|_, told| now.saturating_sub(told.at) <= LEASE);
            let of_key =
                told.range((teller.key.to_owned(), String::new())..).take_while(|((key, _), _)| key == teller.key);
            if told.len() >= INSTANCES || of_key.count() >= INSTANCES / 2 {
                return;
            }
        }
        told.insert(of, Told { kind: teller.kind, at: now, region, sdk, breakers });
    }

    /// Servers and edges that told something within so long.
    pub(super) fn trusted(&self, within: Duration, now: Duration) -> impl Iterator<Item = &Told> {
        self.trusted.values().filter(move |told| now.saturating_sub(told.at) <= within)
    }

    /// What still holds, and how long ago it was told.
    pub(super) fn reports(&self, now: Duration) -> impl Iterator<Item = (ClientKind, &BreakerReport, Duration)> {
        let told = self.trusted.values().chain(self.claimed.values());
        let live = told.map(move |told| (told, now.saturating_sub(told.at))).filter(|(_, silent)| *silent <= LEASE);
        live.flat_map(|(told, silent)| told.breakers.iter().map(move |breaker| (told.kind, breaker, silent)))
    }
}
