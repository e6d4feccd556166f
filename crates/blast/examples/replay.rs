//! How fast a replay is: contexts of tenant, region and targetingKey, and a flag of which the split was edited.
//!
//! `cargo run --release -p downhaul-blast --example replay [ROWS [FLAGS]]`: every flag is edited

#[path = "support/edited_flag.rs"]
mod edited_flag;

use downhaul_blast::population::{Builder, Limits, Population, PopulationError};
use downhaul_blast::replay::{Options, Replay, ReplayError, replay};
use downhaul_core::validate::Valid;
use edited_flag::{REGIONS, TENANTS, documents};
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

const ROUNDS: u32 = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows = std::env::args().nth(1).map_or(Ok(10_000_000), |rows| rows.parse())?;
    let flags: usize = std::env::args().nth(2).map_or(Ok(1), |flags| flags.parse())?;
    let started = Instant::now();
    let people = people(rows)?;
    println!("{rows} contexts made in {:.2} s", started.elapsed().as_secs_f64());
    let (old, new) = (documents(10_000, flags)?, documents(25_000, flags)?);
    for threads in [1, 2] {
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            let started = Instant::now();
            let found = run(&old, &new, &people, threads)?;
            best = best.min(started.elapsed().as_secs_f64());
            assert!(found.moved_rows > 0, "some rows move");
        }
        #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
        let per_second = (rows * flags) as f64 / best;
        println!(
            "{threads} threads: {:.1} ms, {:.1} million decisions a second (a row through both documents is one)",
            best * 1000.0,
            per_second / 1e6
        );
    }
    let found = run(&old, &new, &people, 2)?;
    for (key, flag) in found.flags.iter().take(3) {
        println!("{key}: {} of {} move", flag.moved, flag.of);
        for transition in &flag.transitions {
            println!("  {} -> {}: {}", transition.from, transition.to, transition.weight);
        }
    }
    Ok(())
}

fn run(old: &Valid, new: &Valid, people: &Population, threads: usize) -> Result<Replay, ReplayError> {
    let options = Options { threads: NonZeroUsize::new(threads), ..Options::default() };
    replay(old, new, people, &options, &mut |_| {}, &AtomicBool::new(false))
}

fn people(rows: usize) -> Result<Population, PopulationError> {
    let mut builder = Builder::new(&Limits::default());
    let (key, tenant, region) =
        (builder.attribute("targetingKey")?, builder.attribute("tenant")?, builder.attribute("region")?);
    let tenants: Vec<String> = (0..TENANTS).map(|number| format!("tenant-{number}")).collect();
    let mut state = 1u64;
    for row in 0..rows {
        // Knuth's generator: the high bits are good enough for shares.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut draw = (state >> 33) as usize;
        let mut one = |of: usize| {
            let drawn = draw % of;
            draw /= of;
            drawn
        };
        let region_name = REGIONS.get(one(REGIONS.len())).copied().unwrap_or_default();
        let tenant_name = tenants.get(one(TENANTS)).map_or("", String::as_str);
        let user = format!("user-{row:08}");
        builder.push_texts(&[(key, &user), (tenant, tenant_name), (region, region_name)], 1.0)?;
    }
    Ok(builder.finish())
}
