use crate::environment::Publication;
use crate::error::{AppError, AppResult};
use crate::issue::{Asker, Issuer, Kills, Program};
use crate::sse;
use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_control::api::{PatchEvent, PatchOp, Position};
use downhaul_control::envelope::{Audience, Envelope};
use downhaul_control::{Hash, patch, publish};
use downhaul_core::seal::canonical_bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;

/// Programs kept as bases of patches, besides the newest, and how large all of them may be.
const BASES: usize = 4;
const BASES_SIZE: usize = 8 * 1024 * 1024;
/// Audiences kept. Who is not kept is made again when someone asks.
const SLOTS: usize = 4096;
/// How long an audience is kept that nobody asks for.
const IDLE: Duration = Duration::from_secs(300);

/// What one audience gets, made once and shared by all its clients.
#[derive(Debug)]
pub(crate) struct Slot {
    asker: Asker,
    audience: Audience,
    issuer: Arc<Issuer>,
    kills: Mutex<Option<Arc<KillsIssue>>>,
    /// Held while a flag set is made, so that it is made once.
    flag_set: tokio::sync::Mutex<Option<Arc<FlagSetIssue>>>,
    bases: Mutex<VecDeque<Arc<Program>>>,
}

/// A kill set, signed, in each of the forms it travels in.
#[derive(Debug)]
pub(crate) struct KillsIssue {
    pub(crate) position: Position,
    pub(crate) envelope: Bytes,
    event: Bytes,
    pub(crate) name: &'static str,
    issued: Timestamp,
}

/// A flag set, signed, in each of the forms it travels in.
#[derive(Debug)]
pub(crate) struct FlagSetIssue {
    pub(crate) position: Position,
    pub(crate) audience: Audience,
    pub(crate) program: Arc<Program>,
    kills: Arc<Kills>,
    envelope: Envelope,
    pub(crate) bytes: Bytes,
    pub(crate) issued: Timestamp,
    gzip: OnceLock<Bytes>,
    put: OnceLock<Bytes>,
    patches: Mutex<BTreeMap<Hash, Option<Bytes>>>,
}

/// A flag set on its way to a client.
#[derive(Debug)]
pub(crate) struct FlagSetEvent {
    pub(crate) name: &'static str,
    pub(crate) bytes: Bytes,
    pub(crate) issue: Arc<FlagSetIssue>,
}

impl Slot {
    fn new(asker: Asker, audience: Audience, issuer: Arc<Issuer>) -> Self {
        Slot {
            asker,
            audience,
            issuer,
            kills: Mutex::default(),
            flag_set: tokio::sync::Mutex::default(),
            bases: Mutex::default(),
        }
    }

    pub(crate) fn audience(&self) -> &Audience {
        &self.audience
    }

    /// The kills of a publication. Nothing is compiled for them.
    pub(crate) fn kills(&self, publication: &Publication) -> AppResult<Arc<KillsIssue>> {
        let mut kept = self.kills.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Timestamp::now();
        if let Some(issue) = kept.as_ref()
            && issue.position >= publication.position()
            && self.issuer.is_fresh(issue.issued, now)
        {
            return Ok(Arc::clone(issue));
        }
        let kills = self.issuer.kills(publication, &self.asker)?;
        let envelope = self.issuer.seal_kills(publication, &self.audience, &kills, now)?;
        let name = if publication.restored_last { "restore" } else { "kill" };
        let position = publication.position();
        let event = sse::event(name, Some(&position.to_string()), &STANDARD.encode(envelope.bytes()));
        let issue = Arc::new(KillsIssue { position, envelope: envelope.into_bytes().into(), event, name, issued: now });
        *kept = Some(Arc::clone(&issue));
        Ok(issue)
    }

    /// The flag set of a publication, or of a newer one if that is there already.
    pub(crate) async fn flag_set(self: Arc<Self>, publication: Arc<Publication>) -> AppResult<Arc<FlagSetIssue>> {
        let mut kept = self.flag_set.lock().await;
        let now = Timestamp::now();
        if let Some(issue) = kept.as_ref()
            && issue.position >= publication.position()
            && self.issuer.is_fresh(issue.issued, now)
        {
            return Ok(Arc::clone(issue));
        }
        let program =
            kept.as_ref().map(|issue| &issue.program).filter(|program| program.definition == publication.definition);
        let issue = match program.cloned() {
            Some(program) => self.seal(&publication, program, now)?,
            None => {
                let slot = Arc::clone(&self);
                let made = spawn_blocking(move || {
                    let program = Arc::new(slot.issuer.program(&publication, &slot.asker)?);
                    slot.seal(&publication, program, now)
                });
                made.await.map_err(AppError::internal)??
            }
        };
        self.keep_base(&issue.program);
        let issue = Arc::new(issue);
        *kept = Some(Arc::clone(&issue));
        Ok(issue)
    }

    fn seal(&self, publication: &Publication, program: Arc<Program>, now: Timestamp) -> AppResult<FlagSetIssue> {
        let kills = Arc::new(self.issuer.kills(publication, &self.asker)?);
        let envelope = self.issuer.seal_flag_set(publication, &self.audience, &program, &kills, now)?;
        Ok(FlagSetIssue {
            position: publication.position(),
            audience: self.audience.clone(),
            bytes: Bytes::copy_from_slice(envelope.bytes()),
            program,
            kills,
            envelope,
            issued: now,
            gzip: OnceLock::new(),
            put: OnceLock::new(),
            patches: Mutex::default(),
        })
    }

