//! `serde::Deserialize` through the same reader, so that there is one only: the first thing wrong becomes serde's error.

use super::fields::{At, Reader};
use super::flag_set::Header;
use super::place::Files;
use super::tree::{Content, Member, Node, Numeral, Range};
use super::{DEPTH_LIMIT, breaker, condition, flag, flag_set, guard, kill, rule};
use crate::diagnostic::Diagnostic;
use crate::document::{Breaker, Condition, Flag, FlagSet, Guard, Kill, RegionTree, Rule, Scope, Segment, Split};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

macro_rules! deserialize {
    ($($type:ty: $read:expr;)*) => {$(
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let node = Tree { depth: DEPTH_LIMIT }.deserialize(deserializer)?;
                let files = Files::none();
                let mut reader = Reader::new(&files);
                let read: fn(&mut Reader<'_>, &Node<'_>) -> $type = $read;
                let value = read(&mut reader, &node);
                match reader.into_diagnostics().into_iter().find(Diagnostic::is_error) {
                    None => Ok(value),
                    Some(first) => Err(D::Error::custom(in_words(&first))),
                }
            }
        }
    )*};
}

deserialize! {
    FlagSet: |reader, node| flag_set::read_flag_set(reader, node, At::ROOT, Header::Required);
    Flag: |reader, node| flag::read_flag(reader, node, At::ROOT);
    Breaker: |reader, node| breaker::read_breaker(reader, node, At::ROOT);
    Guard: |reader, node| guard::read_guard(reader, node, At::ROOT);
    Segment: |reader, node| flag_set::read_segment(reader, node, At::ROOT);
    RegionTree: |reader, node| flag_set::read_regions(reader, node, At::ROOT);
    Kill: |reader, node| kill::read_kill(reader, node, At::ROOT);
    Scope: |reader, node| kill::read_scope(reader, node, At::ROOT);
    Rule: |reader, node| rule::read_rule(reader, node, At::ROOT, None);
    Split: |reader, node| rule::read_split(reader, node, At::ROOT, None);
    Condition: |reader, node| condition::read_condition(reader, node, At::ROOT);
}

fn in_words(diagnostic: &Diagnostic) -> String {
    match &diagnostic.help {
        Some(help) => format!("{diagnostic} ({help})"),
        None => diagnostic.to_string(),
    }
}

/// The tree of a JSON text, without places.
pub(super) fn tree(text: &str, depth: usize) -> Option<Node<'_>> {
    Tree { depth }.deserialize(&mut serde_json::Deserializer::from_str(text)).ok()
}

/// Builds a tree without places from whatever serde reads; `depth` levels may still open.
struct Tree {
    depth: usize,
}

impl Tree {
    fn below<E: Error>(&self) -> Result<Tree, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Tree { depth }),
            None => Err(E::custom(format!("lists and objects are nested more than {DEPTH_LIMIT} levels deep"))),
        }
    }
}

/// A key, borrowed where it can be: serde's own `Cow` never is, in a map.
#[derive(serde::Deserialize)]
struct Key<'k>(#[serde(borrow)] Cow<'k, str>);

fn node(content: Content<'_>) -> Node<'_> {
    Node { range: Range::default(), content }
}

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Node<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a document")
    }

    fn visit_unit<E: Error>(self) -> Result<Node<'de>, E> {
        Ok(node(Content::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Node<'de>, E> {
        Ok(node(Content::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(node(Content::Boolean(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node<'de>, E> {
        if let Ok(value) = i32::try_from(value) {
            return Ok(node(Content::Number(Numeral { value: value.into(), rounded: false })));
        }
        Ok(node(Content::Number(Numeral::of_decimal(&value.to_string()))))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node<'de>, E> {
        if let Ok(value) = u32::try_from(value) {
            return Ok(node(Content::Number(Numeral { value: value.into(), rounded: false })));
        }
        Ok(node(Content::Number(Numeral::of_decimal(&value.to_string()))))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(node(Content::Number(Numeral { value, rounded: false })))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(node(Content::Text(Cow::Borrowed(value))))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node<'de>, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Node<'de>, E> {
        Ok(node(Content::Text(Cow::Owned(value))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node<'de>, A::Error> {
        let mut items = Vec::new();
        let depth = self.below::<A::Error>()?.depth;
        while let Some(item) = access.next_element_seed(Tree { depth })? {
            items.push(item);
        }
        Ok(node(Content::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node<'de>, A::Error> {
        let mut members = Vec::new();
        let depth = self.below::<A::Error>()?.depth;
        while let Some(Key(key)) = access.next_key()? {
            let value = access.next_value_seed(Tree { depth })?;
            members.push(Member { key, key_range: Range::default(), value });
        }
        Ok(node(Content::Object(members)))
    }
}
