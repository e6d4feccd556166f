use super::unknown;
use crate::refusal::{Refusal, RefusalCode};
use crate::signing_key::{MOST, SigningKey, SigningKeyState};
use crate::state::State;

pub(super) fn check_add(state: &State, key: &SigningKey) -> Result<(), Refusal> {
    if !key.is_whole() {
        let help = "give the 32 bytes in base64, as `downhaul signing-keys generate` prints them";
        return Err(Refusal::new(RefusalCode::Invalid, "that is not an Ed25519 public key", help));
    }
    if state.signing.known.contains_key(&key.id) {
        let message = format!("there is a signing key `{}` already", key.id);
        return Err(Refusal::new(RefusalCode::TakenId, message, "use it, or make another one"));
    }
    if state.signing.in_force().count() >= MOST {
        let message = format!("{MOST} signing keys are in force, which is the most that may be");
        return Err(Refusal::new(RefusalCode::NotNow, message, "revoke those that no longer sign"));
    }
    Ok(())
}

pub(super) fn check_use(state: &State, id: &str) -> Result<(), Refusal> {
    in_force(state, id)?;
    if state.signing.signs.as_deref() == Some(id) {
        return Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("the signing key `{id}` signs already"),
            "there is nothing left to do",
        ));
    }
    Ok(())
}

pub(super) fn check_revoke(state: &State, id: &str) -> Result<(), Refusal> {
    in_force(state, id)?;
    if state.signing.signs.as_deref() == Some(id) {
        return Err(Refusal::new(
            RefusalCode::NotNow,
            format!("the signing key `{id}` is the one that signs"),
            "let another one sign first: `downhaul signing-keys rotate`",
        ));
    }
    Ok(())
}

fn in_force<'a>(state: &'a State, id: &str) -> Result<&'a SigningKeyState, Refusal> {
    let known = &state.signing.known;
    let key = known.get(id).ok_or_else(|| unknown("signing key", id, known.keys().map(String::as_str)))?;
    match &key.revoked {
        None => Ok(key),
        Some(touch) => Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("the signing key `{id}` was revoked, at {} by {}", touch.at, touch.actor),
            "a key that was revoked is never believed again; make another one",
        )),
    }
}
