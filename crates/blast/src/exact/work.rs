//! How much work a flag may be, and all of them together.

use super::Stop;
use super::report::Options;
use std::cell::Cell;

/// With each so many flags that were given up, the next are allowed a half, a third, a quarter of what the first were: what
/// hard flags cost grows by the logarithm of how many there are. Where none is given up, each is allowed all.
const GIVEN_UP: usize = 50;

/// What the flags of one comparison share.
#[derive(Debug)]
pub(crate) struct Work {
    nodes: usize,
    given_up: Cell<usize>,
}

impl Work {
    pub(crate) fn new(options: &Options) -> Self {
        Work { nodes: options.nodes, given_up: Cell::new(0) }
    }

    /// Nodes that the next flag may take.
    pub(crate) fn allowed(&self) -> usize {
        self.nodes / (1 + self.given_up.get() / GIVEN_UP)
    }

    /// What was found of a flag; counted where it was too much.
    pub(crate) fn counted<T>(&self, found: Result<T, Stop>) -> Result<T, Stop> {
        found.inspect_err(|Stop::TooMuch| self.given_up.set(self.given_up.get().saturating_add(1)))
    }
}
