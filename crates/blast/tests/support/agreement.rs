//! Whether an exact difference agrees with the two evaluators: context by context, and bucket by bucket.

use super::{Context, arbitrary};
use downhaul_blast::exact::{Bucket, Comparison, FlagDifference, Options, Region, Status, compare};
use downhaul_core::bucket::{self, BUCKETS, Unit};
use downhaul_core::compile::load;
use downhaul_core::context::{Prepared, Slot};
use downhaul_core::document::{Flag, FlagSet, Outcome, Rule};
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::Loaded;
use downhaul_core::prepare::{look_up, prepare};
use downhaul_core::validate::{Valid, validate};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::rc::Rc;

/// What was looked at, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pairs of which both documents are valid.
    pub pairs: u64,
    /// Flags with a difference.
    pub flags: u64,
    pub unknown: u64,
    pub regions: u64,
    /// Of these, those whose words say exactly them,
    pub exact: u64,
    /// those with a witness,
    pub shown: u64,
    /// and those that lie in some buckets only.
    pub bucketed: u64,
    /// Contexts with a flag, decided by both.
    pub decisions: u64,
    /// Of these, those that are decided differently.
    pub differ: u64,
    /// Of these, those of flags whose every region is exact: there, too much would have been seen as well as too little.
    pub sharp: u64,
    /// Regions whose share was counted over all buckets, of those with buckets and a witness.
    pub counted: u64,
    pub countable: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.pairs += other.pairs;
        self.flags += other.flags;
        self.unknown += other.unknown;
        self.regions += other.regions;
        self.exact += other.exact;
        self.shown += other.shown;
        self.bucketed += other.bucketed;
        self.decisions += other.decisions;
        self.differ += other.differ;
        self.sharp += other.sharp;
        self.counted += other.counted;
        self.countable += other.countable;
    }
}

/// Pair `number` of documents, with contexts to ask about: always the same.
pub fn pair(number: u64) -> (FlagSet, FlagSet, Vec<Context>) {
    pair_of(0, number)
}

/// The same of another series of pairs.
pub fn pair_of(seed: u64, number: u64) -> (FlagSet, FlagSet, Vec<Context>) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes[8..16].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let ((old, new), contexts) = (pairs(), vec(contexts(), 60)).new_tree(&mut runner).unwrap().current();
    (old, new, contexts)
}

/// An old document and an edited one: some flags replaced, perhaps segments, tenants or kills too.
pub fn pairs() -> impl Strategy<Value = (FlagSet, FlagSet)> {
    (arbitrary::flag_set(), arbitrary::flag_set(), subsequence(vec![0, 1, 2, 3, 4], 0..3), 0..8_u8).prop_map(
        |(old, other, flags, parts)| {
            let mut new = old.clone();
            for index in flags {
                if let (Some(flag), Some(with)) = (new.flags.get_mut(index), other.flags.get(index)) {
                    *flag = with.clone();
                }
            }
            if parts & 1 != 0 {
                new.segments.clone_from(&other.segments);
            }
            if parts & 2 != 0 {
                new.kills = other.kills.iter().filter(|kill| new.flag(kill.flag.as_str()).is_some()).cloned().collect();
            }
            if parts == 4
                && let Some((_, attributes)) = new.tenants.iter_mut().next()
            {
                attributes.insert("plan".to_owned(), Value::from("free"));
            }
            (old, new)
        },
    )
}

/// Values at the borders of what the conditions of `arbitrary` compare with, and right beside them.
pub const VERSIONS: [&str; 16] = [
    "2.2.9",
    "2.3.0-rc.1",
    "2.3.0-rc.1.0",
    "2.3.0-rc.2",
    "2.3.0",
    "2.3.1-0",
    "2.4.0-0",
    "2.4.0",
    "2.0.0-0",
    "3.0.0-0",
    "1.4.0",
    "0.9.0",
    "0.9.1-0",
    "0.2.0",
    "0.3.0-0",
    "v1.4.0+x",
];
pub const TIMES: [&str; 6] = [
    "2025-12-31T23:59:59.999Z",
    "2026-01-01T00:00:00.0009Z",
    "2026-01-01T00:00:00.001Z",
    "2026-01-01T01:00:00.500Z",
    "2026-01-01T01:00:00.501Z",
    "1969-12-31T23:59:59.999Z",
];
pub const ADDRESSES: [&str; 8] = [
    "9.255.255.255",
    "10.0.0.0",
    "10.0.0.2",
    "10.255.255.255",
    "11.0.0.0",
    "::ffff:10.0.0.1",
    "2001:db8::",
    "2001:db9::",
];
pub const SHAPES: [&str; 6] = ["pro2.3.0", "a@example.co", "@example", "é語", "freepro", "user-7pro"];
pub const NUMBERS: [f64; 9] =
    [-0.5, 0.5, 6.5, 7.5, 8.0, 1_767_225_600_000.5, 1_767_225_600_001.0, 1_767_225_599_999.0, 9e15];

