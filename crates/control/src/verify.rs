//! Whether a log is what it was: every record is replayed, and the first that does not fit is named.

use crate::api::{Fault, VerifyReport, VerifyStatus};
use crate::change::{Record, RecordError};
use crate::chart::{Frontier, Index, TreeHead, leaf};
use crate::fold::{fold_away, fold_into};
use crate::hash::Hash;
use crate::state::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_core::ids::EnvironmentKey;
use downhaul_core::seal::Digests;

/// A record as it is stored, believed to be nothing yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The number that it is stored under.
    pub revision: u64,
    pub bytes: Vec<u8>,
    pub hash: String,
}

/// A stored record with all that can be said of it alone, without those before it: on whatever thread.
#[derive(Debug, Clone)]
pub struct Examined {
    /// The number that it is stored under.
    revision: u64,
    /// With its leaf of the tree.
    record: Result<(Record, Hash), Box<Fault>>,
}

impl Examined {
    pub fn of(stored: Stored) -> Examined {
        let revision = stored.revision;
        let with_leaf = |record: Record| {
            let leaf = leaf(record.bytes());
            (record, leaf)
        };
        Examined { revision, record: examine(stored).map(with_leaf) }
    }
}

/// What someone else remembers of the newest change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    pub revision: u64,
    pub hash: String,
    pub document_digest: String,
}

/// A replay under way. Records are fed oldest first; after the first fault the rest is not looked at.
///
/// Of every record are checked: its number, its hash, its form, that it names the hash of the one before, and that
/// replaying it gives the flag set whose digest it names. What a record costs is its own size, and for the digest what
/// stands behind the first flag that it changes, which is hashed but not written again: how a flag is written is taken from
/// the record where reading it has proved that it is written so.
#[derive(Debug, Clone)]
pub struct Verification {
    state: State,
    /// Of the newest record without fault.
    revision: u64,
    head: Hash,
    digest: Hash,
    digests: Digests,
    /// Absent where the replay did not begin with the first record.
    tree: Option<Frontier>,
    /// Witnessed heads that were not reached yet, smallest last.
    heads: Vec<TreeHead>,
    index: Option<Index>,
    past: Past,
    fault: Option<Fault>,
}

/// How much of what only people ask for a replay keeps: see [`State::forget_past`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Past {
    /// What decides, and nothing else.
    Nothing,
    /// Of the last changes at least.
    Some,
    Whole,
}

/// Revisions after which a replay forgets what nobody will ask it for.
const FORGET_EVERY: u64 = 1024;

impl Verification {
    /// From the first record on.
    pub fn new(environment: EnvironmentKey, epoch: u64) -> Verification {
        let mut verification = Verification::resume(State::empty(environment, epoch));
        verification.tree = Some(Frontier::default());
        verification.past = Past::Nothing;
        verification
    }

    /// From the change after a state on.
    pub fn resume(state: State) -> Verification {
        let mut digests = Digests::default();
        Verification {
            revision: state.flag_set.revision,
            head: state.head,
            digest: digests.of(&state.flag_set).map_or(Hash::ZERO, Hash::from),
            digests,
            tree: None,
            heads: Vec::new(),
            index: None,
            past: Past::Some,
            fault: None,
            state,
        }
    }

    /// Keeps all that is known of the past, and an index, for [`Verification::into_parts`].
    #[must_use]
    pub fn keeping_past(mut self) -> Verification {
        self.past = Past::Whole;
        self.index = Some(Index::default());
        self
    }

    /// Has to come by this head, which was witnessed elsewhere. Only its size and root are looked at.
    pub fn expect(&mut self, head: &TreeHead) {
        self.heads.push(head.clone());
        self.heads.sort_by_key(|head| std::cmp::Reverse(head.size));
        self.compare_heads();
    }

    /// Has to end with this head.
    pub fn expect_end(&mut self, head: &TreeHead) {
        if self.fault.is_none() && head.size < self.revision {
            let (size, end) = (head.size, self.revision);
            let message = format!("the log ends at revision {end}, but its own head says {size}");
            self.fault = Some(fault(size + 1, "inserted", message).done());
        }
        self.expect(head);
    }

