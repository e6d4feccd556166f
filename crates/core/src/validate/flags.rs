use super::dates::{check_date, check_due, in_words};
use super::{Checker, breakers, conditions, guards, phases};
use crate::diagnostic::Diagnostic;
use crate::document::{Flag, Outcome, Until};
use crate::ids::VariantKey;
use crate::read::{At, BUCKETS, is_reviewed};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything about one flag but its place among the others.
pub(super) fn check_flag<'a>(checker: &mut Checker<'a>, flag: &'a Flag, index: usize) {
    let at = At::ROOT.key("flags");
    let at = at.index(index);
    check_definition(checker, flag, at);
    check_variants(checker, flag, at.key("variants"));
    let Some(variants) = Variants::of(checker, index) else { return };
    variants.check(checker, &flag.default, at.key("default"));
    variants.check(checker, &flag.degraded.variant, at.key("degraded").key("variant"));
    for (index, rule) in flag.rules.iter().enumerate() {
        let at = at.key("rules");
        let at = at.index(index);
        conditions::check_all(checker, &rule.when, at.key("when"));
        match &rule.then {
            Outcome::Serve(variant) => variants.check(checker, variant, at.key("serve")),
            Outcome::Split(split) => {
                let at = at.key("split");
                if split.by.trim().is_empty() {
                    checker.error(
                        "empty-text",
                        at.key("by"),
                        "the text is empty",
                        "name the attribute whose value is hashed",
                    );
                }
                let at = at.key("slices");
                for (index, slice) in split.slices.iter().enumerate() {
                    variants.check(checker, &slice.variant, at.index(index).index(0));
                }
                let sum: u64 = split.slices.iter().map(|slice| u64::from(slice.width)).sum();
                if sum > u64::from(BUCKETS) {
                    let message = format!("the slices are {sum} wide together, more than {BUCKETS}");
                    let help = "widths are in hundred-thousandths: `25000` is 25 %";
                    checker.error("slices-overflow", at, message, help);
                }
            }
        }
    }
    check_requires(checker, flag, at);
    phases::check(checker, flag, at);
    breakers::check(checker, flag, at);
    guards::check(checker, flag, at, &variants);
}

/// Each key once, and none that was retired.
pub(super) fn check_keys(checker: &mut Checker<'_>) {
    let document = checker.document;
    let at = At::ROOT.key("flags");
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, flag) in document.flags.iter().enumerate() {
        let at = at.index(index);
        let at = at.key("key");
        if let Some(date) = document.retired.get(&flag.key) {
            let message = format!("the key `{}` was retired on {} and is never used again", flag.key, in_words(date));
            let help = "choose another key: code that still asks for the old flag would take the new one for it";
            checker.error("key-retired", at, message, help);
        }
        if checker.broken.covers(&at.pointer()) {
            continue;
        }
        match first.get(flag.key.as_str()) {
            None => {
                first.insert(flag.key.as_str(), index);
            }
            Some(first) => {
                let first = format!("/flags/{first}/key");
                let message = format!("flag `{}` is defined already, at `{first}`", flag.key);
                let diagnostic =
                    Diagnostic::error("duplicate-flag", at.pointer(), message).help("give one of the two another key");
                checker.report(diagnostic.related_to(first));
            }
        }
    }
}

fn check_definition(checker: &mut Checker<'_>, flag: &Flag, at: At<'_>) {
    let degraded = at.key("degraded");
    for (text, at, help) in [
        (&flag.owner, at.key("owner"), "name the team that answers for it"),
        (
            &flag.degraded.meaning,
            degraded.key("meaning"),
            "say for people what they get and what they lose while it is off",
        ),
    ] {
        if text.trim().is_empty() {
            checker.error("empty-text", at, "the text is empty", help);
        }
    }
    if let Some(created) = &flag.created {
        check_date(checker, created, at.key("created"));
    }
    match &flag.until {
        Until::Expires(date) => {
            let at = at.key("expires");
            check_due(checker, date, at, "the flag expired on", "retire it, or give it a later date and say why");
            if is_reviewed(flag.kind) {
                let message = "`ops` and `permission` flags do not expire, they are reviewed";
                checker.error("wrong-date-field", at, message, "write `review` instead of `expires`");
            }
        }
        Until::Review(date) => {
            let at = at.key("review");
            check_due(
                checker,
                date,
                at,
                "the flag was to be reviewed on",
                "decide whether it is still needed, and set the next date",
            );
            if !is_reviewed(flag.kind) {
                let message = "only `ops` and `permission` flags are reviewed, the others expire";
                checker.error("wrong-date-field", at, message, "write `expires` instead of `review`");
            }
        }
    }
    let at = at.key("clients");
    checker.not_empty(flag.clients.is_empty(), at, "`clients`", "name who receives it: `browser`, `edge`, `server`");
    for (index, client) in flag.clients.iter().enumerate() {
        if flag.clients.iter().take(index).any(|earlier| earlier == client) {
            checker.error("duplicate-value", at.index(index), "the client is listed twice", "keep one");
        }
    }
}

