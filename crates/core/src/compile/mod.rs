//! From a document to a program.

mod conditions;
mod pools;

use crate::bucket;
use crate::document::{ClientKind, Condition, Flag, FlagSet, OnStale, Outcome, RegionTree};
use crate::ids::{FlagKey, SegmentKey, VariantKey};
use crate::kills::{KillSet, Loaded};
use crate::program::{
    FlagRecord, Head, NONE, Program, RuleRecord, SEGMENT_KEY, SegmentRecord, VariantRecord, siphash, word,
};
use crate::specialise::{Mark, Residual};
use crate::validate::Valid;
use pools::Pools;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Whom a program is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everything, for tools: no flag is left out.
    All,
    /// The flags that name this kind of client. For browsers, lists of people are hashed and segments lose their names.
    Kind(ClientKind),
}

impl Audience {
    fn receives(self, flag: &Flag) -> bool {
        match self {
            Audience::All => true,
            Audience::Kind(kind) => flag.clients.contains(&kind),
        }
    }

    fn is_browser(self) -> bool {
        self == Audience::Kind(ClientKind::Browser)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub audience: Audience,
}

/// The program of a document. The same document and audience give the same program.
pub fn compile(valid: &Valid, options: &Options) -> Program {
    compile_document(valid.document(), &BTreeMap::new(), options)
}

/// The program of what specialisation left.
pub fn compile_residual(residual: &Residual, options: &Options) -> Program {
    compile_document(&residual.document, &residual.marks, options)
}

/// A document with its kills, ready to decide, for whoever may know all of it.
pub fn load(valid: &Valid) -> Loaded {
    load_part(valid.document())
}

/// The same for a part of a valid document that names nothing outside of it.
pub fn load_part(document: &FlagSet) -> Loaded {
    let program = compile_document(document, &BTreeMap::new(), &Options { audience: Audience::All });
    Loaded::new(program, KillSet::encode(&document.kills, &document.regions, 0, |_| None))
}

fn compile_document(document: &FlagSet, marks: &BTreeMap<FlagKey, Mark>, options: &Options) -> Program {
    let flags: Vec<&Flag> = document.flags.iter().filter(|flag| options.audience.receives(flag)).collect();
    let segments = segment_order(document, &flags, options.audience);
    let regions = regions(document, &flags, &segments, options.audience);
    let hash_key = hash_key(document);
    let mut compiler = Compiler {
        document,
        audience: options.audience,
        flag_numbers: flags.iter().enumerate().map(|(at, flag)| (&flag.key, word(at))).collect(),
        segment_numbers: segments.iter().enumerate().map(|(at, key)| (*key, word(at))).collect(),
        pools: Pools::new(hash_key),
        segments: Vec::new(),
        flags: Vec::new(),
        variants: Vec::new(),
        rules: Vec::new(),
    };
    for (region, _) in &regions {
        compiler.pools.string(region);
    }
    for slot in ["targetingKey", "tenant", "region"] {
        compiler.pools.slot(slot);
    }
    for key in &segments {
        compiler.segment(key);
    }
    for flag in &flags {
        compiler.flag(flag, marks.get(&flag.key));
    }
    compiler.pools.tenants(document);
    compiler.finish(regions.iter().map(|(_, end)| *end).collect(), hash_key)
}

struct Compiler<'a> {
    document: &'a FlagSet,
    audience: Audience,
    flag_numbers: BTreeMap<&'a FlagKey, u32>,
    segment_numbers: BTreeMap<&'a SegmentKey, u32>,
    pools: Pools,
    segments: Vec<SegmentRecord>,
    flags: Vec<FlagRecord>,
    variants: Vec<VariantRecord>,
    rules: Vec<RuleRecord>,
}

