//! Documents that hold together: everything that a document names exists in it, and nothing in it contradicts the rest.

mod breakers;
mod broken;
mod chains;
mod conditions;
mod dates;
mod flags;
mod guards;
mod kills;
mod known;
mod patterns;
mod phases;

pub(crate) use broken::Broken;

use crate::diagnostic::Diagnostic;
use crate::document::{FlagSet, Kill, RegionTree, SCHEMA};
use crate::ids::RegionKey;
use crate::read::{At, PROBLEM_LIMIT};
use known::Known;
use patterns::Patterns;
use std::collections::BTreeMap;

/// Most flags in one flag set.
pub const FLAG_LIMIT: usize = 10_000;
/// Most flags in a chain of prerequisites, and most segments in a chain of segments, the first and the last included.
pub const CHAIN_LIMIT: usize = 32;

/// A flag set in which every name resolves: what can be compiled. Made by [`validate`] and [`crate::check::check`] only.
#[derive(Debug, Clone, PartialEq)]
pub struct Valid {
    // INVARIANT: `problems` found no error in it.
    document: FlagSet,
}

impl Valid {
    /// For [`crate::check::check`], which has looked at [`problems`] itself.
    pub(crate) fn without_errors(document: FlagSet) -> Self {
        Valid { document }
    }

    /// The same flag set with other kills, at another revision. Only the kills are looked at: the rest was found to be valid.
    ///
    /// # Errors
    /// Everything that is wrong with the kills.
    pub fn with_kills(&self, revision: u64, kills: Vec<Kill>) -> Result<(Valid, Vec<Diagnostic>), Vec<Diagnostic>> {
        let document = FlagSet { revision, kills, ..self.document.clone() };
        let broken = Broken::default();
        let mut checker = Checker::new(&document, None, &broken);
        kills::check_kills(&mut checker);
        let diagnostics = checker.diagnostics;
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(diagnostics);
        }
        Ok((Valid { document }, diagnostics))
    }

    pub fn document(&self) -> &FlagSet {
        &self.document
    }

    pub fn into_document(self) -> FlagSet {
        self.document
    }
}

/// Checks a whole flag set. `today` (`YYYY-MM-DD`) is for warnings about passed dates; without it there are none.
///
/// # Errors
/// Everything that is wrong, warnings included. A valid document comes with its warnings.
pub fn validate(document: FlagSet, today: Option<&str>) -> Result<(Valid, Vec<Diagnostic>), Vec<Diagnostic>> {
    let diagnostics = problems(&document, today, &Broken::default());
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    Ok((Valid { document }, diagnostics))
}

/// Everything that is wrong with `document`, but for what lies in its `broken` places.
pub(crate) fn problems(document: &FlagSet, today: Option<&str>, broken: &Broken) -> Vec<Diagnostic> {
    let root = At::ROOT;
    let mut checker = Checker::new(document, today, broken);
    if document.flags.len() > FLAG_LIMIT {
        let message = format!("the flag set has {} flags, more than {FLAG_LIMIT}", document.flags.len());
        checker.error("too-many-flags", root.key("flags"), message, "retire flags that are not needed any more");
        // Whatever else is wrong, this comes first.
        return checker.diagnostics;
    }
    header(&mut checker, root);
    regions(&mut checker, &document.regions, root.key("regions"), &mut BTreeMap::new());
    for (key, segment) in &document.segments {
        let at = root.key("segments");
        conditions::check_all(&mut checker, &segment.when, at.key(key.as_str()).key("when"));
    }
    chains::check_segments(&mut checker);
    for (index, flag) in document.flags.iter().enumerate() {
        flags::check_flag(&mut checker, flag, index);
    }
    flags::check_keys(&mut checker);
    chains::check_prerequisites(&mut checker);
    kills::check_kills(&mut checker);
    checker.diagnostics
}

/// What all checks share.
struct Checker<'a> {
    document: &'a FlagSet,
    known: Known<'a>,
    today: Option<&'a str>,
    broken: &'a Broken,
    patterns: Patterns,
    diagnostics: Vec<Diagnostic>,
    has_errors: bool,
}

impl<'a> Checker<'a> {
    fn new(document: &'a FlagSet, today: Option<&'a str>, broken: &'a Broken) -> Self {
        Checker {
            known: Known::of(document),
            document,
            today,
            broken,
            patterns: Patterns::default(),
            diagnostics: Vec::new(),
            has_errors: false,
        }
    }
}

impl Checker<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        // As in the reader: no more messages than anyone could read.
        let enough = self.diagnostics.len() >= 20 * PROBLEM_LIMIT && self.has_errors;
        if !enough && !self.broken.covers(&diagnostic.place.pointer) {
            self.has_errors |= diagnostic.is_error();
            self.diagnostics.push(diagnostic);
        }
    }

    fn error(&mut self, code: &str, at: At<'_>, message: impl Into<String>, help: impl Into<String>) {
        self.report(Diagnostic::error(code, at.pointer(), message).help(help));
    }

    /// For names that do not exist: the help is what may be meant, if anything is near.
    fn unknown(&mut self, code: &str, at: At<'_>, message: String, help: Option<String>) {
        let mut diagnostic = Diagnostic::error(code, at.pointer(), message);
        diagnostic.help = help;
        self.report(diagnostic);
    }

    fn not_empty(&mut self, is_empty: bool, at: At<'_>, what: &str, help: &str) {
        // A list of which nothing could be read is not empty.
        if is_empty && !self.broken.touches(&at.pointer()) {
            self.error("empty-list", at, format!("{what} is empty"), help);
        }
    }
}

fn header(checker: &mut Checker<'_>, root: At<'_>) {
    let document = checker.document;
    if document.schema != SCHEMA {
        let help = format!("this version knows schema {SCHEMA}");
        checker.error("unsupported-schema", root.key("schema"), "the schema is not one that is known here", help);
    }
    for (key, time) in [("issued_at", &document.issued_at), ("valid_until", &document.valid_until)] {
        if let Some(time) = time {
            dates::check_time(checker, time, root.key(key));
        }
    }
    for (key, date) in &document.retired {
        let at = root.key("retired");
        dates::check_date(checker, date, at.key(key.as_str()));
    }
}

fn regions<'a>(
    checker: &mut Checker<'_>,
    tree: &'a RegionTree,
    at: At<'_>,
    seen: &mut BTreeMap<&'a RegionKey, String>,
) {
    for (name, below) in &tree.0 {
        let at = at.key(name.as_str());
        match seen.get(name) {
            None => {
                seen.insert(name, at.pointer());
            }
            Some(first) => {
                let first = first.clone();
                let message = format!("region `{name}` stands in the tree already, at `{first}`");
                let diagnostic = Diagnostic::error("duplicate-region", at.pointer(), message)
                    .help("give one of the two another name: a region's name stands once in the whole tree");
                checker.report(diagnostic.related_to(first));
            }
        }
        regions(checker, below, at, seen);
    }
}
