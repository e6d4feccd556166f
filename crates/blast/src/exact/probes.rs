//! Values that between them show everything an attribute's conditions can say: one at each border, and one in each gap.

use super::family::Family;
use super::shapes;
use crate::atoms::Atom;
use downhaul_core::bucket;
use downhaul_core::document::{Condition, FlagSet, Scalar, Test};
use downhaul_core::ip::{self, Address};
use downhaul_core::time;
use downhaul_core::version::{self, Version};
use serde_json::{Number, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One value, or a kind of values without end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Probe {
    /// This value and no other; `None` is absent.
    Point(Option<Value>),
    /// One of many alike.
    Example(Value),
    Family(Family),
}

impl Probe {
    /// What is read as a version, a time or an address.
    pub(crate) fn value(&self) -> Option<&Family> {
        match self {
            Probe::Family(family @ (Family::Version(_) | Family::Time(_) | Family::Addresses(_))) => Some(family),
            Probe::Family(_) | Probe::Point(_) | Probe::Example(_) => None,
        }
    }
}

/// What a text could be read as, by its letters alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Kinds {
    version: bool,
    time: bool,
    address: bool,
}

impl Kinds {
    /// Whether a text of these kinds could be like those of a family. Any may be read as nothing.
    pub(crate) fn allow(self, family: &Family) -> bool {
        match family {
            Family::Version(_) => self.version,
            Family::Time(_) => self.time,
            Family::Addresses(_) => self.address,
            Family::Other { .. } | Family::Around(_) | Family::Integers(..) => true,
        }
    }
}

/// Every text that reads as a version is found by this, every time, and every address; others are too.
const VERSION: &str = r"^v?[0-9]+(\.[0-9]+){0,2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$";
const TIME: &str = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$";
const ADDRESS: &str = r"^[0-9A-Fa-f]*[.:][0-9A-Fa-f:.]*$";

#[derive(Debug)]
pub(crate) struct Probes {
    pub(crate) probes: Vec<Probe>,
    /// The texts among the points.
    pub(crate) known: BTreeSet<String>,
    /// Kinds of texts by what `contains`, `matches` and the like say of them, where other conditions look at texts as versions,
    /// times or addresses: every combination of both is possible as far as is known, for a text that could be one.
    pub(crate) shapes: Vec<(Family, Kinds)>,
    /// Texts that `contains`, `starts_with` and `ends_with` look for, and shortest ones of each shape.
    pub(crate) hints: BTreeSet<String>,
    /// Whether every shape was found.
    pub(crate) complete: bool,
}

/// Whole numbers below this magnitude are bucketing units.
const UNIT_LIMIT: f64 = 9_007_199_254_740_992.0;
/// Whole numbers between two borders up to which each is its own point.
const FEW: i64 = 64;

/// The probes of an attribute. `is_unit`: it is a bucketing unit, so that whole numbers and others differ.
pub(crate) fn probes(attribute: &str, atoms: &[&Atom], documents: [&FlagSet; 2], is_unit: bool) -> Probes {
    let mut seen = Seen::default();
    for atom in atoms {
        seen.take(atom, documents);
    }
    let mut probes: Vec<Probe> =
        [None, Some(Value::Bool(true)), Some(Value::Bool(false))].into_iter().map(Probe::Point).collect();
    probes.push(Probe::Example(json!({})));
    numbers(&seen.borders, is_unit, &mut probes);
    seen.texts.insert(String::new());
    probes.extend(seen.texts.iter().map(|text| Probe::Point(Some(Value::from(text.clone())))));

    let stem = if attribute == "targetingKey" { "user" } else { "other" };
    probes.push(Probe::Family(Family::Other { stem }));
    probes.extend(seen.versions.iter().cloned().map(|version| Probe::Family(Family::Version(version))));
    probes.extend(seen.times.iter().map(|time| Probe::Family(Family::Time(time.0))));
    probes.extend(seen.addresses.values().map(|address| Probe::Family(Family::Addresses(*address))));
    let (mut shapes, mut complete) = (Vec::new(), true);
    if !seen.patterns.is_empty() {
        let kinds = seen.kinds();
        let mut tests = seen.patterns.clone();
        tests.extend(kinds.iter().map(|pattern| vec![(*pattern).to_owned()]));
        let found = shapes::shapes(&tests, &seen.texts);
        complete = found.complete;
        probes.extend(found.texts.iter().cloned().map(Family::Around).map(Probe::Family));
        if !kinds.is_empty() {
            seen.hints.extend(found.texts.iter().cloned());
            shapes =
                found.texts.into_iter().map(|text| (Family::Around(text.clone()), kinds_of(&text, &kinds))).collect();
        }
    }
    Probes { probes, known: seen.texts, shapes, hints: seen.hints, complete }
}

