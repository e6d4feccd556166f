use super::{ReleaseState, Releases};
use crate::change::Change;
use crate::command::Command;
use crate::fold::touch;
use crate::runbook::Run;
use crate::time;
use jiff::Timestamp;
use std::sync::Arc;

/// What a change does to releases and runs. Never refuses. `author` wrote what a run that begins is about.
pub(crate) fn fold(releases: &mut Releases, command: &Command, change: &Change, author: Option<&str>) {
    let at = time::from_text(&change.at).unwrap_or(Timestamp::UNIX_EPOCH);
    match command {
        Command::PutRelease { release } => {
            let created =
                releases.release(release.key.as_str()).map_or_else(|| touch(change), |was| was.created.clone());
            let put = ReleaseState { release: (**release).clone(), created, touched: touch(change), retired: None };
            releases.by_key.insert(release.key.clone(), Arc::new(put));
        }
        Command::RetireRelease { key } => {
            if let Some(release) = releases.by_key.get_mut(key) {
                Arc::make_mut(release).retired = Some(touch(change));
            }
        }
        Command::Run { run, event } => {
            let next = match releases.runs.get(run) {
                Some(before) => before.advance_by(event, &change.actor, at).ok(),
                None => Run::begun(*run, event, &change.actor, &change.reason, at)
                    .map(|begun| Run { author: author.map(str::to_owned), ..begun }),
            };
            if let Some(next) = next {
                releases.runs.insert(*run, Arc::new(next));
            }
        }
        _ => {}
    }
}
