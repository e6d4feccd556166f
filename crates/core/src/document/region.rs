use crate::ids::RegionKey;
use serde::Serialize;
use std::collections::BTreeMap;

/// Regions within regions. A name stands once in the whole tree.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct RegionTree(pub BTreeMap<RegionKey, RegionTree>);

impl RegionTree {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The subtree below `name`, wherever it stands.
    pub fn find(&self, name: &str) -> Option<&RegionTree> {
        self.0.get(name).or_else(|| self.0.values().find_map(|below| below.find(name)))
    }

    /// Every name, each before those within it.
    pub fn names(&self) -> Vec<&RegionKey> {
        let mut names = Vec::new();
        self.collect_names(&mut names);
        names
    }

    fn collect_names<'a>(&'a self, into: &mut Vec<&'a RegionKey>) {
        for (name, below) in &self.0 {
            into.push(name);
            below.collect_names(into);
        }
    }
}