/// The scalars that `in` and `not_in` name: what may be an element of a list.
pub(crate) fn elements(atoms: &[&Atom]) -> Vec<Value> {
    let mut elements = Vec::new();
    for atom in atoms {
        if let Atom::Condition(Condition::Attribute { test: Test::In(values) | Test::NotIn(values), .. }) = atom {
            elements.extend(values.iter().map(|scalar| match scalar {
                Scalar::Text(text) => Value::from(text.clone()),
                Scalar::Number(number) => value_of(*number),
                Scalar::Boolean(boolean) => Value::Bool(*boolean),
            }));
        }
    }
    elements
}

/// What the conditions of an attribute compare with.
#[derive(Debug, Default)]
struct Seen {
    borders: Vec<f64>,
    texts: BTreeSet<String>,
    versions: BTreeSet<String>,
    times: BTreeSet<Millis>,
    /// By family and bits.
    addresses: BTreeMap<(u8, u128), Address>,
    /// By test.
    patterns: BTreeSet<Vec<String>>,
    hints: BTreeSet<String>,
}

/// Whole milliseconds, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Millis(f64);

impl Eq for Millis {}
impl PartialOrd for Millis {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Millis {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// What a text could be read as, of what is asked.
fn kinds_of(text: &str, asked: &[&str]) -> Kinds {
    let is = |pattern| asked.contains(&pattern) && shapes::is_found(pattern, text);
    Kinds { version: is(VERSION), time: is(TIME), address: is(ADDRESS) }
}

impl Seen {
    /// As what texts are read.
    fn kinds(&self) -> Vec<&'static str> {
        let version = (!self.versions.is_empty()).then_some(VERSION);
        let time = (!self.times.is_empty()).then_some(TIME);
        let address = (!self.addresses.is_empty()).then_some(ADDRESS);
        [version, time, address].into_iter().flatten().collect()
    }

