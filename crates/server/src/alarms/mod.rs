//! Alarms, in the process that leads: derives what is wrong, remembers it, and tells the targets that are due. What is not
//! delivered is tried again for as long as it is so, whatever is restarted in between; a slow target keeps nobody waiting.

mod book;
mod deliver;
mod recovery;
mod shown;

use crate::drivers;
use crate::environment::Environment;
use crate::fleet;
use crate::recovery::backups;
use crate::runner::backoff;
use crate::state::AppState;
use crate::targets::Sent;
pub(crate) use book::{acknowledge, page, silence};
use deliver::deliver;
use downhaul_control::alarms::{Kept, Ledger, Surroundings, Tell, When, causes, tellings};
use jiff::{SignedDuration, Timestamp};
use recovery::Recovery;
pub(crate) use shown::{Shown, show};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// How often it is looked: never at a change itself, so that no acknowledgement of a kill waits for a look at every client.
const LOOK: Duration = Duration::from_secs(2);
/// The longest time between two tries.
const LONGEST: Duration = Duration::from_secs(60);

/// Watches every environment that this process leads.
pub(crate) async fn carry_out(state: AppState) {
    drivers::in_every_environment(state, follow).await;
}

async fn follow(state: AppState, environment: Arc<Environment>) {
    let mut acted = environment.alarms().subscribe();
    let mut ledger = book::ledger(&environment).await;
    let mut recovery = Recovery::default();
    let mut way = Way::default();
    let mut deliveries: JoinSet<(Tell, Sent)> = JoinSet::new();
    loop {
        acted.mark_unchanged();
        let changed = look(&state, &environment, &mut ledger, &mut recovery);
        if changed {
            book::keep(&environment, &ledger).await;
            book::forget(&environment, &ledger).await;
        }
        // Without them somebody could be told of what is silenced: that is worse than a moment later.
        if let Ok(acts) = book::acts(&environment).await {
            let due = tellings(&ledger, &targets(&state), &acts.acknowledged, &acts.silences, Timestamp::now());
            for tell in due {
                if !way.is_free(&tell) {
                    continue;
                }
                let Some(alarm) = ledger.find(&tell.alarm) else { continue };
                way.begin(&tell);
                let delivery = deliver(state.clone(), environment.key().to_string(), tell, alarm.clone());
                deliveries.spawn(delivery);
            }
        }
        tokio::select! {
            _ = acted.changed() => {}
            Some(done) = deliveries.join_next() => {
                if let Ok((tell, sent)) = done
                    && way.end(&environment, &tell, sent)
                {
                    ledger.told(&tell, Timestamp::now());
                    book::keep(&environment, &ledger).await;
                }
            }
            () = sleep(LOOK) => {}
        }
    }
}

/// Takes in what is wrong now; whether anything changed.
fn look(state: &AppState, environment: &Arc<Environment>, ledger: &mut Ledger, recovery: &mut Recovery) -> bool {
    let current = environment.current();
    let recovered = recovery.read(state, environment, &current.state, ledger);
    let heartbeat = environment.beats().view(&current.state, environment.fleet().live());
    let suspicions = environment.guards().suspicions();
    let (panic, withheld) = environment.automatic().view();
    // What PostgreSQL holds it backs up itself.
    let backups = state.options().database.is_none().then(|| backups::known(&state.options().data));
    let now = Timestamp::now();
    let found = causes(&Surroundings {
        state: &current.state,
        fleet: &fleet::states(environment),
        heartbeat: &heartbeat,
        suspicions: &suspicions,
        panic: panic.as_ref(),
        withheld: &withheld,
        backups: backups.as_ref(),
        is_writable: environment.is_writable(),
        recovered: &recovered,
        now,
    });
    let quiet = SignedDuration::try_from(state.options().alarm_quiet).unwrap_or_default();
    ledger.look(&found, quiet, now)
}

/// The targets that take alarms, by name, and when each is told.
fn targets(state: &AppState) -> Vec<(String, When)> {
    let targets = &state.options().targets;
    let hooks = targets.webhooks.iter().filter_map(|(name, target)| Some((name.clone(), target.alarms?)));
    let mails = targets.mail.iter().filter_map(|(name, target)| Some((name.clone(), target.alarms?)));
    hooks.chain(mails).collect()
}

/// What is on its way, and what waits to be tried again.
#[derive(Debug, Default)]
struct Way {
    /// By target, alarm and what is told: how often it failed, and when it is tried next; none while it is on its way.
    tries: BTreeMap<(String, String, &'static str), (u32, Option<Instant>)>,
}

impl Way {
    fn of(tell: &Tell) -> (String, String, &'static str) {
        (tell.target.clone(), tell.alarm.clone(), tell.what.as_str())
    }

    fn is_free(&self, tell: &Tell) -> bool {
        match self.tries.get(&Way::of(tell)) {
            None => true,
            Some((_, next)) => next.is_some_and(|next| Instant::now() >= next),
        }
    }

    fn begin(&mut self, tell: &Tell) {
        self.tries.entry(Way::of(tell)).or_insert((0, None)).1 = None;
    }

    /// Whether it need not be tried again.
    fn end(&mut self, environment: &Environment, tell: &Tell, sent: Sent) -> bool {
        let key = environment.key();
        match sent {
            Sent::Accepted { .. } => {}
            Sent::Refused { why } => {
                tracing::warn!(environment = %key, target = tell.target, alarm = tell.alarm, why, "an alarm was refused");
            }
            Sent::Later { why, after } => {
                tracing::warn!(environment = %key, target = tell.target, alarm = tell.alarm, why, "an alarm waits");
                let tried = self.tries.entry(Way::of(tell)).or_insert((0, None));
                tried.0 = tried.0.saturating_add(1);
                let wait = after.map_or_else(|| backoff(tried.0), Duration::from_secs).min(LONGEST);
                tried.1 = Some(Instant::now() + wait);
                return false;
            }
        }
        self.tries.remove(&Way::of(tell));
        true
    }
}

/// What is told of an alarm, for people.
fn title(alarm: &Kept, tell: &Tell) -> String {
    let word = match tell.what.as_str() {
        "recovered" => "over: ",
        "escalated" => "nobody has acknowledged: ",
        _ => "",
    };
    format!("{word}{}", alarm.cause.message)
}
