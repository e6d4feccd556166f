use crate::auth::admin::Admin;
use crate::environment::{Environment, Publication};
use crate::sse;
use crate::state::AppState;
use axum::body::Bytes;
use downhaul_control::api::{AlarmView, ConsoleEvent, PresenceView, Progress};
use downhaul_control::{Command, time, views};
use futures_util::{Stream, stream};
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

/// Progress of kills is told at most this often.
const PROGRESS: Duration = Duration::from_millis(100);
/// The first client that is dark is told at once if that comes so soon after a kill.
const FIRST: Duration = Duration::from_secs(1);
/// The fleet is told at most this often.
const FLEET: Duration = Duration::from_secs(1);
/// Who is where is looked at this often; who comes or goes is told at once.
const PRESENCE: Duration = Duration::from_secs(1);
/// Kills older than this change too slowly to be watched; who wants to know asks.
const WATCHED: Duration = Duration::from_secs(15 * 60);
/// A word now and then where nothing happens, so that neither side nor anything between takes the stream for dead.
const PING: Duration = Duration::from_secs(15);

/// What happens in an environment, for one console, while whoever looks may look.
pub(crate) fn stream(
    state: &AppState,
    environment: Arc<Environment>,
    admin: Admin,
) -> impl Stream<Item = Bytes> + Send + use<> {
    let mut progress = interval(PROGRESS);
    progress.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut moved = environment.presence().changes();
    moved.mark_changed();
    let mut happened = environment.fleet().happened();
    happened.mark_changed();
    let watcher = Watcher {
        changes: environment.changes(),
        closing: state.closing(),
        state: state.clone(),
        happened,
        alarms: environment.shown_alarms().watch(),
        moved,
        presence_due: Instant::now(),
        present: PresenceView::default(),
        progress,
        ready: VecDeque::new(),
        first_awaited: None,
        told: BTreeMap::new(),
        fleet_due: Instant::now(),
        ping_due: Instant::now() + PING,
        fleet_changed: true,
        environment,
        admin,
    };
    stream::unfold(watcher, |mut watcher| async move { Some((watcher.next().await?, watcher)) })
}

struct Watcher {
    state: AppState,
    environment: Arc<Environment>,
    admin: Admin,
    changes: broadcast::Receiver<Arc<Publication>>,
    closing: watch::Receiver<bool>,
    happened: watch::Receiver<u64>,
    alarms: watch::Receiver<Option<Arc<Vec<AlarmView>>>>,
    /// Who comes, goes, or begins to edit.
    moved: watch::Receiver<u64>,
    presence_due: Instant,
    /// Who was last told to be there.
    present: PresenceView,
    progress: Interval,
    ready: VecDeque<Bytes>,
    /// A kill of which nobody was told to be dark yet: the first who is, is told at once.
    first_awaited: Option<(String, Instant)>,
    /// The progress last told of each kill.
    told: BTreeMap<String, Progress>,
    fleet_due: Instant,
    ping_due: Instant,
    fleet_changed: bool,
}

impl Watcher {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if *self.closing.borrow() || self.admin.identity.roles(&self.environment).is_err() {
                return None;
            }
            if let Some(bytes) = self.ready.pop_front() {
                return Some(bytes);
            }
            tokio::select! {
                biased;
                _ = self.closing.changed() => {}
                change = self.changes.recv() => match change {
                    Ok(publication) => self.tell_change(&publication),
                    // Who reads too slowly sees the state of now, and finds what it missed in the chart.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                },
                Ok(()) = self.happened.changed(), if self.first_awaited.is_some() => {
                    self.fleet_changed = true;
                    self.tell_progress();
                }
                _ = self.progress.tick() => self.tick(),
            }
        }
    }

    fn tell_change(&mut self, publication: &Publication) {
        let Some(record) = &publication.record else { return };
        if let Command::Kill { kill } = &record.change().command {
            self.first_awaited = Some((kill.id.clone(), Instant::now() + FIRST));
        }
        let change = views::change(&publication.state, record, &self.state.actors());
        self.tell(&ConsoleEvent::Change { position: publication.position(), change: Box::new(change) });
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.first_awaited.take_if(|(_, until)| now >= *until);
        if self.happened.has_changed().unwrap_or(false) {
            self.happened.mark_unchanged();
            self.fleet_changed = true;
            self.tell_progress();
        }
        if now >= self.fleet_due && self.fleet_changed {
            self.fleet_due = now + FLEET;
            self.fleet_changed = false;
            let fleet = self.environment.fleet().view(self.environment.current().position());
            self.tell(&ConsoleEvent::Fleet { fleet: Box::new(fleet) });
            self.tell_progress();
        }
        if now >= self.presence_due || self.moved.has_changed().unwrap_or(false) {
            self.moved.mark_unchanged();
            self.presence_due = now + PRESENCE;
            self.tell_presence();
        }
        if self.alarms.has_changed().unwrap_or(false) {
            self.tell_alarms();
        }
        if self.ready.is_empty() && now >= self.ping_due {
            self.tell(&ConsoleEvent::Ping { server_time: time::to_text(Timestamp::now()) });
        }
        if !self.ready.is_empty() {
            self.ping_due = now + PING;
        }
    }

    fn tell_presence(&mut self) {
        let present = self.environment.presence().view(&self.state.actors(), std::time::Instant::now());
        if present != self.present {
            self.present = present.clone();
            self.tell(&ConsoleEvent::Presence(present));
        }
    }

    fn tell_alarms(&mut self) {
        let alarms = self.alarms.borrow_and_update().clone();
        if let Some(alarms) = alarms {
            let unattended = alarms.iter().filter(|alarm| alarm.standing == "raised").count();
            self.tell(&ConsoleEvent::Alarms { open: alarms.len(), unattended });
        }
    }

    /// Kills that are young enough to move, where something moved.
    fn tell_progress(&mut self) {
        let current = self.environment.current();
        let watched = WATCHED.as_secs_f64() * 1000.0;
        for kill in current.state.flag_set.kills.iter().filter_map(|kill| current.state.kill(&kill.id)) {
            let id = &kill.kill.id;
            let Some(progress) = self.environment.fleet().progress(id) else { continue };
            // Time alone is no news.
            let same = |told: &Progress| Progress { elapsed_ms: told.elapsed_ms, ..progress.clone() } == *told;
            if progress.elapsed_ms > watched || self.told.get(id).is_some_and(same) {
                continue;
            }
            if progress.dark > 0 && self.first_awaited.as_ref().is_some_and(|(awaited, _)| awaited == id) {
                self.first_awaited = None;
            }
            self.told.insert(id.clone(), progress.clone());
            let view = views::kill(&current.state, kill, &self.state.actors(), Some(progress));
            self.tell(&ConsoleEvent::KillProgress { kill: Box::new(view) });
        }
    }

    fn tell(&mut self, event: &ConsoleEvent) {
        // Plain structures, which can always be written.
        let data = serde_json::to_string(event).unwrap_or_default();
        self.ready.push_back(sse::event(event.name(), None, &data));
    }
}
