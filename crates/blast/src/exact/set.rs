//! Sets of contexts: decision diagrams over the classes of each attribute.
//!
//! A variable is an attribute, its values are classes of values that no condition tells apart. A node asks for one variable
//! and has a branch for each class; equal nodes are one, so equal sets are equal numbers.

use super::Stop;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use std::hash::BuildHasher;

/// A set of contexts, by its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Set(u32);

impl Set {
    pub(crate) const EMPTY: Set = Set(0);
    pub(crate) const ALL: Set = Set(1);

    pub(crate) fn is_empty(self) -> bool {
        self == Set::EMPTY
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Node {
    variable: u32,
    branches: Box<[Set]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    And,
    Or,
    Minus,
}

/// The diagrams of one comparison.
#[derive(Debug)]
pub(crate) struct Sets {
    /// Classes of each variable.
    widths: Vec<usize>,
    nodes: Vec<Node>,
    /// By what the node is. Both are looked up only, never walked: what they hash by changes no answer.
    numbers: HashTable<Set>,
    hasher: DefaultHashBuilder,
    memo: HashMap<(Operation, Set, Set), Set>,
    /// Of all nodes.
    branches: usize,
    /// Branches that were walked.
    steps: usize,
    limit: usize,
}

/// For each node that is allowed: branches that may be kept, results that may be remembered, branches that may be walked.
const BRANCHES: usize = 32;
const REMEMBERED: usize = 16;
const STEPS: usize = 256;

impl Sets {
    /// `limit`: nodes, from which what else is bounded follows; memory and time are.
    pub(crate) fn new(widths: Vec<usize>, limit: usize) -> Self {
        let terminal = Node { variable: u32::MAX, branches: Box::default() };
        Sets {
            widths,
            nodes: vec![terminal.clone(), terminal],
            numbers: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            memo: HashMap::new(),
            branches: 0,
            steps: 0,
            limit,
        }
    }

    /// The contexts whose class of `variable` is one of those allowed.
    pub(crate) fn literal(&mut self, variable: usize, allowed: impl Fn(usize) -> bool) -> Result<Set, Stop> {
        let width = self.widths.get(variable).copied().unwrap_or(0);
        let branches = (0..width).map(|class| if allowed(class) { Set::ALL } else { Set::EMPTY });
        self.node(variable_number(variable), branches.collect())
    }

    pub(crate) fn and(&mut self, a: Set, b: Set) -> Result<Set, Stop> {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        self.apply(Operation::And, a, b)
    }

    pub(crate) fn or(&mut self, a: Set, b: Set) -> Result<Set, Stop> {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        self.apply(Operation::Or, a, b)
    }

    /// What is in `a` and not in `b`.
    pub(crate) fn minus(&mut self, a: Set, b: Set) -> Result<Set, Stop> {
        self.apply(Operation::Minus, a, b)
    }

    pub(crate) fn not(&mut self, a: Set) -> Result<Set, Stop> {
        self.minus(Set::ALL, a)
    }

    /// Whether all of `a` is in `b`.
    pub(crate) fn within(&mut self, a: Set, b: Set) -> Result<bool, Stop> {
        Ok(self.minus(a, b)?.is_empty())
    }

    /// The variable that a set asks first, and what is left of the set for each of its classes.
    pub(crate) fn branches(&self, set: Set) -> Option<(usize, &[Set])> {
        if set <= Set::ALL {
            return None;
        }
        let node = self.nodes.get(set.0 as usize)?;
        Some((node.variable as usize, &node.branches))
    }

    /// One way through a set that is not empty: variables and their classes; any class will do for the others.
    /// `prefer` ranks the classes of a variable, lowest first.
    pub(crate) fn path(&self, set: Set, prefer: impl Fn(usize, usize) -> u32) -> Vec<(usize, usize)> {
        let mut path = Vec::new();
        let mut at = set;
        while let Some((variable, branches)) = self.branches(at) {
            let open = branches.iter().enumerate().filter(|(_, branch)| !branch.is_empty());
            let Some((class, branch)) = open.min_by_key(|(class, _)| prefer(variable, *class)) else { break };
            path.push((variable, class));
            at = *branch;
        }
        path
    }

    fn apply(&mut self, operation: Operation, a: Set, b: Set) -> Result<Set, Stop> {
        if let Some(known) = at_once(operation, a, b) {
            return Ok(known);
        }
        self.steps = self.steps.saturating_add(1);
        if let Some(known) = self.memo.get(&(operation, a, b)) {
            return if self.steps / STEPS < self.limit { Ok(*known) } else { Err(Stop::TooMuch) };
        }
        let variable = self.variable(a).min(self.variable(b));
        let width = self.widths.get(variable as usize).copied().unwrap_or(0);
        self.steps = self.steps.saturating_add(width);
        if self.steps / STEPS >= self.limit || self.memo.len() / REMEMBERED >= self.limit {
            return Err(Stop::TooMuch);
        }
        let mut branches = Vec::with_capacity(width);
        for class in 0..width {
            let (left, right) = (self.branch(a, variable, class), self.branch(b, variable, class));
            branches.push(self.apply(operation, left, right)?);
        }
        let made = self.node(variable, branches.into())?;
        self.memo.insert((operation, a, b), made);
        Ok(made)
    }

    fn variable(&self, set: Set) -> u32 {
        self.nodes.get(set.0 as usize).map_or(u32::MAX, |node| node.variable)
    }

    fn branch(&self, set: Set, variable: u32, class: usize) -> Set {
        match self.nodes.get(set.0 as usize) {
            Some(node) if node.variable == variable => node.branches.get(class).copied().unwrap_or(Set::EMPTY),
            _ => set,
        }
    }

    fn node(&mut self, variable: u32, branches: Box<[Set]>) -> Result<Set, Stop> {
        // Where every branch leads to the same place, nothing is asked.
        if let Some(first) = branches.first()
            && branches.iter().all(|branch| branch == first)
        {
            return Ok(*first);
        }
        let node = Node { variable, branches };
        let hash = self.hasher.hash_one(&node);
        let is_it = |known: &Set| self.nodes.get(known.0 as usize) == Some(&node);
        if let Some(known) = self.numbers.find(hash, is_it) {
            return Ok(*known);
        }
        let number = u32::try_from(self.nodes.len()).map_err(|_| Stop::TooMuch)?;
        self.branches = self.branches.saturating_add(node.branches.len());
        if self.nodes.len() >= self.limit || self.branches / BRANCHES >= self.limit {
            return Err(Stop::TooMuch);
        }
        self.nodes.push(node);
        let (nodes, hasher) = (&self.nodes, &self.hasher);
        let again = |known: &Set| nodes.get(known.0 as usize).map_or(0, |node| hasher.hash_one(node));
        self.numbers.insert_unique(hash, Set(number), again);
        Ok(Set(number))
    }
}

/// The answer where it needs no walk.
fn at_once(operation: Operation, a: Set, b: Set) -> Option<Set> {
    match (operation, a, b) {
        (Operation::And, Set::EMPTY, _) | (Operation::And, _, Set::EMPTY) => Some(Set::EMPTY),
        (Operation::And, Set::ALL, other) | (Operation::And, other, Set::ALL) => Some(other),
        (Operation::Or, Set::ALL, _) | (Operation::Or, _, Set::ALL) => Some(Set::ALL),
        (Operation::Or, Set::EMPTY, other) | (Operation::Or, other, Set::EMPTY) => Some(other),
        (Operation::Minus, Set::EMPTY, _) | (Operation::Minus, _, Set::ALL) => Some(Set::EMPTY),
        (Operation::Minus, _, Set::EMPTY) => Some(a),
        (Operation::Minus, _, _) if a == b => Some(Set::EMPTY),
        (Operation::And | Operation::Or, _, _) if a == b => Some(a),
        _ => None,
    }
}

fn variable_number(variable: usize) -> u32 {
    u32::try_from(variable).unwrap_or(u32::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WIDTHS: [usize; 3] = [2, 3, 4];

    /// A set as the list of its members among all 24 contexts.
    fn members(sets: &Sets, set: Set) -> Vec<bool> {
        let mut all = Vec::new();
        for a in 0..2 {
            for b in 0..3 {
                for c in 0..4 {
                    let mut at = set;
                    while let Some((variable, branches)) = sets.branches(at) {
                        at = branches[[a, b, c][variable]];
                    }
                    all.push(at == Set::ALL);
                }
            }
        }
        all
    }

    fn any_set(sets: &mut Sets, literals: &[(usize, u8)]) -> Set {
        let mut set = Set::EMPTY;
        for (number, (variable, bits)) in literals.iter().enumerate() {
            let literal = sets.literal(*variable, |class| bits & (1 << class) != 0).unwrap();
            set = match number % 3 {
                0 => sets.or(set, literal).unwrap(),
                1 => sets.and(set, literal).unwrap(),
                _ => sets.minus(literal, set).unwrap(),
            };
        }
        set
    }

    proptest! {
        #[test]
        fn operations_agree_with_lists_of_members(
            a in proptest::collection::vec((0..3_usize, any::<u8>()), 1..6),
            b in proptest::collection::vec((0..3_usize, any::<u8>()), 1..6),
        ) {
            let mut sets = Sets::new(WIDTHS.to_vec(), 10_000);
            let (a, b) = (any_set(&mut sets, &a), any_set(&mut sets, &b));
            let (and, or, minus) = (sets.and(a, b).unwrap(), sets.or(a, b).unwrap(), sets.minus(a, b).unwrap());
            let (in_a, in_b) = (members(&sets, a), members(&sets, b));
            let both = |f: fn(bool, bool) -> bool| in_a.iter().zip(&in_b).map(|(a, b)| f(*a, *b)).collect::<Vec<_>>();
            prop_assert_eq!(members(&sets, and), both(|a, b| a && b));
            prop_assert_eq!(members(&sets, or), both(|a, b| a || b));
            prop_assert_eq!(members(&sets, minus), both(|a, b| a && !b));
            prop_assert_eq!(a == b, in_a == in_b, "equal sets are one");
            let path = sets.path(a, |_, class| u32::try_from(class).unwrap());
            prop_assert_eq!(path.is_empty(), a == Set::EMPTY || a == Set::ALL);
            let mut one = Set::ALL;
            for (variable, class) in path {
                let literal = sets.literal(variable, |other| other == class).unwrap();
                one = sets.and(one, literal).unwrap();
            }
            prop_assert!(a == Set::EMPTY || sets.within(one, a).unwrap(), "a way through is within");
        }
    }

    #[test]
    fn work_has_a_limit() {
        let mut sets = Sets::new(vec![2; 12], 8);
        let mut set = Set::EMPTY;
        let stopped = (0..12).try_for_each(|variable| {
            let literal = sets.literal(variable, |class| class == 0)?;
            let other = sets.literal((variable + 1) % 12, |class| class == 1)?;
            let both = sets.and(literal, other)?;
            set = sets.or(set, both)?;
            Ok(())
        });
        assert_eq!(stopped, Err(Stop::TooMuch));
    }

    /// Few nodes that are wide cost as much as many that are narrow.
    #[test]
    fn width_is_work_too() {
        let mut sets = Sets::new(vec![BRANCHES * 4; 3], 12);
        let stopped = (0..BRANCHES * 4).try_for_each(|wanted| sets.literal(0, |class| class == wanted).map(drop));
        assert_eq!(stopped, Err(Stop::TooMuch));
        assert!(sets.nodes.len() < 6, "{}", sets.nodes.len());
    }
}
