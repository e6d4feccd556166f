//! Texts that `contains`, `starts_with`, `ends_with` and `matches` tell apart: one for each combination that some text has.
//!
//! Each test is an automaton; they are walked together, beside one that knows the texts that are classes of their own, and one
//! that knows UTF-8. What the walk reaches is possible, and what it does not reach is not.

use downhaul_core::automaton::{self, Automaton};
use downhaul_core::document::Test;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// States walked at most.
const STATES: usize = 50_000;
/// The same, each counted once for every automaton that is walked: what bounds memory and time.
const CELLS: usize = 4_000_000;
/// Automata walked beside each other at most.
const AUTOMATA: usize = 2_000;
/// Texts known as classes of their own, in bytes, up to which they are walked beside the others.
const KNOWN: usize = 20_000;

/// The patterns of a test that looks at the shape of a text.
pub(crate) fn patterns(test: &Test) -> Vec<String> {
    match test {
        Test::Contains(values) => values.iter().map(|value| literal(value)).collect(),
        Test::StartsWith(values) => values.iter().map(|value| format!("^{}", literal(value))).collect(),
        Test::EndsWith(values) => values.iter().map(|value| format!("{}$", literal(value))).collect(),
        Test::Matches(values) => values.clone(),
        _ => Vec::new(),
    }
}

/// A pattern for exactly this text.
fn literal(text: &str) -> String {
    use std::fmt::Write as _;
    let mut pattern = String::new();
    for c in text.chars() {
        // Writing into a text cannot fail.
        let _ = write!(pattern, "\\x{{{:X}}}", u32::from(c));
    }
    pattern
}

/// Whether a pattern is found in a text.
pub(crate) fn is_found(pattern: &str, text: &str) -> bool {
    let table = automaton::compile(pattern).unwrap_or_default();
    Automaton::new(&table).is_some_and(|automaton| automaton.holds(text.as_bytes()))
}

/// What the walk found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shapes {
    /// A shortest text of each combination, none of them among the known ones.
    pub(crate) texts: Vec<String>,
    /// Whether every combination that exists is among them.
    pub(crate) complete: bool,
}

/// One text for each combination of tests that a text can pass, other than the texts in `known`. Each test is its patterns, of
/// which one suffices.
pub(crate) fn shapes(tests: &BTreeSet<Vec<String>>, known: &BTreeSet<String>) -> Shapes {
    if tests.iter().map(Vec::len).sum::<usize>() > AUTOMATA {
        return Shapes { texts: Vec::new(), complete: false };
    }
    // Every text of UTF-8, and nothing else.
    let utf8 = vec!["^(?s:.)*$".to_owned()];
    let tables: Option<Vec<Vec<Vec<u8>>>> = tests
        .iter()
        .chain([&utf8])
        .map(|patterns| patterns.iter().map(|pattern| automaton::compile(pattern).ok()).collect())
        .collect();
    let Some(tables) = tables else { return Shapes { texts: Vec::new(), complete: false } };
    let automata = tables.iter().map(|tables| tables.iter().filter_map(|table| Automaton::new(table)).collect());
    let automata: Vec<Vec<Automaton<'_>>> = automata.collect();
    let mut complete = true;
    let trie = if known.iter().map(String::len).sum::<usize>() <= KNOWN {
        Trie::new(known)
    } else {
        complete = false;
        Trie::new(&BTreeSet::new())
    };
    let width = automata.iter().map(Vec::len).sum::<usize>() + 1;
    let mut walk =
        Walk { automata, trie, limit: STATES.min(CELLS / width), seen: BTreeSet::new(), reached: Vec::new() };
    complete &= walk.run();
    let mut found: BTreeMap<Vec<bool>, String> = BTreeMap::new();
    for number in 0..walk.reached.len() {
        if let Some(accepted) = walk.accepted(number)
            && !found.contains_key(&accepted)
            && let Ok(text) = String::from_utf8(walk.text(number))
            && !known.contains(&text)
        {
            found.insert(accepted, text);
        }
    }
    Shapes { texts: found.into_values().collect(), complete }
}

