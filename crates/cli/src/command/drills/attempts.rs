//! Drills that failed because nobody was let in. The control plane cannot chart what somebody unknown asks for, so such an
//! attempt is kept here, and charted with the next credential that it accepts.

use crate::exit::Failure;
use crate::input::server::state_folder;
use crate::remote::ControlPlane;
use crate::render::{Output, counted};
use downhaul_control::api::{DrillAttemptRequest, DrillKind, DrillView};
use downhaul_control::time;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;

/// Attempts that are kept at most: the newest.
const KEPT: usize = 200;

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Attempt {
    server: String,
    environment: String,
    attempt: DrillAttemptRequest,
}

/// Keeps the attempt where the failure is that somebody was not let in; gives the failure, which says so.
pub(crate) fn keep(failure: Failure, name: &str, kind: Option<DrillKind>, control: &ControlPlane) -> Failure {
    if !failure.is_of_the_credential() {
        return failure;
    }
    let why = format!("{}: {}", failure.code, failure.message);
    let attempt = DrillAttemptRequest { name: name.to_owned(), kind, tried: time::to_text(Timestamp::now()), why };
    let (server, environment) = (control.server().to_owned(), control.environment().to_owned());
    let mut all = read();
    all.push(Attempt { server, environment, attempt });
    let said = match write(&all) {
        Ok(()) => "this drill has failed; that is kept, and charted by the next drill verb that is let in".to_owned(),
        Err(error) => format!("this drill has failed, and that could not be kept: {error}"),
    };
    let help = failure.help.clone().map_or(said.clone(), |help| format!("{help}; {said}"));
    failure.help(help)
}

/// Charts what was kept for this control plane. What it does not take is kept on; nothing here hinders the verb.
pub(crate) async fn report(control: &ControlPlane, output: &Output) {
    let all = read();
    let is_here = |each: &Attempt| each.server == control.server() && each.environment == control.environment();
    let mut left: Vec<Attempt> = all.iter().filter(|each| !is_here(each)).cloned().collect();
    let here: Vec<Attempt> = all.into_iter().filter(|each| is_here(each)).collect();
    if here.is_empty() {
        return;
    }
    let mut charted = 0;
    for each in here {
        match control.post::<DrillView>(&["drills", "attempts"], &each.attempt).await {
            Ok(_) => charted += 1,
            Err(failure) if &*failure.code == "already-done" => {}
            // Such as a name that nothing has: nobody will ever be able to chart it.
            Err(failure) if failure.is_of_the_request() => {
                output
                    .note(format!("a failed drill of `{}` cannot be charted: {}", each.attempt.name, failure.message));
            }
            Err(_) => left.push(each),
        }
    }
    if charted > 0 {
        output.note(format!("{} without being let in charted", counted(charted, "failed drill")));
    }
    if let Err(error) = write(&left) {
        output.note(format!("what was charted could not be struck off: {error}"));
    }
}

fn file() -> Option<PathBuf> {
    state_folder().map(|folder| folder.join("downhaul").join("drill-attempts.jsonl"))
}

/// Lines that cannot be read are passed over.
fn read() -> Vec<Attempt> {
    let text = file().and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn write(all: &[Attempt]) -> std::io::Result<()> {
    let file = file().ok_or_else(|| std::io::Error::other("no home folder is known"))?;
    let folder = file.parent().ok_or_else(|| std::io::Error::other("no folder is known"))?;
    fs::create_dir_all(folder)?;
    if all.is_empty() {
        return match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    // Whole or not at all.
    let mut text = String::new();
    for each in all.iter().skip(all.len().saturating_sub(KEPT)) {
        text.push_str(&serde_json::to_string(each)?);
        text.push('\n');
    }
    let new = file.with_extension(format!("{}.new", std::process::id()));
    fs::write(&new, text)?;
    fs::rename(new, file)
}
