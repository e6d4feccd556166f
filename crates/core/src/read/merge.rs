use super::fields::escaped;
use super::flag;
use super::flag_set::{self, Header};
use super::place::{Files, underlined};
use super::tree::{Content, Member, Node, Range};
use crate::diagnostic::Diagnostic;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Several texts as one tree, whose nodes know which file they come from.
pub(crate) struct Merged<'t> {
    pub(crate) root: Node<'t>,
    pub(crate) header: Header,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// A whole flag set, one flag, or some parts of a flag set each; `nodes` are in the order of their files.
pub(crate) fn merge<'t>(files: &Files<'_>, mut nodes: Vec<Node<'t>>) -> Merged<'t> {
    if nodes.len() <= 1 && !nodes.first().is_some_and(is_flag) {
        let root = nodes.pop().unwrap_or_else(nothing);
        return Merged { root, header: Header::Required, diagnostics: Vec::new() };
    }
    let mut merging = Merging { files, members: Vec::new(), first: BTreeMap::new(), diagnostics: Vec::new() };
    for node in nodes {
        merging.add(node);
    }
    let root = Node { range: Range::default(), content: Content::Object(merging.members) };
    Merged { root, header: Header::Optional, diagnostics: merging.diagnostics }
}

/// Whether an object is one flag, not a flag set or parts of one.
pub(crate) fn is_flag(node: &Node<'_>) -> bool {
    let Content::Object(members) = &node.content else { return false };
    let has = |known: &[&str]| members.iter().filter(|member| known.contains(&&*member.key)).count();
    has(flag::FIELDS) > has(flag_set::FIELDS)
}

struct Merging<'a, 't> {
    files: &'a Files<'a>,
    members: Vec<Member<'t>>,
    /// Where each key first stands in `members`.
    first: BTreeMap<Cow<'t, str>, usize>,
    diagnostics: Vec<Diagnostic>,
}

impl<'t> Merging<'_, 't> {
    fn add(&mut self, node: Node<'t>) {
        if is_flag(&node) {
            let range = node.range;
            let list = Node { range, content: Content::List(vec![node]) };
            self.append(Member { key: Cow::Borrowed("flags"), key_range: range.head(), value: list });
            return;
        }
        let place = underlined(&node);
        let Content::Object(members) = node.content else {
            let message = format!("expected an object, found {}", node.content.kind());
            let diagnostic = Diagnostic::error("wrong-type", "", message)
                .help("a file holds a flag set, a part of one (`flags`, `segments`, …), or one flag");
            return self.report(diagnostic, place);
        };
        let mut seen = BTreeSet::new();
        for member in members {
            if seen.insert(member.key.clone()) {
                self.append(member);
            } else {
                // A key twice in one file: the reader finds it.
                self.members.push(member);
            }
        }
    }

    fn append(&mut self, mut member: Member<'t>) {
        let earlier = self.first.get(&member.key).and_then(|number| self.members.get_mut(*number));
        let Some(earlier) = earlier else {
            self.first.insert(member.key.clone(), self.members.len());
            return self.members.push(member);
        };
        let same = earlier.value.content == member.value.content;
        match (&mut earlier.value.content, &mut member.value.content) {
            (Content::List(items), Content::List(more)) => items.append(more),
            (Content::Object(members), Content::Object(more)) => members.append(more),
            _ if same => {}
            _ => {
                let first = underlined(&earlier.value);
                let place = underlined(&member.value);
                let words = self.files.words(first, place).unwrap_or_default();
                let mut diagnostic = Diagnostic::error(
                    "header-conflict",
                    format!("/{}", escaped(&member.key)),
                    format!("the files do not agree on `{}`: another value stands at {words}", member.key),
                )
                .help("keep it in one file");
                self.files.relate(&mut diagnostic, first);
                self.report(diagnostic, place);
            }
        }
    }

    fn report(&mut self, mut diagnostic: Diagnostic, range: Range) {
        self.files.put(&mut diagnostic, range);
        self.diagnostics.push(diagnostic);
    }
}

fn nothing<'t>() -> Node<'t> {
    Node { range: Range::default(), content: Content::Object(Vec::new()) }
}
