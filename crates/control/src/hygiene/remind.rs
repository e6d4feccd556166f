use super::Stale;
use super::stale::days_until;
use crate::drill;
use crate::hash::Hash;
use crate::runbook::Subject;
use crate::state::State;
use downhaul_core::document::Until;
use jiff::Timestamp;

/// What somebody is to be reminded of, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// The same for the same occasion, whenever it is worked out.
    pub id: String,
    /// A stable kebab-case name, such as `expires-soon` or `drill-due`.
    pub about: &'static str,
    pub flag: Option<String>,
    pub release: Option<String>,
    pub owner: String,
    /// One line, lower case, no final stop.
    pub message: String,
    pub help: String,
}

/// All that somebody is to be reminded of now, whether or not they have been.
pub fn reminders(state: &State, stale: &[Stale], now: Timestamp) -> Vec<Reminder> {
    let environment = state.environment().as_str();
    let mut list = soon(state, environment, now);
    list.extend(stale.iter().map(|each| Reminder {
        id: id([environment, each.kind.as_str(), each.flag.as_str(), &each.occasion]),
        about: each.kind.as_str(),
        flag: Some(each.flag.to_string()),
        release: None,
        owner: each.owner.clone(),
        message: each.message.clone(),
        help: each.help.clone(),
    }));
    list.extend(drill::due(state, now).into_iter().filter_map(|due| {
        let why = due.why?;
        let last = due.last.map(|drill| drill.run.id()).unwrap_or_default();
        let (flag, release) = match &due.subject {
            Subject::Flag(flag) => (Some(flag.to_string()), None),
            Subject::Release(release) => (None, Some(release.key.to_string())),
        };
        let key = due.subject.key();
        Some(Reminder {
            id: id([environment, "drill-due", key, &last]),
            about: "drill-due",
            flag,
            release,
            owner: due.owner,
            message: format!("a drill is due: {why}"),
            help: format!("rehearse it with `downhaul drill {key}`"),
        })
    }));
    list
}

/// Flags whose date comes within the days that the policy names.
fn soon(state: &State, environment: &str, now: Timestamp) -> Vec<Reminder> {
    let notice = i64::from(state.policy.hygiene.notice_days.get());
    let reminder = |flag: &downhaul_core::document::Flag| {
        let (date, about, what, help) = match &flag.until {
            Until::Expires(date) => (date, "expires-soon", "it expires", "retire it by then, or give it a later date"),
            Until::Review(date) => (date, "review-soon", "its review is due", "look at it, and give it the next date"),
        };
        let left = days_until(date, now).filter(|left| (0..notice).contains(left))?;
        let when = match left {
            0 => "today".to_owned(),
            1 => format!("on {date}, tomorrow"),
            days => format!("on {date}, in {days} days"),
        };
        Some(Reminder {
            id: id([environment, about, flag.key.as_str(), date]),
            about,
            flag: Some(flag.key.to_string()),
            release: None,
            owner: flag.owner.clone(),
            message: format!("{what} {when}"),
            help: help.to_owned(),
        })
    };
    state.flag_set.flags.iter().filter_map(reminder).collect()
}

fn id(parts: [&str; 4]) -> String {
    format!("reminder-{}", Hash::of(parts.join("\n").as_bytes()).short())
}
