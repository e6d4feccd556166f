//! What happens in the environments and is worth a notification: kills of others, runs and rollouts that fail, clients that
//! nothing is heard of. Each has a button that opens what stops it.

use crate::control_plane::{Asked, ControlPlane};
use crate::orders::{self, Order};
use crate::stream;
use axum::body::to_bytes;
use axum::http::{HeaderMap, Method};
use downhaul_control::Command;
use downhaul_control::api::{ChangeView, ChartPage, ConsoleEvent, Whoami};
use downhaul_control::rollout::RolloutEvent;
use downhaul_control::runbook::RunEvent;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tauri::AppHandle;
use tokio::task::AbortHandle;

/// A notification, and where its button leads.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Alarm {
    title: String,
    detail: String,
    button: &'static str,
    order: Order,
}

/// The wait before a stream that broke is opened again.
const AGAIN: Duration = Duration::from_secs(5);
/// As many changes are looked at after it was.
const MISSED: u32 = 50;
const LARGEST_ANSWER: usize = 4 << 20;

/// Watches every environment that may be seen, until it is aborted.
pub fn watch(app: AppHandle, plane: Arc<ControlPlane>) -> AbortHandle {
    tokio::spawn(async move {
        let mut heard = BTreeMap::<String, Heard>::new();
        loop {
            if let Some(who) = who_am_i(&plane).await {
                heard.retain(|environment, _| who.environments.contains(environment));
                for environment in who.environments {
                    heard.entry(environment).or_default();
                }
                // All are opened again as one ends; what each has heard is kept.
                let mut each: FuturesUnordered<_> =
                    heard.iter_mut().map(|(key, heard)| listen(&app, &plane, &who.actor, key, heard)).collect();
                each.next().await;
            }
            tokio::time::sleep(AGAIN).await;
        }
    })
    .abort_handle()
}

/// How far an environment was heard, so that what happened while nothing was heard is told afterwards.
#[derive(Debug, Default)]
struct Heard {
    /// The newest change.
    revision: Option<u64>,
    /// How many clients had fallen silent.
    silent: Option<usize>,
}

async fn who_am_i(plane: &ControlPlane) -> Option<Whoami> {
    read(plane, "/api/v1/session".to_owned()).await
}

async fn read<T: DeserializeOwned>(plane: &ControlPlane, path: String) -> Option<T> {
    let asked = Asked { method: Method::GET, path, headers: HeaderMap::new(), body: Vec::new() };
    let answer = plane.ask(asked).await.ok().filter(|answer| answer.status().is_success())?;
    serde_json::from_slice(&to_bytes(answer.into_body(), LARGEST_ANSWER).await.ok()?).ok()
}

/// Listens to one environment until its stream ends.
async fn listen(app: &AppHandle, plane: &ControlPlane, me: &str, environment: &str, heard: &mut Heard) {
    let below = format!("/api/v1/environments/{environment}");
    if heard.revision.is_none() {
        let Some(chart) = read::<ChartPage>(plane, format!("{below}/chart?limit=1")).await else { return };
        heard.begin(&chart.changes);
    }
    let Some(mut events) = stream::listen(plane, &format!("{below}/events")).await else { return };
    // Once the stream is open, so that no change falls between the two.
    let Some(chart) = read::<ChartPage>(plane, format!("{below}/chart?limit={MISSED}")).await else { return };
    for change in heard.missed(chart.changes) {
        raise(app, of_change(&change, environment, me));
    }
    while let Some(data) = events.next().await {
        match serde_json::from_str(&data) {
            Ok(ConsoleEvent::Change { change, .. }) if heard.is_new(change.revision) => {
                raise(app, of_change(&change, environment, me));
            }
            Ok(ConsoleEvent::Fleet { fleet }) => {
                raise(app, of_fleet(heard.silent, fleet.unknown, environment));
                heard.silent = Some(fleet.unknown);
            }
            // All others, and what a newer server says, are no alarm.
            Ok(_) | Err(_) => {}
        }
    }
}

impl Heard {
    /// What was there before the app is no alarm.
    fn begin(&mut self, newest: &[ChangeView]) {
        self.revision = Some(newest.iter().map(|change| change.revision).max().unwrap_or(0));
    }

    /// Whether a change was not heard yet; then it is now.
    fn is_new(&mut self, revision: u64) -> bool {
        let is_new = self.revision.is_none_or(|heard| heard < revision);
        self.revision = self.revision.max(Some(revision));
        is_new
    }

    /// Of the newest changes, newest first, those that were not heard yet, oldest first.
    fn missed(&mut self, newest: Vec<ChangeView>) -> Vec<ChangeView> {
        newest.into_iter().rev().filter(|change| self.is_new(change.revision)).collect()
    }
}

