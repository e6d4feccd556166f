//! The program and the kills in use, each with the envelope that it came in; only whoever takes something over sees it.

use crate::context::Context;
use crate::events::Change;
use crate::problem::{Problem, ProblemCode, refused};
use crate::snapshot::{Flags, Snapshot};
use downhaul_control::acceptance::{Asked, Held, HeldKills, Take};
use downhaul_control::api::Position;
use downhaul_control::break_glass::{self, KeptObject, Refused};
use downhaul_control::envelope::{EnvelopeError, EnvelopeType, Header, Opened};
use downhaul_core::document::ClientKind;
use downhaul_core::kills::{KillEntry, KillSet};
use downhaul_core::program::{FORMAT, Program};
use jiff::Timestamp;
use std::sync::Arc;

/// Program formats that this release reads.
pub(crate) const FORMATS: &[u32] = &[FORMAT];

/// Whom the client is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) kind: ClientKind,
    pub(crate) environment: Option<String>,
    pub(crate) context: Context,
}

#[derive(Debug, Default)]
pub(crate) struct Holding {
    held: Held,
    program: Option<InUse<(Program, Arc<Flags>)>>,
    kills: Option<InUse<KillSet>>,
    /// Kills that came apart from the control plane's, and who may sign them.
    break_glass: break_glass::Held,
}

#[derive(Debug)]
struct InUse<T> {
    envelope: Arc<Envelope>,
    loaded: T,
}

/// An envelope whose signature and digests are right, and where its parts stand.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) bytes: Vec<u8>,
    pub(crate) header: Header,
}

/// What one envelope changed.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) program: bool,
    pub(crate) kills: bool,
    pub(crate) problems: Vec<Problem>,
}

impl Envelope {
    pub(crate) fn program(&self) -> &[u8] {
        let (from, kills) = self.parts();
        self.bytes.get(from..kills).unwrap_or_default()
    }

    fn kills(&self) -> &[u8] {
        let (_, kills) = self.parts();
        self.bytes.get(kills..).unwrap_or_default()
    }

    /// Where the program begins, and the kill set; the lengths were compared when it was opened.
    fn parts(&self) -> (usize, usize) {
        let length = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
        let kills = self.bytes.len().saturating_sub(length(self.header.kills_length));
        (kills.saturating_sub(length(self.header.program_length)), kills)
    }
}

impl Holding {
    /// Of the program in use.
    pub(crate) fn program(&self) -> Option<&Arc<Envelope>> {
        self.program.as_ref().map(|program| &program.envelope)
    }

    /// Of the kills in use, where they came apart from the program.
    pub(crate) fn kills_alone(&self) -> Option<&Arc<Envelope>> {
        let kills = self.kills.as_ref().map(|kills| &kills.envelope)?;
        self.program().is_none_or(|program| !Arc::ptr_eq(program, kills)).then_some(kills)
    }

    pub(crate) fn environment(&self) -> Option<&str> {
        self.held.environment.as_deref()
    }

    /// The highest position ever accepted.
    pub(crate) fn ratchet(&self) -> Option<Position> {
        self.held.ratchet
    }

    pub(crate) fn raise(&mut self, ratchet: Position) {
        self.held.raise(ratchet);
    }

    pub(crate) fn position(&self) -> Option<Position> {
        let Header { epoch, revision, kill_revision, .. } = self.program()?.header;
        let kills = self.held.kills.filter(|kills| kills.epoch >= epoch);
        Some(Position { epoch, revision, kill_revision: kills.map_or(kill_revision, |kills| kills.kill_revision) })
    }

    /// Kills by keys of their own.
    pub(crate) fn break_glass(&self) -> &break_glass::Held {
        &self.break_glass
    }

    /// Takes the kills of an object that a break-glass key has signed; true if there is one more.
    pub(crate) fn take_break_glass(&mut self, bytes: &[u8], who: &Identity, now: Timestamp) -> Result<bool, Refused> {
        let environment = self.held.environment.as_deref().or(who.environment.as_deref());
        self.break_glass.take(bytes, environment, who.kind, now)
    }

    pub(crate) fn take_kept_break_glass(&mut self, kept: KeptObject, who: &Identity) -> Result<bool, Refused> {
        let environment = self.held.environment.as_deref().or(who.environment.as_deref());
        self.break_glass.take_kept(kept, environment, who.kind)
    }

    /// Hears what an envelope that brings no kills says of break-glass keys; true if one of their kills is over by it.
    pub(crate) fn hear(&mut self, header: &Header, who: &Identity) -> bool {
        self.held.accept(header, &asked(who)).is_ok() && self.break_glass.hear(header)
    }

