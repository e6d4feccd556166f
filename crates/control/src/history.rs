//! What each definition was before, so that giving back what was there is told from anything new.

use crate::command::Command;
use crate::hash::Hash;
use crate::proposal::Named;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Versions of one definition that are known; older ones are not told from new ones.
const VERSIONS: usize = 50;

/// Digests of the last versions of each definition.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History(Arc<BTreeMap<Named, Arc<Vec<Version>>>>);

/// A definition, from a revision on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    since: u64,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Absent,
    /// Its digest.
    Defined(Hash),
    /// For good: no earlier revision was like this.
    Retired,
}

impl History {
    /// How many versions of one definition are known at most.
    pub const VERSIONS: usize = VERSIONS;

    /// Takes what a change defines at its revision.
    pub(crate) fn fold(&mut self, command: &Command, revision: u64) {
        let known = Arc::make_mut(&mut self.0);
        for (named, what) in defines(command) {
            let versions =
                known.entry(named).or_insert_with(|| Arc::new(vec![Version { since: 0, what: What::Absent }]));
            let versions = Arc::make_mut(versions);
            versions.push(Version { since: revision, what });
            let over = versions.len().saturating_sub(VERSIONS);
            versions.drain(..over);
        }
    }

    /// The newest revision, before this one, that had all that a command defines exactly as the command has it.
    pub(crate) fn given_back(&self, command: &Command, now: u64) -> Option<u64> {
        let mut common: Vec<Range<u64>> = std::iter::once(0..now).collect();
        for (named, what) in defines(command) {
            common = both(&common, &self.times(&named, what, now));
        }
        common.last().map(|range| range.end - 1).filter(|_| command.defines())
    }

    /// The revisions at which it was so, up to `now`.
    fn times(&self, named: &Named, what: What, now: u64) -> Vec<Range<u64>> {
        let Some(versions) = self.0.get(named) else { return Vec::new() };
        let ends = versions.iter().skip(1).map(|version| version.since).chain([now + 1]);
        let is_so = |(version, end): (&Version, u64)| (version.what == what).then_some(version.since..end);
        versions.iter().zip(ends).filter_map(is_so).collect()
    }
}

/// What each definition is after a command: where it is defined twice, the last counts.
fn defines(command: &Command) -> BTreeMap<Named, What> {
    let mut found = BTreeMap::new();
    add(command, &mut found);
    found
}

fn add(command: &Command, found: &mut BTreeMap<Named, What>) {
    let (named, what) = match command {
        Command::Apply { commands } => return commands.iter().for_each(|command| add(command, found)),
        Command::PutFlag { flag } => (Named::Flag(flag.key.clone()), digest(flag)),
        Command::RetireFlag { key } => (Named::Flag(key.clone()), What::Retired),
        Command::PutSegment { key, segment } => (Named::Segment(key.clone()), digest(segment)),
        Command::RemoveSegment { key } => (Named::Segment(key.clone()), What::Absent),
        Command::PutTenant { tenant, attributes } => (Named::Tenant(tenant.clone()), digest(attributes)),
        Command::RemoveTenant { tenant } => (Named::Tenant(tenant.clone()), What::Absent),
        Command::PutRegions { regions } if regions.is_empty() => (Named::Regions, What::Absent),
        Command::PutRegions { regions } => (Named::Regions, digest(regions)),
        Command::StartRollout { .. } | Command::Rollout { .. } => match command.staged() {
            Some(flag) => (Named::Flag(flag.key.clone()), digest(flag)),
            None => return,
        },
        _ => return,
    };
    found.insert(named, what);
}

/// Of a definition as records hold it, which is in canonical order.
fn digest(definition: &impl Serialize) -> What {
    // What cannot be written is like nothing else; a record of it could not have been made.
    serde_json::to_vec(definition).map_or(What::Retired, |bytes| What::Defined(Hash::of(&bytes)))
}

/// Where two lists of ranges overlap; both are in order.
fn both(one: &[Range<u64>], other: &[Range<u64>]) -> Vec<Range<u64>> {
    let (mut left, mut right) = (one.iter().peekable(), other.iter().peekable());
    let mut common = Vec::new();
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let overlap = a.start.max(b.start)..a.end.min(b.end);
        if !overlap.is_empty() {
            common.push(overlap);
        }
        if a.end <= b.end {
            left.next()
        } else {
            right.next()
        };
    }
    common
}
