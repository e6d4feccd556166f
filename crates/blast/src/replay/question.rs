//! What two cones ask of a context, by attribute: conditions, and the buckets at which splits part.

use crate::atoms::{self, Atom, DependsOn, Judge};
use crate::cone::{Cone, Leaf, region_names};
use downhaul_core::bucket::{BUCKETS, Unit, bucket, seed};
use downhaul_core::compile::load_part;
use downhaul_core::document::{Condition, FlagSet, RegionTree, Scalar, Split, Test};
use downhaul_core::ids::{SegmentKey, TenantId};
use downhaul_core::kills::Loaded;
use downhaul_core::prepare::look_up;
use hashbrown::HashSet;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The buckets at which the splits of one unit and salt part, sorted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cuts {
    seed: u32,
    ends: Vec<u32>,
}

impl Cuts {
    /// Which run of buckets, all of which the splits treat alike, a unit falls into; 0 for no unit.
    pub(super) fn cell(&self, bucket: Option<u32>) -> u32 {
        match bucket {
            None => 0,
            #[expect(clippy::cast_possible_truncation, reason = "at most as many as buckets")]
            Some(bucket) => 1 + self.ends.partition_point(|end| *end <= bucket) as u32,
        }
    }

    /// Of the salt.
    pub(super) fn seed(&self) -> u32 {
        self.seed
    }

    pub(super) fn cells(&self) -> usize {
        self.ends.len() + 2
    }

    pub(super) fn of_text(&self, text: &str) -> Option<u32> {
        (!text.is_empty()).then(|| bucket(self.seed, text.as_bytes()))
    }

    pub(super) fn of_value(&self, value: &Value) -> Option<u32> {
        Unit::of(value).map(|unit| unit.bucket(self.seed))
    }
}

/// Everything that is asked.
#[derive(Debug)]
pub(super) struct Questions {
    sides: Vec<Side>,
    /// By attribute, salts beside it.
    units: BTreeMap<(String, String), Cuts>,
    /// Texts of the attribute that some condition names, where no condition looks into texts; the others are all alike.
    named: BTreeMap<String, BTreeSet<String>>,
    /// What is asked about conditions.
    tested: BTreeSet<String>,
}

/// One document's share: conditions mean what they mean there.
#[derive(Debug)]
struct Side {
    document: FlagSet,
    /// By the attribute that they look at, each once.
    atoms: BTreeMap<String, Vec<(String, Atom)>>,
    /// Attributes of tenants that are bucketing units.
    tenant_units: Vec<(String, Cuts)>,
}

/// A cone as a program, for rows to be evaluated.
#[derive(Debug)]
pub(super) struct Program<'a> {
    pub(super) cone: Cone<'a>,
    pub(super) loaded: Loaded,
    document: FlagSet,
}

impl<'a> Program<'a> {
    pub(super) fn new(cone: Cone<'a>) -> Self {
        let document = cone.to_document();
        Program { loaded: load_part(&document), cone, document }
    }

    /// One flag for each segment of a document, in their order, which gives its first variant to who is in it.
    pub(super) fn of_segments(document: &'a FlagSet) -> Self {
        let cone = Cone::of_segments(document);
        let mut document = cone.to_document();
        let asking = |(number, key): (usize, &SegmentKey)| {
            atoms::flag_asking(number, Condition::Segment(vec![key.clone()])).ok()
        };
        document.flags = document.segments.keys().enumerate().filter_map(asking).collect();
        Program { loaded: load_part(&document), cone, document }
    }

    /// The names that it looks up in a context.
    pub(super) fn names(&self) -> Vec<&str> {
        let program = &self.loaded.program;
        (0..program.slot_count()).map(|slot| program.slot_name(slot)).filter(|name| !is_of_tenant(name)).collect()
    }
}

