//! What becomes of each part of a row, by the mapping. Every key that rows have is looked up in the mapping once.

use super::builder::Builder;
use super::error::PopulationError;
use super::mapping::{ColumnType, Mapping, WeightColumn};
use hashbrown::HashMap;
use std::collections::BTreeSet;

/// The parts of rows that were met so far, as a tree; the first is the row itself.
#[derive(Debug)]
pub(super) struct Plan<'m> {
    mapping: &'m Mapping,
    nodes: Vec<Node>,
    /// Columns named by the mapping that were met.
    met: BTreeSet<&'m str>,
    limit: usize,
}

pub(super) const ROOT: usize = 0;

#[derive(Debug)]
pub(super) struct Node {
    /// Its name in the file: the path with dots.
    pub(super) source: String,
    pub(super) place: Place,
    pub(super) declared: Option<ColumnType>,
    children: HashMap<Box<str>, usize>,
    /// The row in which it was last met, from 1.
    last_row: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A value here is one of this attribute; the number of its column once there was one.
    Attribute {
        path: Vec<String>,
        column: Option<usize>,
    },
    Weight,
    /// Left out. `looked_into` where something within is named.
    Dropped {
        looked_into: bool,
    },
}

impl<'m> Plan<'m> {
    pub(super) fn new(mapping: &'m Mapping, columns: usize) -> Result<Self, PopulationError> {
        if let Some(column) = mapping.named_twice() {
            return Err(PopulationError::NamedTwice(column.to_owned()));
        }
        let root = Node {
            source: String::new(),
            place: Place::Attribute { path: Vec::new(), column: None },
            declared: None,
            children: HashMap::new(),
            last_row: 0,
        };
        // Each column has a node, and so has what it lies in.
        Ok(Plan { mapping, nodes: vec![root], met: BTreeSet::new(), limit: columns.saturating_mul(2) })
    }

    pub(super) fn node(&self, number: usize) -> Option<&Node> {
        self.nodes.get(number)
    }

    /// The part with this key within another.
    pub(super) fn child(&mut self, parent: usize, key: &str) -> Result<usize, PopulationError> {
        match self.nodes.get(parent).and_then(|parent| parent.children.get(key)) {
            Some(number) => Ok(*number),
            None => self.add(parent, key, &[key]),
        }
    }

    /// A column of a file without nesting: where the mapping does not say, it is given as the attribute with this path.
    #[cfg(feature = "files")]
    pub(super) fn header(&mut self, name: &str, path: &[&str]) -> Result<usize, PopulationError> {
        self.add(ROOT, name, path)
    }

    fn add(&mut self, parent_number: usize, key: &str, below: &[&str]) -> Result<usize, PopulationError> {
        let Some(parent) = self.nodes.get(parent_number) else { return Ok(ROOT) };
        let source = if parent_number == ROOT { key.to_owned() } else { format!("{}.{key}", parent.source) };
        if self.nodes.len() > self.limit {
            let column = source.chars().take(100).collect();
            return Err(PopulationError::TooManyColumns { limit: self.limit / 2, column });
        }
        let mapping = self.mapping;
        if let Some((named, _)) = mapping.named().find(|(named, _)| *named == source) {
            self.met.insert(named);
        }
        let attribute = mapping.attribute(&source);
        let is_dropped = matches!(parent.place, Place::Dropped { .. } | Place::Weight);
        let place = if let Some(attribute) = attribute {
            Place::Attribute { path: vec![attribute.to_owned()], column: None }
        } else if mapping.weight.name() == Some(&source) {
            Place::Weight
        } else if is_dropped || mapping.drop.contains(&source) {
            let is_within = |(named, becomes): (&str, bool)| {
                becomes && named.strip_prefix(&source).is_some_and(|rest| rest.starts_with('.'))
            };
            Place::Dropped { looked_into: mapping.named().any(is_within) }
        } else {
            let mut path = match &parent.place {
                Place::Attribute { path, .. } => path.clone(),
                Place::Weight | Place::Dropped { .. } => Vec::new(),
            };
            path.extend(below.iter().map(|key| (*key).to_owned()));
            Place::Attribute { path, column: None }
        };
        let declared = mapping.types.get(&source).copied();
        let number = self.nodes.len();
        self.nodes.push(Node { source, place, declared, children: HashMap::new(), last_row: 0 });
        if let Some(parent) = self.nodes.get_mut(parent_number) {
            parent.children.insert(key.into(), number);
        }
        Ok(number)
    }

    /// Whether the part was not met in this row before; from now on it was.
    pub(super) fn first_in(&mut self, number: usize, row: u64) -> bool {
        self.nodes.get_mut(number).is_some_and(|node| std::mem::replace(&mut node.last_row, row) != row)
    }

    /// The column of the attribute at a node; `None` where it is no attribute.
    pub(super) fn column(&mut self, number: usize, builder: &mut Builder) -> Result<Option<usize>, PopulationError> {
        let Some(Node { place: Place::Attribute { path, column }, .. }) = self.nodes.get_mut(number) else {
            return Ok(None);
        };
        let known = match column {
            Some(known) => *known,
            None => *column.insert(builder.column(path)?),
        };
        Ok(Some(known))
    }

    /// Two parts that give the same attribute: their names and the attribute's.
    #[cfg(feature = "files")]
    pub(super) fn same_attribute(&self) -> Option<(String, String, String)> {
        let mut seen: HashMap<&[String], &str> = HashMap::new();
        self.nodes.iter().skip(1).find_map(|node| {
            let Place::Attribute { path, .. } = &node.place else { return None };
            let first = seen.insert(path, &node.source)?;
            Some((first.to_owned(), node.source.clone(), path.join(".")))
        })
    }

    /// Complains of what the mapping names and no row has.
    pub(super) fn finish(&self) -> Result<(), PopulationError> {
        let Some((missing, _)) = self.mapping.named().find(|(named, _)| !self.met.contains(named)) else {
            return Ok(());
        };
        // Without any row nothing can be missing.
        let known: Vec<String> = self.nodes.iter().skip(1).map(|node| node.source.clone()).take(KNOWN).collect();
        Err(PopulationError::MissingColumn { column: missing.to_owned(), known })
    }

    pub(super) fn weight_is_named(&self) -> bool {
        matches!(self.mapping.weight, WeightColumn::Named(_))
    }
}

/// So many columns are named where one is missing.
const KNOWN: usize = 12;
