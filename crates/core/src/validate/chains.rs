//! Names that lead to names: prerequisites and segments, neither in circles nor too far.

use super::{CHAIN_LIMIT, Checker};
use crate::diagnostic::Diagnostic;
use crate::document::{Condition, Segment};
use crate::ids::SegmentKey;
use crate::read::PROBLEM_LIMIT;

pub(super) fn check_prerequisites(checker: &mut Checker<'_>) {
    let document = checker.document;
    let links: Vec<Vec<Link>> = document
        .flags
        .iter()
        .enumerate()
        .map(|(number, flag)| {
            let links = flag.requires.iter().enumerate().filter_map(|(index, prerequisite)| {
                let to = *checker.known.flags.get(prerequisite.flag.as_str())?;
                Some(Link { to, pointer: format!("/flags/{number}/requires/{index}/flag") })
            });
            links.collect()
        })
        .collect();
    let names: Vec<&str> = document.flags.iter().map(|flag| flag.key.as_str()).collect();
    let found = walk(&links);
    for cycle in &found.cycles {
        let message = format!("the prerequisites go in a circle: {}", path(&names, &cycle.nodes));
        let help = "take one of them away: a flag cannot wait for itself";
        checker.report(Diagnostic::error("requires-cycle", cycle.pointer.clone(), message).help(help));
    }
    for (_, pointer) in &found.too_far {
        let message = format!("the chain of prerequisites that begins here has more than {CHAIN_LIMIT} flags");
        let help = "require the flags that matter directly, instead of one after another";
        checker.report(Diagnostic::error("requires-depth", pointer.clone(), message).help(help));
    }
}

pub(super) fn check_segments(checker: &mut Checker<'_>) {
    let document = checker.document;
    let links: Vec<Vec<Link>> = document
        .segments
        .iter()
        .map(|(key, segment)| {
            let within = format!("/segments/{}/when", crate::read::escaped(key.as_str()));
            let mut links = Vec::new();
            collect(checker, segment, &within, &mut links);
            links
        })
        .collect();
    let names: Vec<&str> = document.segments.keys().map(SegmentKey::as_str).collect();
    let found = walk(&links);
    for cycle in &found.cycles {
        let message = format!("the segments go in a circle: {}", path(&names, &cycle.nodes));
        let help = "take one of them away: a segment cannot be made of itself";
        checker.report(Diagnostic::error("segment-cycle", cycle.pointer.clone(), message).help(help));
    }
    for (_, pointer) in &found.too_far {
        let message = format!("the chain of segments that begins here has more than {CHAIN_LIMIT} of them");
        let help = "name the segments that matter directly, instead of one within another";
        checker.report(Diagnostic::error("segment-depth", pointer.clone(), message).help(help));
    }
}

/// Leads to another flag or segment; `pointer` is where it is named.
struct Link {
    to: usize,
    pointer: String,
}

fn collect(checker: &Checker<'_>, segment: &Segment, within: &str, links: &mut Vec<Link>) {
    let mut open: Vec<(String, &Condition)> = numbered(within, &segment.when).collect();
    while let Some((pointer, condition)) = open.pop() {
        match condition {
            Condition::Segment(segments) => {
                for (index, segment) in segments.iter().enumerate() {
                    if let Some(to) = checker.known.segments.get(segment.as_str()) {
                        links.push(Link { to: *to, pointer: format!("{pointer}/segment/{index}") });
                    }
                }
            }
            Condition::All(conditions) => open.extend(numbered(&format!("{pointer}/all"), conditions)),
            Condition::Any(conditions) => open.extend(numbered(&format!("{pointer}/any"), conditions)),
            Condition::Not(condition) => open.push((format!("{pointer}/not"), condition)),
            Condition::Tenant(_) | Condition::Region(_) | Condition::Attribute { .. } => {}
        }
    }
}

fn numbered<'a>(within: &str, conditions: &'a [Condition]) -> impl Iterator<Item = (String, &'a Condition)> {
    let within = within.to_owned();
    conditions.iter().enumerate().map(move |(index, condition)| (format!("{within}/{index}"), condition))
}

struct Found {
    cycles: Vec<Cycle>,
    /// The nodes at which a chain first gets too long, and the link that makes it so.
    too_far: Vec<(usize, String)>,
}

struct Cycle {
    /// The first one is not repeated at the end; of a long circle only the beginning.
    nodes: Vec<usize>,
    pointer: String,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    /// The number of nodes in the longest chain from here.
    Done(usize),
}

/// Depth first, without calling itself: a chain may be as long as a document allows.
fn walk(links: &[Vec<Link>]) -> Found {
    let mut states = vec![State::New; links.len()];
    let mut found = Found { cycles: Vec::new(), too_far: Vec::new() };
    for start in 0..links.len() {
        if states.get(start) == Some(&State::New) {
            walk_from(start, links, &mut states, &mut found);
        }
    }
    found
}

/// A node on the way, how many of its links were followed, and the longest chain below it so far with its link.
struct Step {
    node: usize,
    followed: usize,
    longest: usize,
    by: usize,
}

fn walk_from(start: usize, links: &[Vec<Link>], states: &mut [State], found: &mut Found) {
    let step = |node| Step { node, followed: 0, longest: 0, by: 0 };
    let mut way = vec![step(start)];
    set(states, start, State::Open);
    while let Some(last) = way.last_mut() {
        let own = links.get(last.node).map_or(&[][..], Vec::as_slice);
        let Some(link) = own.get(last.followed) else {
            let length = last.longest + 1;
            let node = last.node;
            if length == CHAIN_LIMIT + 1
                && let Some(link) = own.get(last.by)
            {
                found.too_far.push((node, link.pointer.clone()));
            }
            set(states, node, State::Done(length));
            way.pop();
            if let Some(above) = way.last_mut() {
                above.finish(length);
            }
            continue;
        };
        match states.get(link.to) {
            Some(State::Done(length)) => last.finish(*length),
            Some(State::Open) => {
                let (to, pointer) = (link.to, link.pointer.clone());
                last.finish(0);
                if found.cycles.len() < PROBLEM_LIMIT {
                    let circle = way.iter().map(|step| step.node).skip_while(|node| *node != to);
                    found.cycles.push(Cycle { nodes: circle.take(CHAIN_LIMIT + 1).collect(), pointer });
                }
            }
            _ => {
                let to = link.to;
                set(states, to, State::Open);
                way.push(step(to));
            }
        }
    }
}

impl Step {
    /// The link that was being followed leads to a chain of `length` nodes.
    fn finish(&mut self, length: usize) {
        if length > self.longest {
            (self.longest, self.by) = (length, self.followed);
        }
        self.followed += 1;
    }
}

fn set(states: &mut [State], node: usize, state: State) {
    if let Some(entry) = states.get_mut(node) {
        *entry = state;
    }
}

/// `a -> b -> a`; of a long circle the beginning.
fn path(names: &[&str], nodes: &[usize]) -> String {
    let name = |node: &usize| names.get(*node).map_or_else(String::new, |name| format!("`{name}`"));
    let mut words: Vec<String> = nodes.iter().take(CHAIN_LIMIT).map(name).collect();
    if nodes.len() > CHAIN_LIMIT {
        words.push("…".to_owned());
    }
    words.extend(nodes.first().map(name));
    words.join(" -> ")
}
