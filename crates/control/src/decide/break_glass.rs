use super::kills::restored_unseen;
use super::unknown;
use crate::break_glass::{BreakGlassKey, MOST, Object, SIZE_LIMIT, open};
use crate::command::Command;
use crate::envelope::EnvelopeError;
use crate::refusal::{Refusal, RefusalCode};
use crate::state::State;
use crate::time;
use downhaul_core::document::{ClientKind, Kill};
use jiff::{SignedDuration, Timestamp};

/// A key that nobody has to renew is forgotten, and lies where nobody looks.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

pub(super) fn check_add(state: &State, key: &BreakGlassKey) -> Result<(), Refusal> {
    if !key.is_whole() {
        let help = "`downhaul break-glass make` makes one";
        return Err(Refusal::new(RefusalCode::Invalid, "that is not an Ed25519 public key", help));
    }
    if state.break_glass.known.contains_key(&key.id) || state.signing.known.contains_key(&key.id) {
        let message = format!("there is a key `{}` already", key.id);
        return Err(Refusal::new(RefusalCode::TakenId, message, "make another one"));
    }
    Ok(())
}

/// What depends on the time.
pub(super) fn check_expiry(state: &State, key: &BreakGlassKey, at: Timestamp) -> Result<(), Refusal> {
    if state.break_glass.in_force(at).count() >= MOST {
        let message = format!("{MOST} break-glass keys are in force, which is the most that may be");
        return Err(Refusal::new(RefusalCode::NotNow, message, "revoke those that nobody holds"));
    }
    let help = "give a time within a year, such as `--expires 90d`";
    match time::from_text(&key.expires) {
        Some(expires) if expires <= at => {
            Err(Refusal::new(RefusalCode::Invalid, "the key would have expired already", help))
        }
        Some(expires) if expires.duration_since(at) <= LONGEST => Ok(()),
        Some(_) => Err(Refusal::new(RefusalCode::Invalid, "the key would be in force for more than a year", help)),
        None => Err(Refusal::new(RefusalCode::Invalid, format!("`{}` is no time", key.expires), help)),
    }
}

pub(super) fn check_revoke(state: &State, id: &str) -> Result<(), Refusal> {
    let known = &state.break_glass.known;
    let key = known.get(id).ok_or_else(|| unknown("break-glass key", id, known.keys().map(String::as_str)))?;
    match &key.revoked {
        None => Ok(()),
        Some(touch) => Err(revoked(id, &touch.at, &touch.actor)),
    }
}

/// What an object that a break-glass key has signed comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Reported {
    /// Id of the key.
    pub key: String,
    /// The kills that are not in force yet, each with why.
    pub kills: Vec<Kill>,
    /// Ids of those that are.
    pub charted: Vec<String>,
}

impl Reported {
    /// As the chart calls whoever killed.
    pub fn actor(&self) -> String {
        actor(&self.key)
    }

    /// The commands that chart the kills.
    pub fn commands(&self) -> impl Iterator<Item = (Command, &Kill)> {
        self.kills.iter().map(|kill| (Command::Kill { kill: kill.clone() }, kill))
    }
}

/// Judges an object that was handed in. That it is signed is all the right that it takes; who hands it in says nothing.
pub fn reported(state: &State, bytes: &[u8], now: Timestamp) -> Result<Reported, Refusal> {
    let mut signed_by = None;
    let opened = open(bytes, |id| {
        signed_by = Some(id.to_owned());
        state.break_glass.known.get(id)?.key.public()
    });
    let Object { key, header, .. } = match (opened, signed_by) {
        (Ok(object), _) => object,
        (Err(EnvelopeError::SignatureInvalid), Some(id)) if !state.break_glass.known.contains_key(&id) => {
            let help = "it is signed with a key of another environment, or with none that was ever made known here";
            let message = format!("{} has no break-glass key `{id}`", state.environment());
            return Err(Refusal::new(RefusalCode::UnknownKey, message, help));
        }
        (Err(error), _) => {
            let help = format!("hand in the file as `downhaul break-glass kill` wrote it, at most {SIZE_LIMIT} bytes");
            return Err(Refusal::new(RefusalCode::Invalid, error.to_string(), help));
        }
    };
    let known = state.break_glass.known.get(&key).ok_or_else(|| unknown("break-glass key", &key, []))?;
    if let Some(touch) = &known.revoked {
        return Err(revoked(&key, &touch.at, &touch.actor));
    }
    if known.key.has_expired(now) {
        let message = format!("the break-glass key `{key}` has expired, on {}", known.key.expires);
        return Err(Refusal::new(RefusalCode::NotNow, message, KILL_INSTEAD));
    }
    if header.environment != state.environment().as_str() {
        let message = format!("the kill is for the environment `{}`", header.environment);
        return Err(Refusal::new(RefusalCode::Invalid, message, "hand it in there"));
    }
    let Some(told) = header.told else {
        let help = "hand in the file of `--out`, which has the reasons; that of `--browser-out` is for clients alone";
        let kinds = header.clients.contains(&ClientKind::Browser);
        let message = if kinds { "that is the part for browsers" } else { "it does not say why" };
        return Err(Refusal::new(RefusalCode::Invalid, message, help));
    };
    let mut report = Reported { key, kills: Vec::new(), charted: Vec::new() };
    let mut over = None;
    for kill in told {
        if crate::break_glass::id_of_key(&kill.id) != Some(&report.key) || time::from_text(&kill.at).is_none() {
            return Err(Refusal::new(RefusalCode::Invalid, format!("`{}` is no kill of this key", kill.id), ""));
        }
        match state.kill(&kill.id).map(|known| known.restored.as_ref()) {
            Some(None) => report.charted.push(kill.id),
            Some(Some(touch)) => {
                let message = format!("`{}` was restored already, at {} by {}", kill.id, touch.at, touch.actor);
                over = Some(Refusal::new(RefusalCode::AlreadyDone, message, KILL_INSTEAD));
            }
            None if state.break_glass.is_restored(&kill.id) => over = Some(restored_unseen(&kill.id)),
            None => report.kills.push(Kill { by: report.actor(), ..kill }),
        }
    }
    match over {
        Some(refusal) if report.kills.is_empty() && report.charted.is_empty() => Err(refusal),
        _ => Ok(report),
    }
}

const KILL_INSTEAD: &str = "kill the flag with `downhaul kill` if it has to be off";

fn actor(key: &str) -> String {
    format!("break-glass:{key}")
}

fn revoked(id: &str, at: &str, by: &str) -> Refusal {
    Refusal::new(
        RefusalCode::AlreadyDone,
        format!("the break-glass key `{id}` was revoked, at {at} by {by}"),
        "a key that was revoked is never believed again; make another one",
    )
}
