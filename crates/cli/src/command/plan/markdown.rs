//! A plan for a pull request.

use super::xrays::{Seen, Xrays};
use super::{figures, words};
use crate::render::{counted, one_line, to_json};
use downhaul_blast::exact::Region;
use downhaul_blast::plan::{Finding, FlagPlan, Kept, Plan};

/// Flags that are shown. A comment holds 65 536 characters at most, where pull requests usually live.
const FLAGS: usize = 20;
/// Regions that are shown of each.
const REGIONS: usize = 10;
/// Groups that are shown of each attribute, and reasons.
const GROUPS: usize = 10;

pub(super) fn lines(plan: &Plan, xrays: Option<&Xrays<'_>>) -> Vec<String> {
    let sides = format!("From {} to {}.", code(&plan.old.name), code(&plan.new.name));
    let mut lines = vec![format!("### {}", sentence(&words::summary(plan))), String::new(), sides];
    if let Some(people) = &plan.population {
        lines.extend([String::new(), format!("{}.", sentence(&words::population_words(people, &code(&people.name))))]);
    }
    let findings: Vec<&Finding> = plan.budget.iter().flat_map(|budget| &budget.findings).collect();
    if !findings.is_empty() {
        lines.extend([String::new(), "| budget | | |".to_owned(), "|---|---|---|".to_owned()]);
    }
    for finding in findings {
        let limit = match &finding.name {
            Some(name) => format!("{} {}", words::limit_word(finding.limit), cell(name)),
            None => words::limit_word(finding.limit).to_owned(),
        };
        let mark = match finding.outcome {
            Kept::Over => "**over**",
            Kept::Within | Kept::Unknown => words::kept_word(finding.outcome),
        };
        let example = words::context_of(finding).map(|context| format!(", such as {}", cell(&context)));
        lines.push(format!("| {limit} | {mark} | {}{} |", cell(&finding.why), example.unwrap_or_default()));
    }
    let flags = words::largest_first(plan);
    for (key, flag) in flags.iter().take(FLAGS) {
        lines.push(String::new());
        of_flag(key, flag, &mut lines);
        for seen in xrays.into_iter().flat_map(|xrays| xrays.of_flag(key, flag)) {
            of_xrays(&seen, &mut lines);
        }
    }
    if flags.len() > FLAGS {
        lines.push(String::new());
        lines.push(format!("And {} more.", counted(flags.len() - FLAGS, "flag")));
    }
    for remark in words::remarks(plan) {
        lines.push(String::new());
        lines.push(format!("{}.", sentence(&remark)));
    }
    lines
}

fn of_flag(key: &str, flag: &FlagPlan, lines: &mut Vec<String>) {
    let tags = words::tags(flag);
    let tags = if tags.is_empty() { String::new() } else { format!(" ({})", tags.join(", ")) };
    lines.push(format!("#### {}{tags}", code(key)));
    if let Some(words) = words::status_words(flag.status) {
        lines.push(String::new());
        lines.push(format!("{}.", sentence(words)));
    }
    if !flag.given.is_empty() {
        lines.extend([String::new(), format!("Of the population: {}.", words::given_words(&flag.given))]);
    }
    if !flag.transitions.is_empty() {
        lines.extend([String::new(), "| what | how many |".to_owned(), "|---|---|".to_owned()]);
    }
    for transition in &flag.transitions {
        let how_many = match (transition.weight, flag.of) {
            (Some(weight), Some(of)) => {
                let share = if of > 0.0 { weight / of } else { 0.0 };
                format!("{} ({} of {})", figures::percent(share), figures::weight(weight), figures::weight(of))
            }
            _ => figures::share_words(flag.share_of(transition)),
        };
        lines.push(format!("| {} | {how_many} |", cell(&words::transition_words(transition))));
    }
    of_population(flag, lines);
    let details = [("region", &flag.regions), ("region in which only the reason differs", &flag.reason_regions)];
    for (what, regions) in details.into_iter().filter(|(_, regions)| !regions.is_empty()) {
        let summary = match (regions.len(), what) {
            (1, what) => format!("1 {what}"),
            (count, "region") => counted(count, "region"),
            (count, _) => format!("{count} regions in which only the reason differs"),
        };
        lines.extend([String::new(), format!("<details><summary>{summary}</summary>"), String::new()]);
        of_regions(key, regions, lines);
        lines.extend([String::new(), "</details>".to_owned()]);
    }
}

fn of_population(flag: &FlagPlan, lines: &mut Vec<String>) {
    if flag.moved_rows.is_none_or(|rows| rows == 0) {
        return;
    }
    lines.extend([String::new(), "<details><summary>Who of the population, and why</summary>".to_owned()]);
    lines.extend([String::new(), "| of | moved | of how many |".to_owned(), "|---|---|---|".to_owned()]);
    for (attribute, groups) in &flag.by {
        for group in groups.groups.iter().take(GROUPS) {
            let who = cell(&format!("{} {}", one_line(attribute), words::group_name(&group.value)));
            lines.push(format!("| {who} | {} | {} |", figures::weight(group.moved), figures::weight(group.of)));
        }
        for within in words::within_heaviest_first(groups).into_iter().take(GROUPS) {
            let who = cell(&format!("{} `{}` and those within", one_line(attribute), one_line(&within.region)));
            lines.push(format!("| {who} | {} | {} |", figures::weight(within.moved), figures::weight(within.of)));
        }
    }
    lines.push(String::new());
    let because = |rule| format!("- {}: {}", code(&words::rule_words(rule)), figures::weight(rule.weight));
    lines.extend(flag.rules.iter().take(GROUPS).map(because));
    lines.extend([String::new(), "</details>".to_owned()]);
}

fn of_xrays(seen: &Seen<'_>, lines: &mut Vec<String>) {
    let context = to_json(seen.context).unwrap_or_default();
    lines.extend([String::new(), "<details><summary>X-ray of an example</summary>".to_owned()]);
    for (side, xray) in [("before", &seen.before), ("after", &seen.after)] {
        let text = xray.to_string();
        let fence = "`".repeat(longest_run(&text).max(2) + 1);
        lines.extend([String::new(), format!("{} {side}:", code(&context)), String::new(), format!("{fence}text")]);
        lines.extend(text.lines().map(str::to_owned));
        lines.push(fence);
    }
    lines.extend([String::new(), "</details>".to_owned()]);
}

fn of_regions(key: &str, regions: &[Region], lines: &mut Vec<String>) {
    for region in regions.iter().take(REGIONS) {
        lines.push(format!("- {}", code(&words::region_words(key, region))));
        lines.extend(words::conditions(region).iter().map(|condition| format!("  - {}", code(condition))));
        lines.push(match words::witness(region) {
            Ok(context) => format!("  - such as {}", code(&context)),
            Err(why) => format!("  - {why}"),
        });
    }
    if regions.len() > REGIONS {
        lines.push(format!("- and {} more", counted(regions.len() - REGIONS, "region")));
    }
}

/// With a capital.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", characters.as_str())
}

/// Text between backticks, so many that none in it ends it: nothing in it is markup.
fn code(text: &str) -> String {
    let text = one_line(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Of backticks.
fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// In a table even code may hold no bare bar.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_code() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("`a` is <b>"), "`` `a` is <b> ``");
        assert_eq!(code("a```b\nc"), "````a```b c````");
    }
}
