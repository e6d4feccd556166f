//! What is left of a decision once every condition is settled: a function of buckets.
//!
//! A bucket variable is a salt with a bucketing unit; flags that share both share the variable. A tree asks its variables in
//! their order, each by runs of buckets, so that equal functions are equal trees.

/// Buckets of a unit.
pub(crate) const BUCKETS: u32 = 100_000;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tree<L> {
    Leaf(L),
    Runs {
        variable: usize,
        /// The bucket after the last of each run, and what holds in it. Neighbours differ, and the last ends at [`BUCKETS`].
        runs: Vec<(u32, Tree<L>)>,
    },
}

impl<L: Clone + PartialEq> Tree<L> {
    /// Runs as they come: empty ones are dropped, equal neighbours made one.
    pub(crate) fn runs(variable: usize, parts: Vec<(u32, Tree<L>)>) -> Tree<L> {
        let mut runs: Vec<(u32, Tree<L>)> = Vec::with_capacity(parts.len());
        let mut from = 0;
        for (end, tree) in parts {
            if end <= from {
                continue;
            }
            from = end;
            match runs.last_mut() {
                Some((last, same)) if *same == tree => *last = end,
                _ => runs.push((end, tree)),
            }
        }
        match runs.as_slice() {
            [(_, only)] => only.clone(),
            _ => Tree::Runs { variable, runs },
        }
    }

    pub(crate) fn map<M: Clone + PartialEq>(&self, leaf: &impl Fn(&L) -> M) -> Tree<M> {
        match self {
            Tree::Leaf(value) => Tree::Leaf(leaf(value)),
            Tree::Runs { variable, runs } => {
                Tree::runs(*variable, runs.iter().map(|(end, tree)| (*end, tree.map(leaf))).collect())
            }
        }
    }

    /// Both at once; `None` where there is not fuel enough.
    pub(crate) fn with<M: Clone + PartialEq, N: Clone + PartialEq>(
        &self,
        other: &Tree<M>,
        fuel: &mut Fuel,
        both: &impl Fn(&L, &M) -> N,
    ) -> Option<Tree<N>> {
        match (self, other) {
            (Tree::Leaf(a), Tree::Leaf(b)) => {
                fuel.0 = fuel.0.checked_sub(1)?;
                Some(Tree::Leaf(both(a, b)))
            }
            (Tree::Runs { variable, runs }, Tree::Runs { variable: theirs, runs: other_runs })
                if variable == theirs =>
            {
                Some(Tree::runs(*variable, overlay(runs, other_runs, fuel, both)?))
            }
            (Tree::Runs { variable, runs }, _) if other.asks_after(*variable) => {
                let each = runs.iter().map(|(end, tree)| Some((*end, tree.with(other, fuel, both)?)));
                Some(Tree::runs(*variable, each.collect::<Option<_>>()?))
            }
            (_, Tree::Runs { variable, runs }) => {
                let each = runs.iter().map(|(end, tree)| Some((*end, self.with(tree, fuel, both)?)));
                Some(Tree::runs(*variable, each.collect::<Option<_>>()?))
            }
            // Two trees, one of which is a leaf, were met above.
            (Tree::Runs { variable, runs }, Tree::Leaf(_)) => {
                let each = runs.iter().map(|(end, tree)| Some((*end, tree.with(other, fuel, both)?)));
                Some(Tree::runs(*variable, each.collect::<Option<_>>()?))
            }
        }
    }

    /// Whether all that it asks comes after `variable`.
    fn asks_after(&self, variable: usize) -> bool {
        match self {
            Tree::Leaf(_) => true,
            Tree::Runs { variable: own, .. } => *own > variable,
        }
    }

    /// Every leaf, with the run of each variable that leads there.
    pub(crate) fn leaves(&self) -> Vec<(Vec<Run>, &L)> {
        let mut leaves = Vec::new();
        self.collect(&mut Vec::new(), &mut leaves);
        leaves
    }

