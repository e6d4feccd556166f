//! What is worth a notification in the environments: alarms that nobody has, kills by others, drills that fail, runs that end.
//! Each has a button that opens what stops it.

use crate::control_plane::{Asked, ControlPlane};
use crate::orders::{self, Order};
use crate::{stream, words};
use axum::body::to_bytes;
use axum::http::{HeaderMap, Method};
use downhaul_control::Command;
use downhaul_control::api::{AlarmPage, AlarmView, ChangeView, ChartPage, ConsoleEvent, RunView, Whoami};
use downhaul_control::runbook::{Purpose, RunEvent};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tauri::AppHandle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// A notification, where its button leads, and where a click on it does.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Notice {
    title: String,
    detail: String,
    button: &'static str,
    order: Order,
    click: Order,
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
    /// Alarms that were told, by their ids, and the notification of each as long as nobody has the alarm.
    told: BTreeMap<String, Option<Shown>>,
}

/// A notification that is withdrawn as soon as nothing holds this any more.
#[derive(Debug)]
struct Shown {
    _held: oneshot::Sender<Infallible>,
}

impl Shown {
    /// And what comes when it is to be withdrawn.
    fn begin() -> (Shown, impl Future<Output = ()> + Send + use<>) {
        let (held, withdrawn) = oneshot::channel();
        (Shown { _held: held }, withdrawn.map(drop))
    }
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
        raise_change(app, plane, &change, environment, me).await;
    }
    while let Some(data) = events.next().await {
        match serde_json::from_str(&data) {
            Ok(ConsoleEvent::Change { change, .. }) if heard.is_new(change.revision) => {
                raise_change(app, plane, &change, environment, me).await;
            }
            Ok(ConsoleEvent::Alarms { .. }) => {
                let Some(page) = read::<AlarmPage>(plane, format!("{below}/alarms")).await else { continue };
                for alarm in heard.untold(&page.alarms) {
                    let (shown, withdrawn) = Shown::begin();
                    raise(app, of_alarm(alarm, environment), withdrawn);
                    heard.told.insert(alarm.id.clone(), Some(shown));
                }
            }
            // All others, and what a newer server says, are worth none.
            Ok(_) | Err(_) => {}
        }
    }
}

/// A rollback that fails is an alarm, and told as one; a drill is not.
async fn raise_change(app: &AppHandle, plane: &ControlPlane, change: &ChangeView, environment: &str, me: &str) {
    let Some(Told { notice, unless_rollback }) = of_change(change, environment, me) else { return };
    if let Some(run) = unless_rollback {
        let path = format!("/api/v1/environments/{environment}/runs/r-{run}");
        if read::<RunView>(plane, path).await.is_some_and(|run| run.purpose == Purpose::Rollback) {
            return;
        }
    }
    raise(app, notice, std::future::pending());
}

impl Heard {
    /// Of the alarms that go on, those that nobody has and that were not told yet. What is silenced is told once it no longer is.
    /// The notifications of all others are withdrawn: somebody has the alarm, or it is over.
    fn untold<'a>(&mut self, alarms: &'a [AlarmView]) -> Vec<&'a AlarmView> {
        self.told.retain(|told, _| alarms.iter().any(|alarm| alarm.id == *told));
        let mut untold = Vec::new();
        for alarm in alarms {
            let is_unattended = alarm.standing == "raised" && alarm.recovered.is_none();
            match (is_unattended, self.told.get_mut(&alarm.id)) {
                (true, None) => {
                    self.told.insert(alarm.id.clone(), None);
                    untold.push(alarm);
                }
                (false, Some(shown)) => *shown = None,
                (true, Some(_)) | (false, None) => {}
            }
        }
        untold
    }

    /// Changes that were there before the app are told to nobody.
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

/// What is told of a change, and the run that it is told of unless that is a rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    notice: Notice,
    unless_rollback: Option<u64>,
}

