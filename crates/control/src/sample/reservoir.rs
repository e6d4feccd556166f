use crate::api::Trust;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The hash that stands for a bucketing unit.
pub type UnitHash = [u8; 16];

/// Contexts, one for each unit, of the units whose hashes are lowest.
///
/// Hashes are as good as random, so what is kept is a uniform sample of the units that were seen, however often each of
/// them was. It does not depend on the order in which they came, and two reservoirs put together are the one of both.
#[derive(Debug, Clone, PartialEq)]
pub struct Reservoir {
    rows: usize,
    kept: BTreeMap<UnitHash, Seen>,
    /// Something had to go for want of room.
    overflowed: bool,
}

/// What was seen of a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub context: Map<String, Value>,
    pub trust: Trust,
    /// Days since 1970.
    pub day: i32,
}

impl Seen {
    /// Whether this is to be kept rather than the other one of the same unit: what a trusted client says, then what is newer,
    /// then, so that the order in which they came does not matter, what comes last as text.
    fn goes_before(&self, other: &Seen) -> bool {
        let rank = |seen: &Seen| (seen.trust == Trust::Trusted, seen.day);
        let text = |seen: &Seen| Value::Object(seen.context.clone()).to_string();
        rank(self).cmp(&rank(other)).then_with(|| text(self).cmp(&text(other))).is_gt()
    }
}

impl Reservoir {
    pub fn new(rows: usize) -> Reservoir {
        Reservoir { rows, kept: BTreeMap::new(), overflowed: false }
    }

    /// Takes in what was seen of a unit; false where nothing came of it.
    pub fn take(&mut self, unit: UnitHash, seen: Seen) -> bool {
        if let Some(known) = self.kept.get_mut(&unit) {
            let better = seen.goes_before(known);
            if better {
                *known = seen;
            }
            return better;
        }
        let is_full = self.kept.len() >= self.rows;
        if is_full && self.kept.last_key_value().is_none_or(|(highest, _)| unit > *highest) {
            self.overflowed = true;
            return false;
        }
        self.kept.insert(unit, seen);
        self.trim();
        true
    }

    /// Puts the other one's units to these.
    pub fn merge(&mut self, other: Reservoir) {
        self.overflowed |= other.overflowed;
        for (unit, seen) in other.kept {
            self.take(unit, seen);
        }
    }

    /// Forgets what was seen before a day. Room that this makes is taken by units as they are seen again.
    pub fn expire(&mut self, oldest: i32) -> bool {
        let before = self.kept.len();
        self.kept.retain(|_, seen| seen.day >= oldest);
        if self.kept.is_empty() {
            self.overflowed = false;
        }
        self.kept.len() < before
    }

    pub fn resize(&mut self, rows: usize) {
        self.rows = rows;
        self.trim();
    }

    fn trim(&mut self) {
        while self.kept.len() > self.rows {
            self.kept.pop_last();
            self.overflowed = true;
        }
    }

    /// By hash.
    pub fn units(&self) -> impl Iterator<Item = (&UnitHash, &Seen)> {
        self.kept.iter()
    }