    /// What a kill set that came alone would do; `None` where it is no newer than the one in use, or comes with a program.
    pub(crate) fn brings(&self, opened: &Opened<'_>) -> Option<Change> {
        if opened.header.kind != EnvelopeType::Kills {
            return None;
        }
        let known = self.held.ratchet.map(|ratchet| (ratchet.epoch, ratchet.kill_revision));
        let theirs = (opened.header.epoch, opened.header.kill_revision);
        if self.kills.is_some() && known.is_some_and(|known| theirs <= known) {
            return None;
        }
        let before = self.kills.as_ref().map(|kills| kills.loaded.kills.as_slice()).unwrap_or_default();
        let after = KillSet::from_bytes(opened.kills).unwrap_or_default().kills;
        let is_new = |kill: &KillEntry| before.iter().all(|known| known.id != kill.id);
        Some(if after.iter().any(is_new) || before.is_empty() { Change::Kill } else { Change::Restore })
    }

    /// Takes over what may be taken. `kept`: it was kept, or given at the start.
    pub(crate) fn take(&mut self, envelope: Envelope, who: &Identity, kept: bool) -> Taken {
        let header = &envelope.header;
        let mut taken = Taken::default();
        let asked = asked(who);
        let verdict = if kept { self.when_kept().accept(header, &asked) } else { self.held.accept(header, &asked) };
        let take = match verdict {
            Ok(take) => take,
            Err(error) => {
                taken.problems.push(refused(error));
                return taken;
            }
        };
        self.break_glass.hear(header);
        if header.kind == EnvelopeType::FlagSet && !take.program {
            taken.problems.push(refused(EnvelopeError::ProgramRefused));
        }
        if kept && !take.kills && !self.kills_are_no_older(header) {
            return taken;
        }
        let envelope = Arc::new(envelope);
        // The way down first: a program that is refused takes no kill with it.
        if take.kills {
            taken.kills = self.load_kills(&envelope, &mut taken.problems);
        }
        if take.program {
            taken.program = self.load_program(&envelope, &mut taken.problems);
        }
        self.held.note(&envelope.header, Take { program: taken.program, kills: taken.kills });
        taken
    }

    /// What reads are to see from now on; `None` before the first program.
    pub(crate) fn snapshot(&self, who: &Identity, now: i64) -> Option<Snapshot> {
        let InUse { envelope, loaded: (program, flags) } = self.program.as_ref()?;
        let kills = self.kills.as_ref().map(|kills| kills.loaded.clone()).unwrap_or_default();
        let kills = self.break_glass.join(kills);
        let (flags, header, position) = (Arc::clone(flags), envelope.header.clone(), self.position()?);
        Some(Snapshot::new(program.clone(), flags, kills, header, position, &who.context, now))
    }

    /// What was kept is as old as the last run; only its kills must be no older than any that were seen since, and its
    /// epoch no lower.
    fn when_kept(&self) -> Held {
        let ratchet = self.held.ratchet.map(|ratchet| Position { revision: 0, ..ratchet });
        Held { program: None, ratchet, ..self.held.clone() }
    }

    /// A kept flag set whose own kills are older than what was seen since needs the kill set that was kept with it.
    fn kills_are_no_older(&self, header: &Header) -> bool {
        let Some(InUse { envelope, .. }) = &self.kills else { return false };
        let HeldKills { epoch, kill_revision } = match self.held.kills {
            Some(kills) => kills,
            None => return false,
        };
        envelope.header.audience == header.audience
            && epoch == header.epoch
            && kill_revision >= self.held.ratchet.map_or(0, |ratchet| ratchet.kill_revision)
    }

    fn load_kills(&mut self, envelope: &Arc<Envelope>, problems: &mut Vec<Problem>) -> bool {
        match KillSet::from_bytes(envelope.kills()) {
            Ok(loaded) => {
                self.kills = Some(InUse { envelope: Arc::clone(envelope), loaded });
                true
            }
            Err(error) => {
                problems.push(ProblemCode::ProgramRefused.problem(error.message(), TOO_OLD));
                false
            }
        }
    }

    fn load_program(&mut self, envelope: &Arc<Envelope>, problems: &mut Vec<Problem>) -> bool {
        if let Some(program) = &mut self.program
            && program.envelope.header.program_sha256 == envelope.header.program_sha256
        {
            program.envelope = Arc::clone(envelope);
            return true;
        }
        match Program::from_bytes(envelope.program()) {
            Ok(program) => {
                let flags = Arc::new(Flags::of(&program));
                self.program = Some(InUse { envelope: Arc::clone(envelope), loaded: (program, flags) });
                true
            }
            Err(error) => {
                problems.push(ProblemCode::ProgramRefused.problem(error.message(), TOO_OLD));
                false
            }
        }
    }
}

fn asked(who: &Identity) -> Asked<'_> {
    Asked {
        kind: who.kind,
        environment: who.environment.as_deref(),
        context: who.context.attributes(),
        decided_for: None,
        formats: FORMATS,
    }
}

const TOO_OLD: &str = "the client goes on with what it has; is its release older than the control plane's?";
