//! Flag sets and populations that the tests share, and the command as people run it.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot be set up has failed")]

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, StructArray};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::parquet::arrow::ArrowWriter;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use tempfile::TempDir;

pub const ROWS: usize = 20_000;
const REGIONS: [&str; 4] = ["eu-west", "eu-north", "us-east", "mars"];

/// A folder with two flag sets, `old.json` and `new.json`, and a population as one file and as three.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        fs::write(place.path("old.json"), document(10_000, "2.0.0").to_string()).unwrap();
        fs::write(place.path("new.json"), document(60_000, "1.0.0").to_string()).unwrap();
        write(&place.path("people.parquet"), 0..ROWS);
        fs::create_dir(place.path("people")).unwrap();
        for (name, rows) in [("a", 0..7), ("b", 7..12_345), ("c", 12_345..ROWS)] {
            write(&place.path(&format!("people/{name}.parquet")), rows);
        }
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `downhaul-scale OLD NEW` with further arguments, in the folder.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_downhaul-scale"));
        command.current_dir(self.folder.path()).args(["old.json", "new.json"]).args(arguments).output().unwrap()
    }

    /// The plan that a run gives.
    pub fn plan(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--format", "json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn document(width: u32, version: &str) -> Value {
    let flag = |key: &str, rules: Value| {
        json!({
            "key": key, "owner": "tests", "kind": "ops", "review": "2030-01-01",
            "variants": { "on": true, "off": false },
            "degraded": { "variant": "off", "meaning": "less" }, "default": "off", "rules": rules
        })
    };
    let mut required = flag("dependent", json!([{ "when": [{ "segment": ["staff"] }], "serve": "on" }]));
    required["requires"] = json!([{ "flag": "checkout", "variants": ["on"] }]);
    json!({
        "schema": 1, "environment": "test", "revision": 1,
        "regions": { "eu": { "eu-west": {}, "eu-north": {} }, "us": { "us-east": {} } },
        "tenants": { "tenant-1": { "plan": "free" } },
        "segments": { "staff": { "include": ["user-17"], "when": [{ "attribute": "age", "op": "ge", "values": [30] }] } },
        "flags": [
            flag("checkout", json!([{
                "when": [{ "tenant": ["tenant-0", "tenant-1", "tenant-2"] }, { "region": ["eu"] }],
                "split": { "slices": [["on", width], ["off", 100_000 - width]] }
            }])),
            flag("search", json!([{
                "when": [{ "attribute": "app.version", "op": "semver", "values": [format!(">={version}")] }],
                "serve": "on"
            }])),
            required,
            flag("untouched", json!([]))
        ]
    })
}

/// Rows of a population that is the same whatever files it lies in.
fn write(path: &Path, rows: std::ops::Range<usize>) {
    let draw = |row: usize, salt: usize| (row + salt).wrapping_mul(2_654_435_761) >> 7;
    let text = |make: &dyn Fn(usize) -> Option<String>| -> ArrayRef {
        Arc::new(rows.clone().map(make).collect::<StringArray>())
    };
    let version = text(&|row| (row % 11 != 0).then(|| format!("{}.{}.0", draw(row, 5) % 3, row % 4)));
    let app = StructArray::from(vec![(Arc::new(Field::new("version", DataType::Utf8, true)), version)]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("targetingKey", text(&|row| (row % 13 != 0).then(|| format!("user-{row}")))),
        ("tenant", text(&|row| (row % 17 != 0).then(|| format!("tenant-{}", draw(row, 1) % 7)))),
        ("region", text(&|row| REGIONS.get(draw(row, 2) % 4).map(|region| (*region).to_owned()))),
        (
            "age",
            Arc::new(
                rows.clone().map(|row| (row % 5 != 0).then_some((draw(row, 3) % 60) as i64)).collect::<Int64Array>(),
            ),
        ),
        ("app", Arc::new(app)),
        ("unused", text(&|row| Some(format!("x{row}")))),
        ("share", Arc::new(rows.clone().map(|row| Some((draw(row, 4) % 100) as f64 / 7.0)).collect::<Float64Array>())),
    ];
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}