impl Questions {
    pub(super) fn of(programs: &[&Program<'_>]) -> Self {
        let mut questions =
            Questions { sides: Vec::new(), units: BTreeMap::new(), named: BTreeMap::new(), tested: BTreeSet::new() };
        let mut ends: BTreeMap<(String, String), BTreeSet<u32>> = BTreeMap::new();
        let mut gathered: Vec<(FlagSet, BTreeMap<String, Atom>)> = Vec::new();
        for program in programs {
            let mut atoms = BTreeMap::new();
            program.cone.each_leaf(|leaf| match &leaf {
                Leaf::Split(split) => {
                    let unit = (split.by.clone(), split.salt.to_string());
                    ends.entry(unit).or_default().extend(inner_ends(split));
                }
                Leaf::Condition(_) | Leaf::Listed(_) => {
                    atoms.extend(leaf.atom().map(|atom| (atom.identity(), atom)));
                }
            });
            let document = &program.document;
            // Where tenants and regions are the same, conditions mean the same.
            let alike = gathered
                .iter()
                .position(|(other, _)| (&other.tenants, &other.regions) == (&document.tenants, &document.regions));
            match alike.and_then(|at| gathered.get_mut(at)) {
                Some((_, known)) => known.extend(atoms),
                None => gathered.push((document.clone(), atoms)),
            }
        }
        for ((by, salt), ends) in ends {
            let cuts = Cuts { seed: seed(&salt), ends: ends.into_iter().collect() };
            questions.units.insert((by, salt), cuts);
        }
        for (document, atoms) in gathered {
            questions.name_texts(&document, atoms.values());
            let mut by_attribute: BTreeMap<String, Vec<(String, Atom)>> = BTreeMap::new();
            for (identity, atom) in atoms {
                by_attribute.entry(atom.attribute().to_owned()).or_default().push((identity, atom));
            }
            questions.sides.push(Side { document, atoms: by_attribute, tenant_units: Vec::new() });
        }
        questions.move_tenant_units();
        questions
    }

    /// Attributes of tenants are asked of the tenant.
    fn move_tenant_units(&mut self) {
        let of_tenant: Vec<(String, String)> = self.units.keys().filter(|(by, _)| is_of_tenant(by)).cloned().collect();
        if of_tenant.is_empty() {
            return;
        }
        let first = self.tested.insert(TENANT.to_owned());
        if first || self.named.contains_key(TENANT) {
            let declared = self.sides.iter().flat_map(|side| side.document.tenants.keys()).map(ToString::to_string);
            self.named.entry(TENANT.to_owned()).or_default().extend(declared);
        }
        for unit in of_tenant {
            let (Some(cuts), Some(name)) = (self.units.remove(&unit), unit.0.strip_prefix(OF_TENANT)) else { continue };
            for side in &mut self.sides {
                side.tenant_units.push((name.to_owned(), cuts.clone()));
            }
        }
    }

    fn name_texts<'t>(&mut self, document: &FlagSet, atoms: impl Iterator<Item = &'t Atom>) {
        let mut looked_into = BTreeSet::new();
        for atom in atoms {
            let attribute = atom.attribute();
            let first = self.tested.insert(attribute.to_owned());
            if !first && !self.named.contains_key(attribute) {
                continue;
            }
            let named = self.named.entry(attribute.to_owned()).or_default();
            match atom.depends_on() {
                DependsOn::Tenants => named.extend(document.tenants.keys().map(ToString::to_string)),
                DependsOn::Regions => named.extend(region_names(&document.regions).map(str::to_owned)),
                DependsOn::Nothing => match texts_named(atom) {
                    Some(texts) => named.extend(texts.into_iter().map(str::to_owned)),
                    None => {
                        looked_into.insert(attribute.to_owned());
                    }
                },
            }
        }
        for attribute in looked_into {
            self.named.remove(&attribute);
        }
    }

    /// Attributes that conditions look at.
    pub(super) fn tested(&self) -> impl Iterator<Item = &str> {
        self.tested.iter().map(String::as_str)
    }

    /// Bucketing units of contexts, by attribute.
    pub(super) fn units(&self) -> impl Iterator<Item = (&str, &Cuts)> {
        self.units.iter().map(|((by, _), cuts)| (by.as_str(), cuts))
    }

    /// The texts of an attribute that are told from others; `None` where conditions look into texts.
    pub(super) fn named(&self, attribute: &str) -> Option<Named<'_>> {
        let texts: HashSet<&str> = self.named.get(attribute)?.iter().map(String::as_str).collect();
        Some(Named { lengths: texts.iter().fold(0, |lengths, text| lengths | Named::length(text)), texts })
    }

    /// What is asked about an attribute; `absent` is what rows have that lack it.
    pub(super) fn asked(&self, attribute: &str, absent: Option<&Value>) -> Asked {
        let sides = self.sides.iter().map(|side| {
            let atoms = side.atoms.get(attribute).map(Vec::as_slice).unwrap_or_default();
            let depends = |on| atoms.iter().any(|(_, atom)| atom.depends_on() == on);
            let of_tenant = attribute == TENANT && !side.tenant_units.is_empty();
            AskedOf {
                atoms: atoms.iter().map(|(identity, _)| identity.clone()).collect(),
                regions: depends(DependsOn::Regions).then(|| side.document.regions.clone()),
                tenants: (of_tenant || depends(DependsOn::Tenants)).then(|| side.document.tenants.clone()),
                tenant_units: if of_tenant { side.tenant_units.clone() } else { Vec::new() },
            }
        });
        Asked { attribute: attribute.to_owned(), absent: absent.cloned(), sides: sides.collect() }
    }

    /// For asking about an attribute.
    pub(super) fn judges(&self, attribute: &str) -> Judges<'_> {
        let judge = |side: &Side| {
            let atoms = side.atoms.get(attribute).map(Vec::as_slice).unwrap_or_default();
            Judge::new(&side.document, atoms.iter().map(|(_, atom)| atom)).ok()
        };
        let tenants = if attribute == TENANT { self.sides.as_slice() } else { &[] };
        Judges { attribute: attribute.to_owned(), judges: self.sides.iter().map(judge).collect(), tenants }
    }
}