    pub fn next(&mut self, stored: Stored) {
        if self.fault.is_none() {
            self.next_examined(Examined::of(stored));
        }
    }

    /// [`Verification::next`] of a record that was examined elsewhere.
    pub fn next_examined(&mut self, examined: Examined) {
        if self.fault.is_some() {
            return;
        }
        match self.check(examined) {
            Ok(()) => self.compare_heads(),
            Err(fault) => self.fault = Some(*fault),
        }
    }

    fn compare_heads(&mut self) {
        let Some(tree) = &self.tree else { return };
        while let Some(head) = self.heads.pop_if(|head| head.size == tree.size()) {
            if head.root == tree.root() || self.fault.is_some() {
                continue;
            }
            let message = format!("the first {} changes are not those of the head that was witnessed", head.size);
            let fault = fault(head.size, "head-differs", message).found(&base64(&tree.root()));
            self.fault = Some(fault.expected(&base64(&head.root)).done());
        }
    }

    /// Says that the log has no more records: a head that was witnessed beyond here is a fault.
    pub fn end(&mut self) {
        if let (None, Some(head)) = (&self.fault, self.heads.first()) {
            let (size, end) = (head.size, self.revision);
            let message = format!("the log ends at revision {end}, but a head of {size} changes was witnessed");
            self.fault = Some(fault(end + 1, "missing", message).done());
        }
    }

    /// Compares the end of the log with what a witness remembers, which may be older than the end.
    pub fn compare(&mut self, witness: &Witness) {
        if self.fault.is_some() {
            return;
        }
        let (revision, hash) = (self.revision, self.head.to_string());
        self.fault = if witness.revision > revision {
            let message = format!("the log ends at revision {revision}, but there was a revision {}", witness.revision);
            Some(fault(revision + 1, "missing", message).found(&hash).expected(&witness.hash))
        } else if witness.revision == revision && witness.hash != hash {
            let message = format!("revision {revision} is not the change that is remembered");
            Some(fault(revision, "edited", message).found(&hash).expected(&witness.hash))
        } else if witness.revision == revision && witness.document_digest != self.digest.to_string() {
            let message = "replaying gives another flag set than the one in use".to_owned();
            let fault = fault(revision, "replay-differs", message).found(&self.digest.to_string());
            Some(fault.expected(&witness.document_digest))
        } else {
            None
        }
        .map(|fault| fault.done());
    }

