use super::{Names, name};
use crate::api::{DrillPage, DrillQuery, DrillView, DrillsDue, DueView, LastDrill, ReviewView, SubjectView};
use crate::drill::{Drill, Due, Outcome, due, trend};
use crate::runbook::{Phase, Run, Subject};
use crate::state::State;
use crate::time;
use jiff::Timestamp;

/// Drills, newest first, and how they went over time.
pub fn drills(state: &State, names: &Names, query: &DrillQuery) -> DrillPage {
    let is_meant = |drill: &Drill<'_>| {
        let of_release = query.release.as_ref().is_none_or(|release| drill.run.subject.is_release(release));
        let of_flag = |flag: &String| drill.has_killed(flag) || drill.run.subject.is_flag(flag);
        of_release && query.flag.as_ref().is_none_or(of_flag)
    };
    let meant: Vec<Drill<'_>> = Drill::all(&state.releases).filter(is_meant).collect();
    DrillPage { trend: trend(meant.iter().copied()), drills: meant.iter().map(|each| drill(each, names)).collect() }
}

/// What a drill has shown.
pub fn drill(drill: &Drill<'_>, names: &Names) -> DrillView {
    let run = drill.run;
    let (outcome, reasons) = match drill.outcome() {
        Outcome::UnderWay => ("under-way", Vec::new()),
        Outcome::Passed => ("passed", Vec::new()),
        Outcome::Failed(reasons) => ("failed", reasons),
    };
    let phases = drill.phases();
    let objective_seconds = run.subject.objective_seconds();
    let slowest = run.steps.iter().filter_map(|step| step.dark.and_then(|dark| dark.slowest_ms));
    DrillView {
        run: run.id(),
        subject: subject(&run.subject),
        reason: run.reason.clone(),
        began: time::to_text(run.began),
        ended: match run.phase {
            Phase::Ended { at, .. } => Some(time::to_text(at)),
            _ => None,
        },
        by: name(names, &run.by),
        tried: run.not_begun.as_ref().map(|not_begun| time::to_text(not_begun.tried)),
        run_by: run.decided_by.as_ref().map(|by| name(names, by)),
        author: run.author.as_ref().map(|author| name(names, author)),
        independent: drill.is_independent(),
        outcome: outcome.to_owned(),
        reasons,
        within_objective: phases.total_ms.map(|total| total <= u64::from(objective_seconds) * 1000),
        phases,
        clients: drill.clients(),
        slowest_ms: slowest.reduce(f64::max),
        objective_seconds,
        reviews: reviews(run, names),
    }
}

fn reviews(run: &Run, names: &Names) -> Vec<ReviewView> {
    let review = |review: &crate::runbook::Review| ReviewView {
        by: name(names, &review.by),
        at: time::to_text(review.at),
        about: review.about,
        step: review.step.map(|step| step + 1),
        note: review.note.clone(),
    };
    run.reviews.iter().map(review).collect()
}

/// What should be rehearsed, the most urgent first.
pub fn drills_due(state: &State, names: &Names, now: Timestamp) -> DrillsDue {
    let view = |due: Due<'_>| DueView {
        subject: subject(&due.subject),
        owner: due.owner,
        due: due.why.is_some(),
        why: due.why.unwrap_or_default(),
        days: due.days,
        last: due.last.map(|drill| last(&drill, names)),
        last_independent: due.independent.map(|drill| last(&drill, names)),
    };
    DrillsDue { days: state.policy.drill_days.get(), subjects: due(state, now).into_iter().map(view).collect() }
}

pub(super) fn last(drill: &Drill<'_>, names: &Names) -> LastDrill {
    let by = drill.run.decided_by.as_ref().unwrap_or(&drill.run.by);
    LastDrill {
        run: drill.run.id(),
        at: time::to_text(drill.run.began),
        by: name(names, by),
        independent: drill.is_independent() == Some(true),
    }
}

pub(super) fn subject(subject: &Subject) -> SubjectView {
    let key = subject.key().to_owned();
    match subject {
        Subject::Release(_) => SubjectView { release: Some(key), flag: None },
        Subject::Flag(_) => SubjectView { release: None, flag: Some(key) },
    }
}