fn of_change(change: &ChangeView, environment: &str, me: &str) -> Option<Alarm> {
    let command: Command = serde_json::from_value(change.record.get("command")?.clone()).ok()?;
    let by = change.actor_name.as_deref().unwrap_or("someone");
    let kill_control = || match &change.flag {
        Some(flag) => Order::Go(format!("/e/{environment}/kill/{flag}")),
        None => Order::Kill,
    };
    let failed = |title: String, detail: &str| {
        Some(Alarm { title, detail: detail.to_owned(), button: "Kill…", order: kill_control() })
    };
    match command {
        Command::Kill { kill } if change.actor != me => Some(Alarm {
            title: format!("{} was killed in {environment}", kill.flag),
            detail: format!("By {by}: {}", change.reason),
            button: "Watch the kill",
            order: Order::Go(format!("/e/{environment}/kills/{}", kill.id)),
        }),
        Command::Run { run, event } => match *event {
            RunEvent::Failed { step, why, .. } => {
                failed(format!("Step {step} of run r-{run} in {environment} failed"), &why)
            }
            RunEvent::TimedOut { step, .. } => failed(
                format!("Step {step} of run r-{run} in {environment} takes too long"),
                "It took longer than it may.",
            ),
            RunEvent::Stopped { condition, value } => {
                failed(format!("Run r-{run} in {environment} was stopped"), &format!("{condition} has shown: {value}"))
            }
            RunEvent::Expired => {
                failed(format!("Run r-{run} in {environment} has expired"), "It took longer than it may.")
            }
            _ => None,
        },
        Command::Rollout { rollout, event, .. } => match *event {
            RolloutEvent::Hold { why, .. } => {
                failed(format!("Rollout ro-{rollout} in {environment} does not go on"), &why)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Said once, as the first ones fall silent.
fn of_fleet(before: Option<usize>, now: usize, environment: &str) -> Option<Alarm> {
    (before == Some(0) && now > 0).then(|| Alarm {
        title: format!("Clients in {environment} have fallen silent"),
        detail: format!("Nothing is heard of {now}; a kill may not have reached them."),
        button: "Kill…",
        order: Order::Kill,
    })
}

fn raise(app: &AppHandle, alarm: Option<Alarm>) {
    let Some(alarm) = alarm else { return };
    let app = app.clone();
    // It waits until the notification is closed.
    std::thread::spawn(move || {
        let mut notification = notify_rust::Notification::new();
        notification.appname("Downhaul").summary(&alarm.title).body(&alarm.detail).icon("downhaul-desktop");
        #[cfg(all(unix, not(target_os = "macos")))]
        {
            notification.action("open", alarm.button).hint(notify_rust::Hint::Urgency(notify_rust::Urgency::Critical));
            let Ok(shown) = notification.show() else { return };
            shown.wait_for_action(|action| {
                if action == "open" || action == "default" {
                    orders::give(&app, &alarm.order);
                }
            });
        }
        #[cfg(not(all(unix, not(target_os = "macos"))))]
        {
            let _ = (notification.show(), app, alarm.button, alarm.order);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(command: serde_json::Value, flag: Option<&str>) -> ChangeView {
        serde_json::from_value(json!({
            "revision": 7, "at": "2026-11-26T12:00:00Z", "actor": "a-2", "actor_name": "Jonas", "reason": "payments fail",
            "type": "kill", "summary": "…", "flag": flag, "impact": { "flags": [] }, "prev": "", "hash": "",
            "record": { "command": command },
        }))
        .unwrap()
    }

    #[test]
    fn kills_of_others_are_alarms() {
        let command = json!({ "type": "kill", "kill": { "id": "k-1", "flag": "checkout-v2", "scope": {}, "reason": "x", "by": "a-2", "at": "2026-11-26T12:00:00Z" } });
        let killed = change(command, Some("checkout-v2"));
        let alarm = of_change(&killed, "production", "a-1").unwrap();
        assert_eq!(alarm.title, "checkout-v2 was killed in production");
        assert_eq!(alarm.detail, "By Jonas: payments fail");
        assert_eq!(alarm.order, Order::Go("/e/production/kills/k-1".to_owned()));
        assert_eq!(of_change(&killed, "production", "a-2"), None, "whoever did it knows");
    }

    #[test]
    fn what_fails_is_an_alarm() {
        let run = json!({ "type": "run", "run": 3, "event": { "event": "failed", "step": 2, "attempt": 1, "why": "no answer" } });
        let alarm = of_change(&change(run, None), "production", "a-1").unwrap();
        assert_eq!((alarm.title.as_str(), &alarm.order), ("Step 2 of run r-3 in production failed", &Order::Kill));
        let rollout = json!({ "type": "rollout", "rollout": 1, "from": 2, "event": { "event": "hold", "kind": "not-holding", "why": "errors" } });
        let alarm = of_change(&change(rollout, Some("gift-cards")), "production", "a-1").unwrap();
        assert_eq!(alarm.order, Order::Go("/e/production/kill/gift-cards".to_owned()));
    }

    #[test]
    fn what_was_missed_is_told_once_and_what_was_there_before_never() {
        let page = |newest: &[u64]| -> Vec<ChangeView> {
            newest.iter().map(|revision| ChangeView { revision: *revision, ..change(json!({}), None) }).collect()
        };
        let told = |heard: &mut Heard, newest: &[u64]| -> Vec<u64> {
            heard.missed(page(newest)).iter().map(|change| change.revision).collect()
        };
        let mut heard = Heard::default();
        heard.begin(&page(&[7]));
        assert_eq!(told(&mut heard, &[7, 6]), [0; 0], "before the app was there");
        assert!(heard.is_new(8) && !heard.is_new(8) && !heard.is_new(7));
        assert_eq!(told(&mut heard, &[11, 10, 9, 8, 7]), [9, 10, 11], "while nothing was heard");
        assert_eq!(told(&mut heard, &[11, 10]), [0; 0]);
        let mut empty = Heard::default();
        empty.begin(&[]);
        assert_eq!(told(&mut empty, &[1]), [1], "the first change of all");
    }

    #[test]
    fn silence_is_told_once() {
        for (before, now, told) in
            [(None, 3, false), (Some(0), 0, false), (Some(0), 2, true), (Some(2), 3, false), (Some(3), 0, false)]
        {
            assert_eq!(of_fleet(before, now, "production").is_some(), told, "{before:?} {now}");
        }
    }
}