    /// Of the newest record without fault.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    pub fn report(&self) -> VerifyReport {
        VerifyReport {
            status: if self.fault.is_none() { VerifyStatus::Verified } else { VerifyStatus::Broken },
            changes: self.revision,
            head: self.head.to_string(),
            root: self.tree.as_ref().map(|tree| base64(&tree.root())).unwrap_or_default(),
            document_digest: self.digest.to_string(),
            fault: self.fault.clone(),
        }
    }

    /// The tree over what was fed, where the replay began with the first record.
    pub fn tree(&self) -> Option<&Frontier> {
        self.tree.as_ref()
    }

    /// What the changes add up to, or what is wrong with them.
    pub fn into_state(self) -> Result<State, Box<Fault>> {
        self.into_parts().map(|(state, _)| state)
    }

    /// What the changes add up to, with the index of [`Verification::keeping_past`], or what is wrong with them.
    pub fn into_parts(self) -> Result<(State, Index), Box<Fault>> {
        match self.fault {
            None => Ok((self.state, self.index.unwrap_or_default())),
            Some(fault) => Err(Box::new(fault)),
        }
    }

    fn check(&mut self, examined: Examined) -> Result<(), Box<Fault>> {
        let expected = self.revision + 1;
        let (record, leaf) = self.check_place(examined, expected)?;
        let head = record.hash();
        let recorded = record.change().impact.digest.clone();
        // What an index needs of a record is looked at behind it.
        let kept = match self.past {
            Past::Nothing => {
                fold_away(&mut self.state, record);
                None
            }
            Past::Some | Past::Whole => {
                fold_into(&mut self.state, &record);
                Some(record)
            }
        };
        let replayed = self.digests.of(&self.state.flag_set).map(Hash::from).ok();
        let Some(replayed) = replayed.filter(|replayed| recorded.parse() == Ok(*replayed)) else {
            let message = format!("replaying revision {expected} gives another flag set than it gave then");
            let found = replayed.map(|replayed| replayed.to_string()).unwrap_or_default();
            let fault = fault(expected, "replay-differs", message).expected(&recorded).found(&found);
            return Err(Box::new(fault.done()));
        };
        (self.revision, self.head, self.digest) = (expected, head, replayed);
        if let Some(tree) = &mut self.tree {
            tree.push(leaf);
        }
        if let (Some(index), Some(record)) = (&mut self.index, &kept) {
            index.push(record, &self.state);
        }
        if self.past != Past::Whole && expected.is_multiple_of(FORGET_EVERY) {
            self.state.forget_past();
        }
        Ok(())
    }

    /// Whether a record stands where it belongs.
    fn check_place(&self, examined: Examined, expected: u64) -> Result<(Record, Hash), Box<Fault>> {
        let refuse = |building: Building| Err(Box::new(building.done()));
        let Examined { revision, record } = examined;
        if revision > expected {
            let message = format!("revision {expected} is missing; the next is {revision}");
            return refuse(fault(expected, "missing", message));
        }
        if revision < expected {
            let message = format!("revision {revision} stands where {expected} should be");
            return refuse(fault(expected, "out-of-order", message));
        }
        let (record, leaf) = record?;
        let change = record.change();
        if change.revision != expected || change.environment != *self.state.environment() {
            let message = format!(
                "the record of revision {} of `{}` stands where revision {expected} of `{}` should be",
                change.revision,
                change.environment,
                self.state.environment()
            );
            return refuse(fault(expected, "out-of-order", message));
        }
        if change.prev != self.head {
            let message = format!("revision {expected} does not follow the change before it");
            let fault = fault(expected, "chain-broken", message);
            return refuse(fault.expected(&self.head.to_string()).found(&change.prev.to_string()));
        }
        Ok((record, leaf))
    }
}

/// Whether a record has the hash that stands beside it, and is in canonical form.
fn examine(stored: Stored) -> Result<Record, Box<Fault>> {
    let Stored { revision, bytes, hash } = stored;
    let content = Hash::of(&bytes);
    let found = if hash.parse() == Ok(content) {
        match Record::read_hashed(bytes, content) {
            Ok(record) => match record.change().evidence.as_ref().map(|evidence| evidence.check()) {
                None | Some(Ok(())) => return Ok(record),
                Some(Err(why)) => fault(revision, "evidence-differs", format!("revision {revision}: {why}")),
            },
            Err(RecordError::Unreadable(why)) => {
                fault(revision, "unreadable", format!("revision {revision} cannot be read: {why}"))
            }
            Err(why) => fault(revision, "not-canonical", format!("revision {revision}: {why}")),
        }
    } else {
        fault(revision, "edited", format!("the content of revision {revision} was edited"))
            .expected(&hash)
            .found(&content.to_string())
    };
    Err(Box::new(found.done()))
}

/// As heads write hashes.
fn base64(hash: &Hash) -> String {
    STANDARD.encode(hash.as_bytes())
}

struct Building(Fault);

fn fault(revision: u64, code: &str, message: String) -> Building {
    let help = match code {
        "unreadable" => "if a newer version wrote it, verify with that one; else treat it as edited",
        "replay-differs" => {
            "the chain holds, but this version reads it differently: compare with the version that wrote it"
        }
        "evidence-differs" => {
            "the record is as it was written, and its counts do not bear out what the guard did: look at the change, and at who could write to the log"
        }
        "head-differs" => {
            "the chart was written anew up to there: keep it and the head as they are, and compare with a backup or an export from before"
        }
        _ => "keep the data folder as it is, and compare with a witness or a backup from before",
    };
    let (code, help) = (code.to_owned(), help.to_owned());
    Building(Fault { revision, code, message, help, expected: None, found: None })
}

impl Building {
    fn expected(mut self, text: &str) -> Building {
        self.0.expected = Some(text.to_owned());
        self
    }

    fn found(mut self, text: &str) -> Building {
        self.0.found = Some(text.to_owned());
        self
    }

    fn done(self) -> Fault {
        self.0
    }
}
