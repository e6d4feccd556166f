//! What is not the same for all clients, or not as it should be: partial rollback as states with a name, each with who,
//! since when, and what to do.

mod clients;
mod way_back;

pub(super) use clients::SWING;
pub use way_back::{redeployed, runs_release};

use super::{Fleet, Instance, InstanceId};
use crate::api::{BreakerView, FleetPart, FleetState, FleetStateKind, Trust};
use crate::state::State;
use crate::time;
use jiff::{SignedDuration, Timestamp};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// Parts and instances that are named.
const PARTS: usize = 20;
const NAMED: usize = 10;

/// What stands around a roster.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    pub state: &'a State,
    /// As [`crate::telemetry::Telemetry::breakers`] gives them.
    pub breakers: &'a [BreakerView],
    /// On the roster's clock, and on the wall's.
    pub now: Duration,
    pub at: Timestamp,
}

impl Around<'_> {
    /// A moment of the roster's clock, as text.
    fn when(&self, moment: Duration) -> String {
        let ago = SignedDuration::try_from(self.now.saturating_sub(moment)).unwrap_or_default();
        time::to_text(self.at.checked_sub(ago).unwrap_or(self.at))
    }
}

impl Fleet {
    /// The states that the fleet is in; the most urgent first. None where all clients agree, are heard of, and nothing is
    /// on its way back.
    pub fn states(&self, around: &Around<'_>) -> Vec<FleetState> {
        let mut states = Vec::new();
        self.partly_dark(around, &mut states);
        self.killed_in_regions(around, &mut states);
        way_back::breakers_open(around, &mut states);
        self.rolled_back_releases(around, &mut states);
        way_back::caches_lagging(around, &mut states);
        self.refusing(around, &mut states);
        self.stale(around, &mut states);
        self.mixed_revisions(around, &mut states);
        self.mixed_releases(around, &mut states);
        way_back::oscillating_flags(around, &mut states);
        self.oscillating(around, &mut states);
        states.sort_by(|a, b| a.kind.cmp(&b.kind).then_with(|| a.since.cmp(&b.since)).then_with(|| a.id.cmp(&b.id)));
        states
    }

    fn of_standing(&self, standing: super::Standing, now: Duration) -> Vec<One<'_>> {
        let all = self.instances.iter().map(|(id, instance)| One { id, instance });
        all.filter(|one| self.standing(one.instance, now) == standing).collect()
    }
}

/// An instance, and its name.
#[derive(Debug, Clone, Copy)]
struct One<'a> {
    id: &'a InstanceId,
    instance: &'a Instance,
}

impl<'a> One<'a> {
    fn is_trusted(&self) -> bool {
        self.instance.trust() == Trust::Trusted
    }

    fn region(&self) -> &'a str {
        self.instance.said.region.as_deref().unwrap_or_default()
    }

    fn release(&self) -> Option<&'a str> {
        self.instance.said.release.as_deref()
    }
}

/// A state of which only what it is called and about is known.
fn state(kind: FleetStateKind, of: &str, words: String, since: String) -> FleetState {
    FleetState {
        id: if of.is_empty() { kind.as_str().to_owned() } else { format!("{}/{of}", kind.as_str()) },
        kind,
        words,
        clients: 0,
        trusted: 0,
        who: Vec::new(),
        instances: Vec::new(),
        since,
        help: String::new(),
        command: None,
        flag: None,
        kill: None,
        release: None,
    }
}

impl FleetState {
    /// About these clients, parted so.
    fn about(mut self, clients: &[One<'_>], part: impl Fn(&One<'_>) -> FleetPart) -> FleetState {
        self.clients = clients.len();
        self.trusted = clients.iter().filter(|one| one.is_trusted()).count();
        let mut parts: BTreeMap<FleetPart, usize> = BTreeMap::new();
        clients.iter().for_each(|one| *parts.entry(part(one)).or_default() += 1);
        self.parts(parts.into_iter().map(|(part, clients)| FleetPart { clients, ..part }).collect());
        // Whom one can trust first: these are fewer, and one's own.
        let mut named: Vec<&One<'_>> = clients.iter().collect();
        named.sort_by_key(|one| (!one.is_trusted(), one.instance.last_seen));
        self.instances = named.into_iter().take(NAMED).map(|one| one.id.instance.clone()).collect();
        self
    }

    fn parts(&mut self, mut parts: Vec<FleetPart>) {
        parts.sort_by_key(|part| Reverse(part.clients));
        parts.truncate(PARTS);
        self.who = parts;
    }

    fn help(mut self, help: impl Into<String>, command: impl Into<Option<String>>) -> FleetState {
        self.help = help.into();
        self.command = command.into();
        self
    }
}

/// `1 client`, `3 clients`
fn clients(count: usize) -> String {
    if count == 1 { "1 client".to_owned() } else { format!("{count} clients") }
}

/// `is` or `are`
fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}
