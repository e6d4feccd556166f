//! From what rows are to what they get: each combination of traits is looked at once.

use super::classes::Trait;
use hashbrown::HashMap;

/// Traits, in groups of which each has fewer than 2^32 combinations.
#[derive(Debug)]
pub(super) struct Space {
    groups: Vec<Vec<Trait>>,
    /// Of all combinations, where so few that each can have a place of its own.
    dense: Option<usize>,
}

/// Most combinations that get places of their own, whatever the number of rows.
const DENSE: u64 = 1 << 22;

impl Space {
    pub(super) fn new(traits: Vec<Trait>, rows: usize) -> Self {
        let mut groups: Vec<Vec<Trait>> = Vec::new();
        let mut size = u64::MAX;
        for each in traits {
            size = size.saturating_mul(u64::from(each.count));
            match groups.last_mut() {
                Some(group) if size <= 1 << 32 => group.push(each),
                _ => {
                    size = u64::from(each.count);
                    groups.push(vec![each]);
                }
            }
        }
        let few = DENSE.min((rows as u64 / 2).max(1 << 16));
        let dense = match groups.as_slice() {
            [] => Some(1),
            [_] if size <= few => usize::try_from(size).ok(),
            _ => None,
        };
        Space { groups, dense }
    }
}

/// What is known of combinations so far. Each thread has its own.
#[derive(Debug, Default)]
pub(super) struct Places {
    dense: Vec<u32>,
    /// For each group but the last what stands for all up to it; for the last the answer.
    sparse: Vec<HashMap<u64, u32>>,
    keys: Vec<u32>,
    so_far: Vec<u32>,
}

const UNKNOWN: u32 = u32::MAX;

impl Places {
    pub(super) fn new(space: &Space) -> Self {
        match space.dense {
            Some(size) => Places { dense: vec![UNKNOWN; size], ..Places::default() },
            None => Places { sparse: vec![HashMap::new(); space.groups.len()], ..Places::default() },
        }
    }

    /// The answers for `count` rows from `start` on. `answer` is asked for one row of each combination not met before.
    pub(super) fn answers(
        &mut self,
        space: &Space,
        start: usize,
        count: usize,
        into: &mut Vec<u32>,
        mut answer: impl FnMut(usize) -> u32,
    ) {
        into.clear();
        if space.dense.is_some() {
            self.mix(space.groups.first(), start, count);
            let dense = &mut self.dense;
            into.extend((start..).zip(&self.keys).map(|(row, key)| match dense.get_mut(*key as usize) {
                Some(known) => {
                    if *known == UNKNOWN {
                        *known = answer(row);
                    }
                    *known
                }
                // Keys are below the size.
                None => answer(row),
            }));
            return;
        }
        self.so_far.clear();
        self.so_far.resize(count, 0);
        let last = space.groups.len().saturating_sub(1);
        for (number, group) in space.groups.iter().enumerate() {
            self.mix(Some(group), start, count);
            let Some(known) = self.sparse.get_mut(number) else { break };
            for ((row, so_far), key) in (start..).zip(&mut self.so_far).zip(&self.keys) {
                let key = u64::from(*so_far) << 32 | u64::from(*key);
                let next = u32::try_from(known.len()).unwrap_or(UNKNOWN);
                *so_far = *known.entry(key).or_insert_with(|| if number == last { answer(row) } else { next });
            }
        }
        into.extend(&self.so_far);
    }

    fn mix(&mut self, group: Option<&Vec<Trait>>, start: usize, count: usize) {
        self.keys.clear();
        self.keys.resize(count, 0);
        for each in group.into_iter().flatten() {
            each.mix(start, &mut self.keys);
        }
    }
}
