//! Text to documents: JSON or YAML becomes a tree that knows its places, and one reader turns a tree into the types of
//! [`crate::document`], whatever the tree was made from.
//!
//! Reading finds what has the wrong shape; what a document names is looked up by [`crate::validate`].
//! To read and validate whole files, start from [`crate::check::check`].

mod breaker;
mod condition;
mod deserialize;
mod fields;
mod flag;
mod flag_set;
mod guard;
mod json;
mod kill;
mod merge;
mod other;
mod place;
mod rule;
mod tree;
mod written;
mod yaml;

pub(crate) use fields::{At, Reader, escaped, shortened};
pub(crate) use flag::{is_reviewed, read_flag};
pub(crate) use merge::{Merged, merge};
pub use other::other;
pub(crate) use place::{Files, locate};
pub(crate) use rule::BUCKETS;
pub use written::written_flag;

/// What the reader knows, for the schema to be built from.
pub(crate) mod tables {
    pub(crate) use super::breaker::{FLEET_MODES, MODES, PROBES, RANGES};
    pub(crate) use super::condition::{OPERATORS, Operands};
    pub(crate) use super::flag::{CLIENTS, KINDS, ON_STALE, PHASES, REVERSIBILITIES, is_reviewed};
    pub(crate) use super::flag_set::REVISION_LIMIT;
    pub(crate) use super::guard::{ACTIONS, BOUNDS, QUANTILES, RANGES as GUARD_RANGES, ROLES, SELECTOR};
    pub(crate) use super::rule::{BUCKETS, DEFAULT_UNIT};
}

/// The fields of every object, for the test that the schema has the same.
#[cfg(test)]
pub(crate) mod fields_by_object {
    pub(crate) use super::breaker::FIELDS as BREAKER;
    pub(crate) use super::flag::{DEGRADED_FIELDS, FIELDS as FLAG, PREREQUISITE_FIELDS};
    pub(crate) use super::flag_set::{FIELDS as FLAG_SET, SEGMENT_FIELDS};
    pub(crate) use super::guard::{FIELDS as GUARD, PROMETHEUS_FIELDS as PROMETHEUS};
    pub(crate) use super::kill::{FIELDS as KILL, SCOPE_FIELDS};
    pub(crate) use super::rule::{FIELDS as RULE, SPLIT_FIELDS};
}

use crate::diagnostic::Diagnostic;
use crate::document::{Flag, FlagSet, Kill, RegionTree, Scope, Segment};
use crate::ids::TenantId;
use std::collections::BTreeMap;
use tree::Node;

/// Longest text that is read, in bytes.
pub const SIZE_LIMIT: usize = 32 * 1024 * 1024;
/// Deepest nesting of lists and objects that is read; a flag set itself is level 1.
pub const DEPTH_LIMIT: usize = 32;
/// Problems that are reported of one input; more are only counted.
pub const PROBLEM_LIMIT: usize = 1000;

/// The attributes of declared tenants.
pub type Tenants = BTreeMap<TenantId, serde_json::Map<String, serde_json::Value>>;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    /// YAML 1.2, core schema.
    Yaml,
}

impl Format {
    /// YAML for names that end in `.yaml` or `.yml`, JSON for all others.
    pub fn of_name(name: &str) -> Format {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml") {
            Format::Yaml
        } else {
            Format::Json
        }
    }
}

/// The flag set of a merged tree.
pub(crate) fn read_flag_set(reader: &mut Reader<'_>, root: &Node<'_>, header: flag_set::Header) -> FlagSet {
    flag_set::read_flag_set(reader, root, At::ROOT, header)
}

/// What was read, with the warnings, or everything that is wrong with it.
pub type Outcome<T> = Result<(T, Vec<Diagnostic>), Vec<Diagnostic>>;

/// A whole flag set.
pub fn flag_set(text: &str, format: Format) -> Outcome<FlagSet> {
    read(text, format, 0, |reader, node| read_flag_set(reader, node, flag_set::Header::Required))
}

/// One flag.
pub fn flag(text: &str, format: Format) -> Outcome<Flag> {
    read(text, format, 2, |reader, node| flag::read_flag(reader, node, At::ROOT))
}

/// One segment.
pub fn segment(text: &str, format: Format) -> Outcome<Segment> {
    read(text, format, 2, |reader, node| flag_set::read_segment(reader, node, At::ROOT))
}

/// One kill.
pub fn kill(text: &str, format: Format) -> Outcome<Kill> {
    read(text, format, 2, |reader, node| kill::read_kill(reader, node, At::ROOT))
}

/// The scope of a kill.
pub fn scope(text: &str, format: Format) -> Outcome<Scope> {
    read(text, format, 3, |reader, node| kill::read_scope(reader, node, At::ROOT))
}

/// A region tree.
pub fn regions(text: &str, format: Format) -> Outcome<RegionTree> {
    read(text, format, 1, |reader, node| flag_set::read_regions(reader, node, At::ROOT))
}

/// Declared tenants and their attributes.
pub fn tenants(text: &str, format: Format) -> Outcome<Tenants> {
    read(text, format, 1, |reader, node| flag_set::read_tenants(reader, node, At::ROOT))
}

/// `above` is how many levels lie above such a part in a flag set, so that what is taken in alone fits into the whole.
fn read<T>(text: &str, format: Format, above: usize, read: impl FnOnce(&mut Reader<'_>, &Node<'_>) -> T) -> Outcome<T> {
    let files = Files::unnamed(text);
    let node = parse(text, format, 0, DEPTH_LIMIT - above).map_err(|mut diagnostic| {
        files.fill_positions(std::slice::from_mut(&mut diagnostic));
        vec![diagnostic]
    })?;
    let mut reader = Reader::new(&files);
    let value = read(&mut reader, &node);
    let mut diagnostics = reader.into_diagnostics();
    files.fill_positions(&mut diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) { Err(diagnostics) } else { Ok((value, diagnostics)) }
}

/// The tree of one text. `file` is its number among the sources.
pub(crate) fn parse(text: &str, format: Format, file: u32, depth: usize) -> Result<Node<'_>, Diagnostic> {
    if text.len() > SIZE_LIMIT {
        return Err(too_large(text.len()));
    }
    match format {
        Format::Json => json::parse(text, file, depth),
        Format::Yaml => yaml::parse(text, file, depth),
    }
}

pub(crate) fn too_large(length: usize) -> Diagnostic {
    Diagnostic::error("too-large", "", format!("the document has {length} bytes, more than {SIZE_LIMIT}"))
        .help("split it by environment, and replace long lists of people by an attribute that the context carries")
}

/// Keeps the first `limit` problems and counts the rest.
pub(crate) fn cut_off(diagnostics: &mut Vec<Diagnostic>, limit: usize) {
    let surplus = diagnostics.len().saturating_sub(limit);
    if surplus > 0 {
        // What is not shown may be the only error.
        let is_refused = diagnostics.iter().any(Diagnostic::is_error);
        diagnostics.truncate(limit);
        let message = format!("{surplus} or more problems are not shown");
        diagnostics.push(if is_refused {
            Diagnostic::error("more-problems", "", message)
        } else {
            Diagnostic::warning("more-problems", "", message)
        });
    }
}

fn too_deep(place: tree::Range, depth: usize) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(
        "too-deep",
        "",
        format!("lists and objects are nested more than {depth} levels deep here"),
    )
    .help("flatten it: `all` and `any` take as many conditions as you like, and a segment can hold a part of them");
    diagnostic.place.span = Some(place.span());
    diagnostic
}
