//! A program as a difference from another: runs copied from it, and bytes to insert.

use crate::api::PatchOp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;

/// Runs shorter than this are inserted: naming them costs as much.
const BLOCK: usize = 16;

/// Why a patch cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    #[error("the patch copies from beyond its base")]
    OutOfBase,
    #[error("the patch inserts what is not base64")]
    NotBase64,
    #[error("the patch gives more than {} bytes", crate::envelope::SIZE_LIMIT)]
    TooLarge,
}

/// How `target` is made from `base`. `None` where that would not be smaller than `target` itself in base64.
pub fn difference(base: &[u8], target: &[u8]) -> Option<Vec<PatchOp>> {
    let ops = ops(base, target);
    let size: usize = ops.iter().map(size).sum();
    (size < target.len().div_ceil(3) * 4).then_some(ops)
}

/// What the operations give, applied to the base that they name.
pub fn apply(base: &[u8], ops: &[PatchOp]) -> Result<Vec<u8>, PatchError> {
    let mut target = Vec::new();
    for op in ops {
        match op {
            PatchOp::Copy(offset, length) => {
                let end = offset.checked_add(*length).ok_or(PatchError::OutOfBase)?;
                let range = usize::try_from(*offset).ok().zip(usize::try_from(end).ok());
                let run = range.and_then(|(start, end)| base.get(start..end)).ok_or(PatchError::OutOfBase)?;
                target.extend_from_slice(run);
            }
            PatchOp::Insert(text) => {
                target.extend(STANDARD.decode(text).map_err(|_| PatchError::NotBase64)?);
            }
        }
        if target.len() > crate::envelope::SIZE_LIMIT {
            return Err(PatchError::TooLarge);
        }
    }
    Ok(target)
}

fn ops(base: &[u8], target: &[u8]) -> Vec<PatchOp> {
    let mut blocks: BTreeMap<&[u8], usize> = BTreeMap::new();
    for (at, block) in base.chunks_exact(BLOCK).enumerate() {
        blocks.entry(block).or_insert(at * BLOCK);
    }
    let mut ops = Vec::new();
    // `at` is looked at; from `inserted` on nothing has been said yet.
    let (mut at, mut inserted) = (0, 0);
    let mut expected = 0;
    while let Some(window) = target.get(at..at + BLOCK) {
        // Where the last copy ended is the likeliest place to go on: after an edit in place, everything moves on together.
        let follows = expected + (at - inserted);
        let found = match base.get(follows..follows + BLOCK) {
            Some(same) if same == window => Some(follows),
            _ => blocks.get(window).copied(),
        };
        let Some(found) = found else {
            at += 1;
            continue;
        };
        let (before_base, after_base) = base.split_at(found);
        let (before, after) = target.split_at(at);
        let open = before.get(inserted..).unwrap_or_default();
        let back = common(open.iter().rev(), before_base.iter().rev());
        let forth = common(after.iter(), after_base.iter());
        push_insert(&mut ops, open.get(..open.len() - back).unwrap_or_default());
        ops.push(PatchOp::Copy((found - back) as u64, (back + forth) as u64));
        at += forth;
        inserted = at;
        expected = found + forth;
    }
    push_insert(&mut ops, target.get(inserted..).unwrap_or_default());
    ops
}

fn common<'a>(one: impl Iterator<Item = &'a u8>, two: impl Iterator<Item = &'a u8>) -> usize {
    one.zip(two).take_while(|(one, two)| one == two).count()
}

fn push_insert(ops: &mut Vec<PatchOp>, bytes: &[u8]) {
    if !bytes.is_empty() {
        ops.push(PatchOp::Insert(STANDARD.encode(bytes)));
    }
}

/// In JSON, with the comma.
fn size(op: &PatchOp) -> usize {
    match op {
        PatchOp::Copy(offset, length) => format!("[{offset},{length}],").len(),
        PatchOp::Insert(text) => text.len() + 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_edit_of_a_large_program_is_small() {
        let base: Vec<u8> = (0..40_000u32).flat_map(u32::to_le_bytes).collect();
        let mut target = base.clone();
        target[1000] ^= 1;
        target.splice(90_000..90_003, *b"something longer");
        let ops = difference(&base, &target).unwrap();
        assert_eq!(apply(&base, &ops).unwrap(), target);
        assert!(ops.iter().map(size).sum::<usize>() < 200, "{ops:?}");
    }

    #[test]
    fn what_is_not_smaller_is_no_difference() {
        assert_eq!(difference(b"", b"anything"), None);
        assert_eq!(difference(&[0; 64], &[1; 64]), None);
        assert_eq!(difference(b"", b""), None);
    }

    #[test]
    fn hostile_patches_are_refused() {
        let refused = |op: PatchOp| apply(&[0; 8], &[op]).unwrap_err();
        assert_eq!(refused(PatchOp::Copy(8, 1)), PatchError::OutOfBase);
        assert_eq!(refused(PatchOp::Copy(u64::MAX, 2)), PatchError::OutOfBase);
        assert_eq!(refused(PatchOp::Insert("!".to_owned())), PatchError::NotBase64);
        let large = vec![0; 1024 * 1024];
        let copies = vec![PatchOp::Copy(0, large.len() as u64); 40];
        assert_eq!(apply(&large, &copies), Err(PatchError::TooLarge));
    }

    proptest! {
        #[test]
        fn applying_a_difference_gives_the_target(
            base in prop::collection::vec(0..4u8, 0..400),
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0..40usize, prop::collection::vec(any::<u8>(), 0..20)), 0..6),
        ) {
            let mut target = base.clone();
            for (at, removed, inserted) in edits {
                let start = at.index(target.len() + 1);
                let end = (start + removed).min(target.len());
                target.splice(start..end, inserted);
            }
            prop_assert_eq!(apply(&base, &ops(&base, &target)).unwrap(), target.clone());
            if let Some(ops) = difference(&base, &target) {
                prop_assert_eq!(apply(&base, &ops).unwrap(), target.clone());
                prop_assert!(ops.iter().map(size).sum::<usize>() < target.len().div_ceil(3) * 4);
            }
        }
    }
}
