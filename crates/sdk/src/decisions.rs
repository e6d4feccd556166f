use crate::context::Context;
use crate::host::Clock;
use crate::shared::Shared;
use crate::snapshot::{Snapshot, Variant};
use crate::telemetry::Seen;
use downhaul_core::bucket::integer;
use downhaul_core::context::Prepared;
use downhaul_core::decision::{Cause, Decision, ErrorCode, Reason};
use downhaul_core::evaluate::evaluate;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

/// Decisions for one context, from one flag set: whatever comes meanwhile, a request sees the same from begin to end.
///
/// Each flag is decided when it is first asked for. Reads never fail: what can't be answered is the caller's default.
#[derive(Debug)]
pub struct Decisions {
    shared: Arc<Shared>,
    snapshot: Option<Arc<Snapshot>>,
    who: Who,
    /// The bucketing unit; empty where there is none, and where nothing asks for it.
    unit: String,
    /// Why the client itself holds flags down, where breakers do so.
    overrides: Option<Box<[u8]>>,
    /// What was read of it, where somebody counts exposures; absent for the client's own context.
    seen: Option<Seen>,
    stale: bool,
    expired: bool,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the large one is the usual one")]
enum Who {
    /// The client itself, whose decisions are made already.
    Own,
    Other(Mutex<Prepared>),
    /// Somebody for whom the flag set was not made.
    Stranger,
}

/// One decision with everything that is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Details<T> {
    pub value: T,
    /// Absent where the value is the caller's default.
    pub variant: Option<String>,
    pub reason: Reason,
    /// Why the value is the caller's default.
    pub error: Option<ReadError>,
    pub metadata: Metadata,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    pub code: ErrorCode,
    pub message: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Why the flag gives its degraded variant: killed, or held down by the client itself.
    pub cause: Option<Cause>,
    /// Which rule decided, counted from 0.
    pub rule_index: Option<u32>,
    /// The reason of the decision itself, where `reason` is `STALE` because the whole flag set is past its validity.
    pub true_reason: Option<Reason>,
    /// Revision of the flag set that decided.
    pub revision: Option<u64>,
}

/// Types that a flag can have.
pub trait FlagValue: Sized + sealed::Sealed {
    #[doc(hidden)]
    const NAME: &'static str;
    #[doc(hidden)]
    fn read(value: &Value) -> Option<Self>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for bool {}
    impl Sealed for String {}
    impl Sealed for f64 {}
    impl Sealed for i64 {}
    impl Sealed for serde_json::Value {}
}

impl FlagValue for bool {
    const NAME: &'static str = "boolean";

    fn read(value: &Value) -> Option<bool> {
        value.as_bool()
    }
}

impl FlagValue for String {
    const NAME: &'static str = "string";

    fn read(value: &Value) -> Option<String> {
        value.as_str().map(str::to_owned)
    }
}

impl FlagValue for f64 {
    const NAME: &'static str = "number";

    fn read(value: &Value) -> Option<f64> {
        value.as_f64()
    }
}

/// Of numbers those that are whole.
impl FlagValue for i64 {
    const NAME: &'static str = "whole number";

    fn read(value: &Value) -> Option<i64> {
        value.as_i64().or_else(|| integer(value.as_f64()?))
    }
}

/// Of any type.
impl FlagValue for Value {
    const NAME: &'static str = "any";

    fn read(value: &Value) -> Option<Value> {
        Some(value.clone())
    }
}

impl Decisions {
    pub(crate) fn own(shared: &Arc<Shared>) -> Decisions {
        let context = &shared.settings.who.context;
        if shared.breakers.hold_back() {
            return Decisions { seen: None, ..Decisions::of(shared, context) };
        }
        let (snapshot, stale, expired) = shared.present();
        let who = match &snapshot {
            Some(snapshot) if !snapshot.own_fits() => Who::Stranger,
            _ => Who::Own,
        };
        let unit = unit(shared, context);
        Decisions { shared: Arc::clone(shared), snapshot, who, unit, overrides: None, seen: None, stale, expired }
    }

    pub(crate) fn of(shared: &Arc<Shared>, context: &Context) -> Decisions {
        let (snapshot, stale, expired) = shared.present();
        let unit = unit(shared, context);
        let mut overrides = None;
        let who = match &snapshot {
            Some(snapshot) if snapshot.fits(context) => {
                let mut prepared = snapshot.prepare(context, Clock::wall_ms());
                overrides = shared.held_back(snapshot, &mut prepared, &unit, stale);
                Who::Other(Mutex::new(prepared))
            }
            _ => Who::Stranger,
        };
        let seen = Some(Seen::default());
        Decisions { shared: Arc::clone(shared), snapshot, who, unit, overrides, seen, stale, expired }
    }

    /// The variant that a flag gives; `None` where it gives none.
    pub(crate) fn variant(&self, key: &str) -> Option<&Variant> {
        self.decide(key).ok().map(|(_, variant, _)| variant)
    }

    pub(crate) fn unit(&self) -> &str {
        &self.unit
    }

    /// A flag that is true or false.
    pub fn boolean(&self, key: &str, default: bool) -> bool {
        self.read(key).unwrap_or(default)
    }

    /// A flag that is a text.
    pub fn string(&self, key: &str, default: impl Into<String>) -> String {
        self.read(key).unwrap_or_else(|| default.into())
    }

