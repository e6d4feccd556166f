use crate::fnv::fnv1a;
use std::collections::HashSet;

/// Units of all flags that are told apart; later ones count as known, whatever they are given.
const MOST: usize = 50_000;

/// Which bucketing units have been exposed to which flag. What is kept are 32 bits of each, in memory only.
#[derive(Debug, Default)]
pub(super) struct Units(HashSet<u32>);

impl Units {
    /// True the first time. Whoever has no unit is nobody, and two of the same 32 bits are one.
    pub(super) fn is_new(&mut self, flag: &str, unit: &str) -> bool {
        !unit.is_empty() && self.0.len() < MOST && self.0.insert(hash(flag, unit))
    }
}

/// It decides of nothing: buckets are another hash, so that what collides does not go by arms.
fn hash(flag: &str, unit: &str) -> u32 {
    fnv1a(flag.encode_utf16().chain([0]).chain(unit.encode_utf16()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_new_once_for_each_flag() {
        let mut units = Units::default();
        assert!(units.is_new("f", "user-1"));
        assert!(!units.is_new("f", "user-1"));
        assert!(units.is_new("g", "user-1"));
        assert!(!units.is_new("f", ""), "whoever has none is nobody");
        for unit in 0..60_000 {
            units.is_new("f", &unit.to_string());
        }
        assert!(!units.is_new("f", "one more"));
        assert_eq!(units.0.len(), MOST);
    }
}
