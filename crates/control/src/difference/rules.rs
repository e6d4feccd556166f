//! Rules are told apart by what they are, not by where they stand, so that a move is said as a move.

use crate::describe;
use downhaul_core::document::{Condition, Outcome, Rule};
use downhaul_core::explain::whole_condition_words;

/// What is other in the second list. Numbers count from 1 in the list before; of an added rule, in the list after.
pub(super) fn words(before: &[Rule], after: &[Rule]) -> Vec<String> {
    let pairs = pair(before, after);
    let mut words = Vec::new();
    for (at, rule) in before.iter().enumerate().filter(|(at, _)| !pairs.contains(&Some(*at))) {
        words.push(format!("{} removed: {}", name(at, rule), whole(rule)));
    }
    let moved = moved(&pairs);
    for (at, rule) in after.iter().enumerate() {
        let Some((old_at, old)) = pairs.get(at).copied().flatten().and_then(|at| Some((at, before.get(at)?))) else {
            words.push(format!("{} added: {}", name(at, rule), whole(rule)));
            continue;
        };
        if moved.contains(&old_at) {
            let next = pairs.iter().skip(at + 1).flatten().find_map(|next| Some((*next, before.get(*next)?)));
            words.push(match next {
                Some((next_at, next)) => format!("{} moved before {}", name(old_at, old), name(next_at, next)),
                None => format!("{} moved to the end", name(old_at, old)),
            });
        }
        if old.when != rule.when {
            words.push(format!("{} now where {} (before: {})", name(old_at, old), when(&rule.when), when(&old.when)));
        }
        if old.then != rule.then {
            words.push(format!("{}: {} -> {}", name(old_at, old), then(&old.then), then(&rule.then)));
        }
        if old.name != rule.name {
            let named = rule.name.as_deref().map_or("nothing".to_owned(), |name| format!("`{name}`"));
            words.push(format!("{} is now named {named}", name(old_at, old)));
        }
    }
    words
}

/// For each rule of the list after, the place of the same one in the list before.
fn pair(before: &[Rule], after: &[Rule]) -> Vec<Option<usize>> {
    let mut pairs: Vec<Option<usize>> = vec![None; after.len()];
    let same: [fn(&Rule, &Rule) -> bool; 4] = [
        |one, other| one == other,
        |one, other| one.name.is_some() && one.name == other.name,
        |one, other| one.when == other.when,
        |one, other| one.then == other.then,
    ];
    for is_same in same {
        for (at, rule) in after.iter().enumerate() {
            if pairs.get(at).is_none_or(Option::is_some) {
                continue;
            }
            let is_free = |old: usize, pairs: &[Option<usize>]| !pairs.contains(&Some(old));
            let fits =
                |old: &usize| before.get(*old).is_some_and(|before| is_same(before, rule)) && is_free(*old, &pairs);
            // Where it stood, if it may be that one; else the first.
            let found = Some(at).filter(fits).or_else(|| (0..before.len()).find(fits));
            if let Some(place) = pairs.get_mut(at) {
                *place = found;
            }
        }
    }
    pairs
}

/// Places in the list before of the fewest rules that have to move to give the order after.
fn moved(pairs: &[Option<usize>]) -> Vec<usize> {
    let order: Vec<usize> = pairs.iter().copied().flatten().collect();
    // The longest run that keeps its order, ending with each; rules are few.
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for (at, place) in order.iter().enumerate() {
        let fits = runs.iter().take(at).filter(|run| run.last().is_some_and(|last| last < place));
        let mut run = fits.max_by_key(|run| run.len()).cloned().unwrap_or_default();
        run.push(*place);
        runs.push(run);
    }
    let stays = runs.into_iter().max_by_key(Vec::len).unwrap_or_default();
    order.into_iter().filter(|place| !stays.contains(place)).collect()
}

fn name(at: usize, rule: &Rule) -> String {
    match &rule.name {
        Some(name) => format!("rule {} (`{name}`)", at + 1),
        None => format!("rule {}", at + 1),
    }
}

fn whole(rule: &Rule) -> String {
    format!("{} where {}", then(&rule.then), when(&rule.when))
}

fn then(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Serve(variant) => variant.to_string(),
        Outcome::Split(split) => {
            let by = if split.by == "targetingKey" { String::new() } else { format!(" by `{}`", split.by) };
            format!("{}{by} (salt `{}`)", describe::shares(split), split.salt)
        }
    }
}

/// Conditions in words; `everyone` where there are none.
pub(super) fn when(when: &[Condition]) -> String {
    if when.is_empty() {
        return "everyone".to_owned();
    }
    when.iter().map(whole_condition_words).collect::<Vec<_>>().join(" and ")
}
