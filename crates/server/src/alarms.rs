//! Tells the webhook targets that take alarms what guards did: each target once for each change, whatever is restarted in
//! between. What is not delivered is tried again for a day.

use crate::environment::Environment;
use crate::state::AppState;
use crate::targets::{Sent, Webhook, send};
use crate::{drivers, runner, told};
use downhaul_control::guards::Acted;
use downhaul_control::{State, time};
use downhaul_core::document::GuardAction;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// What is older is no alarm any more.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The longest time between two tries.
const LONGEST: Duration = Duration::from_secs(60);

/// Watches every environment that this process leads.
pub(crate) async fn carry_out(state: AppState) {
    if state.options().targets.webhooks.values().any(|target| target.alarms) {
        drivers::in_every_environment(state, follow).await;
    } else {
        std::future::pending().await
    }
}

async fn follow(state: AppState, environment: Arc<Environment>) {
    let mut publications = environment.publications();
    let mut failures = 0;
    loop {
        let current = Arc::clone(&publications.borrow_and_update());
        let is_done = tell(&state, &environment, &current.state).await;
        failures = if is_done { 0 } else { failures + 1 };
        let again = if is_done { LONGEST } else { runner::backoff(failures).min(LONGEST) };
        tokio::select! {
            changed = publications.changed() => if changed.is_err() { return },
            () = sleep(again) => {}
        }
    }
}

/// Whether nothing is left to tell.
async fn tell(state: &AppState, environment: &Environment, now: &State) -> bool {
    let acts: Vec<Alarm> = now.guards.iter().filter_map(|(of, acted)| Alarm::of(now, of, acted)).collect();
    if acts.is_empty() {
        return true;
    }
    let Some(mut told) = told::told(environment, told::ALARMS).await else { return false };
    let mut is_done = true;
    for (name, target) in state.options().targets.webhooks.iter().filter(|(_, target)| target.alarms) {
        for alarm in &acts {
            let of_target = format!("{name}/{}", alarm.id);
            if told.contains(&of_target) {
                continue;
            }
            if deliver(environment, name, target, alarm).await {
                // What is over a day old is forgotten with those that are told anew.
                told.retain(|id| acts.iter().any(|alarm| id.ends_with(&alarm.id)));
                told.insert(of_target);
                is_done &= told::keep(environment, told::ALARMS, &told).await;
            } else {
                is_done = false;
            }
        }
    }
    is_done
}

/// Whether it need not be tried again.
async fn deliver(environment: &Environment, name: &str, target: &Webhook, alarm: &Alarm) -> bool {
    match send(target, &alarm.id, &alarm.body.to_string()).await {
        Sent::Accepted { .. } => true,
        Sent::Refused { why } => {
            tracing::warn!(environment = %environment.key(), target = name, alarm = alarm.id, why, "an alarm was refused");
            true
        }
        Sent::Later { why, .. } => {
            tracing::warn!(environment = %environment.key(), target = name, alarm = alarm.id, why, "an alarm waits");
            false
        }
    }
}

struct Alarm {
    /// The same for every try.
    id: String,
    body: Value,
}

impl Alarm {
    /// `None` where it is too long ago.
    fn of(state: &State, (flag, guard): &(downhaul_core::ids::FlagKey, String), acted: &Acted) -> Option<Alarm> {
        let at = time::from_text(&acted.touch.at)?;
        if Timestamp::now().duration_since(at) > DAY {
            return None;
        }
        let revision = acted.touch.revision;
        let kill = state.kills.values().find(|kill| kill.revision == revision);
        let rollout = state.rollouts.of_flag(flag.as_str()).map(|rollout| rollout.id());
        let did = match (acted.action, kill) {
            (_, Some(_)) => "killed the variant",
            (GuardAction::Pause, None) => "paused the rollout",
            (GuardAction::StepBack | GuardAction::Kill, None) => "took the rollout a stage back",
        };
        let back = match (kill, &rollout) {
            (Some(kill), _) => Some(format!("downhaul restore {}", kill.kill.id)),
            (None, Some(rollout)) => Some(format!("downhaul rollout resume {rollout}")),
            (None, None) => None,
        };
        let releases: Vec<&str> = state
            .releases
            .by_key
            .values()
            .filter(|known| known.retired.is_none() && known.release.flags.contains(flag))
            .map(|known| known.release.key.as_str())
            .collect();
        let data = json!({
            "environment": state.environment().as_str(), "about": "guard-acted",
            "flag": flag, "owner": state.flag_set.flag(flag.as_str()).map(|flag| flag.owner.as_str()), "guard": guard,
            "message": format!("guard `{guard}` of `{flag}` {did}: {}", acted.touch.reason),
            "revision": revision, "at": acted.touch.at,
            "look": format!("downhaul guards show {flag} {guard}"), "back": back,
            "runbooks": releases,
        });
        let body = json!({ "type": "downhaul.alarm", "timestamp": acted.touch.at, "data": data });
        Some(Alarm { id: format!("alarm-{}-{}-{revision}", state.environment(), state.epoch), body })
    }
}