    fn collect<'a>(&'a self, above: &mut Vec<Run>, into: &mut Vec<(Vec<Run>, &'a L)>) {
        match self {
            Tree::Leaf(value) => into.push((above.clone(), value)),
            Tree::Runs { variable, runs } => {
                let mut from = 0;
                for (to, tree) in runs {
                    above.push(Run { variable: *variable, from, to: *to });
                    tree.collect(above, into);
                    above.pop();
                    from = *to;
                }
            }
        }
    }
}

/// How many leaves may still be made: splits that do not share their buckets multiply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fuel(pub(crate) usize);

/// Buckets `from` to below `to` of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run {
    pub(crate) variable: usize,
    pub(crate) from: u32,
    pub(crate) to: u32,
}

fn overlay<L: Clone + PartialEq, M: Clone + PartialEq, N: Clone + PartialEq>(
    a: &[(u32, Tree<L>)],
    b: &[(u32, Tree<M>)],
    fuel: &mut Fuel,
    both: &impl Fn(&L, &M) -> N,
) -> Option<Vec<(u32, Tree<N>)>> {
    let mut parts = Vec::with_capacity(a.len() + b.len());
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    while let (Some((left_end, left_tree)), Some((right_end, right_tree))) = (left.peek(), right.peek()) {
        let end = *left_end.min(right_end);
        parts.push((end, left_tree.with(right_tree, fuel, both)?));
        if *left_end == end {
            left.next();
        }
        if *right_end == end {
            right.next();
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(tree: &Tree<u8>, buckets: &[u32]) -> u8 {
        match tree {
            Tree::Leaf(value) => *value,
            Tree::Runs { variable, runs } => {
                at(&runs.iter().find(|(end, _)| buckets[*variable] < *end).unwrap().1, buckets)
            }
        }
    }

    fn tree() -> impl Strategy<Value = Tree<u8>> {
        let runs = |variable| {
            proptest::collection::vec((0..BUCKETS, 0..4_u8), 0..5).prop_map(move |mut ends| {
                ends.sort_unstable();
                let mut parts: Vec<_> = ends.into_iter().map(|(end, value)| (end, Tree::Leaf(value))).collect();
                parts.push((BUCKETS, Tree::Leaf(9)));
                Tree::runs(variable, parts)
            })
        };
        (runs(0), runs(1), runs(2)).prop_map(|(a, b, c)| {
            let fuel = &mut Fuel(100_000);
            let ab = a.with(&b, fuel, &|a, b| a.wrapping_mul(3).wrapping_add(*b)).unwrap();
            ab.with(&c, fuel, &|ab, c| ab ^ c).unwrap()
        })
    }

    proptest! {
        #[test]
        fn both_at_once_is_both_at_every_bucket(a in tree(), b in tree(), buckets in proptest::array::uniform3(0..BUCKETS)) {
            let both = a.with(&b, &mut Fuel(1_000_000), &|a, b| a.wrapping_add(b.wrapping_mul(7))).unwrap();
            prop_assert_eq!(at(&both, &buckets), at(&a, &buckets).wrapping_add(at(&b, &buckets).wrapping_mul(7)));
            let holds = |run: &Run| run.from <= buckets[run.variable] && buckets[run.variable] < run.to;
            let leaves = both.leaves();
            let here: Vec<_> = leaves.iter().filter(|(runs, _)| runs.iter().all(holds)).collect();
            prop_assert_eq!(here.len(), 1, "leaves are disjoint and whole");
            prop_assert_eq!(*here[0].1, at(&both, &buckets));
        }
    }

    #[test]
    fn what_multiplies_ends_at_its_fuel() {
        let halves = |variable| Tree::runs(variable, vec![(BUCKETS / 2, Tree::Leaf(1_u32)), (BUCKETS, Tree::Leaf(2))]);
        let mut fuel = Fuel(1000);
        let mut tree = Tree::Leaf(1);
        // Different leaves each time, so that nothing is joined.
        let ends = (0..40).find(|variable| match tree.with(&halves(*variable), &mut fuel, &|a, b| a * 3 + b) {
            Some(next) => {
                tree = next;
                false
            }
            None => true,
        });
        assert_eq!(ends, Some(8));
    }
}
