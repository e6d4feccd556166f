//! Chart entries: the server's words, with what stands in backticks set apart, and a sign for each kind of change.

use super::number::{count, counted, share};
use super::sentence::{Kind, Sentence};
use super::time::{clock, parse};
use crate::state::Shared;
use downhaul_control::api::{ChangeView, Impact, Move};

/// Text with its backticked parts as values.
pub fn marked(text: &str) -> Sentence {
    let mut sentence = Sentence::new();
    let mut parts = text.split('`').peekable();
    let mut inside = false;
    while let Some(part) = parts.next() {
        // A last backtick without its fellow is just text.
        match (inside, parts.peek().is_some()) {
            (true, true) => {
                sentence.value(Kind::Flag, part);
            }
            (true, false) => {
                sentence.text("`").text(part);
            }
            (false, _) if part.is_empty() => {}
            (false, _) => {
                sentence.text(&part.replace(" -> ", " → "));
            }
        }
        inside = !inside;
    }
    sentence
}

/// The same as mere text.
pub fn plain(text: &str) -> String {
    text.replace('`', "")
}

/// Whom an edit gives another variant: `checkout-v2: off → on for 15 % of those where …`.
pub fn moved(each: &Move) -> Sentence {
    let share = if each.buckets == 100_000 { String::new() } else { format!("{} of ", share(each.buckets)) };
    let who = if each.who == "everyone" { each.who.clone() } else { format!("those where {}", each.who) };
    marked(&format!("`{}`: {} → {} for {share}{who}", each.flag, each.from, each.to))
}

/// What stands between somebody and what they did. One that begins with an id is told of that: `admin, r-2: called …`.
pub fn joint(summary: &str) -> &'static str {
    if ["r-", "ro-", "p-", "heartbeat:"].iter().any(|begin| summary.starts_with(begin)) { ", " } else { " " }
}

/// What a change did, short, where its summary does not say so: how things are since, or else the first of what is other.
pub fn effect(summary: &str, impact: &Impact) -> Option<Sentence> {
    match (&impact.from, &impact.to) {
        (Some(from), Some(to)) if from != to => {
            (!summary.contains(&format!("{from} to {to}"))).then(|| marked(&format!("{from} → {to}")))
        }
        _ => impact.edits.split_first().map(|(first, others)| {
            let mut sentence = marked(first);
            let more = others.len() as u64 + impact.more_edits;
            if more > 0 {
                sentence.text(&format!(", and {} more", count(more)));
            }
            sentence
        }),
    }
}

/// A run of the heartbeat, the newest change first: `the heartbeat flipped pulse 214 times between 14:05 and 14:41`.
pub fn beats(run: &[Shared<ChangeView>], offset: i32) -> Sentence {
    let at = |change: Option<&Shared<ChangeView>>| {
        change.and_then(|change| parse(&change.at)).map(|at| clock(at, offset)).unwrap_or_default()
    };
    let flag = run.first().and_then(|change| change.flag.clone()).unwrap_or_default();
    let times = format!(" {} between {} and {}", counted(run.len(), "time", "times"), at(run.last()), at(run.first()));
    let mut sentence = Sentence::new();
    sentence.text("The heartbeat flipped ").value(Kind::Flag, &flag).text(&times);
    sentence
}

/// The symbol of a change's type, by the ids of the page's sprite.
pub fn sign(kind: &str) -> &'static str {
    match kind {
        "kill" => "s-kill",
        "restore" => "i-undo",
        "create-key"
        | "revoke-key"
        | "add-signing-key"
        | "use-signing-key"
        | "revoke-signing-key"
        | "add-break-glass-key"
        | "revoke-break-glass-key" => "i-key",
        "put-segment" | "remove-segment" => "i-segment",
        "put-tenant" | "remove-tenant" => "i-tenant",
        "retire-flag" => "i-x",
        _ => "i-flag",
    }
}

/// `b81e…90c4`.
pub fn short_hash(hash: &str) -> String {
    match (hash.get(..4), hash.len().checked_sub(4).and_then(|at| hash.get(at..))) {
        (Some(head), Some(tail)) if hash.len() > 8 => format!("{head}…{tail}"),
        _ => hash.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_are_sentences() {
        let (flag, from, to) = ("checkout-v2".to_owned(), "off".to_owned(), "on".to_owned());
        let part = Move { flag, from, to, who: "tenant is `acme`".to_owned(), buckets: 15_000 };
        assert_eq!(moved(&part).to_string(), "[checkout-v2]: off → on for 15\u{202F}% of those where tenant is [acme]");
        let all = Move { who: "everyone".to_owned(), buckets: 100_000, ..part };
        assert_eq!(moved(&all).to_string(), "[checkout-v2]: off → on for everyone");
    }

    #[test]
    fn entries_say_once_what_is_other() {
        let check = |summary: &str, from: &str, to: &str, edits: &[&str], expected: Option<&str>| {
            let edits = edits.iter().map(|edit| (*edit).to_owned()).collect();
            let impact = Impact { from: Some(from.to_owned()), to: Some(to.to_owned()), edits, ..Impact::default() };
            assert_eq!(effect(summary, &impact).map(|sentence| sentence.to_string()).as_deref(), expected);
        };
        check("created `a`", "absent", "on for everyone", &[], Some("absent → on for everyone"));
        check("changed `a` from 1 % on to 2 % on", "1 % on", "2 % on", &["rule 1: 1 % -> 2 %"], None);
        check("changed `a`", "2 rules", "2 rules", &["default `b` -> `c`"], Some("default [b] → [c]"));
        check("changed `a`", "2 rules", "2 rules", &["one", "two", "three"], Some("one, and 2 more"));
        check("changed `a`", "2 rules", "2 rules", &[], None);
    }

    #[test]
    fn what_begins_with_an_id_is_set_off() {
        assert_eq!(["ro-1 of `a`: paused", "r-2: aborted", "proposed p-1: put `a`"].map(joint), [", ", ", ", " "]);
    }

    #[test]
    fn backticks_set_values_apart() {
        let check = |text: &str, expected: &str| assert_eq!(marked(text).to_string(), expected);
        check("killed `checkout-v2` for everyone", "killed [checkout-v2] for everyone");
        check("`a` and `b`", "[a] and [b]");
        check("nothing", "nothing");
        check("rule 3: 25 % -> 40 %, `a -> b`", "rule 3: 25 % → 40 %, [a -> b]");
        check("one ` alone", "one ` alone");
        check("", "");
    }

    #[test]
    fn hashes_are_cut_in_the_middle() {
        assert_eq!(short_hash(&format!("b81e{}90c4", "0".repeat(56))), "b81e…90c4");
        assert_eq!(short_hash("abc"), "abc");
    }
}