fn check_variants(checker: &mut Checker<'_>, flag: &Flag, at: At<'_>) {
    let help = "write the values it can give, such as `{ \"on\": true, \"off\": false }`";
    checker.not_empty(flag.variants.is_empty(), at, "`variants`", help);
    let Some((first, value)) = flag.variants.first() else { return };
    let expected = type_of(value);
    for (key, value) in &flag.variants {
        let found = type_of(value);
        if matches!(value, Value::Null) {
            let message = "a variant's value cannot be null";
            checker.error("wrong-type", at.key(key.as_str()), message, "a boolean, number, text, list or object");
        } else if found != expected && expected != type_of(&Value::Null) {
            let message = format!("variant `{key}` is {found}, but `{first}` is {expected}");
            checker.error("variant-type", at.key(key.as_str()), message, "all values of a flag have one type");
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The variants of one flag, to look names up in.
pub(super) struct Variants<'a> {
    number: usize,
    flag: &'a Flag,
    /// Some could not be read, so which there are is not known.
    unsure: bool,
}

impl<'a> Variants<'a> {
    pub(super) fn of(checker: &Checker<'a>, number: usize) -> Option<Self> {
        let flag = checker.document.flags.get(number)?;
        Some(Variants { number, flag, unsure: checker.broken.touches(&format!("/flags/{number}/variants")) })
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>, variant: &VariantKey, at: At<'_>) {
        if self.unsure || checker.known.has_variant(self.number, variant.as_str()) {
            return;
        }
        let help = checker.known.variant_help(self.number, variant.as_str());
        let message = format!("flag `{}` has no variant `{variant}`", self.flag.key);
        checker.unknown("unknown-variant", at, message, help);
    }
}

fn check_requires(checker: &mut Checker<'_>, flag: &Flag, at: At<'_>) {
    for (index, prerequisite) in flag.requires.iter().enumerate() {
        let at = at.key("requires");
        let at = at.index(index);
        let help = "list the variants that let this flag through, such as `[\"on\"]`";
        checker.not_empty(prerequisite.variants.is_empty(), at.key("variants"), "the list of variants", help);
        let Some(number) = checker.known.flags.get(prerequisite.flag.as_str()).copied() else {
            unknown_flag(checker, prerequisite.flag.as_str(), at.key("flag"));
            continue;
        };
        let Some(variants) = Variants::of(checker, number) else { continue };
        let required = variants.flag;
        for (index, variant) in prerequisite.variants.iter().enumerate() {
            variants.check(checker, variant, at.key("variants").index(index));
        }
        let sure = !checker.broken.touches(&format!("/flags/{number}/clients"));
        for client in flag.clients.iter().filter(|client| sure && !required.clients.contains(client)) {
            let client = client.name();
            let message =
                format!("`{client}` clients receive `{}` but not its prerequisite `{}`", flag.key, required.key);
            let help =
                format!("add `{client}` to the clients of `{}`, or take it from those of `{}`", required.key, flag.key);
            checker.error("requires-clients", at.key("flag"), message, help);
        }
    }
}

pub(super) fn unknown_flag(checker: &mut Checker<'_>, key: &str, at: At<'_>) {
    // A flag that cannot be read may be the one that is meant.
    if checker.broken.covers("/flags") {
        return;
    }
    let help = checker.known.flag_help(key);
    checker.unknown("unknown-flag", at, format!("there is no flag `{key}`"), help);
}
