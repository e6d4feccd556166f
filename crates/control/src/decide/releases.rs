use super::unknown;
use crate::refusal::{Refusal, RefusalCode};
use crate::release::{Release, ReleaseKey, validate};
use crate::state::State;
use downhaul_core::diagnostic::Diagnostic;

pub(super) fn check_put(state: &State, release: &Release, expected: Option<u64>) -> Result<(), Refusal> {
    let problems = validate::problems(state, release);
    if problems.iter().any(Diagnostic::is_error) {
        return Err(Refusal::invalid(problems));
    }
    let Some(before) = state.releases.release(release.key.as_str()) else { return Ok(()) };
    if let Some(touch) = &before.retired {
        return Err(Refusal::new(
            RefusalCode::RetiredKey,
            format!("the release `{}` was retired at {}, and a key is never used again", release.key, touch.at),
            "give the release another key, such as one with the next version",
        ));
    }
    let touch = &before.touched;
    if expected.is_some_and(|expected| touch.revision > expected) {
        return Err(Refusal::new(
            RefusalCode::ChangedSince,
            format!(
                "`{}` was changed at revision {} by {} (`{}`)",
                release.key, touch.revision, touch.actor, touch.reason
            ),
            "load the release again and repeat the edit",
        ));
    }
    Ok(())
}

pub(super) fn check_retire(state: &State, key: &ReleaseKey) -> Result<(), Refusal> {
    let Some(release) = state.releases.release(key.as_str()) else {
        return Err(unknown("release", key.as_str(), state.releases.by_key.keys().map(ReleaseKey::as_str)));
    };
    if let Some(touch) = &release.retired {
        return Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("the release `{key}` was retired already, at {} by {}", touch.at, touch.actor),
            "there is nothing left to do",
        ));
    }
    match state.releases.active(key.as_str()) {
        None => Ok(()),
        Some(run) => Err(Refusal::new(
            RefusalCode::RunActive,
            format!("`{key}` is being rolled back by {}", run.id()),
            format!("wait for its end, or end it with `downhaul runs abort {}`", run.id()),
        )),
    }
}