    fn take(&mut self, atom: &Atom, documents: [&FlagSet; 2]) {
        match atom {
            Atom::KeyListed(keys) => {
                for key in keys {
                    self.texts.insert(key.clone());
                    // A whole number is listed as its decimal text.
                    if let Ok(number) = key.parse::<i64>()
                        && number.to_string() == *key
                    {
                        #[expect(
                            clippy::cast_precision_loss,
                            reason = "beyond 2^53 it is no unit, and only another border"
                        )]
                        self.borders.push(number as f64);
                    }
                }
            }
            Atom::Condition(Condition::Tenant(tenants)) => {
                self.texts.extend(tenants.iter().map(ToString::to_string));
            }
            Atom::Condition(Condition::Region(_)) => {
                for document in documents {
                    self.texts.extend(document.regions.names().into_iter().map(ToString::to_string));
                }
            }
            Atom::Condition(Condition::Attribute { attribute, .. }) if attribute.starts_with("tenant.") => {
                for document in documents {
                    self.texts.extend(document.tenants.keys().map(ToString::to_string));
                }
            }
            Atom::Condition(Condition::Attribute { test, .. }) => self.test(test),
            Atom::Condition(_) => {}
        }
    }

    fn test(&mut self, test: &Test) {
        match test {
            Test::In(values) | Test::NotIn(values) => {
                for value in values {
                    match value {
                        Scalar::Text(text) => {
                            self.texts.insert(text.clone());
                        }
                        Scalar::Number(number) => self.borders.push(*number),
                        Scalar::Boolean(_) => {}
                    }
                }
            }
            Test::Contains(_) | Test::StartsWith(_) | Test::EndsWith(_) | Test::Matches(_) => {
                self.patterns.insert(shapes::patterns(test));
                if let Test::Contains(values) | Test::StartsWith(values) | Test::EndsWith(values) = test {
                    self.hints.extend(values.iter().cloned());
                }
            }
            Test::Exists => {}
            Test::Lt(value) | Test::Le(value) | Test::Gt(value) | Test::Ge(value) => self.borders.push(*value),
            Test::Between(low, high) => self.borders.extend([*low, *high]),
            Test::Semver(ranges) => ranges.iter().for_each(|range| self.range(range)),
            Test::Before(value) | Test::After(value) => self.time(value),
            Test::IpIn(blocks) => blocks.iter().for_each(|block| self.block(block)),
        }
    }

    /// Each version of a range, and the one right after it: nothing lies between these.
    fn range(&mut self, range: &str) {
        self.versions.insert("0.0.0-0".to_owned());
        for comparator in version::parse_range(range).unwrap_or_default() {
            self.versions.insert(written(&comparator.version));
            self.versions.extend(after(&comparator.version));
        }
    }

    fn time(&mut self, value: &Scalar) {
        let at = match value {
            Scalar::Text(text) => time::parse(text),
            Scalar::Number(number) => time::from_number(*number),
            Scalar::Boolean(_) => None,
        };
        if let Some(at) = at {
            // A number counts as its whole milliseconds, so what is after begins one later.
            self.borders.extend([at, at + 1.0]);
            self.times.extend([Millis(at - 1.0), Millis(at), Millis(at + 1.0)]);
        }
    }

    /// The first address of a block, its last, and their neighbours outside.
    fn block(&mut self, block: &str) {
        let Ok(block) = ip::parse_block(block) else { return };
        let (first, family) = (block.network.bits, block.network.family);
        let width = family.width();
        let all = u128::MAX >> (128 - u32::from(width.clamp(1, 128)));
        let last = first | (!block.mask() & all);
        for bits in [Some(first), Some(last), first.checked_sub(1), last.checked_add(1).filter(|bits| *bits <= all)] {
            let Some(bits) = bits else { continue };
            self.addresses.insert((width, bits), Address { family, bits });
        }
    }
}

/// Borders, and what lies between them.
fn numbers(borders: &[f64], is_unit: bool, probes: &mut Vec<Probe>) {
    // -0 is 0.
    let mut borders: Vec<f64> = borders.iter().map(|border| border + 0.0).collect();
    if is_unit {
        borders.extend([-UNIT_LIMIT, UNIT_LIMIT]);
    }
    borders.sort_by(f64::total_cmp);
    borders.dedup();
    probes.extend(borders.iter().map(|border| Probe::Point(Some(value_of(*border)))));
    let ends = borders.iter().copied();
    let gaps = [f64::MIN].into_iter().chain(ends.clone()).zip(ends.chain([f64::MAX]));
    for (low, high) in gaps {
        let middle = low / 2.0 + high / 2.0;
        // As a unit, a whole number is not like the others between the same borders.
        if low < middle && middle < high && !(is_unit && bucket::integer(middle).is_some()) {
            probes.push(Probe::Example(value_of(middle)));
        }
        if is_unit {
            units(low, high, probes);
        }
    }
}

/// Of the numbers between two borders, whole ones and others.
fn units(low: f64, high: f64, probes: &mut Vec<Probe>) {
    if let Some(fraction) = fraction_between(low, high) {
        probes.push(Probe::Example(value_of(fraction)));
    }
    let limit = UNIT_LIMIT - 1.0;
    let (first, last) = ((low.floor() + 1.0).max(-limit), (high.ceil() - 1.0).min(limit));
    let (Some(first), Some(last)) = (bucket::integer(first), bucket::integer(last)) else { return };
    if first > last {
        return;
    }
    if last - first < FEW {
        probes.extend((first..=last).map(|number| Probe::Point(Some(Value::from(number)))));
    } else {
        // Near zero first: easier to read.
        let start = if first <= 0 && last >= FEW { 1.max(first) } else { first };
        probes.push(Probe::Family(Family::Integers(start, last)));
    }
}

