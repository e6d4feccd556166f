//! RFC 9162, section 2.1: how a list of records becomes one hash, and how a part of it is proved.

use crate::hash::Hash;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Leaves of a tile: of what lies below a whole one, only the root is kept.
pub const TILE: u64 = 256;

/// The hash of a record as a leaf.
pub fn leaf(record: &[u8]) -> Hash {
    Hash::from(Sha256::new_with_prefix([0]).chain_update(record))
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Hash::from(Sha256::new_with_prefix([1]).chain_update(left.as_bytes()).chain_update(right.as_bytes()))
}

/// The right edge of a growing tree: enough for its root, and nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of whole subtrees, largest first: one for every bit of `size` that is set.
    roots: Vec<Hash>,
}

impl Frontier {
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Every bit that the addition carries over joins two subtrees of one size.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node(&left, &hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// Of no leaves, the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else { return Hash::of(b"") };
        roots.fold(*last, |right, left| node(left, &right))
    }
}

/// A tree of which whole tiles are kept as their roots: 64 bytes for 256 records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    frontier: Frontier,
    /// Roots of the subtrees of 2^8, 2^9, … leaves, in order.
    levels: Vec<Vec<Hash>>,
    /// Leaves of the tile that is not whole yet.
    tail: Vec<Hash>,
}

/// Leaves of the tiles that [`Tree::tiles`] asked for, by the number of the tile.
pub type Leaves = BTreeMap<u64, Vec<Hash>>;

impl Tree {
    pub fn size(&self) -> u64 {
        self.frontier.size
    }

    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    pub fn push(&mut self, leaf: Hash) {
        self.frontier.push(leaf);
        self.tail.push(leaf);
        if self.tail.len() as u64 == TILE {
            let mut tile = Frontier::default();
            self.tail.drain(..).for_each(|leaf| tile.push(leaf));
            self.push_subtree(0, tile.root());
        }
    }

    fn push_subtree(&mut self, level: usize, root: Hash) {
        if self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        let Some(roots) = self.levels.get_mut(level) else { return };
        roots.push(root);
        if let ([.., left, right], true) = (roots.as_slice(), roots.len().is_multiple_of(2)) {
            let above = node(left, right);
            self.push_subtree(level + 1, above);
        }
    }

    /// Numbers of the tiles of which the leaves are needed for the roots of these ranges.
    pub fn tiles(&self, ranges: &[Range<u64>]) -> BTreeSet<u64> {
        let mut tiles = BTreeSet::new();
        for range in ranges {
            self.collect_tiles(range.clone(), &mut tiles);
        }
        tiles
    }

    fn collect_tiles(&self, range: Range<u64>, into: &mut BTreeSet<u64>) {
        if self.kept(&range).is_some() {
            return;
        }
        match split(&range) {
            Some([left, right]) if range.end - range.start > TILE => {
                self.collect_tiles(left, into);
                self.collect_tiles(right, into);
            }
            _ => {
                let tile = range.start / TILE;
                // The leaves of the last one are here.
                if tile < self.size() / TILE {
                    into.insert(tile);
                }
            }
        }
    }

    /// Root of the subtree over a range, as it occurs in a proof; nothing where it is beyond the tree, or a tile is missing.
    pub fn range_root(&self, range: &Range<u64>, leaves: &Leaves) -> Option<Hash> {
        if range.end > self.size() || (range.is_empty() && range.start > 0) {
            return None;
        }
        if range.is_empty() {
            return Some(Hash::of(b""));
        }
        if let Some(kept) = self.kept(range) {
            return Some(kept);
        }
        match split(range) {
            None => self.leaf(range.start, leaves),
            Some([left, right]) => Some(node(&self.range_root(&left, leaves)?, &self.range_root(&right, leaves)?)),
        }
    }

    fn kept(&self, range: &Range<u64>) -> Option<Hash> {
        let length = range.end.checked_sub(range.start)?;
        if length < TILE || !length.is_power_of_two() || !range.start.is_multiple_of(length) {
            return None;
        }
        let level = usize::try_from((length / TILE).trailing_zeros()).ok()?;
        self.levels.get(level)?.get(usize::try_from(range.start / length).ok()?).copied()
    }

    fn leaf(&self, index: u64, leaves: &Leaves) -> Option<Hash> {
        let within = usize::try_from(index % TILE).ok()?;
        if index / TILE == self.size() / TILE {
            return self.tail.get(within).copied();
        }
        leaves.get(&(index / TILE))?.get(within).copied()
    }
}

/// The two subtrees of a range: the left one as large a power of two as can be.
fn split(range: &Range<u64>) -> Option<[Range<u64>; 2]> {
    let length = range.end.checked_sub(range.start).filter(|length| *length > 1)?;
    let left = 1 << (u64::BITS - 1 - (length - 1).leading_zeros());
    let middle = range.start + left;
    Some([range.start..middle, middle..range.end])
}

/// The subtrees whose roots prove that leaf `index` is in a tree of `size`, from the leaf up (RFC 9162, 2.1.3.1).
pub fn inclusion_ranges(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    let mut within = 0..size;
    while let Some([left, right]) = split(&within) {
        let (on, off) = if left.contains(&index) { (left, right) } else { (right, left) };
        ranges.push(off);
        within = on;
    }
    ranges.reverse();
    ranges
}

/// The subtrees whose roots prove that a tree of `size` begins with the tree of `old` (RFC 9162, 2.1.4.1).
pub fn consistency_ranges(old: u64, size: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    if old == 0 || old >= size {
        return ranges;
    }
    let (mut within, mut is_old_whole) = (0..size, true);
    while within.end != old {
        let Some([left, right]) = split(&within) else { break };
        if old <= left.end {
            ranges.push(right);
            within = left;
        } else {
            ranges.push(left);
            within = right;
            is_old_whole = false;
        }
    }
    if !is_old_whole {
        ranges.push(within);
    }
    ranges.reverse();
    ranges
}

/// Whether the proof leads from leaf `index` to the root of a tree of `size` (RFC 9162, 2.1.3.2).
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, root: Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node(sibling, &hash);
            while at.is_multiple_of(2) && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == root
}

/// Whether the proof shows that the tree of `size` begins with the tree of `old` (RFC 9162, 2.1.4.2).
pub fn verify_consistency(old: u64, old_root: Hash, size: u64, root: Hash, proof: &[Hash]) -> bool {
    if old > size {
        return false;
    }
    if old == size {
        return proof.is_empty() && old_root == root;
    }
    if old == 0 {
        return proof.is_empty() && old_root == Hash::of(b"");
    }
    let own = [old_root];
    let mut hashes = if old.is_power_of_two() { own.iter() } else { [].iter() }.chain(proof);
    let (mut at, mut last) = (old - 1, size - 1);
    while at % 2 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let Some(first) = hashes.next() else { return false };
    let (mut old_hash, mut hash) = (*first, *first);
    for sibling in hashes {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            (old_hash, hash) = (node(sibling, &old_hash), node(sibling, &hash));
            while at.is_multiple_of(2) && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old_hash == old_root && hash == root
}
