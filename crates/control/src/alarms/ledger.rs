use super::Cause;
use crate::api::{AlarmActView, AlarmPage, AlarmView, SilenceView, ToldView};
use crate::time;
use crate::views::Names;
use downhaul_core::seal::digest;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// For how long alarms that are over are kept, and how many.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 14);
const MOST: usize = 500;

/// The alarms of an environment, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub alarms: Vec<Kept>,
}

/// An alarm, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub id: String,
    pub cause: Cause,
    /// RFC 3339, as all times here.
    pub raised: String,
    /// Since when its cause is gone or over.
    #[serde(default)]
    pub good_since: Option<String>,
    #[serde(default)]
    pub recovered: Option<String>,
    #[serde(default)]
    pub shown_by: Option<String>,
    #[serde(default)]
    pub told: Vec<Told>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub target: String,
    pub what: Telling,
    pub at: String,
}

/// What a target is told of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Telling {
    Raised,
    /// Nobody has acknowledged it in time.
    Escalated,
    Recovered,
}

impl Telling {
    pub fn as_str(self) -> &'static str {
        match self {
            Telling::Raised => "raised",
            Telling::Escalated => "escalated",
            Telling::Recovered => "recovered",
        }
    }
}

/// Somebody has taken it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// An opaque id.
    pub by: String,
    pub at: String,
    #[serde(default)]
    pub note: String,
}

/// Nobody is told of a cause until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Id of the cause.
    pub cause: String,
    pub by: String,
    pub at: String,
    pub until: String,
    pub reason: String,
}

/// When a target is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    AtOnce,
    /// Where nobody has acknowledged it for so many minutes.
    Unacknowledged(u32),
}

/// Something to tell now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tell {
    pub target: String,
    pub alarm: String,
    pub what: Telling,
}

impl Ledger {
    /// Takes in what is wrong now; whether anything changed. A cause has to be gone for `quiet` before its alarm is over: one
    /// that comes and goes is one alarm.
    pub fn look(&mut self, causes: &[Cause], quiet: SignedDuration, now: Timestamp) -> bool {
        let before = self.clone();
        for cause in causes {
            self.take(cause, now);
        }
        for alarm in self.alarms.iter_mut().filter(|alarm| alarm.recovered.is_none()) {
            let cause = causes.iter().find(|cause| cause.id == alarm.cause.id);
            if cause.is_none() && causes.iter().any(|root| root.covers.contains(&alarm.cause.id)) {
                alarm.recovered = Some(time::to_text(now));
                alarm.shown_by = Some("it is told of with another alarm, whose cause is the same".to_owned());
                continue;
            }
            let over = match cause {
                None => Some("it is no longer so"),
                Some(cause) => cause.over.as_deref(),
            };
            let Some(over) = over else {
                alarm.good_since = None;
                continue;
            };
            let since = alarm.good_since.get_or_insert_with(|| time::to_text(now));
            let is_quiet = time::from_text(since).is_none_or(|since| now.duration_since(since) >= quiet);
            if is_quiet {
                alarm.recovered = Some(time::to_text(now));
                alarm.shown_by = Some(over.to_owned());
            }
        }
        self.forget(now);
        *self != before
    }

    fn take(&mut self, cause: &Cause, now: Timestamp) {
        let known = self.alarms.iter_mut().rev().find(|alarm| alarm.cause.id == cause.id);
        match known {
            Some(known) if known.recovered.is_none() => {
                known.cause = cause.clone();
                return;
            }
            // What happened does not happen again.
            Some(_) if cause.happened => return,
            _ => {}
        }
        let since = time::from_text(&cause.since).unwrap_or(now);
        if now.duration_since(since) < SignedDuration::from_secs(i64::from(cause.after_seconds)) {
            return;
        }
        let raised = time::to_text(now);
        let id: String = digest(format!("{}/{raised}", cause.id).as_bytes()).chars().take(12).collect();
        self.alarms.push(Kept {
            id: format!("al-{id}"),
            cause: cause.clone(),
            raised,
            good_since: None,
            recovered: None,
            shown_by: None,
            told: Vec::new(),
        });
    }

    fn forget(&mut self, now: Timestamp) {
        let is_old = |alarm: &Kept| {
            let at = alarm.recovered.as_deref().and_then(time::from_text);
            at.is_some_and(|at| now.duration_since(at) > KEPT)
        };
        self.alarms.retain(|alarm| !is_old(alarm));
        while self.alarms.len() > MOST {
            let over = self.alarms.iter().position(|alarm| alarm.recovered.is_some()).unwrap_or(0);
            self.alarms.remove(over);
        }
    }

    pub fn find(&self, id: &str) -> Option<&Kept> {
        self.alarms.iter().find(|alarm| alarm.id == id)
    }

