use super::Stop;
use super::decide::{Given, Space};
use super::describe::Phrases;
use super::difference::{Moved, difference, units_of};
use super::domain::Side;
use super::tree::{BUCKETS, Run};
use super::witness::Undecided;
use super::work::Work;
use crate::cone::{Cone, Indexed};
use downhaul_core::compile::load;
use downhaul_core::document::{Condition, Flag};
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::Loaded;
use downhaul_core::prepare::prepare;
use downhaul_core::validate::Valid;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How much work a comparison may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Nodes of the diagrams of one flag. At about 100 bytes each and more with many classes. Where many flags
    /// are given up at that, the next ones are allowed fewer.
    pub nodes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { nodes: 200_000 }
    }
}

/// Every flag whose decision can differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// In the order of the new document; those that it lacks last.
    pub flags: Vec<FlagDifference>,
    /// Flags that were looked at and give every context what they gave it.
    pub unchanged: usize,
}

impl Comparison {
    /// Whether no context is given anything else.
    pub fn changes_nothing(&self) -> bool {
        self.flags.is_empty()
    }

    pub fn flag(&self, key: &str) -> Option<&FlagDifference> {
        self.flags.iter().find(|flag| flag.flag == key)
    }
}

/// One flag, and whom it treats differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlagDifference {
    pub flag: String,
    pub status: Status,
    /// Whether its own definition is another one; else something that it depends on is.
    pub edited: bool,
    /// Disjoint; every context that is given another variant (or another value under the same key) is in one.
    pub regions: Vec<Region>,
    /// The same for contexts whose variant stays, and only the reason is another.
    pub reason_regions: Vec<Region>,
}

/// How much a [`FlagDifference`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The regions are all there is.
    Compared,
    /// The flag is new: who asked for it got the caller's default.
    Added,
    /// The flag is gone.
    Removed,
    /// The comparison ended at its limit: any context may be treated differently.
    Unknown,
}

/// Contexts that are moved alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// All hold, in the document's language; empty for every context.
    pub when: Vec<Condition>,
    /// The buckets in which it is so; absent where it is so in all of them.
    pub bucket: Option<Bucket>,
    /// Further buckets that must be right as well: splits with different salts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub and_buckets: Vec<Bucket>,
    /// Attributes that hold no bucketing unit: absent, empty, or neither a text nor a whole number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_unit: Vec<String>,
    /// Attributes that hold one, whatever its bucket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unit: Vec<String>,
    /// Attributes in which, for `when`, a list counts as an empty one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists_aside: Vec<String>,
    /// Of the contexts that `when` describes, by their buckets: from 0 to 1.
    pub share: f64,
    #[serde(flatten)]
    pub transition: Transition,
    /// A context that is moved so, as both evaluators confirm. Absent where none was found: then it is not proved that there
    /// is one.
    pub witness: Option<Map<String, Value>>,
    /// Why there is no witness: whether any context is like this was not decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecided: Option<String>,
    /// Whether `when` says exactly these contexts. Else it says more, never less: what lies in it may not be moved.
    pub exact: bool,
}

/// From what, to what. In a region of another variant the reasons are those of its witness: others of it may have others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    pub from: String,
    pub to: String,
    pub from_reason: String,
    pub to_reason: String,
    /// The variant keeps its key, and its value is another: old and new value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<(Value, Value)>,
}

/// Buckets `from` to below `to`, of 100 000.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bucket {
    pub by: String,
    pub salt: String,
    pub from: u32,
    pub to: u32,
}

/// Compares two flag sets, kills included.
pub fn compare(old: &Valid, new: &Valid, options: &Options) -> Comparison {
    compare_while(old, new, options, &|| true)
}

/// As [`compare`], as long as `go_on` says so: it is asked before each flag that can differ, and those that are left then
/// are [`Status::Unknown`].
pub fn compare_while(old: &Valid, new: &Valid, options: &Options, go_on: &dyn Fn() -> bool) -> Comparison {
    let (before, after) = (Indexed::new(old.document()), Indexed::new(new.document()));
    let confirm = Confirm::new(old, new);
    let work = Work::new(options);
    let mut comparison = Comparison { flags: Vec::new(), unchanged: 0 };
    for flag in &new.document().flags {
        let key = flag.key.as_str();
        let found = match before.cone(key).zip(after.cone(key)) {
            Some((was, will_be)) => changed([&before, &after], [&was, &will_be], &work, &confirm, go_on),
            None => Some(FlagDifference::only(flag, Status::Added)),
        };
        match found {
            Some(found) => comparison.flags.push(found),
            None => comparison.unchanged += 1,
        }
    }
    let gone = old.document().flags.iter().filter(|flag| !after.has(flag.key.as_str()));
    comparison.flags.extend(gone.map(|flag| FlagDifference::only(flag, Status::Removed)));
    comparison
}

