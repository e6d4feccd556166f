//! How far a flag reaches, told from its rules alone.

use super::number::share;
use downhaul_core::document::{Flag, Outcome, Rule};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// `serving everyone`, `serving 25 %`, `serving some, 2 rules`.
    pub summary: String,
    /// Who gets what, where rules decide: `staff: on; First cohort: on 25 %, off 75 %; others: off`.
    pub detail: String,
    /// Variants and their hundred-thousandths, where no condition stands in between.
    pub shares: Option<Vec<(String, u32)>>,
}

pub fn reach(flag: &Flag) -> Reach {
    let deciding = flag.rules.iter().position(|rule| rule.when.is_empty() && is_total(rule));
    let read = flag.rules.get(..deciding.map_or(flag.rules.len(), |at| at + 1)).unwrap_or_default();
    match read {
        [] => everyone(flag, vec![(flag.default.to_string(), 100_000)]),
        [only] if only.when.is_empty() => everyone(flag, shares_of(flag, only)),
        rules => {
            let conditional = rules.iter().filter(|rule| !rule.when.is_empty()).count();
            let mut parts: Vec<String> =
                rules.iter().enumerate().map(|(at, rule)| format!("{}: {}", name(rule, at), gets(flag, rule))).collect();
            if deciding.is_none() {
                parts.push(format!("others: {}", flag.default));
            }
            Reach {
                summary: format!("serving some, {conditional} {}", if conditional == 1 { "rule" } else { "rules" }),
                detail: parts.join("; "),
                shares: None,
            }
        }
    }
}

/// Whether the rule leaves nobody who has its bucketing unit to the next.
fn is_total(rule: &Rule) -> bool {
    match &rule.then {
        Outcome::Serve(_) => true,
        Outcome::Split(split) => split.slices.iter().map(|slice| u64::from(slice.width)).sum::<u64>() >= 100_000,
    }
}

fn everyone(flag: &Flag, shares: Vec<(String, u32)>) -> Reach {
    let degraded = flag.degraded.variant.as_str();
    let given: Vec<&(String, u32)> = shares.iter().filter(|(key, width)| key != degraded && *width > 0).collect();
    let summary = match given.as_slice() {
        [] => "serving no one".to_owned(),
        [(_, 100_000)] => "serving everyone".to_owned(),
        [(_, width)] => format!("serving {}", share(*width)),
        _ => format!(
            "split {}",
            shares.iter().map(|(_, width)| (width / 1000).to_string()).collect::<Vec<_>>().join(" / ")
        ),
    };
    let detail = shares.iter().map(|(key, width)| format!("{key} {}", share(*width))).collect::<Vec<_>>().join(", ");
    Reach { summary, detail, shares: Some(shares) }
}

/// Slices of one variant added up, in order of first appearance; what is left over gets the default.
fn shares_of(flag: &Flag, rule: &Rule) -> Vec<(String, u32)> {
    match &rule.then {
        Outcome::Serve(variant) => vec![(variant.to_string(), 100_000)],
        Outcome::Split(split) => {
            let mut shares: Vec<(String, u32)> = Vec::new();
            let mut add = |key: &str, width: u32| match shares.iter_mut().find(|(each, _)| each == key) {
                Some((_, sum)) => *sum += width,
                None => shares.push((key.to_owned(), width)),
            };
            for slice in &split.slices {
                add(slice.variant.as_str(), slice.width);
            }
            let covered: u32 = split.slices.iter().map(|slice| slice.width).sum();
            if covered < 100_000 {
                add(flag.default.as_str(), 100_000 - covered);
            }
            shares
        }
    }
}

fn name(rule: &Rule, at: usize) -> String {
    rule.name.clone().unwrap_or_else(|| format!("rule {}", at + 1))
}

fn gets(flag: &Flag, rule: &Rule) -> String {
    match &rule.then {
        Outcome::Serve(variant) => variant.to_string(),
        Outcome::Split(_) => shares_of(flag, rule)
            .iter()
            .map(|(key, width)| format!("{key} {}", share(*width)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