/// Texts, to be looked up for every value of a column.
#[derive(Debug)]
pub(super) struct Named<'q> {
    /// A bit for each length that some text has.
    lengths: u64,
    texts: HashSet<&'q str>,
}

impl Named<'_> {
    fn length(text: &str) -> u64 {
        1 << text.len().min(63)
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.lengths & Named::length(text) != 0 && self.texts.contains(text)
    }
}

/// What is asked about an attribute: where it is equal, so are the answers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    attribute: String,
    absent: Option<Value>,
    sides: Vec<AskedOf>,
}

#[derive(Debug, Clone, PartialEq)]
struct AskedOf {
    /// Their identities.
    atoms: Vec<String>,
    /// Where they have a say.
    regions: Option<RegionTree>,
    tenants: Option<BTreeMap<TenantId, Map<String, Value>>>,
    tenant_units: Vec<(String, Cuts)>,
}

/// Judges of conditions on one attribute.
#[derive(Debug)]
pub(super) struct Judges<'q> {
    attribute: String,
    /// `None` where the conditions are more than can be judged at once: then no two values are alike.
    judges: Option<Vec<Judge>>,
    tenants: &'q [Side],
}

impl Judges<'_> {
    /// For asking about one value after another.
    pub(super) fn asker(&self) -> Asker<'_> {
        let judges = self.judges.as_ref();
        let judges = judges.map(|judges| judges.iter().map(|judge| judge.asker(&self.attribute)).collect());
        Asker { judges, tenants: self.tenants, truths: Vec::new() }
    }
}

/// Asks about values of one attribute, one after another.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    /// `None` where conditions cannot be judged.
    judges: Option<Vec<atoms::Asker<'a>>>,
    /// The sides of which attributes of the tenant may be units.
    tenants: &'a [Side],
    truths: Vec<bool>,
}

impl Asker<'_> {
    /// Equal for values that all conditions on the attribute treat alike. False where that is not known.
    pub(super) fn answers(&mut self, value: Option<&Value>, into: &mut Vec<u32>) -> bool {
        into.clear();
        let Asker { judges: Some(judges), tenants, truths } = self else { return false };
        truths.clear();
        for judge in judges {
            judge.ask(value.cloned(), |held| truths.push(held));
        }
        into.extend(truths.chunks(32).map(|chunk| chunk.iter().fold(0, |word, held| word << 1 | u32::from(*held))));
        for side in *tenants {
            let declared = value.and_then(Value::as_str).and_then(|tenant| side.document.tenants.get(tenant));
            into.extend(side.tenant_units.iter().map(|(name, cuts)| {
                let unit = declared.and_then(|declared| look_up(declared, name));
                cuts.cell(unit.and_then(|unit| cuts.of_value(unit)))
            }));
        }
        true
    }
}

const TENANT: &str = "tenant";
const OF_TENANT: &str = "tenant.";

pub(super) fn is_of_tenant(name: &str) -> bool {
    name.starts_with(OF_TENANT)
}

/// The buckets at which a slice ends and another, or nothing, begins.
fn inner_ends(split: &Split) -> impl Iterator<Item = u32> {
    let ends = split.slices.iter().scan(0u32, |end, slice| {
        *end = end.saturating_add(slice.width);
        Some(*end)
    });
    ends.filter(|end| 0 < *end && *end < BUCKETS)
}

/// The texts that an atom tells from others; `None` where it looks into texts.
fn texts_named(atom: &Atom) -> Option<Vec<&str>> {
    match atom {
        Atom::KeyListed(keys) => Some(keys.iter().map(String::as_str).collect()),
        Atom::Condition(Condition::Tenant(tenants)) => Some(tenants.iter().map(|tenant| tenant.as_str()).collect()),
        Atom::Condition(Condition::Attribute { test, .. }) => match test {
            Test::In(values) | Test::NotIn(values) => {
                let texts = values.iter().filter_map(|value| match value {
                    Scalar::Text(text) => Some(text.as_str()),
                    Scalar::Number(_) | Scalar::Boolean(_) => None,
                });
                Some(texts.collect())
            }
            Test::Exists => Some(Vec::new()),
            // Numbers only: of texts none holds.
            Test::Lt(_) | Test::Le(_) | Test::Gt(_) | Test::Ge(_) | Test::Between(..) => Some(Vec::new()),
            Test::Contains(_)
            | Test::StartsWith(_)
            | Test::EndsWith(_)
            | Test::Matches(_)
            | Test::Semver(_)
            | Test::Before(_)
            | Test::After(_)
            | Test::IpIn(_) => None,
        },
        Atom::Condition(_) => None,
    }
}
