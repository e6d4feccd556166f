//! The tree over the chart: known roots, proofs beside another implementation, and files that others check.

use crate::support::{World, flag_with};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof as OtherConsistency, InclusionProof as OtherInclusion, RootHash};
use downhaul_control::Hash;
use downhaul_control::chart::{
    ConsistencyProof, Frontier, InclusionProof, Leaves, NoteSigner, ProofError, SignedHead, TILE, Tree, TreeHead,
    consistency_ranges, inclusion_ranges, leaf, origin, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;
use serde_json::json;
use sha2::Sha256;

fn records(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("record {number}").into_bytes()).collect()
}

fn tree(records: &[Vec<u8>]) -> Tree {
    let mut tree = Tree::default();
    records.iter().for_each(|record| tree.push(leaf(record)));
    tree
}

/// The leaves that a tree asks for, as a store would hand them in.
fn leaves(tree: &Tree, ranges: &[std::ops::Range<u64>], records: &[Vec<u8>]) -> Leaves {
    let tiles = tree.tiles(ranges);
    let tile = |tile: u64| {
        let first = usize::try_from(tile * TILE).unwrap();
        records.iter().skip(first).take(usize::try_from(TILE).unwrap()).map(|record| leaf(record)).collect()
    };
    tiles.into_iter().map(|number| (number, tile(number))).collect()
}

fn path(tree: &Tree, ranges: &[std::ops::Range<u64>], records: &[Vec<u8>]) -> Vec<Hash> {
    let leaves = leaves(tree, ranges, records);
    ranges.iter().map(|range| tree.range_root(range, &leaves).unwrap()).collect()
}

fn root(records: &[Vec<u8>]) -> Hash {
    let mut frontier = Frontier::default();
    records.iter().for_each(|record| frontier.push(leaf(record)));
    frontier.root()
}

