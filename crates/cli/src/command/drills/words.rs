use crate::render::{Format, Table, milliseconds, one_line};
use downhaul_control::api::{DrillView, LastDrill, SubjectView};
use downhaul_control::drill::{Figures, Month};
use owo_colors::OwoColorize;

/// `` `checkout-2.4.1` ``, or `` the flag `checkout` ``.
pub(crate) fn subject(subject: &SubjectView) -> String {
    match &subject.flag {
        Some(flag) => format!("the flag `{flag}`"),
        None => format!("`{}`", subject.key()),
    }
}

/// A drill, part by part.
pub(crate) fn whole(drill: &DrillView, format: Format) -> Vec<String> {
    let (word, head) = (outcome(&drill.outcome, format), subject(&drill.subject));
    let by = match &drill.tried {
        Some(tried) => format!("tried at {tried}, charted by {}", drill.by),
        None => format!("called by {}: {}", drill.by, drill.reason),
    };
    let mut lines = vec![format!("{} of {head}: {word}, {by}", drill.run)];
    let mut table = Table::untitled();
    for (name, time, more) in parts(drill) {
        if let Some(time) = time {
            table.row([name.to_owned(), time_of(time)].into_iter().chain((!more.is_empty()).then_some(more)));
        }
    }
    lines.extend(table.lines(format));
    lines.extend(drill.reasons.iter().map(|reason| format!("failed: {}", one_line(reason))));
    for review in &drill.reviews {
        let step = review.step.map(|step| format!(", step {step}")).unwrap_or_default();
        let about = review.about.as_str();
        lines.push(format!("review by {}, {about}{step}: {}", review.by, one_line(&review.note)));
    }
    lines
}

fn parts(drill: &DrillView) -> [(&'static str, Option<u64>, String); 7] {
    let phases = &drill.phases;
    let by = drill.run_by.clone().unwrap_or_default();
    let independent = match drill.independent {
        Some(true) => ", who did not write it",
        Some(false) => ", with its author's hand in it",
        None => "",
    };
    let clients = match (drill.clients, drill.slowest_ms) {
        (Some(0), _) => "no client was connected".to_owned(),
        (Some(clients), Some(slowest)) => {
            format!("{clients} clients dark, the slowest {} after the last kill", milliseconds(slowest))
        }
        (Some(clients), None) => format!("{clients} clients dark"),
        (None, _) => String::new(),
    };
    let within = match drill.within_objective {
        Some(true) => format!("within the objective of {} s", drill.objective_seconds),
        Some(false) => format!("beyond the objective of {} s", drill.objective_seconds),
        None => String::new(),
    };
    [
        ("decide", phases.decide_ms, format!("by {by}{independent}")),
        ("disable", phases.disable_ms, clients),
        ("redeploy", phases.redeploy_ms, String::new()),
        ("verify", phases.verify_ms, String::new()),
        ("other", phases.other_ms.filter(|other| *other > 0), String::new()),
        ("total", phases.total_ms, within),
        ("put back", phases.put_back_ms, String::new()),
    ]
}

pub(super) fn outcome(outcome: &str, format: Format) -> String {
    match (outcome, format) {
        ("passed", Format::Human) => outcome.green().to_string(),
        ("failed", Format::Human) => outcome.red().to_string(),
        ("under-way", _) => "under way".to_owned(),
        _ => outcome.to_owned(),
    }
}

/// `12 s`, or nothing.
pub(super) fn time(time: Option<u64>) -> String {
    time.map(time_of).unwrap_or_default()
}

fn time_of(time: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a time for reading")]
    milliseconds(time as f64)
}

/// A month, with median and worst of each part.
pub(super) fn month(month: &Month) -> [String; 8] {
    let figures = |figures: Option<Figures>| match figures {
        Some(Figures { median_ms, worst_ms }) => format!("{} / {}", time_of(median_ms), time_of(worst_ms)),
        None => String::new(),
    };
    let phases = &month.phases;
    let name = if month.month.is_empty() { "all" } else { &month.month };
    [
        name.to_owned(),
        month.passed.to_string(),
        month.failed.to_string(),
        figures(phases.decide),
        figures(phases.disable),
        figures(phases.redeploy),
        figures(phases.verify),
        figures(phases.total),
    ]
}

/// `2026-11-26 by anna (r-7)`, or `never`.
pub(super) fn last(drill: Option<&LastDrill>) -> String {
    drill.map_or("never".to_owned(), |drill| {
        let day: String = drill.at.chars().take("YYYY-MM-DD".len()).collect();
        format!("{day} by {} ({})", drill.by, drill.run)
    })
}