impl Compiler<'_> {
    fn segment(&mut self, key: &SegmentKey) {
        let Some(segment) = self.document.segments.get(key) else {
            return;
        };
        let hash = siphash(SEGMENT_KEY, key.as_str().as_bytes());
        let hashed = self.audience.is_browser();
        let (include, include_count) = self.pools.people(&segment.include, hashed);
        let (exclude, exclude_count) = self.pools.people(&segment.exclude, hashed);
        let start = self.pools.node_count();
        self.conditions(&segment.when);
        #[expect(clippy::cast_possible_truncation, reason = "taken apart into halves")]
        self.segments.push(SegmentRecord {
            hash_low: hash as u32,
            hash_high: (hash >> 32) as u32,
            key: if hashed { NONE } else { self.pools.string(key.as_str()) },
            hashed: u32::from(hashed),
            include,
            include_count,
            exclude,
            exclude_count,
            start,
            end: self.pools.node_count(),
            has_when: u32::from(!segment.when.is_empty()),
            zero: 0,
        });
    }

    fn flag(&mut self, flag: &Flag, mark: Option<&Mark>) {
        let variants = word(self.variants.len());
        for (key, value) in &flag.variants {
            let key = self.pools.string(key.as_str());
            let value = self.pools.string(&value.to_string());
            self.variants.push(VariantRecord { key, value });
        }
        let rules = word(self.rules.len());
        for (at, rule) in flag.rules.iter().enumerate() {
            let start = self.pools.node_count();
            self.conditions(&rule.when);
            let end = self.pools.node_count();
            let index = mark.and_then(|mark| mark.rule_indexes.get(at).copied()).unwrap_or(word(at));
            let record = match &rule.then {
                Outcome::Serve(variant) => {
                    RuleRecord { index, start, end, outcome: number(flag, variant), seed: 0, slices: 0 }
                }
                Outcome::Split(split) => {
                    let slot = self.pools.unit_slot(&split.by);
                    let mut bucket_end = 0u32;
                    let mut slices = vec![word(split.slices.len())];
                    for slice in &split.slices {
                        bucket_end = bucket_end.saturating_add(slice.width);
                        slices.extend([bucket_end, number(flag, &slice.variant)]);
                    }
                    let slices = self.pools.ids(&slices);
                    let seed = bucket::seed(split.salt.as_str());
                    RuleRecord { index, start, end, outcome: slot | RuleRecord::SPLIT, seed, slices }
                }
            };
            self.rules.push(record);
        }
        let mut requires = Vec::new();
        let mut incomplete = false;
        for prerequisite in &flag.requires {
            // Validation has seen to it that prerequisites go wherever the flag goes.
            let (Some(required), Some(number_of)) =
                (self.document.flag(prerequisite.flag.as_str()), self.flag_numbers.get(&prerequisite.flag))
            else {
                incomplete = true;
                continue;
            };
            let accepted: Vec<u32> = prerequisite.variants.iter().map(|variant| number(required, variant)).collect();
            requires.extend([*number_of, self.pools.ids(&accepted), word(accepted.len())]);
        }
        let decided = mark.and_then(|mark| mark.decided);
        let had_rules = mark.map_or(!flag.rules.is_empty(), |mark| mark.had_rules);
        let bit = |holds: bool, bit: u32| if holds { bit } else { 0 };
        let record = FlagRecord {
            key: self.pools.string(flag.key.as_str()),
            variants,
            variant_count: word(flag.variants.len()),
            outcomes: number(flag, &flag.degraded.variant) | number(flag, &flag.default) << 16,
            bits: bit(flag.on_stale == OnStale::Degraded, FlagRecord::ON_STALE_DEGRADED)
                | bit(had_rules, FlagRecord::HAD_RULES)
                | bit(decided.is_some(), FlagRecord::DECIDED)
                | bit(incomplete, FlagRecord::TOO_NEW)
                | bit(flag.clients.contains(&ClientKind::Browser), FlagRecord::IN_BROWSER),
            require_count: word(requires.len() / 3),
            requires: self.pools.ids(&requires),
            rules,
            rule_count: word(flag.rules.len()),
            value_type: match flag.variants.first().map(|(_, value)| value) {
                Some(serde_json::Value::Bool(_)) => 0,
                Some(serde_json::Value::String(_)) => 1,
                Some(serde_json::Value::Number(_)) => 2,
                Some(serde_json::Value::Object(_)) => 3,
                _ => 4,
            },
            decided_reason: decided.map_or(0, |decided| decided.reason.as_decided()),
            decided_rule: decided.and_then(|decided| decided.rule).unwrap_or(NONE),
        };
        self.flags.push(record);
    }

    fn finish(self, regions: Vec<u32>, hash_key: [u64; 2]) -> Program {
        let head = Head { regions: word(regions.len()), hash_key };
        self.pools.finish(head, regions, self.segments, self.flags, self.variants, self.rules)
    }
}

/// The variant's number; validation has seen to it that it exists.
fn number(flag: &Flag, variant: &VariantKey) -> u32 {
    flag.variant_index(variant).map_or(0, word)
}

/// From the environment's key, so that the same people hash differently elsewhere.
fn hash_key(document: &FlagSet) -> [u64; 2] {
    let digest = Sha256::digest(format!("downhaul/people\n{}", document.environment));
    let half = |at: usize| digest.iter().skip(at).take(8).rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    [half(0), half(8)]
}

