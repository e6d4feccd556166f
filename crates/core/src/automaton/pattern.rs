//! From the text of an expression to its table.

use super::{ACCEPTED, DEAD, LIMIT};
use regex_automata::dfa::{Automaton as _, dense};
use regex_automata::nfa::thompson::NFA;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, nfa::thompson};
use regex_syntax::ast::{
    self, AssertionKind, Ast, ClassAscii, ClassAsciiKind, ClassBracketed, ClassPerl, ClassPerlKind, ClassSet,
    ClassSetItem, ClassSetRange, ClassSetUnion, Flag, Flags, FlagsItem, FlagsItemKind, Group, GroupKind, Literal,
    LiteralKind, Span,
};
use std::collections::BTreeMap;

/// Why a text is no expression of the dialect, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    pub message: String,
    pub help: String,
    /// The table is larger than [`LIMIT`], and finding that out was work.
    pub too_large: bool,
}

/// Groups within groups, at most.
const NEST_LIMIT: u32 = 64;
/// What the automaton library may use while it builds; far above what fits into [`LIMIT`].
const BUILD_LIMIT: usize = 2 * 1024 * 1024;

/// The table of `pattern`.
///
/// The dialect is that of the `regex` crate over Unicode scalar values, with ASCII `\d \w \s \b`, ASCII `(?i)`, and without `\B` and `\p`.
///
/// # Errors
/// Where the pattern is none of the dialect, or its table is larger than [`LIMIT`].
pub fn compile(pattern: &str) -> Result<Vec<u8>, PatternError> {
    let mut ast = ast::parse::ParserBuilder::new()
        .nest_limit(NEST_LIMIT)
        .build()
        .parse(pattern)
        .map_err(|why| syntax(pattern, &why.kind().to_string()))?;
    Dialect { fold: false }.rewrite(&mut ast)?;
    let hir = regex_syntax::hir::translate::Translator::new()
        .translate(pattern, &ast)
        .map_err(|why| syntax(pattern, &why.kind().to_string()))?;
    let nfa = NFA::compiler()
        .configure(thompson::Config::new().nfa_size_limit(Some(BUILD_LIMIT)))
        .build_from_hir(&hir)
        .map_err(|_| too_large(pattern))?;
    let config = dense::Config::new()
        .start_kind(regex_automata::dfa::StartKind::Unanchored)
        .dfa_size_limit(Some(BUILD_LIMIT))
        .determinize_size_limit(Some(BUILD_LIMIT));
    let dfa = dense::Builder::new().configure(config).build_from_nfa(&nfa).map_err(|_| too_large(pattern))?;
    encode(&dfa).ok_or_else(|| too_large(pattern))
}

fn syntax(pattern: &str, why: &str) -> PatternError {
    let pattern = pattern.escape_debug();
    PatternError {
        message: format!("`{pattern}` is not a regular expression: {why}"),
        help: "write the syntax of the `regex` crate; a literal text is better tested with `contains`, `starts_with` or `ends_with`".into(),
        too_large: false,
    }
}

fn too_large(pattern: &str) -> PatternError {
    let pattern = pattern.escape_debug();
    PatternError {
        message: format!("`{pattern}` needs an automaton larger than 64 KiB"),
        help: "use smaller counts (`{1,20}` for `{1,500}`), anchor it with `^`, or split it into several values".into(),
        too_large: true,
    }
}

fn refused(what: &str, help: &str) -> PatternError {
    PatternError { message: format!("`{what}` is not part of the dialect"), help: help.into(), too_large: false }
}

