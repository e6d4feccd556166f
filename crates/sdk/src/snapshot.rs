//! What reads look at: a program with its kills, whole and never changed. Another one takes its place.

use crate::context::Context;
use downhaul_control::acceptance::agrees_with_all;
use downhaul_control::api::{Attributes, Position};
use downhaul_control::envelope::Header;
use downhaul_core::context::Prepared;
use downhaul_core::decision::{Cause, Decision};
use downhaul_core::evaluate::evaluate_all;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::{look_up, prepare};
use downhaul_core::program::Program;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What SDKs fill in: epoch milliseconds.
const NOW: &str = "now";

#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) loaded: Loaded,
    pub(crate) flags: Arc<Flags>,
    pub(crate) header: Header,
    /// Revision of the program, revision of the kills.
    pub(crate) position: Position,
    pub(crate) own: Own,
}

/// What a program says of its flags, read once.
#[derive(Debug)]
pub(crate) struct Flags {
    numbers: HashMap<Box<str>, u32>,
    /// By flag and variant.
    variants: Vec<Vec<Variant>>,
    /// The cause for which each flag is held down while the client is stale.
    when_stale: Vec<u8>,
    /// Whether a read has asked for it since it was last told.
    asked: Vec<AtomicBool>,
    /// Whether some rule reads the time.
    reads_now: bool,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) key: String,
    pub(crate) value: Value,
}

/// Decisions for the client's own context.
#[derive(Debug, Default)]
pub(crate) struct Own {
    fresh: Vec<Decision>,
    /// Empty where no flag degrades with silence.
    stale: Vec<Decision>,
    /// Whether the flag set was made for this context at all.
    fits: bool,
}

impl Flags {
    pub(crate) fn of(program: &Program) -> Flags {
        let count = program.flag_count();
        let variants = |flag| {
            let variant = |number| program.variant(flag, number);
            let all = (0..program.variant_count(flag)).filter_map(variant);
            all.map(|(key, json)| Variant {
                key: key.to_owned(),
                // Compilation wrote it.
                value: serde_json::from_str(json).unwrap_or_default(),
            })
            .collect()
        };
        let when_stale = |flag| if program.degrades_when_stale(flag) { Cause::Stale as u8 } else { Cause::None as u8 };
        Flags {
            numbers: (0..count).map(|flag| (program.flag_key(flag).into(), flag)).collect(),
            variants: (0..count).map(variants).collect(),
            when_stale: (0..count).map(when_stale).collect(),
            asked: (0..count).map(|_| AtomicBool::new(false)).collect(),
            reads_now: (0..program.slot_count()).any(|slot| program.slot_name(slot) == NOW),
        }
    }

    pub(crate) fn number(&self, key: &str) -> Option<u32> {
        self.numbers.get(key).copied()
    }

    pub(crate) fn variant(&self, flag: u32, decision: &Decision) -> Option<&Variant> {
        self.variants.get(flag as usize)?.get(usize::from(decision.variant))
    }

    /// The application asks for a flag.
    pub(crate) fn note(&self, flag: u32) {
        if let Some(asked) = self.asked.get(flag as usize)
            && !asked.load(Ordering::Relaxed)
        {
            asked.store(true, Ordering::Relaxed);
        }
    }

    /// Those that were asked for since it was last called.
    pub(crate) fn take_asked(&self, program: &Program, mut each: impl FnMut(&str)) {
        for (flag, asked) in (0u32..).zip(&self.asked) {
            if asked.load(Ordering::Relaxed) && asked.swap(false, Ordering::Relaxed) {
                each(program.flag_key(flag));
            }
        }
    }
}

impl Snapshot {
    pub(crate) fn new(
        program: Program,
        flags: Arc<Flags>,
        kills: KillSet,
        header: Header,
        position: Position,
        own: &Context,
        now: i64,
    ) -> Snapshot {
        let loaded = Loaded::new(program, kills);
        let mut snapshot = Snapshot { loaded, flags, header, position, own: Own::default() };
        snapshot.own = snapshot.decide_own(own, now);
        snapshot
    }

    pub(crate) fn fits(&self, context: &Context) -> bool {
        agrees_with_all(context.attributes(), &self.header.audience.attributes)
    }

    /// Slots of a context, with the audience's attributes where it has none of its own, and the time.
    pub(crate) fn prepare(&self, context: &Context, now: i64) -> Prepared {
        prepare(&self.loaded, self.completed(context, now).attributes())
    }

    /// Causes by flag for which the client itself holds them down.
    pub(crate) fn overrides(&self, stale: bool) -> &[u8] {
        if stale { &self.flags.when_stale } else { &[] }
    }

    pub(crate) fn own_decision(&self, flag: u32, stale: bool) -> Option<Decision> {
        let decisions = if stale && !self.own.stale.is_empty() { &self.own.stale } else { &self.own.fresh };
        decisions.get(flag as usize).copied()
    }

    /// Keys of the flags that give the client's own context something else than `before` did.
    pub(crate) fn differs(&self, stale: bool, before: Option<(&Snapshot, bool)>) -> Vec<String> {
        let of = |snapshot: &Snapshot, stale: bool, key: &str| {
            let flag = snapshot.flags.number(key)?;
            let decision = snapshot.own_decision(flag, stale)?;
            let variant = snapshot.flags.variant(flag, &decision)?;
            Some((variant.key.clone(), variant.value.clone(), decision.reason, decision.cause))
        };
        let keys = |snapshot: &Snapshot| -> Vec<String> {
            let program = &snapshot.loaded.program;
            (0..program.flag_count()).map(|flag| program.flag_key(flag).to_owned()).collect()
        };
        let mut all = keys(self);
        if let Some((before, _)) = before {
            all.extend(keys(before).into_iter().filter(|key| self.flags.number(key).is_none()));
        }
        all.retain(|key| of(self, stale, key) != before.and_then(|(before, stale)| of(before, stale, key)));
        all
    }

    fn decide_own(&self, own: &Context, now: i64) -> Own {
        if !self.fits(own) {
            return Own::default();
        }
        let mut prepared = self.prepare(own, now);
        let mut all = |overrides: &[u8]| {
            let mut decisions = Vec::with_capacity(self.loaded.program.flag_count() as usize);
            prepared.forget();
            // Contexts that were prepared natively have all their texts.
            let _ = evaluate_all(&self.loaded, overrides, &mut prepared, |_, decision| decisions.push(decision));
            decisions
        };
        let fresh = all(&[]);
        let degrades = self.flags.when_stale.iter().any(|cause| *cause != Cause::None as u8);
        let stale = if degrades { all(&self.flags.when_stale) } else { Vec::new() };
        Own { fresh, stale, fits: true }
    }

    pub(crate) fn own_fits(&self) -> bool {
        self.own.fits
    }

    fn completed<'a>(&self, context: &'a Context, now: i64) -> Cow<'a, Context> {
        let lacks = |name: &str| look_up(context.attributes(), name).is_none_or(Value::is_null);
        let wanted: Attributes = self
            .header
            .audience
            .attributes
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .chain(self.flags.reads_now.then(|| (NOW.to_owned(), Value::from(now))))
            .filter(|(name, _)| lacks(name))
            .collect();
        if wanted.is_empty() {
            return Cow::Borrowed(context);
        }
        Cow::Owned(wanted.into_iter().fold(context.clone(), |context, (name, value)| context.with(name, value)))
    }
}