/// The segments that the program needs, each after those that it names.
fn segment_order<'a>(document: &'a FlagSet, flags: &[&'a Flag], audience: Audience) -> Vec<&'a SegmentKey> {
    let wanted: BTreeSet<&SegmentKey> =
        if audience.is_browser() { reached_segments(document, flags) } else { document.segments.keys().collect() };
    let mut waits: BTreeMap<&SegmentKey, usize> = BTreeMap::new();
    let mut followers: BTreeMap<&SegmentKey, Vec<&SegmentKey>> = BTreeMap::new();
    for key in &wanted {
        let mut named = BTreeSet::new();
        if let Some(segment) = document.segments.get(*key) {
            segments_named(&segment.when, &mut named);
        }
        named.retain(|each| wanted.contains(*each));
        waits.insert(key, named.len());
        for each in named {
            followers.entry(each).or_default().push(key);
        }
    }
    let mut ready: BTreeSet<&SegmentKey> =
        waits.iter().filter(|(_, count)| **count == 0).map(|(key, _)| *key).collect();
    let mut order = Vec::new();
    while let Some(key) = ready.pop_first() {
        order.push(key);
        for follower in followers.get(key).into_iter().flatten() {
            if let Some(count) = waits.get_mut(*follower) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(follower);
                }
            }
        }
    }
    order
}

/// Segments that the flags or the kills name, and those that these name.
pub(crate) fn reached_segments<'a>(document: &'a FlagSet, flags: &[&'a Flag]) -> BTreeSet<&'a SegmentKey> {
    let mut open = BTreeSet::new();
    for flag in flags {
        for rule in &flag.rules {
            segments_named(&rule.when, &mut open);
        }
    }
    open.extend(document.kills.iter().filter_map(|kill| kill.scope.segment.as_ref()).flatten());
    let mut reached = BTreeSet::new();
    while let Some(key) = open.pop_first() {
        if let Some((key, segment)) = document.segments.get_key_value(key)
            && reached.insert(key)
        {
            segments_named(&segment.when, &mut open);
        }
    }
    reached
}

/// The segments that conditions name, groups looked into; not those that these segments name in turn.
pub fn segments_named<'a>(conditions: &'a [Condition], into: &mut BTreeSet<&'a SegmentKey>) {
    for condition in conditions {
        match condition {
            Condition::Segment(keys) => into.extend(keys),
            Condition::All(inner) | Condition::Any(inner) => segments_named(inner, into),
            Condition::Not(inner) => segments_named(std::slice::from_ref(inner), into),
            Condition::Tenant(_) | Condition::Region(_) | Condition::Attribute { .. } => {}
        }
    }
}

/// The region names, each before those within it, and the number after the last within it.
fn regions(document: &FlagSet, flags: &[&Flag], segments: &[&SegmentKey], audience: Audience) -> Vec<(String, u32)> {
    let named = audience.is_browser().then(|| {
        let mut named = BTreeSet::new();
        for rule in flags.iter().flat_map(|flag| &flag.rules) {
            regions_named(&rule.when, &mut named);
        }
        for segment in segments.iter().filter_map(|key| document.segments.get(*key)) {
            regions_named(&segment.when, &mut named);
        }
        named
    });
    let mut list = Vec::new();
    collect_regions(&document.regions, named.as_ref(), &mut list);
    list
}

/// Where only what is `named` is wanted, also what lies within it.
fn collect_regions(tree: &RegionTree, named: Option<&BTreeSet<&str>>, into: &mut Vec<(String, u32)>) {
    for (name, below) in &tree.0 {
        let at = into.len();
        let within = named.filter(|named| !named.contains(name.as_str()));
        if within.is_none() {
            into.push((name.to_string(), 0));
        }
        collect_regions(below, within, into);
        let end = word(into.len());
        if within.is_none()
            && let Some((_, own)) = into.get_mut(at)
        {
            *own = end;
        }
    }
}

fn regions_named<'a>(conditions: &'a [Condition], into: &mut BTreeSet<&'a str>) {
    for condition in conditions {
        match condition {
            Condition::Region(keys) => into.extend(keys.iter().map(|key| key.as_str())),
            Condition::All(inner) | Condition::Any(inner) => regions_named(inner, into),
            Condition::Not(inner) => regions_named(std::slice::from_ref(inner), into),
            Condition::Tenant(_) | Condition::Segment(_) | Condition::Attribute { .. } => {}
        }
    }
}