/// Numbers the states that the start leads to, match states folded into one, and writes the table.
fn encode(dfa: &dense::DFA<Vec<u32>>) -> Option<Vec<u8>> {
    let classes = dfa.byte_classes();
    // The last class of the library is the end of the text, for which we keep a byte a state.
    let width = classes.alphabet_len().checked_sub(1)?;
    let mut representatives = vec![None; width];
    for byte in 0..=255u8 {
        representatives.get_mut(usize::from(classes.get(byte)))?.get_or_insert(byte);
    }
    let start = dfa.start_state(&start::Config::new().anchored(Anchored::No)).ok()?;
    let mut numbers: BTreeMap<StateID, u16> = BTreeMap::new();
    let mut states = Vec::new();
    let mut number = |state: StateID, states: &mut Vec<StateID>| -> Option<u16> {
        if dfa.is_dead_state(state) || dfa.is_quit_state(state) {
            return u16::try_from(DEAD).ok();
        }
        if dfa.is_match_state(state) {
            return u16::try_from(ACCEPTED).ok();
        }
        if let Some(number) = numbers.get(&state) {
            return Some(*number);
        }
        let number = u16::try_from(states.len() + 2).ok()?;
        numbers.insert(state, number);
        states.push(state);
        Some(number)
    };
    let first = number(start, &mut states)?;
    let mut ends = vec![0u8, 1];
    let mut next = vec![0u16; width];
    next.extend(vec![1u16; width]);
    let mut at = 0;
    while let Some(state) = states.get(at).copied() {
        ends.push(u8::from(dfa.is_match_state(dfa.next_eoi_state(state))));
        for byte in &representatives {
            next.push(number(dfa.next_state(state, (*byte)?), &mut states)?);
        }
        if next.len() * 2 > LIMIT {
            return None;
        }
        at += 1;
    }
    let mut bytes = Vec::new();
    for value in [u16::try_from(ends.len()).ok()?, u16::try_from(width).ok()?, first, 0] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend((0..=255u8).map(|byte| classes.get(byte)));
    bytes.extend(&ends);
    bytes.extend(vec![0; ends.len() % 2]);
    bytes.extend(next.iter().flat_map(|state| state.to_le_bytes()));
    (bytes.len() <= LIMIT).then_some(bytes)
}

/// Rewrites a syntax tree so that the library's Unicode reading of it is the dialect's.
struct Dialect {
    /// Whether `(?i)` is on here. The library's own folding knows more letters than A-Z.
    fold: bool,
}