fn of_change(change: &ChangeView, environment: &str, me: &str) -> Option<Told> {
    let command: Command = serde_json::from_value(change.record.get("command")?.clone()).ok()?;
    let by = change.actor_name.as_deref().unwrap_or(words::SOMEONE);
    match command {
        // What a guard killed is an alarm.
        Command::Kill { kill } if change.actor != me && !kill.id.starts_with("guard-") => {
            let order = Order::Go(format!("/e/{environment}/kills/{}", kill.id));
            let notice = Notice {
                title: words::killed_in(kill.flag.as_str(), environment),
                detail: words::by(by, &change.reason),
                button: words::WATCH_KILL,
                click: order.clone(),
                order,
            };
            Some(Told { notice, unless_rollback: None })
        }
        Command::Run { run, event } => {
            let ended = |title: String, detail: String| (title, detail, None);
            let (title, detail, unless_rollback) = match *event {
                RunEvent::Failed { step, why, .. } => (words::step_failed(step, run, environment), why, Some(run)),
                RunEvent::TimedOut { step, .. } => {
                    (words::step_takes_too_long(step, run, environment), words::TOOK_TOO_LONG.to_owned(), Some(run))
                }
                RunEvent::Stopped { condition, value } => {
                    ended(words::run_stopped(run, environment), words::has_shown(condition, value))
                }
                RunEvent::Expired => ended(words::run_expired(run, environment), words::TOOK_TOO_LONG.to_owned()),
                _ => return None,
            };
            let click = Order::Go(format!("/e/{environment}/runs/r-{run}"));
            let notice = Notice { title, detail, button: words::OPEN_KILL, order: Order::Kill, click };
            Some(Told { notice, unless_rollback })
        }
        _ => None,
    }
}

/// The button opens the kill control of the alarm's flag; where it has none, the release whose runbook is the way back.
fn of_alarm(alarm: &AlarmView, environment: &str) -> Notice {
    let go = |path: String| Order::Go(format!("/e/{environment}/{path}"));
    let (button, order) = match (&alarm.flag, alarm.runbooks.first()) {
        (Some(flag), _) => (words::OPEN_KILL, go(format!("kill/{flag}"))),
        (None, Some(release)) => (words::ROLL_BACK, go(format!("releases/{release}"))),
        (None, None) => (words::OPEN_KILL, Order::Kill),
    };
    Notice {
        title: words::alarm_in(environment),
        // Not every desktop draws marks.
        detail: alarm.message.replace('`', ""),
        button,
        order,
        click: go("alarms".to_owned()),
    }
}