    /// A flag that is a number.
    pub fn number(&self, key: &str, default: f64) -> f64 {
        self.read(key).unwrap_or(default)
    }

    /// A flag that is a number, and whole.
    pub fn integer(&self, key: &str, default: i64) -> i64 {
        self.read(key).unwrap_or(default)
    }

    /// A flag whose value is read as a type of the application; `default` where that can't be.
    pub fn object<T: DeserializeOwned>(&self, key: &str, default: T) -> T {
        self.object_details(key, default).value
    }

    /// The decision, of the type of `default`; of any type if that is a [`Value`].
    pub fn details<T: FlagValue>(&self, key: &str, default: T) -> Details<T> {
        self.resolve(key, default, |value| {
            T::read(value).ok_or_else(|| format!("flag `{key}` is of type {}, not {}", type_of(value), T::NAME))
        })
    }

    /// As [`Decisions::details`], read as a type of the application.
    pub fn object_details<T: DeserializeOwned>(&self, key: &str, default: T) -> Details<T> {
        self.resolve(key, default, |value| {
            T::deserialize(value).map_err(|error| format!("the value of flag `{key}` does not fit: {error}"))
        })
    }

    /// Counts that what a flag decides of did what it should, or not, under the variant that it gives here. A flag that
    /// gives none is not counted. See docs/guide/outcomes.md.
    pub fn outcome(&self, key: &str, ok: bool) {
        if let Ok((_, variant, _)) = self.decide(key) {
            self.shared.outcomes.add(key, &variant.key, ok, self.shared.clock.now_ms());
        }
    }

    /// Does `work` and counts how it went, under the variant that the flag gives as it begins: failed where it gives an
    /// error, which the caller sees all the same. Work that is dropped before its end is not counted.
    pub async fn watch<T, E>(&self, key: &str, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let result = work.await;
        self.outcome(key, result.is_ok());
        result
    }

    fn read<T: FlagValue>(&self, key: &str) -> Option<T> {
        let (_, variant, _) = self.decide(key).ok()?;
        T::read(&variant.value)
    }

    fn resolve<T>(&self, key: &str, default: T, read: impl FnOnce(&Value) -> Result<T, String>) -> Details<T> {
        let failed = |code, message, default| Details {
            value: default,
            variant: None,
            reason: Reason::Error,
            error: Some(ReadError { code, message }),
            metadata: Metadata::default(),
        };
        let (decision, variant, revision) = match self.decide(key) {
            Ok(found) => found,
            Err(ReadError { code, message }) => return failed(code, message, default),
        };
        match read(&variant.value) {
            Err(message) => failed(ErrorCode::TypeMismatch, message, default),
            Ok(value) => Details {
                value,
                variant: Some(variant.key.clone()),
                reason: if self.expired { Reason::Stale } else { decision.reason },
                error: None,
                metadata: Metadata {
                    cause: (decision.cause != Cause::None).then_some(decision.cause),
                    rule_index: decision.rule(),
                    true_reason: self.expired.then_some(decision.reason),
                    revision: Some(revision),
                },
            },
        }
    }

    /// The decision, its variant, and the revision that decided.
    fn decide(&self, key: &str) -> Result<(Decision, &Variant, u64), ReadError> {
        let not_ready = || ReadError {
            code: ErrorCode::ProviderNotReady,
            message: "no flag set for this context as yet".to_owned(),
        };
        let snapshot = self.snapshot.as_deref().ok_or_else(not_ready)?;
        if matches!(self.who, Who::Stranger) {
            return Err(not_ready());
        }
        let not_found =
            || ReadError { code: ErrorCode::FlagNotFound, message: format!("no flag `{key}` in this flag set") };
        let flag = snapshot.flags.number(key).ok_or_else(not_found)?;
        snapshot.flags.note(flag);
        let decision = match &self.who {
            Who::Own => snapshot.own_decision(flag, self.stale),
            Who::Other(prepared) => {
                let mut prepared = prepared.lock().unwrap_or_else(PoisonError::into_inner);
                // Contexts that were prepared natively have all their texts.
                let overrides = self.overrides.as_deref().unwrap_or(snapshot.overrides(self.stale));
                evaluate(&snapshot.loaded, overrides, &mut prepared, flag).ok()
            }
            Who::Stranger => None,
        };
        let decision = decision.ok_or_else(not_ready)?;
        let variant = snapshot.flags.variant(flag, &decision).ok_or_else(not_ready)?;
        if let Some(counting) = self.shared.telemetry.get() {
            let exposed = || (key.to_owned(), variant.key.clone(), decision);
            let now = self.shared.clock.now_ms();
            counting.expose(self.seen.as_ref(), &self.unit, snapshot.position, flag, exposed, now);
        }
        Ok((decision, variant, snapshot.position.revision))
    }
}

/// As bucketing takes it, by the `targetingKey`; all without one are one. Only breakers and telemetry ask for it.
fn unit(shared: &Shared, context: &Context) -> String {
    match context
        .attributes()
        .get("targetingKey")
        .filter(|_| shared.breakers.is_used() || shared.telemetry.get().is_some())
    {
        Some(Value::String(key)) => key.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Null | Value::Array(_) | Value::Object(_) => "object",
    }
}
