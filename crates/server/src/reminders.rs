//! Reminds the webhook target that the policy names: once for each flag and occasion, whatever is restarted in between.

use crate::environment::Environment;
use crate::hygiene;
use crate::state::AppState;
use crate::targets::{Sent, send};
use crate::told;
use downhaul_control::hygiene::{Reminder, reminders};
use downhaul_control::time;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

/// The first look comes this soon, where the schedule leaves more time.
const FIRST: Duration = Duration::from_secs(10);

/// Looks at every environment again and again.
pub(crate) async fn carry_out(state: AppState) {
    let every = state.options().remind_every;
    sleep(every.min(FIRST)).await;
    loop {
        for environment in state.environments().filter(|environment| state.leads(environment)) {
            remind(&state, environment).await;
        }
        sleep(every).await;
    }
}

/// What is not delivered now is tried again with the next look.
async fn remind(state: &AppState, environment: &Environment) {
    let Some(name) = environment.current().state.policy.hygiene.webhook.clone() else { return };
    let Some(target) = state.options().targets.webhooks.get(&name) else {
        tracing::warn!(environment = %environment.key(), target = name, "the policy names a webhook target for reminders that the targets file has not");
        return;
    };
    let now = Timestamp::now();
    let looked = match hygiene::look(state, environment, None, now).await {
        Ok(looked) => looked,
        Err(error) => {
            tracing::warn!(environment = %environment.key(), detail = error.detail(), "nobody was reminded");
            return;
        }
    };
    let due = reminders(&looked.publication.state, &looked.stale, now);
    let Some(mut told) = told::told(environment, told::REMINDERS).await else { return };
    // An occasion that is over may be forgotten: if it comes again, it is another one.
    let known = told.len();
    told.retain(|id| due.iter().any(|reminder| reminder.id == *id));
    if told.len() < known && !told::keep(environment, told::REMINDERS, &told).await {
        return;
    }
    for reminder in due {
        if told.contains(&reminder.id) {
            continue;
        }
        match send(target, &reminder.id, &body(environment, &reminder, now).to_string()).await {
            Sent::Accepted { .. } => {
                told.insert(reminder.id);
                // Where this is lost, the target gets it once more, under the same id.
                if !told::keep(environment, told::REMINDERS, &told).await {
                    return;
                }
            }
            Sent::Refused { why } => {
                tracing::warn!(target = name, reminder = reminder.id, why, "a reminder was refused");
            }
            Sent::Later { why, .. } => {
                tracing::warn!(target = name, reminder = reminder.id, why, "reminders wait");
                return;
            }
        }
    }
}

fn body(environment: &Environment, reminder: &Reminder, now: Timestamp) -> Value {
    let Reminder { about, flag, release, owner, message, help, .. } = reminder;
    let mut data = json!({
        "environment": environment.key().as_str(), "about": about, "owner": owner, "message": message, "help": help,
    });
    if let Some(data) = data.as_object_mut() {
        let subjects = [("flag", flag), ("release", release)];
        data.extend(
            subjects.into_iter().filter_map(|(member, value)| Some((member.to_owned(), json!(value.as_ref()?)))),
        );
    }
    json!({ "type": "downhaul.reminder", "timestamp": time::to_text(now), "data": data })
}
