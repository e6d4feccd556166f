//! A plan for scripts: one fact a line, its parts between tabs.

use super::words;
use super::xrays::{Seen, Xrays};
use crate::render::{one_line, to_json};
use downhaul_blast::plan::{FlagPlan, Plan, Status, Transition, Verdict};

pub(super) fn lines(plan: &Plan, xrays: Option<&Xrays<'_>>) -> Vec<String> {
    let mut lines = vec![row(["plan", verdict(plan.verdict), &words::summary(plan)])];
    if let Some(people) = &plan.population {
        let figures = [people.weight, people.moved].map(|weight| weight.to_string());
        let [weight, moved] = &figures;
        lines.push(row(["population", &people.name, &people.rows.to_string(), weight, moved]));
    }
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
        let (least, most) = (share.least.to_string(), share.most.to_string());
        let [moved, of] = [flag.moved, flag.of].map(|weight| weight.map(|it| it.to_string()).unwrap_or_default());
        lines.push(row(["flag", key, status(flag.status), edited, &least, &most, &moved, &of]));
        lines.extend(of_population(key, flag));
        lines.extend(regions(key, flag));
        for seen in xrays.into_iter().flat_map(|xrays| xrays.of_flag(key, flag)) {
            lines.extend(of_xrays(key, &seen));
        }
    }
    lines.extend(plan.idle.iter().map(|key| row(["idle", key])));
    lines.extend(plan.killed.iter().map(|key| row(["killed", key])));
    lines
}

fn of_population(key: &str, flag: &FlagPlan) -> Vec<String> {
    let mut lines = Vec::new();
    for Transition { from, to, weight, .. } in &flag.transitions {
        let weight = weight.map(|weight| weight.to_string()).unwrap_or_default();
        lines.push(row(["transition", key, from, to, &weight]));
    }
    for (attribute, groups) in &flag.by {
        for group in &groups.groups {
            let (moved, of) = (group.moved.to_string(), group.of.to_string());
            lines.push(row(["by", key, attribute, &group.value.to_string(), &moved, &of]));
        }
        for within in &groups.within {
            let [moved, of] = [within.moved, within.of].map(|weight| weight.to_string());
            let [moved_directly, of_directly] = [within.directly.moved, within.directly.of].map(|it| it.to_string());
            let parent = within.parent.as_deref().unwrap_or_default();
            lines.push(row(["within", key, &within.region, parent, &moved, &of, &moved_directly, &of_directly]));
        }
    }
    for rule in &flag.rules {
        lines.push(row(["because", key, &words::rule_words(rule), &rule.weight.to_string()]));
    }
    for given in &flag.given {
        lines.push(row(["gives", key, &given.variant, &given.weight.to_string()]));
    }
    lines
}

/// One line for each line of both X-rays.
fn of_xrays(key: &str, seen: &Seen<'_>) -> Vec<String> {
    let context = to_json(seen.context).unwrap_or_default();
    let sides = [("before", &seen.before), ("after", &seen.after)];
    let mut lines = Vec::new();
    for (side, xray) in sides {
        lines.extend(xray.to_string().lines().map(|line| row(["xray", key, &context, side, line])));
    }
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