/// The eight leaves of the reference tests of RFC 6962, and their root.
#[test]
fn the_root_of_the_reference() {
    let leaves: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let leaves = leaves.map(<[u8]>::to_vec);
    assert_eq!(root(&leaves).to_string(), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    assert_eq!(root(&[]).to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn proofs_are_those_of_another_implementation(size in 1..1200_u64, at in any::<prop::sample::Index>(), old in any::<prop::sample::Index>(), wrong in any::<prop::sample::Index>()) {
        let records = records(size);
        let tree = tree(&records);
        let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        records.iter().for_each(|record| other.push(record.clone()));
        let (one, other_root) = (tree.root(), other.root());
        prop_assert_eq!(one.as_bytes().as_slice(), other_root.as_bytes().as_slice());
        prop_assert_eq!(tree.root(), root(&records));

        let index = at.index(records.len());
        let leaf = leaf(&records[index]);
        let ours = path(&tree, &inclusion_ranges(index as u64, size), &records);
        let bytes: Vec<u8> = ours.iter().flat_map(|hash| *hash.as_bytes()).collect();
        let theirs: OtherInclusion<Sha256> = other.prove_inclusion(index);
        prop_assert_eq!(theirs.as_bytes(), bytes.as_slice());
        prop_assert!(verify_inclusion(leaf, index as u64, size, tree.root(), &ours));
        // Of another place, of a longer tree, with a step changed, dropped or added.
        prop_assert!(!verify_inclusion(leaf, (index as u64 + 1) % size.max(2), size, tree.root(), &ours));
        prop_assert!(!verify_inclusion(leaf, size, size, tree.root(), &ours));
        prop_assert!(!verify_inclusion(leaf, index as u64, size, tree.root(), &[&ours[..], &[leaf]].concat()));
        if !ours.is_empty() {
            let mut changed = ours.clone();
            changed[wrong.index(ours.len())] = Hash::of(b"other");
            prop_assert!(!verify_inclusion(leaf, index as u64, size, tree.root(), &changed));
            prop_assert!(!verify_inclusion(leaf, index as u64, size, tree.root(), &ours[1..]));
        }

        let old = old.index(records.len()) as u64 + 1;
        let old_root = root(&records[..usize::try_from(old).unwrap()]);
        let ours = path(&tree, &consistency_ranges(old, size), &records);
        prop_assert!(verify_consistency(old, old_root, size, tree.root(), &ours));
        if old < size {
            let bytes: Vec<u8> = ours.iter().flat_map(|hash| *hash.as_bytes()).collect();
            let theirs: OtherConsistency<Sha256> = other.prove_consistency(usize::try_from(size - old).unwrap());
            prop_assert_eq!(theirs.as_bytes(), bytes.as_slice());
            let before = RootHash::<Sha256>::new((*old_root.as_bytes()).into(), old);
            prop_assert!(other.root().verify_consistency(&before, &theirs).is_ok());
            prop_assert!(!verify_consistency(old, Hash::of(b"other"), size, tree.root(), &ours));
            prop_assert!(!verify_consistency(old, old_root, size, Hash::of(b"other"), &ours));
            prop_assert!(!verify_consistency(old, old_root, size, tree.root(), &[]));
            let mut changed = ours.clone();
            changed[wrong.index(ours.len())] = Hash::of(b"other");
            prop_assert!(!verify_consistency(old, old_root, size, tree.root(), &changed));
        }
    }
}

#[test]
fn a_proof_is_a_file_that_proves_one_record_alone() {
    let mut world = World::new();
    for number in 0..300 {
        world.put(flag_with("a", json!({ "description": number.to_string() }))).unwrap();
    }
    let records: Vec<Vec<u8>> = world.records.iter().map(|record| record.bytes().to_vec()).collect();
    let tree = tree(&records);
    let signer = NoteSigner::new(&[7; 32], &origin(1, "production"));
    let head = |size: usize| {
        TreeHead { origin: origin(1, "production"), size: size as u64, root: root(&records[..size]) }.sign(&signer)
    };
    let newest = head(300);
    let proof = InclusionProof {
        revision: 42,
        record: records[41].clone(),
        path: path(&tree, &inclusion_ranges(41, 300), &records),
        head: newest.clone(),
    };
    let read: InclusionProof = proof.to_text().parse().unwrap();
    assert_eq!(read, proof);
    assert!(proof.to_text().starts_with("c2sp.org/tlog-proof@v1\nextra "));
    assert_eq!(read.check().unwrap().change().revision, 42);
    assert_eq!(read.head.verify(signer.key()), Ok(()));
    let edited = String::from_utf8(records[41].clone()).unwrap().replace("because", "no cause").into_bytes();
    for (wrong, why) in [
        (InclusionProof { record: edited, ..proof.clone() }, ProofError::NotIncluded),
        (
            InclusionProof { record: records[42].clone(), ..proof.clone() },
            ProofError::OtherRevision { index: 42, found: 43 },
        ),
        (InclusionProof { path: proof.path[1..].to_vec(), ..proof.clone() }, ProofError::NotIncluded),
        (InclusionProof { head: head(299), ..proof.clone() }, ProofError::NotIncluded),
    ] {
        assert_eq!(wrong.check().unwrap_err(), why);
    }
    for broken in ["", "nonsense", "c2sp.org/tlog-proof@v1\nindex 1\n\nx\n"] {
        assert_eq!(broken.parse::<InclusionProof>(), Err(ProofError::Malformed), "{broken}");
    }

    let old: SignedHead = head(100);
    let consistency =
        ConsistencyProof { old: 100, path: path(&tree, &consistency_ranges(100, 300), &records), head: newest };
    let read: ConsistencyProof = consistency.to_text().parse().unwrap();
    assert_eq!(read, consistency);
    assert_eq!(read.check(old.head().root), Ok(()));
    assert_eq!(read.check(head(99).head().root), Err(ProofError::NotConsistent));
}