pub fn contexts() -> impl Strategy<Value = Context> {
    prop_oneof![arbitrary::context(), near_borders()]
}

fn near_borders() -> impl Strategy<Value = Context> {
    let value = prop_oneof![
        select(&VERSIONS[..]).prop_map(Value::from),
        select(&TIMES[..]).prop_map(Value::from),
        select(&ADDRESSES[..]).prop_map(Value::from),
        select(&SHAPES[..]).prop_map(Value::from),
        select(&NUMBERS[..]).prop_map(Value::from),
    ];
    const NAMES: [&str; 8] = ["plan", "email", "app.version", "age", "now", "ip", "tags", "targetingKey"];
    (arbitrary::context(), btree_map(select(&NAMES[..]), value, 1..8)).prop_map(|(mut context, values)| {
        context.extend(values.into_iter().map(|(name, value)| (name.to_owned(), value)));
        context
    })
}

/// What was found, and how much of it was seen to be so; `None` where a document is not valid.
pub type Checked = Result<Option<(Comparison, Tally)>, String>;

/// Compares two documents and checks what is said against both evaluators: over these contexts and the witnesses, and, with
/// `units`, over all buckets.
pub fn check(old: &FlagSet, new: &FlagSet, contexts: &[Context], units: Option<&mut Units>) -> Checked {
    let (Some(old), Some(new)) = (valid(old), valid(new)) else { return Ok(None) };
    let comparison = compare(&old, &new, &Options::default());
    let sides = [Side::new(&old), Side::new(&new)];
    let mut tally = Tally { pairs: 1, ..Tally::default() };
    let witnesses = comparison.flags.iter().flat_map(regions).filter_map(|region| region.witness.as_ref());
    let asked: Vec<&Context> = contexts.iter().chain(witnesses).collect();
    let mut units = units;
    for flag in &new.document().flags {
        let found = comparison.flag(flag.key.as_str());
        if let Some(found) = found {
            tally += counted(found);
        }
        if found.is_some_and(|found| found.status != Status::Compared)
            || old.document().flag(flag.key.as_str()).is_none()
        {
            continue;
        }
        let of_flag = OfFlag::new(&sides, flag, found);
        asked.iter().try_for_each(|context| of_flag.agree(context, &mut tally))?;
        if let Some(units) = &mut units {
            of_flag.count_buckets(units, &mut tally)?;
        }
    }
    Ok(Some((comparison, tally)))
}

fn regions(flag: &FlagDifference) -> impl Iterator<Item = &Region> {
    flag.regions.iter().chain(&flag.reason_regions)
}

fn counted(flag: &FlagDifference) -> Tally {
    let count = |is: fn(&&Region) -> bool| regions(flag).filter(is).count() as u64;
    Tally {
        flags: 1,
        unknown: u64::from(flag.status == Status::Unknown),
        regions: count(|_| true),
        exact: count(|region| region.exact),
        shown: count(|region| region.witness.is_some()),
        bucketed: count(|region| region.bucket.is_some()),
        ..Tally::default()
    }
}

fn valid(document: &FlagSet) -> Option<Valid> {
    validate(document.clone(), None).ok().map(|(valid, _)| valid)
}

/// A document and its evaluator.
struct Side<'a> {
    document: &'a FlagSet,
    loaded: Loaded,
}

impl<'a> Side<'a> {
    fn new(valid: &'a Valid) -> Self {
        Side { document: valid.document(), loaded: load(valid) }
    }

