//! A plan for people: what moves, from what to what, and of whom.

use downhaul_blast::plan::{FlagPlan, Plan, Status};
use downhaul_blast::replay::Groups;
use serde_json::Value;

/// Groups that are shown of each attribute.
const GROUPS: usize = 5;

pub fn lines(plan: &Plan, not_grouped: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(people) = &plan.population {
        let totals = &plan.totals;
        let changes = if plan.flags.len() == 1 { "changes" } else { "change" };
        lines.push(format!(
            "{} of {} flags {changes}; {} of the population is moved ({} of {})",
            plan.flags.len(),
            totals.flags,
            percent(people.moved, people.weight),
            weight(people.moved),
            weight(people.weight)
        ));
        lines.push(format!("from {} to {}", plan.old.name, plan.new.name));
        lines.push(format!("over {}: {} rows of weight {}", people.name, people.rows, weight(people.weight)));
    }
    for name in not_grouped {
        lines.push(format!("not grouped by {name}: it has too many values; --values allows more"));
    }
    let mut flags: Vec<(&String, &FlagPlan)> = plan.flags.iter().collect();
    flags.sort_by(|(_, one), (_, other)| other.moved.unwrap_or_default().total_cmp(&one.moved.unwrap_or_default()));
    for (key, flag) in flags {
        lines.push(String::new());
        lines.extend(of_flag(key, flag));
    }
    lines
}

fn of_flag(key: &str, flag: &FlagPlan) -> Vec<String> {
    let of = flag.of.unwrap_or_default();
    let what = match flag.status {
        Status::Added => "is new".to_owned(),
        Status::Removed => "is removed".to_owned(),
        Status::ReasonOnly => "gives what it gave, for other reasons".to_owned(),
        Status::Changed | Status::Unknown => {
            let moved = flag.moved.unwrap_or_default();
            format!("moves {} ({} of {})", percent(moved, of), weight(moved), weight(of))
        }
    };
    let critical = if flag.critical { "  critical" } else { "" };
    let mut lines = vec![format!("{key}  {what}{critical}")];
    for way in &flag.transitions {
        let moved = way.weight.unwrap_or_default();
        lines.push(format!("  `{}` -> `{}`  {}  {}", way.from, way.to, percent(moved, of), weight(moved)));
    }
    for given in &flag.given {
        lines.push(format!("  `{}` for {}", given.variant, weight(given.weight)));
    }
    for (attribute, groups) in flag.by.iter().filter(|(_, groups)| groups.touched > 0) {
        lines.push(format!("  by {attribute}: {}", groups_words(groups)));
    }
    if let Some(example) = flag.examples.first() {
        lines.push(format!("  such as {}", Value::Object(example.context.clone())));
    }
    lines
}

fn groups_words(groups: &Groups) -> String {
    let one = |group: &downhaul_blast::replay::Group| {
        let name = match &group.value {
            Value::Null => "none".to_owned(),
            Value::String(text) => format!("`{text}`"),
            other => other.to_string(),
        };
        format!("{name} {} of {}", weight(group.moved), weight(group.of))
    };
    let mut words: Vec<String> = groups.groups.iter().take(GROUPS).map(one).collect();
    let more = groups.touched.saturating_sub(words.len());
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    words.join(", ")
}

fn percent(part: f64, of: f64) -> String {
    let percent = if of > 0.0 { part / of * 100.0 } else { 0.0 };
    if percent > 0.0 && percent < 0.001 { "under 0.001 %".to_owned() } else { format!("{percent:.3} %") }
}

/// Whole where it is whole or large.
fn weight(weight: f64) -> String {
    if weight.fract() == 0.0 || weight >= 1000.0 { format!("{weight:.0}") } else { format!("{weight:.2}") }
}
