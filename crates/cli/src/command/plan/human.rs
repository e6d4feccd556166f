//! A plan for people at a terminal: a screen of it.

use super::words;
use crate::render::{counted, grouped, one_line};
use downhaul_blast::exact::Region;
use downhaul_blast::plan::{Finding, FlagPlan, Kept, Plan, Status};
use owo_colors::OwoColorize;

/// Flags that are shown.
const FLAGS: usize = 20;
/// Regions that are shown of each.
const REGIONS: usize = 5;

pub(super) fn lines(plan: &Plan) -> Vec<String> {
    let sides = format!("from {} to {}", one_line(&plan.old.name), one_line(&plan.new.name));
    let mut lines = vec![words::summary(plan).bold().to_string(), sides.dimmed().to_string()];
    lines.extend(plan.budget.iter().flat_map(|budget| &budget.findings).map(of_finding));
    let flags = words::largest_first(plan);
    for (key, flag) in flags.iter().take(FLAGS) {
        lines.push(String::new());
        of_flag(key, flag, &mut lines);
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

fn of_flag(key: &str, flag: &FlagPlan, lines: &mut Vec<String>) {
    let tags = words::tags(flag);
    let tags = if tags.is_empty() { String::new() } else { format!("  {}", tags.join(", ").dimmed()) };
    let share = match flag.status {
        Status::Changed => format!("  moves {}", words::share_words(flag.share())),
        Status::ReasonOnly | Status::Added | Status::Removed | Status::Unknown => String::new(),
    };
    lines.push(format!("{}{share}{tags}", key.bold()));
    lines.extend(words::status_words(flag.status).map(|words| format!("  {words}")));
    of_regions(key, &flag.regions, lines);
    if flag.status == Status::ReasonOnly {
        of_regions(key, &flag.reason_regions, lines);
    } else if !flag.reason_regions.is_empty() {
        let others = counted(flag.reason_regions.len(), "further region");
        let verb = if flag.reason_regions.len() == 1 { "keeps" } else { "keep" };
        lines.push(format!("  {others} {verb} the variant for another reason").dimmed().to_string());
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
