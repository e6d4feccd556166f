//! What a guard is shown of the past: counts by bucket.

use crate::exit::Failure;
use crate::input::sources;
use downhaul_guard::{Bucket, Counts, Record, Rules, Seen};
use serde::Deserialize;
use std::path::Path;

/// The counts of one bucket, and what the file calls its time.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) seen: Seen,
    pub(crate) time: Option<String>,
}

#[derive(Debug)]
pub(crate) struct History {
    pub(crate) looks: Vec<Look>,
    /// Of a record: those that it was judged by.
    pub(crate) rules: Option<Rules>,
    pub(crate) has_instances: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    time: Option<String>,
    treatment_units: u64,
    treatment_failed: u64,
    #[serde(default)]
    control_units: Option<u64>,
    #[serde(default)]
    control_failed: Option<u64>,
    #[serde(default)]
    instances: Option<u32>,
}

const COLUMNS: &str = "its columns are time, treatment_units, treatment_failed, control_units, control_failed and instances; the first and the last may be left out";

/// Reads CSV with a heading, or the record of a guard as JSON.
pub(crate) fn read(path: &Path) -> Result<History, Failure> {
    let text = sources::read_file(path)?;
    if text.bytes.trim_ascii_start().first() == Some(&b'{') {
        let record: Record = serde_json::from_slice(&text.bytes).map_err(|error| {
            Failure::invalid("guard-history", format!("`{}` is no record of a guard: {error}", text.name))
                .help("give what `--format json` printed as `record`, or CSV")
        })?;
        record.rules.check().map_err(|error| Failure::invalid("guard-history", format!("`{}`: {error}", text.name)))?;
        let looks = record.seen.into_iter().map(|seen| Look { seen, time: None }).collect();
        return Ok(History { looks, rules: Some(record.rules), has_instances: true });
    }
    let mut reader = csv::Reader::from_reader(text.bytes.as_slice());
    let (mut looks, mut has_instances) = (Vec::new(), false);
    for (at, line) in reader.deserialize::<Line>().enumerate() {
        // The heading is the first line.
        let invalid = |message: String| {
            Failure::invalid("guard-history", format!("`{}` line {}: {message}", text.name, at + 2)).help(COLUMNS)
        };
        let line = line.map_err(|error| invalid(plain(&error)))?;
        let arm = |units, failed| Counts::new(units, failed).map_err(|error| invalid(error.to_string()));
        let bucket = Bucket {
            treatment: arm(line.treatment_units, line.treatment_failed)?,
            control: arm(line.control_units.unwrap_or_default(), line.control_failed.unwrap_or_default())?,
        };
        has_instances |= line.instances.is_some();
        looks.push(Look { seen: Seen { bucket, instances: line.instances.unwrap_or_default() }, time: line.time });
    }
    if looks.is_empty() {
        return Err(Failure::invalid("guard-history", format!("`{}` has no bucket", text.name)).help(COLUMNS));
    }
    Ok(History { looks, rules: None, has_instances })
}

/// Without the place, which is told already.
fn plain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => match err.field() {
            Some(field) => format!("column {}: {}", field + 1, err.kind()),
            None => err.kind().to_string(),
        },
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} columns, and the heading has {expected_len}")
        }
        _ => error.to_string(),
    }
}
