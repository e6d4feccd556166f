//! What a client takes of an envelope that was opened, and what it keeps: no position goes back.

use crate::api::Attributes;
use crate::envelope::{Audience, EnvelopeError, EnvelopeType, Header};
use crate::hash::Hash;
use downhaul_core::document::ClientKind;

/// Where a client stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kept {
    epoch: u64,
    /// Of the program.
    revision: u64,
    /// Of the kills, which are kept apart.
    kill_revision: u64,
    environment: Option<String>,
    program: Option<(Audience, Hash)>,
}

/// What is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    pub program: bool,
    pub kills: bool,
}

impl Kept {
    /// Whom the client is, as it was configured.
    pub fn accept(
        &self,
        header: &Header,
        kind: ClientKind,
        attributes: &Attributes,
        formats: &[u32],
    ) -> Result<Take, EnvelopeError> {
        if self.environment.as_ref().is_some_and(|environment| *environment != header.environment) {
            return Err(EnvelopeError::OtherEnvironment);
        }
        if header.audience.kind != kind || header.audience.attributes != *attributes {
            return Err(EnvelopeError::OtherAudience);
        }
        if header.epoch < self.epoch {
            return Err(EnvelopeError::RevisionLower);
        }
        if header.epoch > self.epoch {
            return Ok(Take { program: header.kind == EnvelopeType::FlagSet, kills: true });
        }
        match header.kind {
            EnvelopeType::Kills if header.kill_revision > self.kill_revision => {
                Ok(Take { program: false, kills: true })
            }
            EnvelopeType::Kills if header.kill_revision == self.kill_revision => {
                Ok(Take { program: false, kills: false })
            }
            EnvelopeType::Kills => Err(EnvelopeError::RevisionLower),
            EnvelopeType::FlagSet if header.revision < self.revision => Err(EnvelopeError::RevisionLower),
            EnvelopeType::FlagSet if header.revision == self.revision && self.contradicts(header) => {
                Err(EnvelopeError::Equivocation)
            }
            EnvelopeType::FlagSet => Ok(Take {
                program: formats.contains(&header.program_format),
                kills: header.kill_revision >= self.kill_revision,
            }),
        }
    }

    /// After `take` has been done; the program only if it could be loaded.
    pub fn note(&mut self, header: &Header, take: Take) {
        if header.epoch > self.epoch {
            *self = Kept { epoch: header.epoch, environment: self.environment.take(), ..Kept::default() };
        }
        self.environment = Some(header.environment.clone());
        if take.kills {
            self.kill_revision = header.kill_revision;
        }
        if take.program {
            self.revision = header.revision;
            self.program = Some((header.audience.clone(), header.program_sha256));
        }
    }

    fn contradicts(&self, header: &Header) -> bool {
        self.program
            .as_ref()
            .is_some_and(|(audience, digest)| *audience == header.audience && *digest != header.program_sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(kind: EnvelopeType, epoch: u64, revision: u64, kill_revision: u64) -> Header {
        Header {
            kind,
            epoch,
            environment: "production".to_owned(),
            audience: Audience { kind: ClientKind::Server, attributes: Attributes::new(), decided_for: None },
            revision,
            kill_revision,
            issued_at: String::new(),
            valid_until: String::new(),
            program_format: 1,
            program_length: 0,
            program_sha256: Hash::of(&revision.to_le_bytes()),
            kills_length: 0,
            kills_sha256: Hash::ZERO,
            document_digest: None,
            keys: None,
            breakers: std::collections::BTreeMap::new(),
        }
    }

    fn feed(kept: &mut Kept, header: &Header) -> Result<Take, EnvelopeError> {
        let take = kept.accept(header, ClientKind::Server, &Attributes::new(), &[1])?;
        kept.note(header, take);
        Ok(take)
    }

    #[test]
    fn a_put_that_was_overtaken_by_a_kill_does_not_undo_it() {
        let mut kept = Kept::default();
        feed(&mut kept, &header(EnvelopeType::FlagSet, 1, 5, 0)).unwrap();
        feed(&mut kept, &header(EnvelopeType::Kills, 1, 7, 1)).unwrap();
        let late = feed(&mut kept, &header(EnvelopeType::FlagSet, 1, 6, 0)).unwrap();
        assert_eq!(late, Take { program: true, kills: false });
        assert_eq!(kept.kill_revision, 1);
        assert_eq!(feed(&mut kept, &header(EnvelopeType::Kills, 1, 6, 0)), Err(EnvelopeError::RevisionLower));
    }

    #[test]
    fn others_and_contradictions_are_refused() {
        let mut kept = Kept::default();
        let first = header(EnvelopeType::FlagSet, 2, 5, 0);
        feed(&mut kept, &first).unwrap();
        let refused = |header: Header| feed(&mut kept.clone(), &header).unwrap_err().code();
        assert_eq!(refused(Header { environment: "staging".to_owned(), ..first.clone() }), "other-environment");
        assert_eq!(refused(Header { program_sha256: Hash::ZERO, ..first.clone() }), "equivocation");
        assert_eq!(refused(Header { epoch: 1, ..first.clone() }), "revision-lower");
        assert_eq!(refused(Header { revision: 4, ..first.clone() }), "revision-lower");
        let mut other = first.clone();
        other.audience.attributes = Attributes::from([("tenant".to_owned(), "globex".into())]);
        assert_eq!(refused(other), "other-audience");
        let future = Header { program_format: 9, revision: 6, kill_revision: 1, ..first };
        assert_eq!(feed(&mut kept, &future), Ok(Take { program: false, kills: true }));
    }

    proptest! {
        #[test]
        fn nothing_goes_back(headers in prop::collection::vec((any::<bool>(), 1..3u64, 0..6u64, 0..4u64), 0..40)) {
            let mut kept = Kept::default();
            for (is_flag_set, epoch, revision, kill_revision) in headers {
                let kind = if is_flag_set { EnvelopeType::FlagSet } else { EnvelopeType::Kills };
                let before = kept.clone();
                let result = feed(&mut kept, &header(kind, epoch, revision, kill_revision));
                prop_assert!(kept.epoch >= before.epoch);
                if kept.epoch == before.epoch {
                    prop_assert!(kept.revision >= before.revision && kept.kill_revision >= before.kill_revision);
                }
                if result.is_err() {
                    prop_assert_eq!(&kept, &before);
                }
            }
        }
    }
}