impl Dialect {
    fn rewrite(&mut self, ast: &mut Ast) -> Result<(), PatternError> {
        let replacement = match ast {
            Ast::Empty(_) | Ast::Dot(_) => None,
            Ast::Flags(set) => {
                self.take_flags(&mut set.flags)?;
                None
            }
            Ast::Literal(literal) => (self.fold && literal.c.is_ascii_alphabetic()).then(|| {
                bracketed(literal.span, false, vec![ClassSetItem::Literal((**literal).clone()), swapped(literal)])
            }),
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::NotWordBoundary => {
                    return Err(refused("\\B", "name the characters around the place instead"));
                }
                AssertionKind::StartLine
                | AssertionKind::EndLine
                | AssertionKind::StartText
                | AssertionKind::EndText => None,
                _ => Some(ascii_only(assertion.span, Ast::Assertion(assertion.clone()))),
            },
            Ast::ClassUnicode(_) => return Err(unicode_class()),
            Ast::ClassPerl(class) => Some(bracketed(class.span, class.negated, perl_ranges(class))),
            Ast::ClassBracketed(class) => {
                self.rewrite_set(&mut class.kind)?;
                None
            }
            Ast::Repetition(repetition) => {
                self.rewrite(&mut repetition.ast)?;
                None
            }
            Ast::Group(group) => {
                let outside = self.fold;
                if let GroupKind::NonCapturing(flags) = &mut group.kind {
                    self.take_flags(flags)?;
                }
                self.rewrite(&mut group.ast)?;
                self.fold = outside;
                None
            }
            Ast::Alternation(alternation) => {
                alternation.asts.iter_mut().try_for_each(|each| self.rewrite(each))?;
                None
            }
            Ast::Concat(concat) => {
                concat.asts.iter_mut().try_for_each(|each| self.rewrite(each))?;
                None
            }
        };
        if let Some(replacement) = replacement {
            *ast = replacement;
        }
        Ok(())
    }

    /// Takes `i` out of the flags and refuses `u`.
    fn take_flags(&mut self, flags: &mut Flags) -> Result<(), PatternError> {
        let mut on = true;
        for item in &flags.items {
            match item.kind {
                FlagsItemKind::Negation => on = false,
                FlagsItemKind::Flag(Flag::CaseInsensitive) => self.fold = on,
                FlagsItemKind::Flag(Flag::Unicode) => {
                    return Err(refused("(?u)", "leave it out: classes are ASCII and everything else is Unicode"));
                }
                FlagsItemKind::Flag(_) => {}
            }
        }
        flags.items.retain(|item| item.kind != FlagsItemKind::Flag(Flag::CaseInsensitive));
        if flags.items.last().is_some_and(|item| item.kind.is_negation()) {
            flags.items.pop();
        }
        Ok(())
    }

    fn rewrite_set(&self, set: &mut ClassSet) -> Result<(), PatternError> {
        match set {
            ClassSet::Item(item) => self.rewrite_item(item),
            ClassSet::BinaryOp(op) => {
                self.rewrite_set(&mut op.lhs)?;
                self.rewrite_set(&mut op.rhs)
            }
        }
    }

    fn rewrite_item(&self, item: &mut ClassSetItem) -> Result<(), PatternError> {
        let span = *item.span();
        let replacement = match item {
            ClassSetItem::Empty(_) => return Ok(()),
            ClassSetItem::Literal(literal) if self.fold && literal.c.is_ascii_alphabetic() => {
                vec![ClassSetItem::Literal(literal.clone()), swapped(literal)]
            }
            ClassSetItem::Literal(_) => return Ok(()),
            ClassSetItem::Range(range) if self.fold => folded_range(range),
            ClassSetItem::Range(_) => return Ok(()),
            ClassSetItem::Ascii(class)
                if self.fold && matches!(class.kind, ClassAsciiKind::Lower | ClassAsciiKind::Upper) =>
            {
                let half = |kind| ClassSetItem::Ascii(ClassAscii { span, kind, negated: false });
                vec![item.clone(), half(ClassAsciiKind::Lower), half(ClassAsciiKind::Upper)]
            }
            ClassSetItem::Ascii(_) => return Ok(()),
            ClassSetItem::Unicode(_) => return Err(unicode_class()),
            ClassSetItem::Perl(class) => {
                let kind = ClassSet::union(ClassSetUnion { span, items: perl_ranges(class) });
                vec![ClassSetItem::Bracketed(Box::new(ClassBracketed { span, negated: class.negated, kind }))]
            }
            ClassSetItem::Bracketed(class) => return self.rewrite_set(&mut class.kind),
            ClassSetItem::Union(union) => return union.items.iter_mut().try_for_each(|each| self.rewrite_item(each)),
        };
        *item = ClassSetItem::Union(ClassSetUnion { span, items: replacement });
        Ok(())
    }
}

fn unicode_class() -> PatternError {
    refused("\\p", "list the characters or ranges in brackets")
}

fn bracketed(span: Span, negated: bool, items: Vec<ClassSetItem>) -> Ast {
    Ast::class_bracketed(ClassBracketed { span, negated, kind: ClassSet::union(ClassSetUnion { span, items }) })
}

fn verbatim(span: Span, c: char) -> Literal {
    Literal { span, kind: LiteralKind::Verbatim, c }
}

fn swapped(literal: &Literal) -> ClassSetItem {
    ClassSetItem::Literal(verbatim(literal.span, swap_case(literal.c)))
}

fn swap_case(c: char) -> char {
    if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
}

fn range(span: Span, start: char, end: char) -> ClassSetItem {
    ClassSetItem::Range(ClassSetRange { span, start: verbatim(span, start), end: verbatim(span, end) })
}