    fn decide(&self, flag: &str, prepared: &mut Prepared) -> (&'a str, &'static str) {
        let number = self.loaded.program.flag_index(flag).unwrap();
        let decision = evaluate(&self.loaded, &[], prepared, number).unwrap();
        let flag = self.document.flag(flag).unwrap();
        (flag.variants[usize::from(decision.variant)].0.as_str(), decision.reason.as_str())
    }
}

/// A flag, what is said of it, and who knows better.
struct OfFlag<'a> {
    sides: &'a [Side<'a>; 2],
    flag: &'a Flag,
    moves: Vec<Judged<'a>>,
    reasons: Vec<Judged<'a>>,
}

impl<'a> OfFlag<'a> {
    fn new(sides: &'a [Side<'a>; 2], flag: &'a Flag, found: Option<&'a FlagDifference>) -> Self {
        let judged =
            |regions: &'a [Region]| regions.iter().map(|region| Judged::new(sides[1].document, region)).collect();
        let moves = found.map(|found| judged(&found.regions)).unwrap_or_default();
        let reasons = found.map(|found| judged(&found.reason_regions)).unwrap_or_default();
        OfFlag { sides, flag, moves, reasons }
    }

    fn all(&self) -> impl Iterator<Item = &Judged<'a>> {
        self.moves.iter().chain(&self.reasons)
    }

    fn agree(&self, context: &Context, tally: &mut Tally) -> Result<(), String> {
        let key = self.flag.key.as_str();
        let [from, to] = self.sides.each_ref().map(|side| side.decide(key, &mut prepare(&side.loaded, context)));
        tally.decisions += 1;
        let is_exact = self.all().all(|judged| judged.region.exact);
        let within = |regions: &[Judged<'a>]| -> Vec<&'a Region> {
            regions.iter().filter(|region| region.holds(context)).map(|judged| judged.region).collect()
        };
        let (moved, reasons) = (within(&self.moves), within(&self.reasons));
        let exact = |regions: &[&Region]| regions.iter().all(|region| region.exact);
        let wrong = |what: &str| {
            let [old, new] = self.sides.each_ref().map(|side| (side.document.flag(key), &side.document.segments));
            Err(format!("{what}: {key} {from:?} -> {to:?}\n{context:?}\n{moved:#?}\n{reasons:#?}\n{old:#?}\n{new:#?}"))
        };
        if from != to {
            tally.differ += 1;
            tally.sharp += u64::from(is_exact);
        }
        if from.0 != to.0 {
            if moved.is_empty() {
                return wrong("missed");
            }
            if moved.len() > 1 && exact(&moved) {
                return wrong("not disjoint");
            }
            if !moved.iter().any(|region| region.transition.from == from.0 && region.transition.to == to.0) {
                return wrong("another move");
            }
        } else if moved.iter().any(|region| region.exact) {
            return wrong("too much");
        }
        if from.0 == to.0 && from.1 != to.1 && reasons.is_empty() {
            return wrong("missed reason");
        }
        if (from.1 == to.1 || from.0 != to.0) && reasons.iter().any(|region| region.exact) {
            return wrong("too much reason");
        }
        Ok(())
    }

    /// For each region in buckets: its witness with one unit for each of the 100 000 buckets in place of its own. Those that
    /// the evaluators move as the region says must be as many as its share says.
    fn count_buckets(&self, units: &mut Units, tally: &mut Tally) -> Result<(), String> {
        let mut decided = BTreeMap::new();
        for judged in self.all() {
            let region = judged.region;
            let Some(witness) = &region.witness else { continue };
            let product: f64 =
                judged.buckets().map(|each| f64::from(each.to - each.from) / f64::from(BUCKETS)).product();
            if (product - region.share).abs() > 1e-12 {
                return Err(format!("the share is not the product of the buckets: {region:#?}"));
            }
            tally.countable += u64::from(region.bucket.is_some());
            let mut counted = region.bucket.is_some();
            for bucket in judged.buckets() {
                counted &= self.count(judged, witness, bucket, units, &mut decided)?;
            }
            tally.counted += u64::from(counted);
        }
        Ok(())
    }

    /// False where no units were found of which all holds that the region's words ask of the attribute.
    fn count(
        &self,
        judged: &Judged<'a>,
        witness: &Context,
        counted: &Bucket,
        units: &mut Units,
        decided: &mut BTreeMap<String, Decided<'a>>,
    ) -> Result<bool, String> {
        let with = |unit: &Value| {
            let mut context = witness.clone();
            context.insert(counted.by.clone(), unit.clone());
            context
        };
        let own = look_up(witness, &counted.by).cloned().unwrap_or_default();
        let Some(table) = units.like(&counted.salt, &own, |unit| judged.words_hold(&with(unit))) else {
            return Ok(false);
        };
        let context = with(&table.units[0]);
        // The regions whose words hold, and what they ask of the unit. What they ask of other units is settled.
        let open: Vec<(&Region, Vec<&Bucket>)> = self
            .all()
            .filter(|other| other.words_hold(&context))
            .filter(|other| other.buckets().all(|bucket| bucket.by == counted.by || in_bucket(&context, bucket)))
            .map(|other| (other.region, other.buckets().filter(|bucket| bucket.by == counted.by).collect()))
            .collect();
        // Regions of one witness but for its unit are about the same decisions.
        let decided = decided
            .entry(format!("{} {} {context:?}", counted.by, counted.salt))
            .or_insert_with(|| self.decide_all(&context, &counted.by, &table.units));
        let told = &judged.region.transition;
        // Where the variant is another one, reasons may be several in one region.
        let of_reason = told.from == told.to && told.values.is_none();
        let (mut moved, mut expected) = (0, 0);
        let cells = Cells::new(open.iter().flat_map(|(_, buckets)| buckets));
        for ((cell, number), (units, first)) in cells.tally(&table, &decided.numbers) {
            let [from, to] = decided.told[usize::from(number)];
            let value = &table.units[first];
            let unit = Unit::of(value).unwrap();
            let falls = |bucket: &&Bucket| (bucket.from..bucket.to).contains(&unit.bucket(bucket::seed(&bucket.salt)));
            let inside: Vec<&Region> =
                open.iter().filter(|(_, buckets)| buckets.iter().all(falls)).map(|(region, _)| *region).collect();
            let is_within = inside.iter().any(|region| std::ptr::eq(*region, judged.region));
            let as_told = (from.0, to.0) == (told.from.as_str(), told.to.as_str())
                && (!of_reason || (from.1, to.1) == (told.from_reason.as_str(), told.to_reason.as_str()));
            expected += if is_within { units } else { 0 };
            moved += if is_within && as_told { units } else { 0 };
            let exact = inside.iter().filter(|region| region.exact).count();
            let is_right = if from == to { exact == 0 } else { exact <= 1 && !inside.is_empty() };
            if !is_right {
                return Err(format!(
                    "unit {value} and {units} in all of cell {cell}: {from:?} -> {to:?}\n{context:?}\n{inside:#?}"
                ));
            }
        }
        let alone = judged.buckets().filter(|bucket| bucket.by == counted.by).count() == 1;
        let width = counted.to - counted.from;
        if (judged.region.exact && moved != expected) || (alone && expected != width) {
            return Err(format!("{moved} of {expected} move, {width} are told\n{context:?}\n{:#?}", judged.region));
        }
        Ok(true)
    }

    /// What both evaluators say of a context with each of these units.
    fn decide_all(&self, context: &Context, by: &str, table: &[Value]) -> Decided<'a> {
        let key = self.flag.key.as_str();
        let mut prepared = self.sides.each_ref().map(|side| Substituted::new(&side.loaded, context, by));
        let mut decided = Decided { told: Vec::new(), numbers: Vec::with_capacity(table.len()) };
        for value in table {
            let told = [0, 1].map(|side: usize| self.sides[side].decide(key, prepared[side].with(value)));
            let number = decided.told.iter().position(|known| *known == told).unwrap_or_else(|| {
                decided.told.push(told);
                decided.told.len() - 1
            });
            decided.numbers.push(u8::try_from(number).unwrap());
        }
        decided
    }
}

