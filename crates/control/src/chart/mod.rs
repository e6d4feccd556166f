//! The chart as a Merkle tree: heads that are signed, and proofs that others can check without the rest.
//!
//! The leaves are the records as they are stored. Hashing and proofs are those of RFC 9162, heads are C2SP checkpoints,
//! proofs of one record C2SP tlog-proofs, and proofs between two heads what a C2SP witness takes; its cosignatures are read.

mod export;
mod head;
mod index;
mod merkle;
mod note;
mod proof;
mod witness;

pub use export::{export_line, head_line, read_export_line};
pub use head::{HeadError, SignedHead, TreeHead, origin};
pub use index::Index;
pub use merkle::{
    Frontier, Leaves, TILE, Tree, consistency_ranges, inclusion_ranges, leaf, verify_consistency, verify_inclusion,
};
pub use note::{Note, NoteError, NoteKey, NoteSigner};
pub use proof::{ConsistencyProof, InclusionProof, ProofError};
pub use witness::{CosignError, Witness, WitnessKey, Witnessed, may_cosign};