    pub fn len(&self) -> usize {
        self.kept.len()
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many units were seen: counted as long as there was room for all, and then estimated by how dense the lowest
    /// hashes lie, with a standard error of one in the square root of the rows.
    pub fn seen(&self) -> u64 {
        let count = self.kept.len() as u64;
        let Some((highest, _)) = self.kept.last_key_value().filter(|_| self.overflowed && count > 1) else {
            return count;
        };
        // The other 64 bits do not matter to an estimate.
        let (head, _) = highest.split_at(8);
        let head = head.iter().fold(0_u64, |head, byte| head << 8 | u64::from(*byte)).max(1);
        let all = u128::from(count - 1) << 64;
        u64::try_from(all / u128::from(head)).unwrap_or(u64::MAX).max(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::json;

    fn unit(number: u32) -> UnitHash {
        Hash::of(&number.to_le_bytes()).as_bytes()[..16].try_into().unwrap()
    }

    fn seen(plan: u32, day: i32, trust: Trust) -> Seen {
        Seen { context: json!({ "plan": plan }).as_object().unwrap().clone(), trust, day }
    }

    fn of(rows: usize, all: &[(u32, Seen)]) -> Reservoir {
        let mut reservoir = Reservoir::new(rows);
        for (number, seen) in all {
            reservoir.take(unit(*number), seen.clone());
        }
        reservoir
    }

    fn any_seen() -> impl Strategy<Value = (u32, Seen)> {
        let trust = prop_oneof![Just(Trust::Trusted), Just(Trust::Claimed)];
        (0..60_u32, 0..3_u32, 0..3_i32, trust).prop_map(|(number, plan, day, trust)| (number, seen(plan, day, trust)))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_order_of_arrival_does_not_matter(
            (all, shuffled) in vec(any_seen(), 0..120).prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
            rows in 0..40_usize, again in 0..3_usize,
        ) {
            let kept = of(rows, &all);
            let mut other = of(rows, &shuffled);
            // Nor does it matter how often.
            for _ in 0..again {
                for (number, seen) in &shuffled {
                    other.take(unit(*number), seen.clone());
                }
            }
            prop_assert_eq!(&kept, &other);
            prop_assert!(kept.len() <= rows);
            // They are the lowest of all.
            let mut units: Vec<UnitHash> = all.iter().map(|(number, _)| unit(*number)).collect();
            units.sort_unstable();
            units.dedup();
            units.truncate(rows);
            prop_assert_eq!(kept.units().map(|(unit, _)| *unit).collect::<Vec<_>>(), units);
        }

        #[test]
        fn two_put_together_are_the_one_of_both(
            one in vec(any_seen(), 0..60), two in vec(any_seen(), 0..60), rows in 1..30_usize,
        ) {
            let mut merged = of(rows, &one);
            merged.merge(of(rows, &two));
            let both: Vec<_> = one.into_iter().chain(two).collect();
            prop_assert_eq!(merged, of(rows, &both));
        }
    }

    #[test]
    fn each_unit_is_as_likely_as_any_other() {
        // Those who come a hundred times are a tenth of the units, and a tenth of what is kept.
        let mut reservoir = Reservoir::new(2000);
        for number in 0..20_000_u32 {
            let times = if number % 10 == 0 { 100 } else { 1 };
            for _ in 0..times {
                reservoir.take(unit(number), seen(number % 10, 0, Trust::Claimed));
            }
        }
        let frequent = reservoir.units().filter(|(_, seen)| seen.context["plan"] == 0).count();
        // 200 expected, with a standard deviation of 13; the hashes are fixed, so this never changes.
        assert!((150..=250).contains(&frequent), "{frequent}");
        let estimated = reservoir.seen();
        assert!((18_500..=21_500).contains(&estimated), "{estimated} of 20 000");
    }

    #[test]
    fn counts_are_exact_while_there_is_room() {
        let mut reservoir = Reservoir::new(10);
        for number in [1, 2, 3, 2, 1] {
            reservoir.take(unit(number), seen(0, 0, Trust::Claimed));
        }
        assert_eq!((reservoir.len(), reservoir.seen()), (3, 3));
        assert!(!reservoir.take(unit(1), seen(0, 0, Trust::Claimed)), "nothing new");
    }

    #[test]
    fn what_is_trusted_and_what_is_newer_stays() {
        let mut reservoir = Reservoir::new(10);
        for (seen, counts) in [
            (seen(1, 5, Trust::Claimed), true),
            (seen(2, 4, Trust::Claimed), false),
            (seen(3, 6, Trust::Claimed), true),
            (seen(4, 1, Trust::Trusted), true),
            (seen(5, 9, Trust::Claimed), false),
        ] {
            assert_eq!(reservoir.take(unit(1), seen.clone()), counts, "{seen:?}");
        }
        assert_eq!(reservoir.units().next().unwrap().1.context["plan"], 4);
    }

    #[test]
    fn the_old_are_forgotten() {
        let mut reservoir = Reservoir::new(2);
        for number in 0..9 {
            reservoir.take(unit(number), seen(0, i32::try_from(number).unwrap(), Trust::Claimed));
        }
        assert!(!reservoir.expire(0));
        assert!(reservoir.expire(9));
        assert!(reservoir.is_empty());
        assert_eq!(reservoir.seen(), 0);
    }
}
