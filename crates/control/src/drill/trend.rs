use super::{Drill, Outcome, Phases, month};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How drills went over time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trend {
    pub all: Month,
    /// The newest first; months without a drill are left out.
    pub months: Vec<Month>,
}

/// The drills of a month, or of all time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Month {
    /// `YYYY-MM` in UTC, by the beginning of the drill; empty for all time.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub month: String,
    pub passed: usize,
    pub failed: usize,
    /// Of those that passed.
    pub phases: PhaseFigures,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhaseFigures {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decide: Option<Figures>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable: Option<Figures>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redeploy: Option<Figures>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Figures>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Figures>,
}

/// Of times in milliseconds. The median is the smallest that half of them are not above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Figures {
    pub median_ms: u64,
    pub worst_ms: u64,
}

/// What these drills add up to. Those under way are left out.
pub fn trend<'a>(drills: impl IntoIterator<Item = Drill<'a>>) -> Trend {
    let mut all = Vec::new();
    let mut months: BTreeMap<String, Vec<(bool, Phases)>> = BTreeMap::new();
    for drill in drills {
        let outcome = drill.outcome();
        if outcome == Outcome::UnderWay {
            continue;
        }
        let each = (outcome == Outcome::Passed, drill.phases());
        months.entry(month(drill.run.began)).or_default().push(each);
        all.push(each);
    }
    let months = months.into_iter().rev().map(|(month, drills)| of(month, &drills)).collect();
    Trend { all: of(String::new(), &all), months }
}

fn of(month: String, drills: &[(bool, Phases)]) -> Month {
    let passed: Vec<Phases> = drills.iter().filter(|(passed, _)| *passed).map(|(_, phases)| *phases).collect();
    let figures = |of: fn(&Phases) -> Option<u64>| {
        let mut times: Vec<u64> = passed.iter().filter_map(of).collect();
        times.sort_unstable();
        let median_ms = *times.get(times.len().div_ceil(2).checked_sub(1)?)?;
        Some(Figures { median_ms, worst_ms: *times.last()? })
    };
    let phases = PhaseFigures {
        decide: figures(|phases| phases.decide_ms),
        disable: figures(|phases| phases.disable_ms),
        redeploy: figures(|phases| phases.redeploy_ms),
        verify: figures(|phases| phases.verify_ms),
        total: figures(|phases| phases.total_ms),
    };
    Month { month, passed: passed.len(), failed: drills.len() - passed.len(), phases }
}
