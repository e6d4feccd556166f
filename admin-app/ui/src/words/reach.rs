//! How far a flag reaches, told from its rules alone.

use super::change::plain;
use super::number::share;
use downhaul_core::document::{Flag, Outcome, Rule, Split};

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
                rules.iter().enumerate().map(|(at, rule)| format!("{}: {}", name(rule, at), gets(rule))).collect();
            if deciding.is_none() {
                parts.push(format!("others: {}", flag.default));
            }
            // Rules for everyone that hand some on count too: without them nobody could say who gets what.
            let count = if conditional == 0 { rules.len() } else { conditional };
            Reach {
                summary: format!("serving some, {count} {}", if count == 1 { "rule" } else { "rules" }),
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

/// What a rule gives to those that it reaches; what a split leaves over gets the default.
fn shares_of(flag: &Flag, rule: &Rule) -> Vec<(String, u32)> {
    match &rule.then {
        Outcome::Serve(variant) => vec![(variant.to_string(), 100_000)],
        Outcome::Split(split) => {
            let mut shares = slices(split);
            let covered: u32 = shares.iter().map(|(_, width)| width).sum();
            if covered < 100_000 {
                add(&mut shares, flag.default.as_str(), 100_000 - covered);
            }
            shares
        }
    }
}

/// Slices of one variant added up, in order of first appearance.
fn slices(split: &Split) -> Vec<(String, u32)> {
    let mut shares = Vec::new();
    for slice in &split.slices {
        add(&mut shares, slice.variant.as_str(), slice.width);
    }
    shares
}

fn add(shares: &mut Vec<(String, u32)>, key: &str, width: u32) {
    match shares.iter_mut().find(|(each, _)| each == key) {
        Some((_, sum)) => *sum += width,
        None => shares.push((key.to_owned(), width)),
    }
}

fn name(rule: &Rule, at: usize) -> String {
    rule.name.as_ref().map_or_else(|| format!("rule {}", at + 1), |name| plain(name))
}

fn gets(rule: &Rule) -> String {
    match &rule.then {
        Outcome::Serve(variant) => variant.to_string(),
        Outcome::Split(split) => {
            let mut parts: Vec<String> =
                slices(split).iter().map(|(key, width)| format!("{key} {}", share(*width))).collect();
            if !is_total(rule) {
                parts.push("others go on".to_owned());
            }
            parts.join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_core::read::{self, Format};

    fn check(rules: &str, default: &str, summary: &str, detail: &str) {
        let flag = format!(
            r#"{{"key": "f", "owner": "o", "kind": "ops", "review": "2027-01-01",
                "variants": {{"on": 1, "off": 0, "new": 2}}, "degraded": {{"variant": "off", "meaning": "m"}},
                "default": "{default}", "rules": [{rules}]}}"#
        );
        let (flag, _) = read::flag(&flag, Format::Json).expect(rules);
        let reach = reach(&flag);
        let plain = |text: &str| text.replace('\u{202F}', " ");
        assert_eq!((plain(&reach.summary).as_str(), plain(&reach.detail).as_str()), (summary, detail), "{rules}");
    }

    #[test]
    fn who_gets_what() {
        check("", "off", "serving no one", "off 100 %");
        check("", "on", "serving everyone", "on 100 %");
        check(
            r#"{"serve": "on"}, {"when": [{"tenant": ["a"]}], "serve": "off"}"#,
            "off",
            "serving everyone",
            "on 100 %",
        );
        let split = r#"{"split": {"slices": [["on", 12500], ["off", 50000], ["on", 12500], ["off", 25000]]}}"#;
        check(split, "off", "serving 25 %", "on 25 %, off 75 %");
        let three = r#"{"split": {"slices": [["off", 34000], ["on", 33000], ["new", 33000]]}}"#;
        check(three, "off", "split 34 / 33 / 33", "off 34 %, on 33 %, new 33 %");
        let staff = r#"{"name": "Staff", "when": [{"segment": ["staff"]}], "serve": "on"}"#;
        check(staff, "off", "serving some, 1 rule", "Staff: on; others: off");
        let marked = r#"{"name": "rollout: in segment `staff`", "when": [{"segment": ["staff"]}], "serve": "on"}"#;
        check(marked, "off", "serving some, 1 rule", "rollout: in segment staff: on; others: off");
        let both = format!(r#"{staff}, {{"split": {{"slices": [["on", 10000], ["off", 90000]]}}}}"#);
        check(&both, "off", "serving some, 1 rule", "Staff: on; rule 2: on 10 %, off 90 %");
    }

    #[test]
    fn what_a_split_leaves_over_goes_on() {
        let open = r#"{"split": {"slices": [["on", 10000]]}}"#;
        check(open, "off", "serving 10 %", "on 10 %, off 90 %");
        let two = format!(r#"{open}, {{"serve": "new"}}"#);
        check(&two, "off", "serving some, 2 rules", "rule 1: on 10 %, others go on; rule 2: new");
    }
}
