use crate::api::{ObstacleView, RetirementView, StalePage, StaleView};
use crate::hygiene::{Obstacle, Retirement, Stale, Usage};
use crate::policy::Hygiene;
use crate::state::State;
use crate::time;
use jiff::Timestamp;

/// Flags that someone should look at; `chart_since` is when the first change was made.
pub fn stale(
    state: &State,
    limits: &Hygiene,
    stale: Vec<Stale>,
    usage: &Usage,
    chart_since: Option<Timestamp>,
) -> StalePage {
    let view = |Stale { flag, owner, kind, message, help, .. }: Stale| StaleView {
        flag: flag.to_string(),
        owner,
        kind,
        message,
        help,
    };
    StalePage {
        position: state.position(),
        idle_days: limits.idle_days.get(),
        one_variant_days: limits.one_variant_days.get(),
        stale: stale.into_iter().map(view).collect(),
        told_since: usage.since().map(|(kind, since)| (kind, time::to_text(since))).collect(),
        chart_since: chart_since.map(time::to_text),
    }
}

/// What would become of those who ask for a flag, and what is in the way of retiring it.
pub fn retirement(state: &State, flag: &str, retirement: Retirement) -> RetirementView {
    let Retirement { serves, sole, obstacles, notes } = retirement;
    let rest = "whoever still asks for it gets the default of the call, and its key is never used again";
    let after = match &sole {
        Some(variant) => format!("everyone gets `{variant}` now; {rest}: that default should say the same"),
        None => rest.to_owned(),
    };
    let view = |Obstacle { code, may_be_set_aside, message, help }: Obstacle| ObstacleView {
        code: code.to_owned(),
        may_be_set_aside,
        message,
        help,
    };
    RetirementView {
        position: state.position(),
        flag: flag.to_owned(),
        serves,
        sole: sole.map(|variant| variant.to_string()),
        after,
        obstacles: obstacles.into_iter().map(view).collect(),
        notes,
    }
}