/// A number that is not whole, strictly between.
fn fraction_between(low: f64, high: f64) -> Option<f64> {
    let near_zero = [0.5, -0.5, low.floor() + 0.5, high.ceil() - 0.5];
    let mut halves = Vec::new();
    let mut at = low;
    for _ in 0..64 {
        at = at / 2.0 + high / 2.0;
        halves.push(at);
    }
    near_zero.into_iter().chain(halves).find(|number| low < *number && *number < high && number.fract() != 0.0)
}

/// As people write it: whole numbers without a fraction.
fn value_of(number: f64) -> Value {
    match bucket::integer(number) {
        Some(whole) => Value::from(whole),
        None => Number::from_f64(number).map_or(Value::Null, Value::Number),
    }
}

fn written(version: &Version<'_>) -> String {
    let Version { major, minor, patch, pre, .. } = version;
    if pre.is_empty() { format!("{major}.{minor}.{patch}") } else { format!("{major}.{minor}.{patch}-{pre}") }
}

/// The version right after: the lowest longer pre-release, or the lowest pre-release of the next release.
fn after(version: &Version<'_>) -> Option<String> {
    let Version { major, minor, patch, pre, .. } = version;
    if !pre.is_empty() {
        return Some(format!("{major}.{minor}.{patch}-{pre}.0"));
    }
    if let Some(patch) = patch.checked_add(1) {
        return Some(format!("{major}.{minor}.{patch}-0"));
    }
    if let Some(minor) = minor.checked_add(1) {
        return Some(format!("{major}.{minor}.0-0"));
    }
    major.checked_add(1).map(|major| format!("{major}.0.0-0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_read_as_something_could_be() {
        let all = [VERSION, TIME, ADDRESS];
        for version in ["1", "v1.2", "1.2.3-rc.1+b-2", "0.0.0-0", "18446744073709551615.0.0"] {
            assert!(Version::parse(version).is_some() && kinds_of(version, &all).version, "{version}");
        }
        for text in ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456789-23:59"] {
            assert!(time::parse(text).is_some() && kinds_of(text, &all).time, "{text}");
        }
        for address in ["10.0.0.1", "::", "::1", "2001:DB8::", "::ffff:10.0.0.1", "1:2:3:4:5:6:7:8"] {
            assert!(Address::parse(address).is_some() && kinds_of(address, &all).address, "{address}");
        }
        assert_eq!(kinds_of("pro", &all), Kinds::default());
        assert_eq!(kinds_of("1.2.3", &[TIME]), Kinds::default(), "nobody asks");
    }

    #[test]
    fn nothing_lies_between_a_version_and_the_next() {
        for (version, next) in [
            ("1.2.3", "1.2.4-0"),
            ("1.2.3-rc.1", "1.2.3-rc.1.0"),
            ("1.2.18446744073709551615", "1.3.0-0"),
            ("1.18446744073709551615.18446744073709551615", "2.0.0-0"),
        ] {
            let version = Version::parse(version).unwrap();
            assert_eq!(after(&version).as_deref(), Some(next));
        }
    }

    #[test]
    fn numbers_at_borders_and_in_gaps() {
        let of = |borders: &[f64], is_unit| {
            let mut probes = Vec::new();
            numbers(borders, is_unit, &mut probes);
            probes
        };
        assert_eq!(of(&[5.0], false).len(), 3, "below, at, above");
        // Neighbours: no number lies between.
        assert_eq!(of(&[1.0, 1.0_f64.next_up()], false).len(), 4);
        let units = of(&[3.0, 6.5], true);
        for whole in [4, 5, 6] {
            assert!(units.contains(&Probe::Point(Some(Value::from(whole)))), "{whole} in {units:?}");
        }
        assert!(units.contains(&Probe::Example(value_of(3.5))), "{units:?}");
        assert!(units.iter().any(|probe| matches!(probe, Probe::Family(Family::Integers(7, _)))), "{units:?}");
    }
}
