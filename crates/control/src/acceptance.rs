//! What a client takes of an envelope that was opened, and what it keeps: no position goes back.

use crate::api::{Attributes, Position};
use crate::envelope::{Audience, EnvelopeError, EnvelopeType, Header};
use crate::hash::Hash;
use downhaul_core::document::ClientKind;
use downhaul_core::prepare::look_up;
use downhaul_core::seal::canonical_bytes;
use serde_json::{Map, Value};

/// What a client has, as far as acceptance asks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Held {
    pub environment: Option<String>,
    /// The program in use.
    pub program: Option<HeldProgram>,
    /// The kill set in use, which is kept apart.
    pub kills: Option<HeldKills>,
    /// The highest position ever accepted, which outlives the flag set.
    pub ratchet: Option<Position>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct HeldProgram {
    pub epoch: u64,
    pub revision: u64,
    pub digest: Hash,
    pub audience: Audience,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldKills {
    pub epoch: u64,
    pub kill_revision: u64,
}

/// Whom the client is, and what it asks for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub kind: ClientKind,
    /// As it was configured.
    pub environment: Option<&'a str>,
    pub context: &'a Map<String, Value>,
    /// Digest of the context that it claims; `None` where it claims none.
    pub decided_for: Option<Hash>,
    /// Program formats that it reads.
    pub formats: &'a [u32],
}

/// What is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    /// False of a flag set whose format the client does not read; its kills count all the same.
    pub program: bool,
    pub kills: bool,
}

impl Held {
    /// Judges an envelope whose signature and digests are right: docs/reference/protocol.md, from `environment` downwards.
    ///
    /// # Errors
    /// Why nothing of it is taken.
    pub fn accept(&self, header: &Header, asked: &Asked<'_>) -> Result<Take, EnvelopeError> {
        let environment = asked.environment.or(self.environment.as_deref());
        if environment.is_some_and(|environment| environment != header.environment) {
            return Err(EnvelopeError::OtherEnvironment);
        }
        if !asked.fits(&header.audience) {
            return Err(EnvelopeError::OtherAudience);
        }
        if header.epoch < self.epoch() {
            return Err(EnvelopeError::RevisionLower);
        }
        match header.kind {
            EnvelopeType::FlagSet => self.accept_program(header, asked.formats),
            EnvelopeType::Kills => self.accept_kills(header),
        }
    }

    /// After `take` has been done; the program only if it could be loaded.
    pub fn note(&mut self, header: &Header, take: Take) {
        if !take.program && !take.kills {
            return;
        }
        self.environment.get_or_insert_with(|| header.environment.clone());
        if take.program {
            let Header { epoch, revision, program_sha256: digest, ref audience, .. } = *header;
            self.program = Some(HeldProgram { epoch, revision, digest, audience: audience.clone() });
        }
        if take.kills {
            self.kills = Some(HeldKills { epoch: header.epoch, kill_revision: header.kill_revision });
        }
        self.raise(Position {
            epoch: header.epoch,
            revision: if take.program { header.revision } else { 0 },
            kill_revision: if take.kills { header.kill_revision } else { 0 },
        });
    }

    /// Nothing below this position is taken any more.
    pub fn raise(&mut self, to: Position) {
        self.ratchet = Some(match self.ratchet {
            Some(known) if known.epoch > to.epoch => known,
            Some(known) if known.epoch == to.epoch => Position {
                epoch: to.epoch,
                revision: known.revision.max(to.revision),
                kill_revision: known.kill_revision.max(to.kill_revision),
            },
            _ => to,
        });
    }

    fn epoch(&self) -> u64 {
        let program = self.program.as_ref().map_or(0, |program| program.epoch);
        let kills = self.kills.map_or(0, |kills| kills.epoch);
        program.max(kills).max(self.ratchet.map_or(0, |ratchet| ratchet.epoch))
    }

    fn accept_program(&self, header: &Header, formats: &[u32]) -> Result<Take, EnvelopeError> {
        let program = self.program.as_ref().filter(|program| program.epoch == header.epoch);
        let floor = self.ratchet_of(header.epoch).map_or(0, |ratchet| ratchet.revision);
        if header.revision < floor.max(program.map_or(0, |program| program.revision)) {
            return Err(EnvelopeError::RevisionLower);
        }
        let contradicts = program.is_some_and(|program| {
            program.revision == header.revision
                && program.audience == header.audience
                && program.digest != header.program_sha256
        });
        if contradicts {
            return Err(EnvelopeError::Equivocation);
        }
        Ok(Take {
            program: formats.contains(&header.program_format),
            kills: header.kill_revision >= self.kill_revision(header.epoch),
        })
    }

    fn accept_kills(&self, header: &Header) -> Result<Take, EnvelopeError> {
        let known = self.kill_revision(header.epoch);
        let kills = match self.kills.filter(|kills| kills.epoch == header.epoch) {
            Some(kills) if header.kill_revision < kills.kill_revision => return Err(EnvelopeError::RevisionLower),
            Some(_) => header.kill_revision > known,
            None => header.kill_revision >= known,
        };
        Ok(Take { program: false, kills })
    }

    /// The highest that is known of an epoch.
    fn kill_revision(&self, epoch: u64) -> u64 {
        let kills = self.kills.filter(|kills| kills.epoch == epoch).map_or(0, |kills| kills.kill_revision);
        kills.max(self.ratchet_of(epoch).map_or(0, |ratchet| ratchet.kill_revision))
    }

    fn ratchet_of(&self, epoch: u64) -> Option<Position> {
        self.ratchet.filter(|ratchet| ratchet.epoch == epoch)
    }
}

impl Asked<'_> {
    fn fits(&self, audience: &Audience) -> bool {
        let decided = match (audience.decided_for, self.decided_for) {
            (Some(audience), Some(own)) => audience == own,
            _ => true,
        };
        decided && audience.kind == self.kind && agrees_with_all(self.context, &audience.attributes)
    }
}

/// Whether a context may be answered from a flag set that was specialised for these attributes: of each it has the same
/// value, or none.
pub fn agrees_with_all(context: &Map<String, Value>, attributes: &Attributes) -> bool {
    attributes.iter().all(|(name, value)| match look_up(context, name) {
        None | Some(Value::Null) => true,
        Some(own) => own == value || canonical_bytes(own).ok() == canonical_bytes(value).ok(),
    })
}

#[cfg(test)]
mod tests;
