use super::{Usage, is_temporary};
use crate::heartbeat;
use crate::policy::Hygiene;
use crate::state::{KillState, State};
use crate::time;
use downhaul_core::document::{Flag, Until};
use downhaul_core::ids::{FlagKey, VariantKey};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Why someone should look at a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StaleKind {
    Expired,
    ReviewDue,
    /// No client has asked for it for long.
    NotAsked,
    /// It has given everyone the same variant for long.
    OneVariant,
    /// It has been killed for everyone for long.
    LongKilled,
}

impl StaleKind {
    /// As in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            StaleKind::Expired => "expired",
            StaleKind::ReviewDue => "review-due",
            StaleKind::NotAsked => "not-asked",
            StaleKind::OneVariant => "one-variant",
            StaleKind::LongKilled => "long-killed",
        }
    }
}

/// A flag that someone should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    pub flag: FlagKey,
    pub owner: String,
    pub kind: StaleKind,
    /// One line, lower case, no final stop.
    pub message: String,
    pub help: String,
    /// Another occasion to say the same has another one.
    pub(crate) occasion: String,
}

/// What the state does not say.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub usage: &'a Usage,
    /// Flags that were there [`Hygiene::idle_days`] ago.
    pub settled: &'a BTreeSet<FlagKey>,
    /// Flags that have given everyone this variant for [`Hygiene::one_variant_days`].
    pub sole: &'a BTreeMap<FlagKey, VariantKey>,
}

/// Every flag that someone should look at, in the order of the flag set.
pub fn stale(state: &State, limits: &Hygiene, facts: Facts<'_>, now: Timestamp) -> Vec<Stale> {
    let beats = state.policy.heartbeat.as_ref().map(|heartbeat| &heartbeat.flag);
    state.flag_set.flags.iter().flat_map(|flag| of(state, limits, facts, flag, beats == Some(&flag.key), now)).collect()
}

fn of(
    state: &State,
    limits: &Hygiene,
    facts: Facts<'_>,
    flag: &Flag,
    is_heartbeat: bool,
    now: Timestamp,
) -> Vec<Stale> {
    let mut found = Vec::new();
    let mut add = |kind, message: String, help: &str, occasion: String| {
        let (flag, owner, help) = (flag.key.clone(), flag.owner.clone(), help.to_owned());
        found.push(Stale { flag, owner, kind, message, help, occasion });
    };
    let today = time::day(now);
    match &flag.until {
        // Dates of this form compare as text.
        Until::Expires(date) if *date < today => {
            let help = "retire it, or give it a later date and say why";
            add(StaleKind::Expired, format!("it expired on {date}{}", ago(date, now)), help, date.clone());
        }
        Until::Review(date) if *date < today => {
            let help = "look at it with its owner, and give it the next date";
            add(StaleKind::ReviewDue, format!("its review was due on {date}{}", ago(date, now)), help, date.clone());
        }
        Until::Expires(_) | Until::Review(_) => {}
    }
    if is_heartbeat {
        return found;
    }
    if let Some((message, occasion)) = not_asked(limits, facts, flag, now) {
        add(StaleKind::NotAsked, message, "if no code asks for it either (`downhaul refs`), retire it", occasion);
    }
    if let Some(variant) = facts.sole.get(&flag.key).filter(|_| is_temporary(flag)) {
        let message = format!("it has given everyone `{variant}` for {} days or longer", limits.one_variant_days);
        let revision = state.touched.get(&flag.key).map_or(0, |touch| touch.revision);
        let help = "write that answer into the code, then retire it";
        add(StaleKind::OneVariant, message, help, revision.to_string());
    }
    if let Some((kill, days)) = long_killed(state, limits, flag, now) {
        let message = format!("{} has killed it for everyone for {days} days", kill.kill.id);
        add(
            StaleKind::LongKilled,
            message,
            "restore it, or take it out of the code and retire it",
            kill.kill.id.clone(),
        );
    }
    found
}

/// Only where it would be known if it was asked for.
fn not_asked(limits: &Hygiene, facts: Facts<'_>, flag: &Flag, now: Timestamp) -> Option<(String, String)> {
    let allowed = i64::from(limits.idle_days.get());
    let known = facts.usage.known_since(flag).filter(|since| days(*since, now) >= allowed);
    if known.is_none() || !facts.settled.contains(&flag.key) {
        return None;
    }
    match facts.usage.asked(&flag.key.to_string()).first() {
        Some((_, last)) if days(*last, now) < allowed => None,
        Some((kind, last)) => {
            let (day, ago) = (time::day(*last), days(*last, now));
            Some((format!("no client has asked for it since {day}, {ago} days ago (a {} then)", kind.name()), day))
        }
        None => Some((format!("no client has asked for it for {allowed} days or longer"), "never".to_owned())),
    }
}

fn long_killed<'a>(state: &'a State, limits: &Hygiene, flag: &Flag, now: Timestamp) -> Option<(&'a KillState, i64)> {
    let mut kills = state.flag_set.kills.iter().filter(|kill| kill.flag == flag.key && kill.scope.is_everyone());
    let kill = kills.find(|kill| !heartbeat::is_beat(&kill.id)).and_then(|kill| state.kill(&kill.id))?;
    let since = time::from_text(&kill.kill.at)?;
    let days = days(since, now);
    (days >= i64::from(limits.one_variant_days.get())).then_some((kill, days))
}

/// Whole days from one time to another.
pub(super) fn days(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs() / 86_400
}

/// Whole days from today (in UTC) to a date; `None` of what is no date.
pub(super) fn days_until(date: &str, now: Timestamp) -> Option<i64> {
    let (date, today): (Date, Date) = (date.parse().ok()?, time::day(now).parse().ok()?);
    Some(i64::from((date - today).get_days()))
}

fn ago(date: &str, now: Timestamp) -> String {
    match days_until(date, now).map(i64::abs) {
        Some(1) => ", yesterday".to_owned(),
        Some(days) => format!(", {days} days ago"),
        None => String::new(),
    }
}
