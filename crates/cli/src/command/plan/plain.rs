//! A plan for scripts: one fact a line, its parts between tabs.

use super::words;
use crate::render::one_line;
use downhaul_blast::plan::{FlagPlan, Plan, Status, Verdict};

pub(super) fn lines(plan: &Plan) -> Vec<String> {
    let mut lines = vec![row(["plan", verdict(plan.verdict), &words::summary(plan)])];
    for finding in plan.budget.iter().flat_map(|budget| &budget.findings) {
        let name = finding.name.as_deref().unwrap_or_default();
        let flag = finding.flag.as_deref().unwrap_or_default();
        let context = words::context_of(finding).unwrap_or_default();
        let (limit, kept) = (words::limit_word(finding.limit), words::kept_word(finding.outcome));
        lines.push(row(["budget", kept, limit, name, &finding.why, flag, &context]));
    }
    for (key, flag) in words::largest_first(plan) {
        let share = flag.share();
        let edited = if flag.edited { "edited" } else { "depends" };
        lines.push(row(["flag", key, status(flag.status), edited, &share.least.to_string(), &share.most.to_string()]));
        lines.extend(regions(key, flag));
    }
    lines.extend(plan.idle.iter().map(|key| row(["idle", key])));
    lines.extend(plan.killed.iter().map(|key| row(["killed", key])));
    lines
}

fn regions(key: &str, flag: &FlagPlan) -> Vec<String> {
    let kinds = [("region", &flag.regions), ("reason", &flag.reason_regions)];
    let regions = kinds.iter().flat_map(|(kind, regions)| regions.iter().map(move |region| (*kind, region)));
    let line = |(kind, region): (&str, &downhaul_blast::exact::Region)| {
        let who = words::conditions(region).join(" and ");
        let who = if who.is_empty() { "everyone" } else { &who };
        let witness = words::witness(region).unwrap_or_default();
        row([kind, key, &region.share.to_string(), &words::region_words(key, region), who, &witness])
    };
    regions.map(line).collect()
}

fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    cells.into_iter().map(one_line).collect::<Vec<_>>().join("\t")
}

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NoChange => "no-change",
        Verdict::Changes => "changes",
        Verdict::OverBudget => "over-budget",
    }
}

pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Changed => "changed",
        Status::ReasonOnly => "reason-only",
        Status::Added => "added",
        Status::Removed => "removed",
        Status::Unknown => "unknown",
    }
}
