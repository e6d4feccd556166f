//! Drills: what they show taken together, and one by one.

use downhaul_control::api::{DrillView, DueView};

/// What drills show taken together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    pub passed: usize,
    pub failed: usize,
    /// Within the objective, of those that have one and passed.
    pub within: (usize, usize),
    /// Run by others than the author, of those of which that is known.
    pub independent: (usize, usize),
    /// Of those that passed: the smallest total that half of them are not above, and the largest.
    pub median_ms: Option<u64>,
    pub slowest_ms: Option<u64>,
}

pub fn summary(drills: &[DrillView]) -> Summary {
    let passed = || drills.iter().filter(|drill| drill.outcome == "passed");
    let share = |told: Vec<bool>| (told.iter().filter(|told| **told).count(), told.len());
    let mut totals: Vec<u64> = passed().filter_map(|drill| drill.phases.total_ms).collect();
    totals.sort_unstable();
    Summary {
        passed: passed().count(),
        failed: drills.iter().filter(|drill| drill.outcome == "failed").count(),
        within: share(passed().filter_map(|drill| drill.within_objective).collect()),
        independent: share(drills.iter().filter_map(|drill| drill.independent).collect()),
        median_ms: totals.get(totals.len().saturating_sub(1) / 2).copied(),
        slowest_ms: totals.last().copied(),
    }
}

/// The chip of an outcome, and its class.
pub fn outcome(drill: &DrillView) -> (&'static str, &'static str) {
    match (drill.outcome.as_str(), drill.within_objective) {
        ("passed", Some(false)) => ("passed, too slow", "warn"),
        ("passed", _) => ("passed", "ok"),
        ("failed", _) => ("failed", "warn"),
        ("under-way", _) => ("under way", "serving"),
        _ => ("unknown to this console", "line"),
    }
}

/// Who ran it, and whether they wrote it.
pub fn who(drill: &DrillView) -> String {
    match (&drill.run_by, drill.independent) {
        (None, _) => format!("called by {}, run by nobody", drill.by),
        (Some(by), Some(true)) => format!("{by}, not its author"),
        (Some(by), Some(false)) => format!("{by}, its author"),
        (Some(by), None) => by.clone(),
    }
}

/// Since when it was not rehearsed: `not drilled since 12 days`, `never drilled`.
pub fn since(due: &DueView) -> String {
    match due.days {
        None => "never drilled".to_owned(),
        Some(0) => "drilled today".to_owned(),
        Some(1) => "not drilled since yesterday".to_owned(),
        Some(days) => format!("not drilled since {days} days"),
    }
}

/// The parts of its time in order, each with its class, in milliseconds; what is not known is left out.
pub fn parts(drill: &DrillView) -> Vec<(&'static str, u64)> {
    let phases = &drill.phases;
    [
        ("decide", phases.decide_ms),
        ("disable", phases.disable_ms),
        ("redeploy", phases.redeploy_ms),
        ("verify", phases.verify_ms),
        ("other", phases.other_ms),
    ]
    .into_iter()
    .filter_map(|(part, ms)| ms.filter(|ms| *ms > 0).map(|ms| (part, ms)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::api::SubjectView;
    use downhaul_control::drill::Phases;

    fn drill(outcome: &str, total_ms: Option<u64>, within: Option<bool>, independent: Option<bool>) -> DrillView {
        DrillView {
            run: "r-1".into(),
            subject: SubjectView::default(),
            reason: String::new(),
            began: String::new(),
            ended: None,
            by: "Maya".into(),
            tried: None,
            run_by: independent.map(|_| "Jonas".into()),
            author: None,
            independent,
            outcome: outcome.into(),
            reasons: vec![],
            phases: Phases { decide_ms: Some(0), disable_ms: Some(5), total_ms, ..Phases::default() },
            clients: None,
            slowest_ms: None,
            objective_seconds: 300,
            within_objective: within,
            reviews: vec![],
        }
    }

    #[test]
    fn only_what_passed_has_a_time_to_come_back() {
        let drills = [
            drill("passed", Some(3_000), Some(true), Some(true)),
            drill("passed", Some(9_000), Some(false), Some(false)),
            drill("passed", Some(5_000), Some(true), None),
            drill("failed", Some(1), Some(true), Some(true)),
            drill("under-way", None, None, None),
        ];
        let all = summary(&drills);
        assert_eq!((all.passed, all.failed, all.within, all.independent), (3, 1, (2, 3), (2, 3)));
        assert_eq!((all.median_ms, all.slowest_ms), (Some(5_000), Some(9_000)));
        assert_eq!(summary(&[]), Summary::default());
    }

    #[test]
    fn who_ran_it_is_told_from_who_wrote_it() {
        assert_eq!(who(&drill("passed", None, None, Some(true))), "Jonas, not its author");
        assert_eq!(who(&drill("passed", None, None, Some(false))), "Jonas, its author");
        assert_eq!(who(&drill("failed", None, None, None)), "called by Maya, run by nobody");
        assert_eq!(parts(&drill("passed", None, None, None)), [("disable", 5)], "what took no time has no length");
    }

    #[test]
    fn what_is_due_says_since_when() {
        let due = |days| DueView {
            subject: SubjectView::default(),
            owner: String::new(),
            due: true,
            why: String::new(),
            days,
            last: None,
            last_independent: None,
        };
        for (days, words) in
            [(None, "never drilled"), (Some(0), "drilled today"), (Some(91), "not drilled since 91 days")]
        {
            assert_eq!(since(&due(days)), words);
        }
    }
}
