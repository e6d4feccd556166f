//! What an edit of a flag does, in words: line by line what was and what is to be.

use super::number::share;
use super::rule;
use super::sentence::{Kind, Sentence};
use downhaul_core::document::{ClientKind, Flag, FlagKind, OnStale, Outcome, Reversibility, Rule, Until};
use std::collections::BTreeSet;

/// One thing that is not as it was. Absent where there was nothing, or will be nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is about: `Rule 2, first cohort`.
    pub what: String,
    pub before: Option<Sentence>,
    pub after: Option<Sentence>,
    /// Said beside it, such as that a rule has moved.
    pub note: String,
}

/// What a flag says about one thing.
type Fact = (&'static str, fn(&Flag) -> Option<Sentence>);

/// Read before the rules, and so said before them.
const FIRST: [Fact; 1] = [("Prerequisites", requires)];
const LAST: [Fact; 15] = [
    ("Otherwise", |flag| Some(Sentence::new().text("serve ").variant(flag.default.as_str()).clone())),
    ("Variants", variants),
    ("Degraded mode", |flag| {
        let mut sentence = Sentence::new();
        Some(sentence.variant(flag.degraded.variant.as_str()).text(": ").text(&flag.degraded.meaning).clone())
    }),
    ("When stale", |flag| Some(plain(stale(flag.on_stale)))),
    ("Description", |flag| (!flag.description.is_empty()).then(|| plain(&flag.description))),
    ("Owner", |flag| Some(plain(&flag.owner))),
    ("Kind", |flag| Some(plain(kind(flag.kind)))),
    ("Critical", |flag| Some(plain(if flag.critical { "yes" } else { "no" }))),
    ("Clients", |flag| Some(plain(&clients(&flag.clients)))),
    ("Date", |flag| Some(until(&flag.until))),
    ("Phase", |flag| flag.phase.map(|phase| plain(phase.name()))),
    ("Not concerned", |flag| (!flag.unaffected.is_empty()).then(|| plain(&flag.unaffected.join(", ")))),
    ("Reversibility", |flag| Some(plain(reversibility(flag.reversibility)))),
    ("Forward fix", |flag| flag.forward_fix.as_deref().map(plain)),
    ("Created", |flag| flag.created.as_deref().map(plain)),
];

/// Everything in which `after` is another than `before`; of a flag that is made, all of it.
pub fn difference(before: Option<&Flag>, after: &Flag) -> Vec<Line> {
    let line = |(what, of): &Fact| {
        let (was, is) = (before.and_then(of), of(after));
        (was != is).then(|| Line { what: (*what).to_owned(), before: was, after: is, note: String::new() })
    };
    let mut lines: Vec<Line> = FIRST.iter().filter_map(line).collect();
    lines.extend(rules(before.map(|flag| flag.rules.as_slice()).unwrap_or_default(), &after.rules));
    lines.extend(LAST.iter().filter_map(line));
    lines
}

/// The difference in a line, for a reason that nobody has written: `first cohort, variants`.
pub fn summary(lines: &[Line]) -> String {
    const NAMED: usize = 3;
    let mut parts: Vec<String> = lines.iter().take(NAMED).map(|line| lower(&line.what)).collect();
    if lines.len() > NAMED {
        parts.push(format!("{} more", lines.len() - NAMED));
    }
    parts.join(", ")
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn plain(text: &str) -> Sentence {
    Sentence::new().text(text).clone()
}

fn stale(on_stale: OnStale) -> &'static str {
    match on_stale {
        OnStale::Keep => "keeps what it has",
        OnStale::Degraded => "degrades",
    }
}

fn kind(kind: FlagKind) -> &'static str {
    match kind {
        FlagKind::Release => "release",
        FlagKind::Experiment => "experiment",
        FlagKind::Ops => "ops",
        FlagKind::Permission => "permission",
        FlagKind::Migration => "migration",
    }
}

fn until(until: &Until) -> Sentence {
    plain(&match until {
        Until::Expires(date) => format!("expires {date}"),
        Until::Review(date) => format!("review {date}"),
    })
}

fn reversibility(reversibility: Reversibility) -> &'static str {
    match reversibility {
        Reversibility::RollbackSafe => "rollback-safe",
        Reversibility::ForwardFixOnly => "forward-fix only",
    }
}

