//! How long a population in Parquet takes to be read, and then to be replayed: contexts of tenant, region and
//! targetingKey, and a flag of which the split was edited. Beside it, the same as SQL: benches/sql.
//!
//! `cargo run --release -p downhaul-blast --example parquet FILE [ROWS]`: makes the file where there is none.

#[path = "support/edited_flag.rs"]
mod edited_flag;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use downhaul_blast::population::{Limits, Mapping, Population};
use downhaul_blast::replay::{Options, replay};
use edited_flag::{REGIONS, TENANTS, documents};
use parquet::arrow::ArrowWriter;
use serde_json::json;
use std::error::Error;
use std::fs::File;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

const ROUNDS: usize = 5;
const BATCH: usize = 1 << 16;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("name the file")?;
    let rows = arguments.next().map_or(Ok(10_000_000), |rows| rows.parse())?;
    if !Path::new(&file).exists() {
        write(&file, rows)?;
    }
    let (started, working) = (Instant::now(), core_seconds());
    let (people, _) = Population::from_parquet(File::open(&file)?, &Mapping::default(), &Limits::default())?;
    let (read, read_core) = (started.elapsed().as_secs_f64(), core_seconds() - working);
    let (old, new) = (documents(10_000, 1)?, documents(25_000, 1)?);
    let options = Options { threads: NonZeroUsize::new(2), ..Options::default() };
    let mut times = Vec::new();
    let (mut moved, working) = (0, core_seconds());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        moved = replay(&old, &new, &people, &options, &mut |_| {}, &AtomicBool::new(false))?.moved_rows;
        times.push(started.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let median = times.get(ROUNDS / 2);
    let replay_core = (core_seconds() - working) / ROUNDS as f64;
    let core = json!({ "read": read_core, "replay": replay_core });
    println!("{}", json!({ "rows": people.rows(), "moved": moved, "read": read, "replay": median, "core": core }));
    Ok(())
}

/// What this process took of all cores so far, to a hundredth; 0 where the system does not tell as Linux does. Others may
/// be using the machine as well.
fn core_seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = told.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks = after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn write(file: &str, rows: usize) -> Result<(), Box<dyn Error>> {
    let mut writer = None;
    let mut state = 1u64;
    for start in (0..rows).step_by(BATCH) {
        let mut columns: [Vec<String>; 3] = Default::default();
        for row in start..rows.min(start + BATCH) {
            // Knuth's generator: the high bits are good enough for shares.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let draw = (state >> 33) as usize;
            let region = REGIONS.get(draw % REGIONS.len()).copied().unwrap_or_default();
            let values =
                [format!("user-{row:08}"), format!("tenant-{}", draw / REGIONS.len() % TENANTS), region.to_owned()];
            columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        }
        let arrays = columns.map(|column| Arc::new(StringArray::from(column)) as ArrayRef);
        let batch = RecordBatch::try_from_iter(["targetingKey", "tenant", "region"].into_iter().zip(arrays))?;
        if writer.is_none() {
            writer = Some(ArrowWriter::try_new(File::create(file)?, batch.schema(), None)?);
        }
        if let Some(writer) = &mut writer {
            writer.write(&batch)?;
        }
    }
    writer.ok_or("there are no rows")?.close()?;
    Ok(())
}
