//! Takes up what break-glass keys have killed: what is handed in, and what lies where the targets file says.

use crate::environment::{Committed, Environment, Urgency};
use crate::error::{AppError, AppResult};
use crate::state::AppState;
use crate::targets::{KillFile, read_answer};
use downhaul_control::break_glass::{SIZE_LIMIT, signed_by};
use downhaul_control::decide::{Reported, reported};
use downhaul_control::{Refusal, RefusalCode, Request};
use jiff::Timestamp;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{Method, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

const EVERY: Duration = Duration::from_secs(5);

/// What became of an object.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) report: Reported,
    /// Ids of the kills that are charted now.
    pub(crate) charted: Vec<String>,
}

/// Charts the kills of an object, each as one change by the key. Asked twice, it finds them there.
pub(crate) async fn take_up(environment: &Arc<Environment>, bytes: &[u8]) -> AppResult<Taken> {
    let mut report = reported(&environment.current().state, bytes, Timestamp::now())?;
    let mut charted = Vec::new();
    for kill in std::mem::take(&mut report.kills) {
        let (id, object, actor) = (kill.id.clone(), bytes.to_vec(), report.actor());
        let made = environment.command(Urgency::Urgent, move |state| {
            let at = Timestamp::now();
            // Judged by the very state that it changes: the key may have been revoked a moment ago.
            let report = reported(state, &object, at)?;
            let commands = report.commands().find(|(_, known)| known.id == kill.id);
            let (command, kill) = commands.ok_or_else(|| there_already(&kill.id))?;
            Ok(Request::by_server(command, &actor, &kill.reason, at))
        });
        match made.await {
            Ok(Committed { .. }) => {
                tracing::warn!(environment = %environment.key(), kill = id, key = report.key, "a break-glass kill is charted");
                charted.push(id);
            }
            // By another replica, or by whoever handed it in.
            Err(error) if error.code() == RefusalCode::TakenId.as_str() => report.charted.push(id),
            Err(error) => return Err(error),
        }
    }
    Ok(Taken { report, charted })
}

fn there_already(id: &str) -> Refusal {
    Refusal::new(RefusalCode::TakenId, format!("the kill `{id}` is charted already"), "there is nothing left to do")
}

/// Looks at every file that the targets file names, again and again.
pub(crate) async fn carry_out(state: AppState) {
    let mut files = JoinSet::new();
    for file in state.options().targets.kill_files.clone() {
        files.spawn(follow(state.clone(), file));
    }
    while files.join_next().await.is_some() {}
}

async fn follow(state: AppState, file: KillFile) {
    let mut etag = None;
    let mut told = None;
    loop {
        match look(&state, &file, etag.take()).await {
            Ok(seen) => {
                etag = seen;
                told = None;
            }
            // What goes on is told once.
            Err(why) if told.as_ref() == Some(&why) => {}
            Err(why) => {
                tracing::warn!(host = file.url.host_str(), why, "a kill file was not taken up");
                told = Some(why);
            }
        }
        sleep(EVERY.mul_f64(0.8 + 0.4 * f64::from(crate::random::bytes::<1>().map_or(128, |[byte]| byte)) / 255.0))
            .await;
    }
}

/// Takes up what is there; gives the entity tag of what need not be looked at again.
async fn look(state: &AppState, file: &KillFile, etag: Option<String>) -> Result<Option<String>, String> {
    let mut request = file.http.request(Method::GET, file.url.clone());
    if let Some(etag) = &etag {
        request = request.header(IF_NONE_MATCH, etag);
    }
    let request = request.build().map_err(|error| error.without_url().to_string())?;
    let answer = read_answer(&file.http, request).await?;
    match answer.status() {
        StatusCode::NOT_MODIFIED => return Ok(etag),
        // Nothing was put there yet.
        StatusCode::NOT_FOUND => return Ok(None),
        status if status.is_success() => {}
        status => return Err(format!("it answered {status}")),
    }
    let bytes = answer.body();
    if bytes.len() >= SIZE_LIMIT {
        return Err(format!("it is larger than {SIZE_LIMIT} bytes"));
    }
    let key = signed_by(bytes).ok_or("it is no kill object")?;
    let knows = |environment: &&Arc<Environment>| environment.current().state.break_glass.known.contains_key(&key);
    let environment =
        state.environments().find(knows).ok_or_else(|| format!("no environment has a break-glass key `{key}`"))?;
    // Another replica takes it up; this one looks again, in case it has to lead.
    if !state.leads(environment) {
        return Ok(None);
    }
    take_up(environment, bytes).await.map_err(|error: AppError| error.detail().to_owned())?;
    Ok(answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned))
}