/// Both decisions for each unit of a table, each different one once.
struct Decided<'a> {
    told: Vec<[(&'a str, &'static str); 2]>,
    numbers: Vec<u8>,
}

/// Units that no region's buckets tell apart.
struct Cells {
    /// The seed of each salt, and where some region's buckets begin or end.
    salts: Vec<(u32, Vec<u32>)>,
}

/// How many units, and the first of them.
type Count = (u32, usize);

impl Cells {
    fn new<'b>(buckets: impl Iterator<Item = &'b &'b Bucket>) -> Self {
        let mut cuts: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for bucket in buckets {
            cuts.entry(bucket::seed(&bucket.salt)).or_default().extend([bucket.from, bucket.to]);
        }
        for cuts in cuts.values_mut() {
            cuts.sort_unstable();
            cuts.dedup();
        }
        Cells { salts: cuts.into_iter().collect() }
    }

    /// Every unit, counted by its cell and its number.
    fn tally(&self, table: &Table, numbers: &[u8]) -> BTreeMap<(usize, u8), Count> {
        let salts: Vec<_> = self.salts.iter().map(|(seed, cuts)| (table.buckets(*seed), cuts)).collect();
        let mut counts: BTreeMap<(usize, u8), Count> = BTreeMap::new();
        for (at, number) in numbers.iter().enumerate() {
            let cell = salts.iter().fold(0, |cell, (buckets, cuts)| {
                cell * (cuts.len() + 1) + cuts.partition_point(|cut| *cut <= buckets[at])
            });
            counts.entry((cell, *number)).or_insert((0, at)).0 += 1;
        }
        counts
    }
}