/// One state of each automaton, then the trie's.
type State = Vec<u32>;

struct Walk<'a> {
    /// By test; the last is that of UTF-8.
    automata: Vec<Vec<Automaton<'a>>>,
    trie: Trie,
    limit: usize,
    seen: BTreeSet<State>,
    /// Each state with the one before it and the byte between: breadth first, so that texts are shortest.
    reached: Vec<(State, usize, u8)>,
}

impl Walk<'_> {
    /// False where the limit ended it.
    fn run(&mut self) -> bool {
        let bytes = self.telling_bytes();
        let starts = self.automata.iter().flatten().map(|automaton| number(automaton.start()));
        let start: State = starts.chain([number(Trie::ROOT)]).collect();
        self.seen.insert(start.clone());
        self.reached.push((start, 0, 0));
        let mut open = VecDeque::from([0]);
        while let Some(before) = open.pop_front() {
            for byte in &bytes {
                let Some((state, ..)) = self.reached.get(before) else { return false };
                let next = self.step(state, *byte);
                // Not UTF-8 any more: the last automaton is dead.
                if next.iter().rev().nth(1) == Some(&0) || self.seen.contains(&next) {
                    continue;
                }
                if self.reached.len() >= self.limit {
                    return false;
                }
                self.seen.insert(next.clone());
                open.push_back(self.reached.len());
                self.reached.push((next, before, *byte));
            }
        }
        true
    }

    fn step(&self, state: &State, byte: u8) -> State {
        let mut next = Vec::with_capacity(state.len());
        let mut states = state.iter().copied();
        for test in &self.automata {
            let from = next.len();
            next.extend(
                test.iter().zip(&mut states).map(|(automaton, state)| number(automaton.next(state as usize, byte))),
            );
            // Once one has accepted, whatever follows, the others have nothing more to say.
            if let Some(of_test) = next.get_mut(from..).filter(|of_test| of_test.contains(&ACCEPTED)) {
                of_test.fill(ACCEPTED);
            }
        }
        next.push(number(self.trie.next(state.last().map_or(Trie::OUTSIDE, |at| *at as usize), byte)));
        next
    }

    /// Which tests a text that ends here passes; `None` where it is no text, or a known one.
    fn accepted(&self, at: usize) -> Option<Vec<bool>> {
        let (state, ..) = self.reached.get(at)?;
        if self.trie.is_known(*state.last()? as usize) {
            return None;
        }
        let mut states = state.iter().copied();
        let mut accepted = Vec::with_capacity(self.automata.len());
        for test in &self.automata {
            let of_test = test.iter().zip(&mut states).map(|(automaton, state)| automaton.accepts(state as usize));
            accepted.push(of_test.fold(false, |any, one| any | one));
        }
        accepted.pop()?.then_some(accepted)
    }

    fn text(&self, number: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut at = number;
        while at != 0 {
            let Some((_, before, byte)) = self.reached.get(at) else { break };
            bytes.push(*byte);
            at = *before;
        }
        bytes.reverse();
        bytes
    }

    /// One byte for each kind that every automaton treats alike, those that read well first.
    fn telling_bytes(&self) -> Vec<u8> {
        let mut by_kind: BTreeMap<Vec<usize>, u8> = BTreeMap::new();
        let mut order: Vec<u8> = (0..=255).collect();
        order.sort_by_key(|byte| match byte {
            b'a'..=b'z' => 0,
            b'0'..=b'9' => 1,
            b'A'..=b'Z' => 2,
            b' '..=b'~' => 3,
            _ => 4,
        });
        let mut kinds = Vec::new();
        for byte in order {
            let kind: Vec<usize> = self
                .automata
                .iter()
                .flatten()
                .map(|automaton| automaton.kind(byte))
                .chain([if self.trie.bytes.contains(&byte) { usize::from(byte) + 1 } else { 0 }])
                .collect();
            if by_kind.insert(kind, byte).is_none() {
                kinds.push(byte);
            }
        }
        kinds
    }
}

