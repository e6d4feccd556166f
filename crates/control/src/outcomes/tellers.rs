//! Who tells of outcomes, as far as it takes to count each report once and to let nobody shout the others down.

use super::KEPT;
use downhaul_core::document::ClientKind;
use std::collections::BTreeMap;
use std::time::Duration;

/// Who tells, as the server knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Teller<'a> {
    /// Id of the client key.
    pub key: &'a str,
    pub kind: ClientKind,
    /// What the instance calls itself.
    pub instance: &'a str,
    /// Network address.
    pub address: &'a str,
}

/// Outcomes of one instance that count within [`SPAN`]: of a page, and of a server or an edge.
const OF_PAGE: u64 = 1000;
const OF_SERVER: u64 = 1_000_000;
/// Outcomes of all pages at one network address that count within [`SPAN`].
const OF_ADDRESS: u64 = 20_000;
const SPAN: Duration = Duration::from_secs(5);
/// Instances of one client key in one generation.
const INSTANCES: usize = 50_000;
/// Addresses within [`SPAN`]; what comes from others does not count.
const ADDRESSES: usize = 50_000;

#[derive(Debug, Clone, Default)]
pub(crate) struct Tellers {
    by_key: BTreeMap<String, Generations>,
    /// What came from each address within the span of this number.
    addresses: BTreeMap<String, u64>,
    span: u64,
}

/// Instances that told lately. Once there are too many, or a while has passed, the older half is forgotten: that bounds the
/// memory, and whoever makes up instances makes only those of the same key be forgotten sooner.
#[derive(Debug, Clone, Default)]
struct Generations {
    young: BTreeMap<String, Told>,
    old: BTreeMap<String, Told>,
    since: Duration,
}

#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// The newest report that was counted.
    sequence: u64,
    /// How many outcomes were counted within the span of this number.
    span: u64,
    counted: u64,
}

impl Tellers {
    /// Whether a report is new. It is taken for counted from then on.
    pub(crate) fn is_new(&mut self, teller: &Teller<'_>, sequence: u64, now: Duration) -> bool {
        let told = self.told(teller, now);
        let is_new = sequence > told.sequence;
        told.sequence = told.sequence.max(sequence);
        is_new
    }

    /// How many of so many outcomes count.
    pub(crate) fn allow(&mut self, teller: &Teller<'_>, asked: u64, now: Duration) -> u64 {
        let span = now.as_secs() / SPAN.as_secs();
        let is_page = teller.kind == ClientKind::Browser;
        let told = self.told(teller, now);
        if told.span != span {
            (told.span, told.counted) = (span, 0);
        }
        let most = if is_page { OF_PAGE } else { OF_SERVER };
        let allowed = asked.min(most.saturating_sub(told.counted));
        told.counted = told.counted.saturating_add(allowed);
        if is_page { self.allow_address(teller.address, allowed, span) } else { allowed }
    }

    fn allow_address(&mut self, address: &str, asked: u64, span: u64) -> u64 {
        if self.span != span {
            self.addresses.clear();
            self.span = span;
        }
        if self.addresses.len() >= ADDRESSES && !self.addresses.contains_key(address) {
            return 0;
        }
        let counted = self.addresses.entry(address.to_owned()).or_default();
        let allowed = asked.min(OF_ADDRESS.saturating_sub(*counted));
        *counted = counted.saturating_add(allowed);
        allowed
    }

    fn told(&mut self, teller: &Teller<'_>, now: Duration) -> &mut Told {
        if !self.by_key.contains_key(teller.key) {
            // A new key is rare: the time to forget those that nobody uses any more.
            self.by_key.retain(|_, told| now.saturating_sub(told.since) <= 2 * KEPT || !told.young.is_empty());
            self.by_key.insert(teller.key.to_owned(), Generations { since: now, ..Generations::default() });
        }
        self.by_key.entry(teller.key.to_owned()).or_default().told(teller.instance, now)
    }

    /// How many instances it remembers.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.by_key.values().map(|each| each.young.len() + each.old.len()).sum()
    }
}

impl Generations {
    fn told(&mut self, instance: &str, now: Duration) -> &mut Told {
        let is_full = self.young.len() >= INSTANCES && !self.young.contains_key(instance);
        if is_full || now.saturating_sub(self.since) > KEPT {
            self.old = std::mem::take(&mut self.young);
            self.since = now;
        }
        let before = self.old.remove(instance).unwrap_or_default();
        self.young.entry(instance.to_owned()).or_insert(before)
    }
}
