//! 200 flags: those of the example shop and random ones over the same attributes; contexts of its real population, and
//! hostile ones.

use crate::support::arbitrary::{context, flag_set_of};
use downhaul_core::check::{Source, check};
use downhaul_core::compile::{Audience, Options, compile};
use downhaul_core::document::{ClientKind, FlagSet, RegionTree};
use downhaul_core::kills::KillSet;
use downhaul_core::read::Format;
use downhaul_core::validate::{Valid, validate};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const FLAGS: usize = 200;
const KILLS: usize = 24;
const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop/flags");

/// Writes the same every time, for the same population.
pub(crate) fn write(folder: &Path, population: &str, contexts: usize) -> Result<(), Box<dyn Error>> {
    let mut chance = Chance::new();
    let valid = document(&mut chance)?;
    let document = valid.document();
    // As a browser gets it: with the lists of people hashed.
    let program = compile(&valid, &Options { audience: Audience::Kind(ClientKind::Browser) });
    let kills = KillSet::encode(&document.kills, &document.regions, 1, |_| None);
    fs::write(folder.join("program.bin"), program.to_bytes())?;
    fs::write(folder.join("kills.bin"), kills.to_bytes()?)?;
    fs::write(folder.join("contexts.jsonl"), people(population, contexts, &mut chance)?)?;
    Ok(())
}

fn document(chance: &mut Chance) -> Result<Valid, Box<dyn Error>> {
    let shop = shop()?;
    let rest = FLAGS.saturating_sub(shop.flags.len());
    let mut set = chance.draw(&flag_set_of(rest..rest + 1, KILLS..KILLS + 1))?;
    set.regions = regions(shop.regions)?;
    set.tenants.extend(shop.tenants);
    set.segments.extend(shop.segments);
    set.flags.extend(shop.flags.iter().filter(|flag| flag.clients.contains(&ClientKind::Browser)).cloned());
    for number in 0..FLAGS.saturating_sub(set.flags.len()) {
        // For each flag of the shop that no browser gets, a random one without prerequisites.
        let more = chance.draw(&flag_set_of(1..2, 0..1))?;
        set.flags.extend(more.flags.iter().cloned().map(|mut flag| {
            flag.key = format!("more-{number}").parse().unwrap_or(flag.key);
            flag
        }));
    }
    match validate(set, None) {
        Ok((valid, _)) => Ok(valid),
        Err(problems) => Err(format!("{problems:#?}").into()),
    }
}

fn shop() -> Result<FlagSet, Box<dyn Error>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(SHOP)? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        sources.push(Source { name: path.display().to_string(), text, format: Format::Json });
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    let checked = check(&sources, None);
    checked.valid.map(|valid| valid.document().clone()).ok_or_else(|| format!("{:#?}", checked.diagnostics).into())
}

/// The shop's regions, and those that random conditions name; a name stands once in a tree.
fn regions(shop: RegionTree) -> Result<RegionTree, Box<dyn Error>> {
    let mut tree = serde_json::to_value(&shop)?;
    let world = tree.get_mut("world").and_then(Value::as_object_mut).ok_or("the shop's regions lack the world")?;
    world.insert("eu".into(), json!({ "eu-west": {}, "eu-north": {} }));
    let us = world.values_mut().find_map(|below| below.get_mut("us")).and_then(Value::as_object_mut);
    us.ok_or("the shop's regions lack the United States")?.insert("us-east".into(), json!({}));
    read(&tree)
}

fn read(tree: &Value) -> Result<RegionTree, Box<dyn Error>> {
    let members = tree.as_object().ok_or("a region is an object")?;
    let mut regions = RegionTree::default();
    for (key, below) in members {
        regions.0.insert(key.parse().map_err(|_| format!("`{key}` is no region"))?, read(below)?);
    }
    Ok(regions)
}

/// A line each: real contexts, real ones with random attributes added, and hostile ones.
fn people(population: &str, count: usize, chance: &mut Chance) -> Result<String, Box<dyn Error>> {
    let real: Vec<&str> = population.lines().collect();
    // Spread over the whole population, however few are wanted.
    let step = (real.len() / count.max(1)).max(1);
    let mut lines = String::new();
    for number in 0..count {
        let drawn = chance.draw(&context())?;
        let line = real.get(number * step % real.len().max(1)).copied().unwrap_or("{}");
        let attributes: Map<String, Value> = match number % 4 {
            0 => serde_json::from_str(line)?,
            1 => {
                let mut attributes: Map<String, Value> = serde_json::from_str(line)?;
                attributes.extend(drawn);
                attributes
            }
            2 => drawn,
            _ => drawn.into_iter().map(|(name, value)| (name, spoilt(value, chance))).collect(),
        };
        writeln!(lines, "{}", Value::Object(attributes))?;
    }
    Ok(lines)
}

/// Every so often something else in place of a value.
fn spoilt(value: Value, chance: &mut Chance) -> Value {
    let text = value.as_str().unwrap_or("user-7").to_owned();
    match chance.below(24) {
        0 => Value::from("\u{E001}nan"),
        1 => Value::from("\u{E001}infinity"),
        2 => Value::from("\u{E001}undefined"),
        3 => Value::from("\u{E001}function"),
        4 => Value::from("\u{E001}symbol"),
        5 => Value::from(format!("\u{E001}big:{}", chance.below(20))),
        6 => Value::from(format!("\u{E001}big:{}", (1_u64 << 53) - 1 + u64::from(chance.below(2)))),
        7 => Value::from(format!("\u{E001}date:{}", 1_767_225_600_000_u64 + u64::from(chance.below(2_000)) - 1_000)),
        8 => Value::from(format!("{text}\u{E000}")),
        9 => Value::from(format!("\u{E000}{text}")),
        10 => Value::from(format!("{text}\u{301}\u{202E}\u{FEFF}\u{10FFFF}")),
        11 => Value::from(text.repeat(200)),
        12 => Value::from("\u{0}"),
        13 => Value::from(f64::from(chance.below(1_000)) / 8.0),
        14 => Value::from(-f64::from(chance.below(3))),
        15 => Value::from(5e-324),
        16 => Value::from(9_007_199_254_740_993_u64),
        17 => Value::from(vec![value, Value::from("\u{E001}nan"), Value::from(format!("{text}\u{E000}")), json!([7])]),
        18 => json!({ "": value, "version": "2.3.0" }),
        19 => Value::from(format!("v{}.{}.0-rc.{}", chance.below(4), chance.below(4), chance.below(3))),
        20 => Value::from(format!("2026-01-01T00:00:00.{:09}Z", chance.below(1_000_000_000))),
        21 => Value::from(format!("::ffff:10.0.0.{}", chance.below(300))),
        _ => value,
    }
}

/// Random values, the same every time.
struct Chance {
    runner: TestRunner,
    state: u64,
}

impl Chance {
    fn new() -> Self {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        Chance { runner: TestRunner::new_with_rng(Config::default(), rng), state: 7 }
    }

    fn draw<S: Strategy>(&mut self, strategy: &S) -> Result<S::Value, Box<dyn Error>> {
        Ok(strategy.new_tree(&mut self.runner).map_err(|reason| reason.to_string())?.current())
    }

    /// SplitMix64, cut down.
    #[expect(clippy::cast_possible_truncation, reason = "below a bound of 32 bits")]
    fn below(&mut self, bound: u32) -> u32 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % u64::from(bound.max(1))) as u32
    }
}