/// Units for every bucket of a salt.
#[derive(Default)]
pub struct Units {
    tables: BTreeMap<(String, Kind), Rc<Table>>,
}

/// A unit for each bucket of a salt, and their buckets by the seeds of others.
struct Table {
    units: Vec<Value>,
    buckets: RefCell<BTreeMap<u32, Rc<Vec<u32>>>>,
}

impl Table {
    fn buckets(&self, seed: u32) -> Rc<Vec<u32>> {
        let of = |unit: &Value| Unit::of(unit).unwrap().bucket(seed);
        let made = || Rc::new(self.units.iter().map(of).collect());
        Rc::clone(self.buckets.borrow_mut().entry(seed).or_insert_with(made))
    }
}

/// Tables kept, of some megabytes each.
const TABLES: usize = 32;

/// Units that are alike but for a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Letters between these.
    Around(String, String),
    Positive,
    Negative,
}

/// Letters that no condition of `arbitrary` looks for, eight of them.
const LETTERS: [u8; 8] = *b"bcdghjkm";
const FIRST_NUMBER: u32 = 10_000_000;

impl Units {
    /// One unit for each bucket, all of a kind of which `is_right` holds, like `own` if need be.
    fn like(&mut self, salt: &str, own: &Value, is_right: impl Fn(&Value) -> bool) -> Option<Rc<Table>> {
        let around = |before: &str, after: &str| Kind::Around(before.to_owned(), after.to_owned());
        let text = own.as_str().unwrap_or_default();
        let mut kinds = vec![around("", "")];
        if own.is_number() {
            kinds.extend([Kind::Positive, Kind::Negative]);
        } else {
            kinds.extend([
                around(text, ""),
                around("", text),
                around(&format!("{text}+"), ""),
                around(&format!("{text}."), ""),
            ]);
        }
        let kind = kinds.into_iter().find(|kind| (0..64).all(|number| is_right(&kind.unit(number * 9973))))?;
        let key = (salt.to_owned(), kind);
        if let Some(table) = self.tables.get(&key) {
            return Some(Rc::clone(table));
        }
        let table = Rc::new(key.1.table(salt)?);
        if self.tables.len() >= TABLES {
            self.tables.clear();
        }
        self.tables.insert(key, Rc::clone(&table));
        Some(table)
    }
}

impl Kind {
    fn unit(&self, number: u32) -> Value {
        match self {
            Kind::Around(before, after) => {
                let letters: String = letters(number).into_iter().map(char::from).collect();
                Value::from(format!("{before}{letters}{after}"))
            }
            Kind::Positive => Value::from(FIRST_NUMBER + number),
            Kind::Negative => Value::from(-i64::from(FIRST_NUMBER + number)),
        }
    }

