//! Whom an edit gives another variant, exactly, in the words that the chart keeps.

use crate::api::{Impact, Move};
use downhaul_blast::exact::{Comparison, Region, Status};
use downhaul_core::explain::whole_condition_words;

/// Longest words for whom a move reaches, in characters.
const WORDS: usize = 400;
const BUCKETS: f64 = 100_000.0;

pub(super) fn add(impact: &mut Impact, comparison: &Comparison) {
    let mut moves = Vec::new();
    for flag in &comparison.flags {
        match flag.status {
            Status::Unknown => impact.unknown.push(flag.flag.clone()),
            Status::Compared => moves.extend(flag.regions.iter().map(|region| told(&flag.flag, region))),
            // That a flag came or went is what the change itself says.
            Status::Added | Status::Removed => {}
        }
    }
    moves.sort_by_key(|each| std::cmp::Reverse(each.buckets));
    impact.more_moves = moves.len().saturating_sub(Impact::MOVES) as u64;
    moves.truncate(Impact::MOVES);
    impact.moves = moves;
}

fn told(flag: &str, region: &Region) -> Move {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is from 0 to 1")]
    let buckets = (region.share * BUCKETS).round() as u32;
    Move {
        flag: flag.to_owned(),
        from: region.transition.from.clone(),
        to: region.transition.to.clone(),
        who: shortened(who(region)),
        buckets,
    }
}

fn who(region: &Region) -> String {
    let mut parts: Vec<String> = region.when.iter().map(whole_condition_words).collect();
    parts.extend(region.no_unit.iter().map(|by| format!("without a `{by}` to share out by")));
    parts.extend(region.unit.iter().map(|by| format!("with a `{by}` to share out by")));
    if parts.is_empty() { "everyone".to_owned() } else { parts.join(" and ") }
}

fn shortened(text: String) -> String {
    if text.chars().count() <= WORDS { text } else { text.chars().take(WORDS).chain(['…']).collect() }
}