/// `None` where every context is given what it was given, for the same reason.
fn changed(
    documents: [&Indexed<'_>; 2],
    cones: [&Cone<'_>; 2],
    work: &Work,
    confirm: &Confirm,
    go_on: &dyn Fn() -> bool,
) -> Option<FlagDifference> {
    let [was, will_be] = cones;
    let (before, after) = was.flag().zip(will_be.flag())?;
    if was.decides_as(will_be) {
        return None;
    }
    let edited = before != after;
    if !go_on() {
        return Some(FlagDifference { edited, ..FlagDifference::only(after, Status::Unknown) });
    }
    let found = work.counted(regions(documents, [before, after], cones, work, confirm));
    match found {
        Ok((regions, reason_regions)) if regions.is_empty() && reason_regions.is_empty() => None,
        Ok((regions, reason_regions)) => Some(FlagDifference {
            flag: after.key.to_string(),
            status: Status::Compared,
            edited,
            regions,
            reason_regions,
        }),
        Err(Stop::TooMuch) => Some(FlagDifference { edited, ..FlagDifference::only(after, Status::Unknown) }),
    }
}

fn regions(
    documents: [&Indexed<'_>; 2],
    flags: [&Flag; 2],
    cones: [&Cone<'_>; 2],
    work: &Work,
    confirm: &Confirm,
) -> Result<(Vec<Region>, Vec<Region>), Stop> {
    let [was, will_be] = cones;
    let mut space = Space::of(documents, &[(Side::Old, was), (Side::New, will_be)], work)?;
    let difference = difference(&mut space, flags, cones)?;
    if difference.variants.is_empty() && difference.reasons.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let [before, after] = flags;
    let spoken: Vec<(Side, &Flag)> = [(Side::New, after), (Side::Old, before)]
        .into_iter()
        .chain(will_be.flags.iter().map(|flag| (Side::New, *flag)))
        .collect();
    // What differs is known. Where words for it are too much work, it is told with fewer.
    let phrases = Phrases::new(&mut space, &spoken).unwrap_or_default();
    let mut told = |moves: &[Moved]| -> Vec<Region> {
        moves.iter().flat_map(|moved| regions_of(&mut space, &phrases, moved, after.key.as_str(), confirm)).collect()
    };
    Ok((told(&difference.variants), told(&difference.reasons)))
}

/// One region, or some that together are the same and can be said exactly.
fn regions_of(space: &mut Space<'_>, phrases: &Phrases, moved: &Moved, flag: &str, confirm: &Confirm) -> Vec<Region> {
    let whole = region(space, phrases, moved, flag, confirm);
    if whole.exact {
        return vec![whole];
    }
    let parts = by_unit(space, moved).unwrap_or_default();
    let parts: Vec<Region> = parts.iter().map(|part| region(space, phrases, part, flag, confirm)).collect();
    if !parts.is_empty() && parts.iter().all(|part| part.exact) { parts } else { vec![whole] }
}

/// The contexts with a unit and those without, for the first attribute that tells them apart: of conditions, none does.
fn by_unit(space: &mut Space<'_>, moved: &Moved) -> Result<Vec<Moved>, Stop> {
    let names: Vec<String> = space.domain.variables.iter().map(|variable| variable.name.clone()).collect();
    for name in names {
        let units = space.units(&name)?;
        let (with, without) = (space.sets.and(moved.set, units)?, space.sets.minus(moved.set, units)?);
        if !with.is_empty() && !without.is_empty() {
            return Ok([with, without].into_iter().map(|set| Moved { set, ..moved.clone() }).collect());
        }
    }
    Ok(Vec::new())
}

fn region(space: &mut Space<'_>, phrases: &Phrases, moved: &Moved, flag: &str, confirm: &Confirm) -> Region {
    let units = units_of(space, &moved.runs);
    let words = phrases.describe(space, moved.set, &units).unwrap_or_default();
    let told = transition(space, moved.from, moved.to);
    let shown = space.witness(moved).and_then(|context| confirm.shown(flag, context, &told));
    let (transition, witness, undecided) = match shown {
        Ok((transition, context)) => (transition, Some(context), None),
        Err(why) => (told, None, Some(why.to_string())),
    };
    let mut buckets: Vec<Bucket> = moved.runs.iter().filter_map(|run| bucket(space, run)).collect();
    let share = buckets.iter().map(|bucket| f64::from(bucket.to - bucket.from) / f64::from(BUCKETS)).product();
    let first = if buckets.is_empty() { None } else { Some(buckets.remove(0)) };
    Region {
        when: words.when,
        bucket: first,
        and_buckets: buckets,
        no_unit: words.no_unit,
        unit: words.unit,
        lists_aside: words.lists_aside,
        share,
        transition,
        exact: words.exact,
        witness,
        undecided,
    }
}

fn bucket(space: &Space<'_>, run: &Run) -> Option<Bucket> {
    let variable = space.buckets.get(run.variable)?;
    Some(Bucket { by: variable.by.clone(), salt: variable.salt.clone(), from: run.from, to: run.to })
}

pub(crate) fn transition(space: &Space<'_>, from: Given, to: Given) -> Transition {
    let variant = |given: Given| space.variants.get(given.variant);
    let key = |given: Given| variant(given).map(|variant| variant.key.clone()).unwrap_or_default();
    let values = match (variant(from), variant(to)) {
        (Some(old), Some(new)) if old.key == new.key && old.value != new.value => {
            Some((old.value.clone(), new.value.clone()))
        }
        _ => None,
    };
    Transition {
        from: key(from),
        to: key(to),
        from_reason: from.reason.to_owned(),
        to_reason: to.reason.to_owned(),
        values,
    }
}

impl FlagDifference {
    fn only(flag: &Flag, status: Status) -> Self {
        let flag = flag.key.to_string();
        FlagDifference { flag, status, edited: true, regions: Vec::new(), reason_regions: Vec::new() }
    }
}

/// Both evaluators, to confirm what was worked out.
pub(crate) struct Confirm {
    old: (Loaded, Variants),
    new: (Loaded, Variants),
}

impl Confirm {
    pub(crate) fn new(old: &Valid, new: &Valid) -> Self {
        Confirm { old: loaded(old), new: loaded(new) }
    }

    /// The transition of a context, if it is the one that is told. Where the variant is another one, contexts of several
    /// reasons are told of as one: the reasons are then this one's.
    pub(crate) fn shown(
        &self,
        flag: &str,
        context: Map<String, Value>,
        told: &Transition,
    ) -> Result<(Transition, Map<String, Value>), Undecided> {
        let before = given(&self.old, flag, &context).ok_or(Undecided::Otherwise)?;
        let after = given(&self.new, flag, &context).ok_or(Undecided::Otherwise)?;
        let ((from, from_reason), (to, to_reason)) = (before, after);
        let same_variants = from == told.from && to == told.to;
        let same_reasons = from_reason == told.from_reason && to_reason == told.to_reason;
        let is_move = told.from != told.to || told.values.is_some();
        if !same_variants || !(is_move || same_reasons) {
            return Err(Undecided::Otherwise);
        }
        let (from_reason, to_reason) = (from_reason.to_owned(), to_reason.to_owned());
        Ok((Transition { from_reason, to_reason, ..told.clone() }, context))
    }

    /// Whether the new document gives this.
    pub(crate) fn gives(&self, flag: &str, context: &Map<String, Value>, variant: &str, reason: &str) -> bool {
        given(&self.new, flag, context) == Some((variant, reason))
    }
}

/// Each flag's number in the program, and the keys of its variants.
type Variants = BTreeMap<String, (u32, Vec<String>)>;

fn loaded(valid: &Valid) -> (Loaded, Variants) {
    let keys = |flag: &Flag| flag.variants.iter().map(|(key, _)| key.to_string()).collect();
    // A program for all audiences has every flag, in the order of the document.
    let flags = (0..).zip(&valid.document().flags).map(|(number, flag)| (flag.key.to_string(), (number, keys(flag))));
    (load(valid), flags.collect())
}

fn given<'a>(
    (loaded, variants): &'a (Loaded, Variants),
    flag: &str,
    context: &Map<String, Value>,
) -> Option<(&'a str, &'a str)> {
    let (number, keys) = variants.get(flag)?;
    let decision = evaluate(loaded, &[], &mut prepare(loaded, context), *number).ok()?;
    Some((keys.get(usize::from(decision.variant))?, decision.reason.as_str()))
}
