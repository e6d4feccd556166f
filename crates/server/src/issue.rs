use crate::environment::Publication;
use crate::error::{AppError, AppResult};
use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_control::Hash;
use downhaul_control::api::{PublicKey, PublicKeys};
use downhaul_control::chart::NoteSigner;
use downhaul_control::envelope::{Audience, Envelope, EnvelopeSigner, EnvelopeType};
use downhaul_control::publish;
pub(crate) use downhaul_control::publish::Asker;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Makes and signs what clients get.
#[derive(Debug)]
pub(crate) struct Issuer {
    signer: EnvelopeSigner,
    validity: SignedDuration,
}

/// A program for an audience.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) bytes: Bytes,
    pub(crate) digest: Hash,
    /// The [`Publication::definition`] that it was made of.
    pub(crate) definition: u64,
}

/// A kill set for an audience.
#[derive(Debug)]
pub(crate) struct Kills {
    pub(crate) bytes: Bytes,
}

impl Issuer {
    pub(crate) fn new(seed: &[u8; 32], validity: Duration) -> Self {
        let validity = SignedDuration::try_from(validity).unwrap_or(publish::VALIDITY);
        Issuer { signer: EnvelopeSigner::new(seed), validity }
    }

    pub(crate) fn public_keys(&self) -> PublicKeys {
        let key = self.signer.public_key();
        PublicKeys { keys: vec![PublicKey { id: key.id(), public_key: STANDARD.encode(key.as_bytes()) }] }
    }

    /// Signs heads of the chart that has this origin.
    pub(crate) fn note_signer(&self, origin: &str) -> NoteSigner {
        self.signer.note_signer(origin)
    }

    /// Whether what was issued then need not be issued anew yet.
    pub(crate) fn is_fresh(&self, issued: Timestamp, now: Timestamp) -> bool {
        now.duration_since(issued).as_nanos() < self.validity.as_nanos() / 2
    }

    /// `rules_decide`: see [`publish::rules_decide`].
    pub(crate) fn audience(&self, publication: &Publication, asker: &Asker, rules_decide: bool) -> Audience {
        publish::audience_if(rules_decide, &publication.valid, asker)
    }

    pub(crate) fn program(&self, publication: &Publication, asker: &Asker) -> AppResult<Program> {
        let issue = publish::issue(&publication.state, &publication.valid, asker)
            .map_err(|why| AppError::internal(why.message()))?;
        Ok(Program { bytes: issue.program.into(), digest: issue.program_digest, definition: publication.definition })
    }

    pub(crate) fn kills(&self, publication: &Publication, asker: &Asker) -> AppResult<Kills> {
        let bytes = publish::kills(&publication.state, &publication.valid, asker)
            .map_err(|why| AppError::internal(why.message()))?;
        Ok(Kills { bytes: bytes.into() })
    }

    pub(crate) fn seal_flag_set(
        &self,
        publication: &Publication,
        audience: &Audience,
        program: &Program,
        kills: &Kills,
        now: Timestamp,
    ) -> AppResult<Envelope> {
        self.seal(publication, audience, EnvelopeType::FlagSet, (&program.bytes, &kills.bytes), now)
    }

    pub(crate) fn seal_kills(
        &self,
        publication: &Publication,
        audience: &Audience,
        kills: &Kills,
        now: Timestamp,
    ) -> AppResult<Envelope> {
        self.seal(publication, audience, EnvelopeType::Kills, (&[], &kills.bytes), now)
    }

    fn seal(
        &self,
        publication: &Publication,
        audience: &Audience,
        kind: EnvelopeType,
        (program, kills): (&[u8], &[u8]),
        now: Timestamp,
    ) -> AppResult<Envelope> {
        let digest = publication.document_digest();
        let header = publish::header(&publication.state, audience.clone(), kind, now, self.validity, digest);
        self.signer.seal(&header, program, kills).map_err(AppError::internal)
    }
}