fn clients(kinds: &[ClientKind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

fn requires(flag: &Flag) -> Option<Sentence> {
    let mut sentence = Sentence::new();
    for (at, each) in flag.requires.iter().enumerate() {
        if at > 0 {
            sentence.text(" and ");
        }
        sentence.value(Kind::Flag, each.flag.as_str()).text(" is ");
        let names: Vec<&str> = each.variants.iter().map(|variant| variant.as_str()).collect();
        sentence.any_of(Kind::Plain, &names);
    }
    (!flag.requires.is_empty()).then_some(sentence)
}

fn variants(flag: &Flag) -> Option<Sentence> {
    let mut sentence = Sentence::new();
    let mut variants: Vec<_> = flag.variants.iter().collect();
    variants.sort_by_key(|(key, _)| key);
    for (at, (key, value)) in variants.into_iter().enumerate() {
        sentence.text(if at > 0 { ", " } else { "" });
        sentence.variant(key.as_str()).text(" = ").text(&value.to_string());
    }
    Some(sentence)
}

/// A rule with who gets how much of a split.
pub fn rule_words(rule: &Rule) -> Sentence {
    let mut sentence = rule::rule(rule);
    if let Outcome::Split(split) = &rule.then {
        let mut shares: Vec<(&str, u32)> = Vec::new();
        for slice in &split.slices {
            match shares.iter_mut().find(|(key, _)| *key == slice.variant.as_str()) {
                Some((_, sum)) => *sum += slice.width,
                None => shares.push((slice.variant.as_str(), slice.width)),
            }
        }
        for (at, (key, width)) in shares.iter().enumerate() {
            sentence.text(if at > 0 { ", " } else { ": " });
            sentence.variant(key).text(&format!("\u{a0}{}", share(*width)));
        }
    }
    sentence
}

/// Whether an old rule at its place and a new one at its own are taken for the same.
type Alike = fn(usize, &Rule, usize, &Rule) -> bool;

/// Pairs of rules: those that are the same, then those of one name, then those that stand at the same place.
fn pairs(before: &[Rule], after: &[Rule]) -> Vec<(Option<usize>, usize)> {
    let mut of: Vec<Option<usize>> = vec![None; after.len()];
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let alike: [Alike; 4] = [
        |old, was, new, is| was == is && old == new,
        |_, was, _, is| was == is,
        |_, was, _, is| was.name.is_some() && was.name == is.name,
        |old, _, new, _| old == new,
    ];
    for is_alike in alike {
        for (new, is) in after.iter().enumerate() {
            let open = |place: &Option<usize>| place.is_none();
            if !of.get(new).is_some_and(open) {
                continue;
            }
            let found =
                before.iter().enumerate().find(|(old, was)| !taken.contains(old) && is_alike(*old, was, new, is));
            if let (Some((old, _)), Some(place)) = (found, of.get_mut(new)) {
                taken.insert(old);
                *place = Some(old);
            }
        }
    }
    of.into_iter().enumerate().map(|(new, old)| (old, new)).collect()
}

fn rules(before: &[Rule], after: &[Rule]) -> Vec<Line> {
    let pairs = pairs(before, after);
    let mut lines = Vec::new();
    for (old, rule) in before.iter().enumerate() {
        if !pairs.iter().any(|(from, _)| *from == Some(old)) {
            lines.push(Line {
                what: name(rule, old),
                before: Some(rule_words(rule)),
                after: None,
                note: String::new(),
            });
        }
    }
    // A rule that only gave way to others has not moved.
    let order: Vec<usize> = pairs.iter().filter_map(|(old, _)| *old).collect();
    let in_order = longest_rising(&order);
    for (old, new) in &pairs {
        let Some(is) = after.get(*new) else { continue };
        let was = old.and_then(|old| before.get(old));
        let has_moved = old.is_some_and(|old| !in_order.contains(&old));
        let note = match (old, has_moved) {
            (Some(old), true) => format!("moved from place {} to {}", old + 1, new + 1),
            _ => String::new(),
        };
        let renamed = was.is_some_and(|was| was.name != is.name);
        let note = match (was.and_then(|was| was.name.as_deref()), renamed) {
            (Some(was), true) if note.is_empty() => format!("was called {was}"),
            (Some(was), true) => format!("{note}, was called {was}"),
            (None, _) | (_, false) => note,
        };
        let (was, same) = (was.map(rule_words), was.is_some_and(|was| was.when == is.when && was.then == is.then));
        if !same || has_moved || renamed {
            lines.push(Line { what: name(is, *new), before: was, after: Some(rule_words(is)), note });
        }
    }
    lines
}

fn name(rule: &Rule, at: usize) -> String {
    match &rule.name {
        Some(name) => format!("Rule {}, {name}", at + 1),
        None => format!("Rule {}", at + 1),
    }
}

/// A longest part of the numbers that rises: what kept its order.
fn longest_rising(numbers: &[usize]) -> BTreeSet<usize> {
    let mut best: Vec<Vec<usize>> = Vec::with_capacity(numbers.len());
    for (at, number) in numbers.iter().enumerate() {
        let before = best.iter().take(at).filter(|run| run.last().is_some_and(|last| last < number));
        let mut run = before.max_by_key(|run| run.len()).cloned().unwrap_or_default();
        run.push(*number);
        best.push(run);
    }
    best.into_iter().max_by_key(Vec::len).unwrap_or_default().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_core::read::{self, Format};

    fn flag(rules: &str, more: &str) -> Flag {
        let text = format!(
            r#"{{"key": "f", "owner": "o", "kind": "ops", "review": "2027-01-01", {more}
                "variants": {{"on": true, "off": false}}, "degraded": {{"variant": "off", "meaning": "m"}},
                "default": "off", "rules": [{rules}]}}"#
        );
        read::flag(&text, Format::Json).expect(rules).0
    }

    fn words(before: &Flag, after: &Flag) -> Vec<String> {
        let text = |sentence: &Option<Sentence>| sentence.as_ref().map_or("nothing".to_owned(), ToString::to_string);
        let line =
            |line: &Line| format!("{}: {} -> {} {}", line.what, text(&line.before), text(&line.after), line.note);
        let plain = |each: &Line| line(each).trim_end().replace(['\u{202F}', '\u{a0}'], " ");
        difference(Some(before), after).iter().map(plain).collect()
    }

    const STAFF: &str = r#"{"name": "staff", "when": [{"segment": ["staff"]}], "serve": "on"}"#;
    const ACME: &str =
        r#"{"name": "acme", "when": [{"tenant": ["acme"]}], "split": {"slices": [["on", 20000], ["off", 80000]]}}"#;

    #[test]
    fn only_what_differs_is_said() {
        let before = flag(&format!("{STAFF}, {ACME}"), "");
        assert!(words(&before, &before).is_empty());
        let ramped = flag(&format!("{STAFF}, {}", ACME.replace("20000", "25000").replace("80000", "75000")), "");
        assert_eq!(
            words(&before, &ramped),
            [
                "Rule 2, acme: If tenant is [acme] split by user: [on] 20 %, [off] 80 % -> If tenant is [acme] split by user: [on] 25 %, [off] 75 %"
            ]
        );
        let other = flag(&format!("{STAFF}, {ACME}"), r#""critical": true, "description": "d","#);
        assert_eq!(words(&before, &other), ["Description: nothing -> d", "Critical: no -> yes"]);
    }

    #[test]
    fn rules_are_found_again() {
        let before = flag(&format!("{STAFF}, {ACME}"), "");
        let swapped = flag(&format!("{ACME}, {STAFF}"), "");
        let moved = words(&before, &swapped);
        assert!(moved.len() == 1 && moved[0].contains("moved from place"), "{moved:?}");
        let first = flag(&format!(r#"{{"name": "new", "serve": "on"}}, {STAFF}, {ACME}"#), "");
        assert_eq!(words(&before, &first), ["Rule 1, new: nothing -> For everyone serve [on]"]);
        let gone = flag(ACME, "");
        assert_eq!(words(&before, &gone), ["Rule 1, staff: If the user is in segment [staff] serve [on] -> nothing"]);
        let renamed = flag(&format!("{}, {ACME}", STAFF.replace("\"staff\",", "\"our people\",")), "");
        assert_eq!(words(&before, &renamed).len(), 1);
        assert!(words(&before, &renamed)[0].ends_with("was called staff"));
    }

    #[test]
    fn a_reason_can_be_made_of_it() {
        let (before, after) = (flag(STAFF, ""), flag(ACME, r#""critical": true,"#));
        assert_eq!(summary(&difference(Some(&before), &after)), "rule 1, acme, critical");
        assert_eq!(summary(&difference(None, &after)).split(", ").count(), 5);
    }
}