/// Shows it until somebody answers or closes it, or it is to be withdrawn.
fn raise(app: &AppHandle, notice: Notice, withdrawn: impl Future<Output = ()> + Send + 'static) {
    let app = app.clone();
    tokio::spawn(async move {
        let mut notification = notify_rust::Notification::new();
        notification.appname(words::APP).summary(&notice.title).body(&notice.detail).icon("downhaul-desktop");
        #[cfg(all(unix, not(target_os = "macos")))]
        {
            use notify_rust::NotificationResponse;
            // A click on it is the action of this name.
            notification.action("default", words::OPEN).action("open", notice.button);
            notification.hint(notify_rust::Hint::Urgency(notify_rust::Urgency::Critical));
            let Ok(shown) = notification.show_async().await else { return };
            let answered = shown.wait_for_action_async(|response| match response {
                NotificationResponse::Default => orders::give(&app, &notice.click),
                NotificationResponse::Action(action) if action == "open" => orders::give(&app, &notice.order),
                _ => {}
            });
            tokio::select! {
                () = answered => {}
                () = withdrawn => shown.close_async().await,
            }
        }
        #[cfg(not(all(unix, not(target_os = "macos"))))]
        {
            // It may wait until the notification is closed.
            let _ = tokio::task::spawn_blocking(move || notification.show().is_ok()).await;
            let _ = (app, notice.button, notice.order, notice.click, withdrawn);
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
    fn kills_of_others_are_told() {
        let command = |id: &str| json!({ "type": "kill", "kill": { "id": id, "flag": "checkout-v2", "scope": {}, "reason": "x", "by": "a-2", "at": "2026-11-26T12:00:00Z" } });
        let killed = change(command("k-1"), Some("checkout-v2"));
        let Notice { title, detail, order, click, .. } = of_change(&killed, "production", "a-1").unwrap().notice;
        assert_eq!(title, "checkout-v2 was killed in production");
        assert_eq!(detail, "By Jonas: payments fail");
        assert_eq!((&order, &click), (&Order::Go("/e/production/kills/k-1".to_owned()), &order));
        assert_eq!(of_change(&killed, "production", "a-2"), None, "whoever did it knows");
        let by_guard = change(command("guard-5d41402abc4b"), Some("checkout-v2"));
        assert_eq!(of_change(&by_guard, "production", "a-1"), None, "it is an alarm");
    }

    #[test]
    fn runs_that_fail_are_told_where_they_are_no_alarm() {
        let run = |event: serde_json::Value| change(json!({ "type": "run", "run": 3, "event": event }), None);
        let failed = run(json!({ "event": "failed", "step": 2, "attempt": 1, "why": "no answer" }));
        let told = of_change(&failed, "production", "a-1").unwrap();
        assert_eq!(
            (told.notice.title.as_str(), told.unless_rollback),
            ("Step 2 of run r-3 in production failed", Some(3))
        );
        assert_eq!(
            (told.notice.order, told.notice.click),
            (Order::Kill, Order::Go("/e/production/runs/r-3".to_owned()))
        );
        let expired = of_change(&run(json!({ "event": "expired" })), "production", "a-1").unwrap();
        assert_eq!(expired.unless_rollback, None);
    }

    fn alarm(id: &str, standing: &str) -> AlarmView {
        serde_json::from_value(json!({
            "id": id, "about": "guard-acted", "standing": standing, "message": "guard `errors` of `f` killed the variant",
            "since": "2026-11-26T14:03:18.120Z", "raised": "2026-11-26T14:03:18.120Z", "look": "downhaul status", "told": [],
        }))
        .unwrap()
    }

    #[test]
    fn an_alarm_is_told_once_and_only_where_nobody_has_it() {
        let ids = |heard: &mut Heard, alarms: &[AlarmView]| -> Vec<String> {
            heard.untold(alarms).into_iter().map(|alarm| alarm.id.clone()).collect()
        };
        let mut heard = Heard::default();
        let first = [alarm("al-1", "raised"), alarm("al-2", "acknowledged"), alarm("al-3", "silenced")];
        assert_eq!(ids(&mut heard, &first), ["al-1"]);
        assert_eq!(ids(&mut heard, &first), [""; 0], "the stream came back");
        assert_eq!(
            ids(&mut heard, &[alarm("al-1", "acknowledged"), alarm("al-3", "raised")]),
            ["al-3"],
            "no longer silenced"
        );
        assert_eq!(ids(&mut heard, &[]), [""; 0], "over");
        assert_eq!(ids(&mut heard, &[alarm("al-4", "raised")]), ["al-4"], "the same again is another alarm");
    }

    #[test]
    fn a_notification_stands_until_somebody_has_its_alarm_or_it_is_over() {
        let over =
            |id: &str| AlarmView { recovered: Some("2026-11-26T15:00:00.000Z".to_owned()), ..alarm(id, "raised") };
        let after = |alarms: &[AlarmView]| {
            let mut heard = Heard::default();
            heard.untold(&[alarm("al-1", "raised")]);
            let (shown, withdrawn) = Shown::begin();
            heard.told.insert("al-1".to_owned(), Some(shown));
            heard.untold(alarms);
            let is_withdrawn = withdrawn.now_or_never().is_some();
            (is_withdrawn, heard.untold(alarms).len())
        };
        assert_eq!(after(&[alarm("al-1", "raised"), alarm("al-2", "raised")]), (false, 0));
        assert_eq!(after(&[alarm("al-1", "acknowledged")]), (true, 0));
        assert_eq!(after(&[alarm("al-1", "silenced")]), (true, 0));
        assert_eq!(after(&[over("al-1")]), (true, 0));
        assert_eq!(after(&[]), (true, 0), "kept no longer");
    }

    #[test]
    fn the_button_of_an_alarm_opens_what_stops_it() {
        let of = |flag: Option<&str>, runbooks: &[&str]| {
            let runbooks = runbooks.iter().map(|key| (*key).to_owned()).collect();
            of_alarm(&AlarmView { flag: flag.map(str::to_owned), runbooks, ..alarm("al-1", "raised") }, "production")
        };
        let go = |path: &str| Order::Go(path.to_owned());
        let notice = of(Some("f"), &["shop-1"]);
        assert_eq!(
            (notice.title.as_str(), notice.detail.as_str()),
            ("Alarm in production", "guard errors of f killed the variant")
        );
        assert_eq!((notice.button, notice.order), ("Kill…", go("/e/production/kill/f")));
        assert_eq!(notice.click, go("/e/production/alarms"));
        let notice = of(None, &["shop-1"]);
        assert_eq!((notice.button, notice.order), ("Roll back…", go("/e/production/releases/shop-1")));
        assert_eq!(of(None, &[]).order, Order::Kill);
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
}