/// The range, and what of it lies within A-Z or a-z in the other case.
fn folded_range(given: &ClassSetRange) -> Vec<ClassSetItem> {
    let mut items = vec![ClassSetItem::Range(given.clone())];
    for (first, last) in [('A', 'Z'), ('a', 'z')] {
        let (start, end) = (given.start.c.max(first), given.end.c.min(last));
        if start <= end {
            items.push(range(given.span, swap_case(start), swap_case(end)));
        }
    }
    items
}

fn perl_ranges(class: &ClassPerl) -> Vec<ClassSetItem> {
    let ranges: &[(char, char)] = match class.kind {
        ClassPerlKind::Digit => &[('0', '9')],
        ClassPerlKind::Space => &[('\t', '\r'), (' ', ' ')],
        ClassPerlKind::Word => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
    };
    ranges.iter().map(|(start, end)| range(class.span, *start, *end)).collect()
}

/// `(?-u:…)`
fn ascii_only(span: Span, ast: Ast) -> Ast {
    let item = |kind| FlagsItem { span, kind };
    let items = vec![item(FlagsItemKind::Negation), item(FlagsItemKind::Flag(Flag::Unicode))];
    Ast::group(Group { span, kind: GroupKind::NonCapturing(Flags { span, items }), ast: Box::new(ast) })
}

#[cfg(test)]
mod tests {
    use super::super::{Automaton, check};
    use super::*;

    fn found(pattern: &str, text: &str) -> bool {
        let bytes = compile(pattern).unwrap_or_else(|why| panic!("{}", why.message));
        assert!(check(&bytes), "{pattern}");
        Automaton::new(&bytes).unwrap().holds(text.as_bytes())
    }

    #[test]
    fn dialect() {
        for (pattern, text, expected) in [
            ("b+", "abc", true),
            ("^b", "abc", false),
            ("c$", "abc", true),
            ("c$", "abc\n", false),
            ("(?m)c$", "abc\nd", true),
            ("", "", true),
            ("", "x", true),
            ("^$", "", true),
            ("^$", "a", false),
            ("^.$", "é", true),
            ("^.$", "日", true),
            ("^[^a]$", "日", true),
            ("[日]", "月日", true),
            (r"^\d$", "٣", false),
            (r"^\D$", "٣", true),
            (r"^\w$", "é", false),
            (r"^\W$", "é", true),
            (r"^[\W]$", "é", true),
            (r"^[^\W]$", "é", false),
            (r"^\s$", "\u{0B}", true),
            (r"^\s$", "\u{A0}", false),
            (r"\bfoo\b", "a foo b", true),
            (r"\bfoo\b", "afoo", false),
            (r"\bfoo\b", "éfoo", true),
            ("(?i)straße", "STRAßE", true),
            ("(?i)ß", "ẞ", false),
            ("(?i)k", "\u{212A}", false),
            ("(?i)[^k]", "\u{212A}", true),
            ("(?i)^[a-c]+$", "aBC", true),
            ("(?i)[[:upper:]]", "x", true),
            ("a(?i)b|c", "C", true),
            ("(?i:a)b", "Ab", true),
            ("(?i:a)b", "AB", false),
            ("(?i)a(?-i)b", "AB", false),
            (r"\x41", "A", true),
            (r"(a|ab)(c|bcd)", "abcd", true),
        ] {
            assert_eq!(found(pattern, text), expected, "{pattern} {text}");
        }
        for bad in
            [r"\B", r"\pL", r"\p{Greek}", r"[\pL]", "(", "(?-u)a", r"(?P<a", r"(a)\1", "(?=a)", "[ab]*a[ab]{14}", "*"]
        {
            assert!(compile(bad).is_err(), "{bad}");
        }
        let deep = format!("{}a{}", "(".repeat(200), ")".repeat(200));
        assert!(compile(&deep).is_err());
    }
}
