//! A plan for people at a terminal: a screen of it.

use super::xrays::{Seen, Xrays};
use super::{figures, words};
use crate::render::{counted, grouped, one_line, to_json};
use downhaul_blast::exact::Region;
use downhaul_blast::plan::{Finding, FlagPlan, Kept, Plan, Status};
use owo_colors::OwoColorize;
use serde_json::{Map, Value};

/// Flags that are shown.
const FLAGS: usize = 20;
/// Regions that are shown of each.
const REGIONS: usize = 5;
/// Groups that are shown of each attribute.
const GROUPS: usize = 5;
/// Reasons that are shown of each flag.
const RULES: usize = 3;

pub(super) fn lines(plan: &Plan, xrays: Option<&Xrays<'_>>) -> Vec<String> {
    let sides = format!("from {} to {}", one_line(&plan.old.name), one_line(&plan.new.name));
    let mut lines = vec![words::summary(plan).bold().to_string(), sides.dimmed().to_string()];
    if let Some(people) = &plan.population {
        lines.push(words::population_words(people, &one_line(&people.name)).dimmed().to_string());
    }
    lines.extend(plan.budget.iter().flat_map(|budget| &budget.findings).map(of_finding));
    let flags = words::largest_first(plan);
    for (key, flag) in flags.iter().take(FLAGS) {
        lines.push(String::new());
        of_flag(key, flag, xrays, &mut lines);
    }
    if flags.len() > FLAGS {
        lines.push(String::new());
        lines.push(more(flags.len() - FLAGS, "flag"));
    }
    let remarks = words::remarks(plan);
    if !remarks.is_empty() {
        lines.push(String::new());
        lines.extend(remarks);
    }
    lines
}

fn of_finding(finding: &Finding) -> String {
    let words = words::finding_words(finding);
    match finding.outcome {
        Kept::Over => words.red().bold().to_string(),
        Kept::Unknown => words.yellow().to_string(),
        Kept::Within => words.green().to_string(),
    }
}

fn more(count: usize, what: &str) -> String {
    let what = if count == 1 { what.to_owned() } else { format!("{what}s") };
    format!("and {} more {what}; see --format json", grouped(count))
}

fn of_flag(key: &str, flag: &FlagPlan, xrays: Option<&Xrays<'_>>, lines: &mut Vec<String>) {
    let tags = words::tags(flag);
    let tags = if tags.is_empty() { String::new() } else { format!("  {}", tags.join(", ").dimmed()) };
    let share = match flag.status {
        Status::Changed => format!("  moves {}", figures::moved_words(flag)),
        Status::Unknown if flag.moved.is_some() => format!("  moves {}", figures::moved_words(flag)),
        Status::ReasonOnly | Status::Added | Status::Removed | Status::Unknown => String::new(),
    };
    lines.push(format!("{}{share}{tags}", key.bold()));
    lines.extend(words::status_words(flag.status).map(|words| format!("  {words}")));
    if !flag.given.is_empty() {
        lines.push(format!("  of the population: {}", words::given_words(&flag.given)));
    }
    of_population(flag, lines);
    if xrays.is_none()
        && let Some(example) = flag.examples.first().filter(|_| flag.regions.is_empty())
    {
        lines.push(such_as(example.row, &example.context).dimmed().to_string());
    }
    of_regions(key, &flag.regions, lines);
    if flag.status == Status::ReasonOnly {
        of_regions(key, &flag.reason_regions, lines);
    } else if !flag.reason_regions.is_empty() {
        let others = counted(flag.reason_regions.len(), "further region");
        let verb = if flag.reason_regions.len() == 1 { "keeps" } else { "keep" };
        lines.push(format!("  {others} {verb} the variant for another reason").dimmed().to_string());
    }
    for Seen { row, context, before, after } in xrays.into_iter().flat_map(|xrays| xrays.of_flag(key, flag)) {
        lines.push(such_as(row, context));
        for (side, xray) in [("before", before), ("after", after)] {
            lines.push(format!("    {}", side.bold()));
            lines.extend(xray.to_string().lines().map(|line| format!("      {line}")));
        }
    }
}

/// A row of the population, or a context that is in a region.
fn such_as(row: Option<usize>, context: &Map<String, Value>) -> String {
    let context = to_json(context).map(|context| one_line(&context)).unwrap_or_default();
    let row = row.map(|row| format!(" row {} of it:", grouped(row + 1))).unwrap_or_default();
    format!("  such as{row} {context}")
}

/// Who of the population moves, from what to what, by what, and in which groups.
fn of_population(flag: &FlagPlan, lines: &mut Vec<String>) {
    let (Some(moved), Some(of)) = (flag.moved, flag.of) else { return };
    let ways: Vec<String> = flag.transitions.iter().map(words::transition_words).collect();
    let width = ways.iter().map(|way| way.chars().count()).max().unwrap_or_default();
    for (way, transition) in ways.iter().zip(&flag.transitions) {
        let weight = transition.weight.unwrap_or_default();
        let share = if of > 0.0 { weight / of } else { 0.0 };
        let (full, empty) = figures::bar(share);
        let (full, empty) = (full.cyan().to_string(), empty.dimmed().to_string());
        let (share, weight) = (figures::percent(share), figures::weight(weight));
        lines.push(format!("  {way:<width$}  {full}{empty}  {share}  {weight}"));
    }
    if moved > 0.0 {
        for (attribute, groups) in flag.by.iter().filter(|(_, groups)| groups.touched > 0) {
            lines.push(format!("  {}", words::groups_words(attribute, groups, GROUPS)));
            lines.extend(words::within_words(groups, GROUPS).map(|within| format!("  {within}")));
        }
        for rule in flag.rules.iter().take(RULES) {
            lines.push(format!("  because {}  {}", words::rule_words(rule), figures::weight(rule.weight)));
        }
        if flag.rules.len() > RULES {
            lines.push(format!("  {}", more(flag.rules.len() - RULES, "reason")));
        }
    }
}

fn of_regions(key: &str, regions: &[Region], lines: &mut Vec<String>) {
    for region in regions.iter().take(REGIONS) {
        lines.push(format!("  {}", words::region_words(key, region)));
        for (at, condition) in words::conditions(region).iter().enumerate() {
            let word = if at == 0 { "where" } else { "  and" };
            lines.push(format!("    {word} {condition}"));
        }
        let example = match words::witness(region) {
            Ok(context) => format!("    such as {context}"),
            Err(why) => format!("    {why}"),
        };
        lines.push(example.dimmed().to_string());
    }
    if regions.len() > REGIONS {
        lines.push(format!("  {}", more(regions.len() - REGIONS, "region")));
    }
}
