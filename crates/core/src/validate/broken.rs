use crate::diagnostic::Diagnostic;
use std::collections::BTreeSet;
use std::ops::Bound;

/// The places that could not be read, where a document holds stand-ins: what is found there means nothing.
#[derive(Debug, Default)]
pub(crate) struct Broken {
    pointers: BTreeSet<String>,
}

impl Broken {
    pub(crate) fn of(diagnostics: &[Diagnostic]) -> Self {
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        Broken { pointers: errors.map(|diagnostic| diagnostic.place.pointer.clone()).collect() }
    }

    /// Whether `pointer` is a stand-in or lies within one.
    pub(crate) fn covers(&self, pointer: &str) -> bool {
        if self.pointers.is_empty() {
            return false;
        }
        let mut pointer = pointer;
        loop {
            if self.pointers.contains(pointer) {
                return true;
            }
            match pointer.rsplit_once('/') {
                Some((above, _)) => pointer = above,
                None => return false,
            }
        }
    }

    /// Whether something at, above or below `pointer` is a stand-in.
    pub(crate) fn touches(&self, pointer: &str) -> bool {
        if self.pointers.is_empty() {
            return false;
        }
        let below = format!("{pointer}/");
        let mut within = self.pointers.range::<str, _>((Bound::Included(below.as_str()), Bound::Unbounded));
        self.covers(pointer) || within.next().is_some_and(|first| first.starts_with(&below))
    }
}