    fn keep_base(&self, program: &Arc<Program>) {
        let mut bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
        if bases.back().is_some_and(|newest| newest.digest == program.digest) {
            return;
        }
        bases.push_back(Arc::clone(program));
        let size = |bases: &VecDeque<Arc<Program>>| bases.iter().map(|base| base.bytes.len()).sum::<usize>();
        while bases.len() > 1 && (bases.len() > BASES || size(&bases) > BASES_SIZE) {
            bases.pop_front();
        }
    }

    /// The flag set of a publication, or of a newer one, as the event that takes a client with the program `base` there: a
    /// patch where that is smaller.
    pub(crate) async fn event(
        self: Arc<Self>,
        publication: Arc<Publication>,
        base: Option<Hash>,
    ) -> AppResult<FlagSetEvent> {
        let issue = Arc::clone(&self).flag_set(publication).await?;
        let make = move || {
            let (name, bytes) = match base.and_then(|base| self.patch(&issue, base)) {
                Some(patch) => ("patch", patch),
                None => ("put", issue.put()),
            };
            FlagSetEvent { name, bytes, issue }
        };
        spawn_blocking(make).await.map_err(AppError::internal)
    }

    fn patch(&self, issue: &FlagSetIssue, base: Hash) -> Option<Bytes> {
        let known = {
            let bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
            bases.iter().find(|program| program.digest == base).cloned()
        }?;
        let mut patches = issue.patches.lock().unwrap_or_else(PoisonError::into_inner);
        patches.entry(base).or_insert_with(|| issue.patch_from(&known)).clone()
    }
}

impl KillsIssue {
    pub(crate) fn event(&self) -> Bytes {
        self.event.clone()
    }
}

impl FlagSetIssue {
    /// `ETag` of the flag set, without quotes.
    pub(crate) fn tag(&self) -> String {
        format!("{}.{}.{}", self.position, self.audience.digest().short(), self.program.digest.short())
    }

    pub(crate) fn gzip(&self) -> Bytes {
        let compress = || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            // Writing into a vector cannot fail; if it did, nothing would be compressed.
            let _ = encoder.write_all(&self.bytes);
            encoder.finish().map(Bytes::from).unwrap_or_default()
        };
        self.gzip.get_or_init(compress).clone()
    }

    pub(crate) fn put(&self) -> Bytes {
        let make = || sse::event("put", Some(&self.position.to_string()), &STANDARD.encode(&self.bytes));
        self.put.get_or_init(make).clone()
    }

    fn patch_from(&self, base: &Program) -> Option<Bytes> {
        let ops = if base.digest == self.program.digest {
            // The same program at another position, or issued anew.
            vec![PatchOp::Copy(0, base.bytes.len() as u64)]
        } else if base.bytes.len() < self.program.bytes.len() / 2 {
            // Most of it would be inserted: not worth the search.
            return None;
        } else {
            patch::difference(&base.bytes, &self.program.bytes)?
        };
        let event = PatchEvent {
            base: base.digest.to_string(),
            header: STANDARD.encode(self.envelope.head()),
            kills: STANDARD.encode(&self.kills.bytes),
            ops,
        };
        let data = serde_json::to_string(&event).ok()?;
        Some(sse::event("patch", Some(&self.position.to_string()), &data))
    }
}

/// The audiences of an environment.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    slots: Mutex<BTreeMap<Hash, (Arc<Slot>, Instant)>>,
    /// Whether rules have to be decided, for those of whom the same is known, and the definition that it was found for.
    rules_decide: Mutex<BTreeMap<Hash, (u64, bool)>>,
}

impl Slots {
    /// The place of whoever asks.
    pub(crate) fn of(&self, publication: &Publication, asker: &Asker, issuer: &Arc<Issuer>) -> AppResult<Arc<Slot>> {
        let audience = issuer.audience(publication, asker, self.rules_decide(publication, asker));
        let digest = audience.digest();
        let now = Instant::now();
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((slot, used)) = slots.get_mut(&digest) {
            *used = now;
            return Ok(Arc::clone(slot));
        }
        if slots.len() >= SLOTS
            && let Some(oldest) = slots.iter().min_by_key(|(_, (_, used))| *used).map(|(digest, _)| *digest)
        {
            slots.remove(&oldest);
        }
        let slot = Arc::new(Slot::new(asker.clone(), audience, Arc::clone(issuer)));
        slots.insert(digest, (Arc::clone(&slot), now));
        Ok(slot)
    }

    /// A kill asks this for every client, and nothing that it depends on has changed.
    fn rules_decide(&self, publication: &Publication, asker: &Asker) -> bool {
        let known = canonical_bytes(&(asker.kind, &asker.known)).unwrap_or_default();
        let known = Hash::of(&known);
        let mut answers = self.rules_decide.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((definition, answer)) = answers.get(&known)
            && *definition == publication.definition
        {
            return *answer;
        }
        let answer = publish::rules_decide(&publication.valid, asker);
        if answers.len() >= SLOTS {
            answers.clear();
        }
        answers.insert(known, (publication.definition, answer));
        answer
    }

    /// Lets go of audiences that nobody has asked for in a while.
    pub(crate) fn sweep(&self, now: Instant) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, (slot, used)| Arc::strong_count(slot) > 1 || now.duration_since(*used) < IDLE);
    }
}
