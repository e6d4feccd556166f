use super::record::backoff;
use crate::environment::Environment;
use crate::state::AppState;
use crate::targets::{Sent, send};
use downhaul_control::runbook::{Delivery, Payload, Purpose, Run, RunEvent, Which};
use downhaul_control::time;
use downhaul_control::webhook::CallBack;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

/// Tries before a delivery is given up: about a minute and a half at most, on average half of it.
const TRIES: u32 = 8;
/// Longest wait that a target may ask for.
const LONGEST: u64 = 60;

/// Sends a webhook until it is accepted, refused for good, or tried often enough.
pub(super) async fn deliver(state: &AppState, environment: &Environment, run: &Run, delivery: &Delivery) -> RunEvent {
    let Some(target) = state.options().targets.webhooks.get(&delivery.target) else {
        let why = format!("the server has no webhook target `{}`; its targets file names them", delivery.target);
        return outcome(&delivery.payload, Err(why));
    };
    let body = body(state, environment, run, delivery).to_string();
    let mut last = String::new();
    for attempt in 0..TRIES {
        match send(target, &delivery.id, &body).await {
            Sent::Accepted { status } => return outcome(&delivery.payload, Ok(status)),
            Sent::Refused { why } => {
                return outcome(&delivery.payload, Err(format!("`{}` refuses: {why}", delivery.target)));
            }
            Sent::Later { why, after } => {
                tracing::warn!(target = delivery.target, webhook = delivery.id, why, "not delivered yet");
                last = why;
                let asked = Duration::from_secs(after.unwrap_or(0).min(LONGEST));
                sleep(asked.max(backoff(attempt))).await;
            }
        }
    }
    let why = format!("`{}` was tried {TRIES} times in vain: {last}", delivery.target);
    outcome(&delivery.payload, Err(why))
}

fn outcome(payload: &Payload, sent: Result<u16, String>) -> RunEvent {
    match payload {
        Payload::Redeploy { step, attempt, .. }
        | Payload::Purge { step, attempt, .. }
        | Payload::Tell { step, attempt, .. } => match sent {
            Ok(status) => RunEvent::Delivered { step: *step, attempt: *attempt, status },
            Err(why) => RunEvent::Failed { step: *step, attempt: *attempt, why },
        },
        Payload::Call { call, .. } => match sent {
            Ok(_) => RunEvent::Escalated { call: *call, ok: true, detail: String::new() },
            Err(why) => RunEvent::Escalated { call: *call, ok: false, detail: why },
        },
    }
}

/// What is sent: the same for every try, but for what the headers say.
fn body(state: &AppState, environment: &Environment, run: &Run, delivery: &Delivery) -> Value {
    let purpose = match run.purpose {
        Purpose::Rollback => "rollback",
        Purpose::Drill => "drill",
    };
    let mut data = json!({
        "environment": environment.key().as_str(), "run": run.id(), "release": run.subject.key(),
        "purpose": purpose, "reason": run.reason,
    });
    let (kind, more) = match &delivery.payload {
        Payload::Redeploy { step, attempt, artifact, which } => {
            let which = match which {
                Which::Previous => "previous",
                Which::Own => "own",
            };
            let url = call_back(state, environment, run, *step, *attempt);
            ("downhaul.redeploy", json!({ "artifact": artifact, "which": which, "callback_url": url }))
        }
        Payload::Purge { step, attempt, cache } => {
            let url = call_back(state, environment, run, *step, *attempt);
            ("downhaul.purge", json!({ "cache": cache, "callback_url": url }))
        }
        Payload::Tell { message, .. } | Payload::Call { message, .. } => {
            ("downhaul.escalate", json!({ "message": message }))
        }
    };
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    json!({ "type": kind, "timestamp": time::to_text(Timestamp::now()), "data": data })
}

fn call_back(state: &AppState, environment: &Environment, run: &Run, step: usize, attempt: u32) -> String {
    let call = CallBack { environment: environment.key().to_string(), run: run.number, step, attempt };
    let base = match &state.options().targets.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("http://{}", state.options().listen),
    };
    format!("{base}/callback/v1/{}", call.token(state.token_root()))
}
