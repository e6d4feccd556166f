//! Sums up the tree of regions.

use super::fixed::Scale;
use super::result::{Directly, Within};
use crate::population::{Dictionary, Entry};
use downhaul_core::document::RegionTree;
use std::collections::BTreeMap;

/// The tree, flat: each region before those within it.
#[derive(Debug)]
pub(super) struct Regions {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    name: String,
    parent: Option<usize>,
    /// Whether regions lie within it.
    is_around: bool,
    /// The code of those who name this very region; 0, which is absent, where nobody does.
    code: u32,
}

impl Regions {
    /// `dictionary` holds what rows have for `region`.
    pub(super) fn of_column(tree: &RegionTree, dictionary: &Dictionary) -> Self {
        let texts = (1u32..).take(dictionary.len()).filter_map(|code| match dictionary.entry(code) {
            Some(Entry::Text(text)) => Some((code, text)),
            Some(Entry::Json(_)) | None => None,
        });
        Regions::new(tree, texts)
    }

    /// `codes` are those of texts that rows have for `region`, none of them 0.
    pub(super) fn new<'t>(tree: &RegionTree, codes: impl Iterator<Item = (u32, &'t str)>) -> Self {
        let mut nodes = Vec::new();
        // Trees are as deep as documents may be.
        add(tree, None, &mut nodes);
        let by_name: BTreeMap<String, usize> =
            nodes.iter().enumerate().map(|(at, node)| (node.name.clone(), at)).collect();
        for (code, text) in codes {
            if let Some(node) = by_name.get(text).and_then(|at| nodes.get_mut(*at)) {
                node.code = code;
            }
        }
        Regions { nodes }
    }

    /// Regions in and within which weight moves, in the order of the tree, but for those that have none within them: of
    /// these all is said by their own rows. Of more than `limit` those that move most. `of_code` gives moved and whole weight by code.
    pub(super) fn within(&self, of_code: impl Fn(u32) -> (u64, u64), limit: usize, scale: Scale) -> Vec<Within> {
        let direct = |node: &Node| if node.code == 0 { (0, 0) } else { of_code(node.code) };
        let directly: Vec<(u64, u64)> = self.nodes.iter().map(direct).collect();
        let mut sums = directly.clone();
        // Whatever lies within comes later.
        for (at, node) in self.nodes.iter().enumerate().rev() {
            let below = sums.get(at).copied().unwrap_or_default();
            if let Some((moved, of)) = node.parent.and_then(|parent| sums.get_mut(parent)) {
                *moved += below.0;
                *of += below.1;
            }
        }
        let mut touched: Vec<(usize, (u64, u64))> =
            sums.into_iter().enumerate().filter(|(_, (moved, _))| *moved > 0).collect();
        touched.retain(|(at, _)| self.nodes.get(*at).is_some_and(|node| node.is_around));
        if touched.len() > limit {
            // No region moves more than the one around it, which comes first.
            touched.sort_by_key(|(at, (moved, _))| (std::cmp::Reverse(*moved), *at));
            touched.truncate(limit);
            touched.sort_unstable();
        }
        let within = |(at, (moved, of)): (usize, (u64, u64))| {
            let node = self.nodes.get(at)?;
            let (moved_directly, of_directly) = directly.get(at).copied().unwrap_or_default();
            Some(Within {
                region: node.name.clone(),
                parent: node.parent.and_then(|parent| self.nodes.get(parent)).map(|parent| parent.name.clone()),
                moved: scale.weight(moved),
                of: scale.weight(of),
                directly: Directly { moved: scale.weight(moved_directly), of: scale.weight(of_directly) },
            })
        };
        touched.into_iter().filter_map(within).collect()
    }
}

fn add(tree: &RegionTree, parent: Option<usize>, nodes: &mut Vec<Node>) {
    for (name, below) in &tree.0 {
        let at = nodes.len();
        nodes.push(Node { name: name.to_string(), parent, is_around: !below.is_empty(), code: 0 });
        add(below, Some(at), nodes);
    }
}
