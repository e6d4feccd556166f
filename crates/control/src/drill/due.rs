use super::Drill;
use crate::runbook::Subject;
use crate::state::State;
use jiff::Timestamp;

/// What should be rehearsed, and when it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Due<'a> {
    pub subject: Subject,
    pub owner: String,
    /// The newest drill that passed.
    pub last: Option<Drill<'a>>,
    /// The newest that was run by others than the author.
    pub independent: Option<Drill<'a>>,
    /// Whole days since the last one.
    pub days: Option<i64>,
    /// Why it is to be rehearsed now; `None` where it need not be.
    pub why: Option<String>,
}

/// Releases that were not retired and flags that are critical: those not rehearsed within the policy's days first, of
/// these the longest ago first.
pub fn due(state: &State, now: Timestamp) -> Vec<Due<'_>> {
    let releases = state.releases.by_key.values().filter(|each| each.retired.is_none()).map(|each| {
        let key = each.release.key.as_str();
        let last = state.releases.last_drill(key);
        let changed = last.is_some_and(|drill| drill.run.subject.release() != Some(&each.release));
        let subject = Subject::Release(Box::new(each.release.clone()));
        let independent = state.releases.last_independent_drill(key);
        of(state, now, (subject, each.release.owner.clone()), [last, independent], changed)
    });
    let flags = state.flag_set.flags.iter().filter(|flag| flag.critical).map(|flag| {
        let key = flag.key.as_str();
        let drills = [state.releases.last_drill_of_flag(key), state.releases.last_independent_drill_of_flag(key)];
        of(state, now, (Subject::Flag(flag.key.clone()), flag.owner.clone()), drills, false)
    });
    let mut list: Vec<Due<'_>> = releases.chain(flags).collect();
    list.sort_by_key(|due| (due.why.is_none(), std::cmp::Reverse(due.days.unwrap_or(i64::MAX))));
    list
}

fn of<'a>(
    state: &State,
    now: Timestamp,
    (subject, owner): (Subject, String),
    [last, independent]: [Option<Drill<'a>>; 2],
    changed: bool,
) -> Due<'a> {
    let allowed = state.policy.drill_days;
    let days = last.map(|drill| now.duration_since(drill.run.began).as_secs() / 86_400);
    let why = match days {
        None => Some("it was never rehearsed, or no drill of it has passed".to_owned()),
        Some(days) if days > i64::from(allowed.get()) => {
            Some(format!("the last drill that passed was {days} days ago; {allowed} are allowed"))
        }
        Some(_) if changed => Some("it has changed since its last drill".to_owned()),
        Some(_) => None,
    };
    Due { subject, owner, last, independent, days, why }
}