/// The state of an automaton that has accepted, whatever follows.
const ACCEPTED: u32 = 1;

fn number(state: usize) -> u32 {
    u32::try_from(state).unwrap_or(0)
}

/// The texts that are known, byte by byte.
struct Trie {
    nodes: Vec<(BTreeMap<u8, usize>, bool)>,
    bytes: BTreeSet<u8>,
}

impl Trie {
    /// No known text begins like this.
    const OUTSIDE: usize = 0;
    const ROOT: usize = 1;

    fn new(known: &BTreeSet<String>) -> Self {
        let mut trie = Trie { nodes: vec![Default::default(), Default::default()], bytes: BTreeSet::new() };
        for text in known {
            let mut at = Trie::ROOT;
            for byte in text.bytes() {
                trie.bytes.insert(byte);
                let next = trie.nodes.len();
                let Some((children, _)) = trie.nodes.get_mut(at) else { break };
                at = *children.entry(byte).or_insert(next);
                if at == next {
                    trie.nodes.push(Default::default());
                }
            }
            if let Some((_, ends)) = trie.nodes.get_mut(at) {
                *ends = true;
            }
        }
        trie
    }

    fn next(&self, at: usize, byte: u8) -> usize {
        self.nodes.get(at).and_then(|(children, _)| children.get(&byte)).copied().unwrap_or(Trie::OUTSIDE)
    }

    fn is_known(&self, at: usize) -> bool {
        self.nodes.get(at).is_some_and(|(_, ends)| *ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tests: &[Test], known: &[&str]) -> Vec<String> {
        let tests = tests.iter().map(patterns).collect();
        let found = shapes(&tests, &known.iter().map(|text| (*text).to_owned()).collect());
        assert!(found.complete);
        found.texts
    }

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn every_combination_and_no_other() {
        // Neither, contains only, ends only, both. What ends so contains it, so one is missing.
        let found = of(&[Test::Contains(texts(&["@"])), Test::EndsWith(texts(&["@b"]))], &[]);
        assert_eq!(found.len(), 3, "{found:?}");
        let found = of(&[Test::StartsWith(texts(&["a"])), Test::EndsWith(texts(&["a"]))], &[]);
        assert_eq!(found.len(), 4, "{found:?}");
    }

    #[test]
    fn a_known_text_is_left_out_and_others_of_its_shape_are_found() {
        assert!(of(&[Test::Matches(texts(&["^(on|off)$"]))], &["on"]).contains(&"off".to_owned()));
        // Only these two match, so nothing else of their shape is there.
        assert_eq!(of(&[Test::Matches(texts(&["^(on|off)$"]))], &["on", "off"]).len(), 1);
    }

    #[test]
    fn one_of_many_suffices() {
        // 40 letters are one question, not 2^40 combinations.
        let letters: Vec<String> = ('a'..='z').chain('A'..='N').map(String::from).collect();
        assert_eq!(of(&[Test::Contains(letters.clone())], &[]).len(), 2);
        let found = of(&[Test::Contains(letters.clone()), Test::EndsWith(letters)], &[]);
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn too_many_patterns_are_not_walked() {
        let many: Vec<String> = (0..10_000).map(|number| format!("@{number}.example")).collect();
        let tests = BTreeSet::from([patterns(&Test::EndsWith(many))]);
        assert_eq!(shapes(&tests, &BTreeSet::new()), Shapes { texts: Vec::new(), complete: false });
    }

    #[test]
    fn letters_beyond_ascii() {
        let found = of(&[Test::EndsWith(texts(&["é"])), Test::Matches(texts(&["^.$"]))], &[]);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found.contains(&"é".to_owned()), "{found:?}");
    }
}
