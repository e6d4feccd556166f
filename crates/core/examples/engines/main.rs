//! The flags and contexts over which every engine must give the same digest, and the digest that they have natively.
//!
//! `engines FOLDER POPULATION CONTEXTS`: writes what the other engines read into FOLDER, then decides by itself;
//! see tests/engines/README.md. `cargo xtask engines` runs it.

#![expect(
    clippy::disallowed_methods,
    reason = "an example at the edge: it reads files and takes the time, and the core does neither"
)]

mod decide;
mod fixture;
mod hostile;
#[path = "../../tests/support/mod.rs"]
mod support;

use decide::{Fixture, report};
use downhaul_core::context::Prepared;
use downhaul_core::evaluate::evaluate_all;
use downhaul_core::kills::Loaded;
use downhaul_core::prepare::prepare_into;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, population, contexts] = arguments.as_slice() else {
        return Err("usage: engines FOLDER POPULATION CONTEXTS".into());
    };
    let folder = Path::new(folder);
    fs::create_dir_all(folder)?;
    let population = fs::read_to_string(population)?;
    fixture::write(folder, &population, contexts.parse()?)?;
    native(folder)
}

fn native(folder: &Path) -> Result<(), Box<dyn Error>> {
    let fixture = Fixture::read(folder)?;
    let loaded = Loaded::new(fixture.program()?, fixture.kills()?);
    let mut prepared = Prepared::new(&loaded);
    let mut took = Duration::ZERO;
    let mut decisions = Vec::new();
    for (number, context) in fixture.contexts()?.iter().enumerate() {
        let overrides = Fixture::overrides(number, loaded.program.flag_count() as usize);
        let began = Instant::now();
        prepare_into(&loaded, context, &mut prepared);
        evaluate_all(&loaded, &overrides, &mut prepared, |_, decision| decide::write(&decision, &mut decisions))
            .map_err(|need| format!("slot {} was not written", need.slot))?;
        took += began.elapsed();
    }
    println!("{}", report("native", &decisions, took));
    Ok(())
}
