//! What the breakers of many clients together say: that a variant fails for the fleet, or that something else does.

use super::standing::Standing;
use crate::api::BreakerState;
use downhaul_core::document::Breaker;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Regions and versions that are named in what is kept.
const NAMED: usize = 8;

/// How many clients it takes, and how many there were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quorum {
    /// So many instances at least.
    pub least: u32,
    /// And such a share of all that were heard of.
    pub share: f64,
    /// Of so many regions, or of so many versions of the client: one bad machine, rack or release of a client is no fleet.
    pub spread: u32,
    /// Instances heard of lately: servers and edges. What browsers claim does not count.
    pub heard: u64,
    /// Of these, those whose breaker is open or half-open.
    pub open: u64,
    /// Where those are, and which client they have; some of each.
    pub regions: BTreeSet<String>,
    pub sdks: BTreeSet<String>,
}

/// Flags that fail, of those that are guarded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failing {
    pub guarded: usize,
    pub failing: BTreeSet<String>,
    /// Flags and variants of which any breaker is open.
    open: BTreeSet<(String, String)>,
}

impl Quorum {
    pub fn of(breaker: &Breaker) -> Quorum {
        Quorum {
            least: breaker.fleet_least.unwrap_or(Breaker::FLEET_LEAST),
            share: breaker.fleet_share.unwrap_or(Breaker::FLEET_SHARE),
            spread: breaker.fleet_spread.unwrap_or(Breaker::FLEET_SPREAD),
            heard: 0,
            open: 0,
            regions: BTreeSet::new(),
            sdks: BTreeSet::new(),
        }
    }

    /// How many have to be open.
    pub fn needed(&self) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of some thousands"
        )]
        let share = (self.share.clamp(0.0, 1.0) * self.heard as f64).ceil() as u64;
        share.max(u64::from(self.least))
    }

    pub fn is_reached(&self) -> bool {
        let spread = usize::try_from(self.spread).unwrap_or(usize::MAX);
        self.open >= self.needed() && (self.regions.len() >= spread || self.sdks.len() >= spread)
    }

    /// `4 of 31`
    pub fn odds(&self) -> String {
        format!("{} of {}", self.open, self.heard)
    }

    /// ``breakers of 4 of 31 instances are open, in eu, us, with downhaul-js/0.1.0``
    pub fn words(&self) -> String {
        let list = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let mut words = format!("breakers of {} of {} instances are open", self.open, self.heard);
        if !self.regions.is_empty() {
            words.push_str(&format!(", in {}", list(&self.regions)));
        }
        if !self.sdks.is_empty() {
            words.push_str(&format!(", with {}", list(&self.sdks)));
        }
        words
    }
}

impl Failing {
    pub fn is_open(&self, flag: &str, variant: &str) -> bool {
        self.open.contains(&(flag.to_owned(), variant.to_owned()))
    }

    /// More than half of the flags fail, and more than one: what they share does, and no flag is to blame.
    pub fn is_panic(&self) -> bool {
        self.failing.len() > 1 && self.failing.len() * 2 > self.guarded
    }
}

/// Fills in how many were heard of within `within`, and how many of these say that the breaker of the variant is open.
/// An opening of more than `since` ago is of what was before, and does not count.
pub(super) fn count(
    standing: &Standing,
    (flag, variant): (&str, &str),
    quorum: Quorum,
    (within, since): (Duration, Duration),
    now: Duration,
) -> Quorum {
    let mut found = Quorum { heard: 0, open: 0, regions: BTreeSet::new(), sdks: BTreeSet::new(), ..quorum };
    for told in standing.trusted(within, now) {
        found.heard += 1;
        let is_open = told.breakers.iter().any(|breaker| {
            let ago = Duration::from_millis(breaker.since_ms).saturating_add(now.saturating_sub(told.at));
            breaker.flag == flag && breaker.variant == variant && is_open(breaker.state) && ago <= since
        });
        if is_open {
            found.open += 1;
            for (names, name) in [(&mut found.regions, &told.region), (&mut found.sdks, &told.sdk)] {
                if let Some(name) = name
                    && names.len() < NAMED
                {
                    names.insert(name.clone());
                }
            }
        }
    }
    found
}

/// Which of the flags that clients guard fail, by the rule that a breaker has unless it says otherwise, wherever they are.
pub(super) fn failing(standing: &Standing, within: Duration, now: Duration) -> Failing {
    let (mut heard, mut open): (u64, BTreeMap<(&str, &str), u64>) = (0, BTreeMap::new());
    let mut guarded: BTreeSet<&str> = BTreeSet::new();
    for told in standing.trusted(within, now) {
        heard += 1;
        for breaker in &told.breakers {
            guarded.insert(&breaker.flag);
            if is_open(breaker.state) {
                *open.entry((&breaker.flag, &breaker.variant)).or_default() += 1;
            }
        }
    }
    let rule = Quorum { heard, spread: 0, ..Quorum::of(&Breaker::default()) };
    let fails = |open: u64| Quorum { open, ..rule.clone() }.is_reached();
    let failing = open.iter().filter(|(_, open)| fails(**open)).map(|((flag, _), _)| (*flag).to_owned()).collect();
    let open = open.keys().map(|(flag, variant)| ((*flag).to_owned(), (*variant).to_owned())).collect();
    Failing { guarded: guarded.len(), failing, open }
}

fn is_open(state: BreakerState) -> bool {
    matches!(state, BreakerState::Open | BreakerState::HalfOpen)
}
