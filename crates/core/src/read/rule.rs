use super::condition::read_conditions;
use super::fields::{At, Reader};
use super::tree::{Content, Node};
use crate::document::{Outcome, Rule, Slice, Split};
use crate::ids::{FlagKey, Salt, VariantKey};

pub(crate) const FIELDS: &[&str] = &["name", "when", "serve", "split"];
pub(crate) const SPLIT_FIELDS: &[&str] = &["by", "salt", "slices"];

/// Buckets of a split, and so the widest slice.
pub(crate) const BUCKETS: u32 = 100_000;
/// The bucketing unit unless a split names another.
pub(crate) const DEFAULT_UNIT: &str = "targetingKey";

pub(crate) fn read_rules(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>, flag: &FlagKey) -> Vec<Rule> {
    let items = reader.list(node, at).iter().enumerate();
    items.map(|(index, item)| read_rule(reader, item, at.index(index), Some(flag))).collect()
}

/// Without a `flag` a split must give its salt.
pub(crate) fn read_rule(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>, flag: Option<&FlagKey>) -> Rule {
    let nothing = || Outcome::Serve(VariantKey::stand_in());
    let Some(fields) = reader.fields(node, at, "a rule", FIELDS) else {
        return Rule { name: None, when: Vec::new(), then: nothing() };
    };
    let name = fields.get("name").and_then(|node| reader.text(node, at.key("name"))).map(str::to_owned);
    let when = fields.get("when").map(|node| read_conditions(reader, node, at.key("when"))).unwrap_or_default();
    let serve = fields.get("serve").map(|node| {
        let variant = reader.name(node, at.key("serve"), "a variant");
        Outcome::Serve(variant.unwrap_or_else(VariantKey::stand_in))
    });
    let split = fields.get("split").map(|node| Outcome::Split(read_split(reader, node, at.key("split"), flag)));
    let then = match (serve, split) {
        (Some(then), None) | (None, Some(then)) => then,
        (None, None) => {
            let help = "`\"serve\": \"on\"` gives one variant, `\"split\": { \"slices\": [[\"on\", 25000]] }` shares several out";
            reader.error("serve-or-split", node, at, "a rule needs `serve` or `split`", Some(help.to_owned()));
            nothing()
        }
        (Some(_), Some(split)) => {
            let node = fields.get("split").unwrap_or(node);
            let help = "make two rules of it: the first whose conditions hold decides";
            reader.error(
                "serve-or-split",
                node,
                at.key("split"),
                "a rule has either `serve` or `split`",
                Some(help.to_owned()),
            );
            split
        }
    };
    Rule { name, when, then }
}

pub(crate) fn read_split(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>, flag: Option<&FlagKey>) -> Split {
    let what = "a split";
    let unsalted = || flag.and_then(|flag| flag.as_str().parse().ok()).unwrap_or_else(Salt::stand_in);
    let Some(fields) = reader.fields(node, at, what, SPLIT_FIELDS) else {
        return Split { by: DEFAULT_UNIT.to_owned(), salt: unsalted(), slices: Vec::new() };
    };
    let by = fields.get("by").and_then(|node| reader.filled_text(node, at.key("by")));
    let salt = match (fields.get("salt"), flag) {
        (Some(node), _) => reader.name(node, at.key("salt"), "a salt"),
        (None, Some(_)) => None,
        (None, None) => {
            reader.required(&fields, at, what, "salt", "outside a flag the salt has no default: write it");
            None
        }
    };
    let slices = reader
        .required(
            &fields,
            at,
            what,
            "slices",
            "list variants and widths in hundred-thousandths: `[[\"on\", 25000], [\"off\", 75000]]`",
        )
        .map(|node| {
            let at = at.key("slices");
            let items = reader.list(node, at).iter().enumerate();
            items.map(|(index, item)| read_slice(reader, item, at.index(index))).collect()
        })
        .unwrap_or_default();
    Split { by: by.unwrap_or_else(|| DEFAULT_UNIT.to_owned()), salt: salt.unwrap_or_else(unsalted), slices }
}

fn read_slice(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Slice {
    let Content::List(items) = &node.content else {
        let message = format!("expected a slice, found {}", node.content.kind());
        reader.error("wrong-type", node, at, message, Some(SLICE_HELP.to_owned()));
        return Slice { variant: VariantKey::stand_in(), width: 0 };
    };
    let [variant, width] = items.as_slice() else {
        let message = format!("a slice has two parts, this one has {}", items.len());
        reader.error("wrong-type", node, at, message, Some(SLICE_HELP.to_owned()));
        return Slice { variant: VariantKey::stand_in(), width: 0 };
    };
    let variant = reader.name(variant, at.index(0), "a variant").unwrap_or_else(VariantKey::stand_in);
    let width = reader.whole(width, at.index(1), u64::from(BUCKETS)).and_then(|width| u32::try_from(width).ok());
    Slice { variant, width: width.unwrap_or_default() }
}

const SLICE_HELP: &str = "a slice is a variant and its width in hundred-thousandths: `[\"on\", 25000]` is 25 %";
