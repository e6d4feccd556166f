//! Whether a log is what it was: every record is replayed, and the first that does not fit is named.

use crate::api::{Fault, VerifyReport, VerifyStatus};
use crate::change::{Record, RecordError};
use crate::decide::digest;
use crate::fold::fold;
use crate::hash::Hash;
use crate::state::State;
use downhaul_core::ids::EnvironmentKey;

/// A record as it is stored, believed to be nothing yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The number that it is stored under.
    pub revision: u64,
    pub bytes: Vec<u8>,
    pub hash: String,
}

/// What someone else remembers of the newest change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    pub revision: u64,
    pub hash: String,
    pub document_digest: String,
}

/// A replay under way. Records are fed oldest first; after the first fault the rest is not looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Verification {
    state: State,
    fault: Option<Fault>,
}

impl Verification {
    pub fn new(environment: EnvironmentKey, epoch: u64) -> Verification {
        Verification { state: State::empty(environment, epoch), fault: None }
    }

    pub fn next(&mut self, stored: &Stored) {
        if self.fault.is_some() {
            return;
        }
        match self.check(stored) {
            Ok(state) => self.state = state,
            Err(fault) => self.fault = Some(*fault),
        }
    }

    /// Compares the end of the log with what a witness remembers, which may be older than the end.
    pub fn compare(&mut self, witness: &Witness) {
        if self.fault.is_some() {
            return;
        }
        let (revision, hash) = (self.state.flag_set.revision, self.state.head.to_string());
        self.fault = if witness.revision > revision {
            let message = format!("the log ends at revision {revision}, but there was a revision {}", witness.revision);
            Some(fault(revision + 1, "missing", message).found(&hash).expected(&witness.hash))
        } else if witness.revision == revision && witness.hash != hash {
            let message = format!("revision {revision} is not the change that is remembered");
            Some(fault(revision, "edited", message).found(&hash).expected(&witness.hash))
        } else if witness.revision == revision && witness.document_digest != self.document_digest() {
            let message = "replaying gives another flag set than the one in use".to_owned();
            Some(
                fault(revision, "replay-differs", message)
                    .found(&self.document_digest())
                    .expected(&witness.document_digest),
            )
        } else {
            None
        }
        .map(|fault| fault.done());
    }

    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    pub fn report(&self) -> VerifyReport {
        VerifyReport {
            status: if self.fault.is_none() { VerifyStatus::Verified } else { VerifyStatus::Broken },
            changes: self.state.flag_set.revision,
            head: self.state.head.to_string(),
            document_digest: self.document_digest(),
            fault: self.fault.clone(),
        }
    }

    /// What the changes add up to, or what is wrong with them.
    pub fn into_state(self) -> Result<State, Box<Fault>> {
        match self.fault {
            None => Ok(self.state),
            Some(fault) => Err(Box::new(fault)),
        }
    }

    fn document_digest(&self) -> String {
        digest(&self.state.flag_set).unwrap_or_default()
    }

    fn check(&self, stored: &Stored) -> Result<State, Box<Fault>> {
        let expected = self.state.flag_set.revision + 1;
        let refuse = |building: Building| Err(Box::new(building.done()));
        if stored.revision > expected {
            let message = format!("revision {expected} is missing; the next is {}", stored.revision);
            return refuse(fault(expected, "missing", message));
        }
        if stored.revision < expected {
            let message = format!("revision {} stands where {expected} should be", stored.revision);
            return refuse(fault(expected, "out-of-order", message));
        }
        let content = Hash::of(&stored.bytes).to_string();
        if content != stored.hash {
            let message = format!("the content of revision {expected} was edited");
            return refuse(fault(expected, "edited", message).expected(&stored.hash).found(&content));
        }
        let record = match Record::read(stored.bytes.clone()) {
            Ok(record) => record,
            Err(RecordError::Unreadable(why)) => {
                let message = format!("revision {expected} cannot be read: {why}");
                return refuse(fault(expected, "unreadable", message));
            }
            Err(why) => return refuse(fault(expected, "not-canonical", format!("revision {expected}: {why}"))),
        };
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
        if change.prev != self.state.head {
            let message = format!("revision {expected} does not follow the change before it");
            let fault = fault(expected, "chain-broken", message);
            return refuse(fault.expected(&self.state.head.to_string()).found(&change.prev.to_string()));
        }
        let state = fold(self.state.clone(), &record);
        let replayed = digest(&state.flag_set).unwrap_or_default();
        if replayed != change.impact.digest {
            let message = format!("replaying revision {expected} gives another flag set than it gave then");
            return refuse(fault(expected, "replay-differs", message).expected(&change.impact.digest).found(&replayed));
        }
        Ok(state)
    }
}

struct Building(Fault);

fn fault(revision: u64, code: &str, message: String) -> Building {
    let help = match code {
        "unreadable" => "if a newer version wrote it, verify with that one; else treat it as edited",
        "replay-differs" => {
            "the chain holds, but this version reads it differently: compare with the version that wrote it"
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