    fn table(&self, salt: &str) -> Option<Table> {
        let seed = bucket::seed(salt);
        let mut table = vec![Value::Null; BUCKETS as usize];
        let mut has = vec![false; BUCKETS as usize];
        let mut missing = BUCKETS;
        let mut text = match self.unit(0) {
            Value::String(text) => text.into_bytes(),
            _ => Vec::new(),
        };
        for number in 0..8_u32.pow(8) {
            let place = match self {
                Kind::Around(before, _) => {
                    text[before.len()..before.len() + 8].copy_from_slice(&letters(number));
                    bucket::bucket(seed, &text)
                }
                Kind::Positive | Kind::Negative => Unit::of(&self.unit(number))?.bucket(seed),
            };
            // Asked a million times: of small memory.
            if !std::mem::replace(&mut has[place as usize], true) {
                table[place as usize] = self.unit(number);
                missing -= 1;
            }
            if missing == 0 {
                // Anew, so that their texts lie in this order in memory too.
                return Some(Table { units: table.clone(), buckets: RefCell::default() });
            }
        }
        None
    }
}

fn letters(number: u32) -> [u8; 8] {
    std::array::from_fn(|place| LETTERS[(number >> (3 * place)) as usize % 8])
}

/// A context of which one unit is replaced again and again.
struct Substituted {
    prepared: Prepared,
    slot: Option<usize>,
}

impl Substituted {
    fn new(loaded: &Loaded, context: &Context, by: &str) -> Self {
        let slot = (0..loaded.program.slot_count()).find(|slot| loaded.program.slot_name(*slot) == by);
        Substituted { prepared: prepare(loaded, context), slot }
    }

    fn with(&mut self, unit: &Value) -> &mut Prepared {
        self.prepared.forget();
        let context = &mut self.prepared.context;
        let Some(slot) = self.slot.map(|slot| &mut context.slots[slot]) else { return &mut self.prepared };
        match unit {
            Value::String(text) => {
                assert_eq!(slot.kind, Slot::TEXT, "a unit that no document names");
                let (start, length) = slot.halves();
                context.texts[start..start + length].copy_from_slice(text.as_bytes());
            }
            _ => *slot = Slot::number(unit.as_f64().unwrap()),
        }
        &mut self.prepared
    }
}

fn unit<'a>(context: &'a Context, by: &str) -> Option<Unit<'a>> {
    Unit::of(look_up(context, by)?)
}

fn in_bucket(context: &Context, wanted: &Bucket) -> bool {
    let seed = bucket::seed(&wanted.salt);
    unit(context, &wanted.by).is_some_and(|unit| (wanted.from..wanted.to).contains(&unit.bucket(seed)))
}

/// A region, and the real evaluator loaded with its words.
struct Judged<'a> {
    region: &'a Region,
    flag: Flag,
    loaded: Loaded,
}

impl<'a> Judged<'a> {
    fn new(document: &FlagSet, region: &'a Region) -> Self {
        let mut set = FlagSet::empty("judge".parse().unwrap());
        set.regions = document.regions.clone();
        set.tenants = document.tenants.clone();
        set.segments = document.segments.clone();
        let mut flag: Flag = document.flags[0].clone();
        let [inside, outside] = [flag.variants[0].0.clone(), flag.variants[1].0.clone()];
        flag.requires.clear();
        flag.rules = vec![Rule { name: None, when: region.when.clone(), then: Outcome::Serve(inside) }];
        flag.default = outside;
        set.flags = vec![flag.clone()].into();
        let valid = validate(set, None).unwrap_or_else(|problems| panic!("{:?}: {problems:?}", region.when)).0;
        Judged { region, loaded: load(&valid), flag }
    }

    fn buckets(&self) -> impl Iterator<Item = &'a Bucket> + use<'a> {
        self.region.bucket.iter().chain(&self.region.and_buckets)
    }

    fn holds(&self, context: &Context) -> bool {
        self.buckets().all(|bucket| in_bucket(context, bucket)) && self.words_hold(context)
    }

    /// All but the buckets.
    fn words_hold(&self, context: &Context) -> bool {
        let mut aside = context.clone();
        for name in &self.region.lists_aside {
            if aside.get(name).is_some_and(Value::is_array) {
                aside.insert(name.clone(), Value::Array(Vec::new()));
            }
        }
        let number = self.loaded.program.flag_index(self.flag.key.as_str()).unwrap();
        let decision = evaluate(&self.loaded, &[], &mut prepare(&self.loaded, &aside), number).unwrap();
        self.region.no_unit.iter().all(|by| unit(context, by).is_none())
            && self.region.unit.iter().all(|by| unit(context, by).is_some())
            && decision.variant == 0
    }
}