    /// A target was told.
    pub fn told(&mut self, tell: &Tell, now: Timestamp) {
        if let Some(alarm) = self.alarms.iter_mut().find(|alarm| alarm.id == tell.alarm) {
            alarm.told.push(Told { target: tell.target.clone(), what: tell.what, at: time::to_text(now) });
        }
    }

    /// As people see them. Acts by id of the alarm, silences by that of the cause.
    pub fn page(
        &self,
        acts: &BTreeMap<String, Act>,
        silences: &BTreeMap<String, Silence>,
        names: &Names,
        now: Timestamp,
    ) -> AlarmPage {
        let view = |alarm: &Kept| view(alarm, acts.get(&alarm.id), silence_of(alarm, silences, now), names);
        let (open, over): (Vec<&Kept>, Vec<&Kept>) =
            self.alarms.iter().rev().partition(|alarm| alarm.recovered.is_none());
        AlarmPage { alarms: open.into_iter().chain(over).map(view).collect() }
    }
}

fn silence_of<'a>(alarm: &Kept, silences: &'a BTreeMap<String, Silence>, now: Timestamp) -> Option<&'a Silence> {
    let silence = silences.get(&alarm.cause.id)?;
    time::from_text(&silence.until).is_some_and(|until| now < until).then_some(silence)
}

/// What is to be told now. Whoever was told of an alarm is told when it is over; who was not has nothing to forget.
pub fn tellings(
    ledger: &Ledger,
    targets: &[(String, When)],
    acts: &BTreeMap<String, Act>,
    silences: &BTreeMap<String, Silence>,
    now: Timestamp,
) -> Vec<Tell> {
    let mut tells = Vec::new();
    for alarm in &ledger.alarms {
        let raised = time::from_text(&alarm.raised).unwrap_or(now);
        for (target, when) in targets {
            let of_target = || alarm.told.iter().filter(|told| told.target == *target);
            let knows = of_target().any(|told| told.what != Telling::Recovered);
            let tell = |what| Tell { target: target.clone(), alarm: alarm.id.clone(), what };
            if alarm.recovered.is_some() {
                let is_told = of_target().any(|told| told.what == Telling::Recovered);
                // What happened is told, even where it was over before it could be.
                if knows && !is_told {
                    tells.push(tell(Telling::Recovered));
                } else if !knows
                    && alarm.cause.happened
                    && *when == When::AtOnce
                    && silence_of(alarm, silences, now).is_none()
                {
                    tells.push(tell(Telling::Raised));
                }
                continue;
            }
            if knows || silence_of(alarm, silences, now).is_some() {
                continue;
            }
            match when {
                When::AtOnce => tells.push(tell(Telling::Raised)),
                When::Unacknowledged(minutes) => {
                    let late = SignedDuration::from_mins(i64::from(*minutes));
                    if !acts.contains_key(&alarm.id) && now.duration_since(raised) >= late {
                        tells.push(tell(Telling::Escalated));
                    }
                }
            }
        }
    }
    tells
}

fn view(alarm: &Kept, act: Option<&Act>, silence: Option<&Silence>, names: &Names) -> AlarmView {
    let name = |actor: &str| names.get(actor).cloned().unwrap_or_else(|| actor.to_owned());
    let cause = &alarm.cause;
    let standing = match (&alarm.recovered, silence, act) {
        (Some(_), ..) => "recovered",
        (None, Some(_), _) => "silenced",
        (None, None, Some(_)) => "acknowledged",
        (None, None, None) => "raised",
    };
    AlarmView {
        id: alarm.id.clone(),
        about: cause.about.clone(),
        standing: standing.to_owned(),
        message: cause.message.clone(),
        also: cause.also.clone(),
        flag: cause.flag.clone(),
        guard: cause.guard.clone(),
        owner: cause.owner.clone(),
        since: cause.since.clone(),
        raised: alarm.raised.clone(),
        recovered: alarm.recovered.clone(),
        shown_by: alarm.shown_by.clone(),
        acknowledged: act.map(|act| AlarmActView { by: name(&act.by), at: act.at.clone(), note: act.note.clone() }),
        silenced: silence.map(|silence| SilenceView {
            by: name(&silence.by),
            at: silence.at.clone(),
            until: silence.until.clone(),
            reason: silence.reason.clone(),
        }),
        look: cause.look.clone(),
        act: cause.act.clone(),
        runbooks: cause.runbooks.clone(),
        told: alarm
            .told
            .iter()
            .map(|told| ToldView {
                target: told.target.clone(),
                what: told.what.as_str().to_owned(),
                at: told.at.clone(),
            })
            .collect(),
    }
}
