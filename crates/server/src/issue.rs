use crate::environment::Publication;
use crate::error::{AppError, AppResult};
use axum::body::Bytes;
use downhaul_control::api::{PublicKey, PublicKeys};
use downhaul_control::chart::NoteSigner;
use downhaul_control::envelope::{Audience, Envelope, EnvelopeSigner, EnvelopeType, Header};
use downhaul_control::publish;
pub(crate) use downhaul_control::publish::Asker;
use downhaul_control::{Hash, SigningKey, State};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// How far a clock is set back as clocks are kept, without anything being issued anew.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// Makes and signs what clients get.
#[derive(Debug)]
pub(crate) struct Issuer {
    /// The first key of the data folder: it signs where the chart names none.
    first: Arc<EnvelopeSigner>,
    /// All whose secret half is here, by id.
    signers: RwLock<BTreeMap<String, Arc<EnvelopeSigner>>>,
    validity: SignedDuration,
}

/// A program for an audience.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) bytes: Bytes,
    pub(crate) digest: Hash,
    pub(crate) breakers: BTreeMap<String, serde_json::Value>,
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
        let first = Arc::new(EnvelopeSigner::new(seed));
        let signers = BTreeMap::from([(first.public_key().id(), Arc::clone(&first))]);
        Issuer { first, signers: RwLock::new(signers), validity }
    }

    /// Takes up a further key; gives its public half.
    pub(crate) fn add(&self, seed: &[u8; 32]) -> SigningKey {
        let signer = Arc::new(EnvelopeSigner::new(seed));
        let key = SigningKey::new(&signer.public_key());
        self.signers.write().unwrap_or_else(PoisonError::into_inner).insert(key.id.clone(), signer);
        key
    }

    /// The first key of the data folder.
    pub(crate) fn first(&self) -> SigningKey {
        SigningKey::new(&self.first.public_key())
    }

    /// Whether the secret half of a key is here.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.signers.read().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }

    /// The one that signs for an environment. One whose secret half is missing is replaced when the server starts; until
    /// then the first one signs, so that a kill goes out at least to those who check nothing.
    fn signer(&self, state: &State) -> Arc<EnvelopeSigner> {
        let signers = self.signers.read().unwrap_or_else(PoisonError::into_inner);
        let named = state.signing.signs.as_ref().and_then(|id| signers.get(id));
        Arc::clone(named.unwrap_or(&self.first))
    }

    /// The keys that clients of an environment are to believe.
    pub(crate) fn public_keys(&self, state: &State) -> PublicKeys {
        let mut keys: Vec<SigningKey> = state.signing.in_force().map(|known| known.key.clone()).collect();
        if keys.is_empty() {
            keys.push(self.first());
        }
        PublicKeys {
            keys: keys.into_iter().map(|SigningKey { id, public_key }| PublicKey { id, public_key }).collect(),
        }
    }

    /// Every key that has signed for an environment.
    pub(crate) fn past_and_present(&self, state: &State) -> Vec<SigningKey> {
        std::iter::once(self.first()).chain(state.signing.known.values().map(|known| known.key.clone())).collect()
    }

    /// Signs heads of the chart of an environment, which has this origin.
    pub(crate) fn note_signer(&self, state: &State, origin: &str) -> NoteSigner {
        self.signer(state).note_signer(origin)
    }

    /// Whether what was issued then need not be issued anew yet. What was issued before the clock was set back would be
    /// valid for longer than it should.
    pub(crate) fn is_fresh(&self, issued: Timestamp, now: Timestamp) -> bool {
        let age = now.duration_since(issued);
        age >= -AHEAD && age.as_nanos() < self.validity.as_nanos() / 2
    }

    /// `rules_decide`: see [`publish::rules_decide`].
    pub(crate) fn audience(&self, publication: &Publication, asker: &Asker, rules_decide: bool) -> Audience {
        publish::audience_if(rules_decide, &publication.valid, asker)
    }

    pub(crate) fn program(&self, publication: &Publication, asker: &Asker) -> AppResult<Program> {
        let issue = publish::issue(&publication.state, &publication.valid, asker)
            .map_err(|why| AppError::internal(why.message()))?;
        Ok(Program {
            bytes: issue.program.into(),
            digest: issue.program_digest,
            breakers: issue.breakers,
            definition: publication.definition,
        })
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
        let header = Header {
            breakers: program.breakers.clone(),
            ..self.header(publication, audience, EnvelopeType::FlagSet, now)
        };
        self.signer(&publication.state).seal(&header, &program.bytes, &kills.bytes).map_err(AppError::internal)
    }

    pub(crate) fn seal_kills(
        &self,
        publication: &Publication,
        audience: &Audience,
        kills: &Kills,
        now: Timestamp,
    ) -> AppResult<Envelope> {
        let header = self.header(publication, audience, EnvelopeType::Kills, now);
        self.signer(&publication.state).seal(&header, &[], &kills.bytes).map_err(AppError::internal)
    }

    fn header(&self, publication: &Publication, audience: &Audience, kind: EnvelopeType, now: Timestamp) -> Header {
        let digest = publication.document_digest();
        publish::header(&publication.state, audience.clone(), kind, now, self.validity, digest)
    }
}
