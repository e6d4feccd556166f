//! Populations from Parquet files as others write them.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use arrow_array::builder::{
    BinaryBuilder, FixedSizeBinaryBuilder, Int64Builder, ListBuilder, MapBuilder, StringBuilder,
    StringDictionaryBuilder,
};
use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int16Array, Int64Array,
    LargeStringArray, RecordBatch, StringArray, StringViewArray, StructArray, TimestampMicrosecondArray,
    TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use downhaul_blast::population::{Limits, Mapping, Population, PopulationError, Report};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};
use std::sync::Arc;

fn file(columns: Vec<(&str, ArrayRef)>, compression: Compression) -> Bytes {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    written(&batch.unwrap(), WriterProperties::builder().set_compression(compression).build())
}

fn written(batch: &RecordBatch, properties: WriterProperties) -> Bytes {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    Bytes::from(bytes)
}

fn read(file: Bytes, map: Value) -> Result<(Population, Report), PopulationError> {
    let mapping: Mapping = serde_json::from_value(map).unwrap();
    Population::from_parquet(file, &mapping, &Limits::default())
}

fn contexts(population: &Population) -> Value {
    (0..population.rows()).map(|row| Value::Object(population.context(row))).collect()
}

fn people() -> Vec<(&'static str, ArrayRef)> {
    let version = Arc::new(StringArray::from(vec![Some("2.4.1"), None, Some("2.4.0")])) as ArrayRef;
    let build = Arc::new(Int16Array::from(vec![Some(7), None, None])) as ArrayRef;
    let app = StructArray::try_new(
        vec![Field::new("version", DataType::Utf8, true), Field::new("build", DataType::Int16, true)].into(),
        vec![version, build],
        Some(vec![true, false, true].into()),
    );
    let mut region = StringDictionaryBuilder::<Int32Type>::new();
    region.extend([Some("eu"), Some("us"), Some("eu")]);
    vec![
        ("targetingKey", Arc::new(StringArray::from(vec!["u1", "u2", "u3"])) as ArrayRef),
        ("region", Arc::new(region.finish())),
        ("app", Arc::new(app.unwrap())),
        ("share", Arc::new(Float64Array::from(vec![0.5, 1.0, 2.0]))),
    ]
}

#[test]
fn every_common_compression_is_read() {
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let gzip = Compression::GZIP(GzipLevel::default());
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, zstd, gzip, Compression::LZ4_RAW] {
        let (population, report) = read(file(people(), compression), json!({ "weight": "share" })).unwrap();
        assert_eq!(
            contexts(&population),
            json!([
                { "targetingKey": "u1", "region": "eu", "app": { "version": "2.4.1", "build": 7 } },
                { "targetingKey": "u2", "region": "us" },
                { "targetingKey": "u3", "region": "eu", "app": { "version": "2.4.0" } },
            ]),
            "{compression:?}"
        );
        assert_eq!((population.weight(), report), (3.5, Report { rows: 3, ..Report::default() }));
    }
}

#[test]
fn every_type_that_an_attribute_can_have_is_read() {
    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.append_value([Some("a"), None]);
    tags.append_null();
    let mut properties = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    properties.keys().append_value("seats");
    properties.values().append_value(5);
    properties.append(true).unwrap();
    properties.append(true).unwrap();
    let mut old_text = BinaryBuilder::new();
    old_text.append_value("é");
    old_text.append_null();
    let mut all_null = StringDictionaryBuilder::<Int8Type>::new();
    all_null.append_nulls(2);
    let empty = StructArray::try_new(
        vec![Field::new("x", DataType::Boolean, true)].into(),
        vec![Arc::new(BooleanArray::from(vec![None, None]))],
        Some(vec![true, false].into()),
    );
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("big", Arc::new(UInt64Array::from(vec![u64::MAX, 0]))),
        ("small", Arc::new(Int64Array::from(vec![i64::MIN, -1]))),
        ("half", Arc::new(Float32Array::from(vec![0.5, f32::NAN]))),
        ("double", Arc::new(Float64Array::from(vec![f64::INFINITY, 0.1]))),
        ("large", Arc::new(LargeStringArray::from(vec![Some(""), None]))),
        ("view", Arc::new(StringViewArray::from(vec!["a view", "another view, longer than twelve"]))),
        ("old", Arc::new(old_text.finish())),
        ("day", Arc::new(Date32Array::from(vec![20_000, -1]))),
        ("seconds", Arc::new(TimestampSecondArray::from(vec![1, -1]).with_timezone("UTC"))),
        ("micros", Arc::new(TimestampMicrosecondArray::from(vec![1_999, -1]))),
        ("nanos", Arc::new(TimestampNanosecondArray::from(vec![1_999_999, 0]))),
        ("price", Arc::new(Decimal128Array::from(vec![1250, -1]).with_precision_and_scale(10, 2).unwrap())),
        ("tags", Arc::new(tags.finish())),
        ("properties", Arc::new(properties.finish())),
        ("nothing", Arc::new(all_null.finish())),
        ("empty", Arc::new(empty.unwrap())),
        ("json", Arc::new(StringArray::from(vec![Some(r#"{"a":{"b":1}}"#), None]))),
    ];
    let (population, _) = read(file(columns, Compression::SNAPPY), json!({ "types": { "json": "json" } })).unwrap();
    assert_eq!(
        contexts(&population),
        json!([
            {
                "flag": true, "big": u64::MAX, "small": i64::MIN, "half": 0.5, "large": "", "view": "a view", "old": "é",
                "day": 1_728_000_000_000_i64, "seconds": 1000, "micros": 1, "nanos": 1, "price": 12.5,
                "tags": ["a", null], "properties": { "seats": 5 }, "empty": {}, "json": { "a": { "b": 1 } }
            },
            {
                "big": 0, "small": -1, "double": 0.1, "view": "another view, longer than twelve",
                "day": -86_400_000, "seconds": -1000, "micros": -1, "nanos": 0, "price": -0.01, "properties": {}
            },
        ])
    );
}

#[test]
fn a_mapping_reaches_into_structs() {
    let map = json!({
        "weight": "share", "rename": { "app.version": "app.version" }, "drop": ["app"], "region": "targetingKey",
        "targetingKey": "region"
    });
    let (population, _) = read(file(people(), Compression::SNAPPY), map).unwrap();
    assert_eq!(
        contexts(&population),
        json!([
            { "region": "u1", "targetingKey": "eu", "app.version": "2.4.1" },
            { "region": "u2", "targetingKey": "us" },
            { "region": "u3", "targetingKey": "eu", "app.version": "2.4.0" },
        ])
    );
}

#[test]
fn what_cannot_be_read_is_told() {
    let mut ids = FixedSizeBinaryBuilder::new(2);
    ids.append_value([0xff, 0xff]).unwrap();
    let ids = Arc::new(ids.finish()) as ArrayRef;
    let mut bytes = BinaryBuilder::new();
    bytes.append_value([0xff, 0xfe]);
    let bytes = Arc::new(bytes.finish()) as ArrayRef;
    let number = |value: f64| Arc::new(Float64Array::from(vec![value])) as ArrayRef;
    for (columns, map, expected) in [
        (
            vec![("id", ids.clone())],
            json!({}),
            "the column `id` has the type FixedSizeBinary(2), which no attribute has",
        ),
        (vec![("a", bytes)], json!({}), "row 1, column `a`: it is not UTF-8"),
        (vec![("weight", number(f64::NAN))], json!({}), "row 1, column `weight`: NaN or an infinity is no weight"),
        (vec![("weight", number(-1.0))], json!({}), "row 1, column `weight`: -1.0 is no weight"),
        (vec![("a", number(1.0))], json!({ "types": { "a": "text" } }), "row 1, column `a`: 1.0 is not a text"),
        (
            vec![("a", number(1.0))],
            json!({ "tenant": "b" }),
            "the mapping names the column `b`, which the file lacks; it has `a`",
        ),
        (
            vec![("a", number(1.0)), ("tenant", number(1.0))],
            json!({ "tenant": "a" }),
            "the columns `a` and `tenant` both give the attribute `tenant`",
        ),
    ] {
        assert_eq!(read(file(columns, Compression::SNAPPY), map).unwrap_err().to_string(), expected);
    }
    // What is dropped may be of any type.
    let columns = vec![("id", ids), ("a", number(1.0))];
    assert_eq!(
        contexts(&read(file(columns, Compression::SNAPPY), json!({ "drop": ["id"] })).unwrap().0),
        json!([{ "a": 1.0 }])
    );
}

#[test]
fn a_file_cut_short_is_an_error_wherever_it_is_cut() {
    let whole = file(people(), Compression::SNAPPY);
    for length in 0..whole.len() {
        let error = read(whole.slice(..length), json!({})).unwrap_err();
        assert_eq!(error.code(), "population-not-parquet", "{length}: {error}");
    }
}

/// Damage may go unnoticed where nothing checks it, but it never brings the program down.
#[test]
fn a_damaged_file_never_panics() {
    let whole = file(people(), Compression::UNCOMPRESSED);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for at in 0..whole.len() {
        for flip in [0xff, 0x01, 0x80] {
            let mut bytes = whole.to_vec();
            bytes[at] ^= flip;
            let _ = read(Bytes::from(bytes), json!({}));
        }
    }
    std::panic::set_hook(hook);
}

#[test]
fn rows_are_counted_over_batches_and_limits_hold() {
    let numbers = Arc::new(Int64Array::from_iter_values((0..20_000).map(|n| n % 7))) as ArrayRef;
    let weights = Arc::new(Float64Array::from_iter_values((0..20_000).map(|n| if n == 19_998 { -1.0 } else { 0.5 })));
    let schema = Arc::new(Schema::new(vec![
        Field::new("a", DataType::Int64, false),
        Field::new("weight", DataType::Float64, false),
    ]));
    let batch = RecordBatch::try_new(schema, vec![numbers, weights]).unwrap();
    let file = written(&batch, WriterProperties::builder().set_max_row_group_row_count(Some(3000)).build());
    let error = read(file.clone(), json!({})).unwrap_err();
    assert_eq!(error.to_string(), "row 19999, column `weight`: -1.0 is no weight");
    let limits = Limits { malformed_rows: 1, ..Limits::default() };
    let (population, report) = Population::from_parquet(file.clone(), &Mapping::default(), &limits).unwrap();
    assert_eq!((population.rows(), population.weight(), report.malformed), (19_999, 9999.5, 1));
    assert_eq!(population.columns()[0].dictionary().len(), 7);
    let limits = Limits { rows: 9000, ..Limits::default() };
    let error = Population::from_parquet(file, &Mapping::default(), &limits).unwrap_err();
    assert_eq!(error.code(), "population-too-many-rows");
}

/// Ids that nobody shares, and some that few share; texts of a few, numbers, gaps.
fn many(rows: usize) -> RecordBatch {
    let gap = |row: usize, every: usize| !row.is_multiple_of(every);
    let texts =
        |text: &dyn Fn(usize) -> Option<String>| Arc::new((0..rows).map(text).collect::<StringArray>()) as ArrayRef;
    let columns = [
        ("targetingKey", texts(&|row| Some(format!("user-{row}")))),
        ("session", texts(&|row| gap(row, 7).then(|| format!("s-{}", row / 3)))),
        ("mail", texts(&|row| Some(if row < rows / 2 { "none".to_owned() } else { format!("{row}@example.com") }))),
        ("tenant", texts(&|row| gap(row, 5).then(|| format!("tenant-{}", row % 97)))),
        ("never", texts(&|_| None)),
        ("age", Arc::new((0..rows as i64).map(|row| (row % 3 > 0).then_some(row % 90)).collect::<Int64Array>())),
        (
            "weight",
            Arc::new((0..rows).map(|row| gap(row, 11).then_some(0.1 * (row % 13) as f64)).collect::<Float64Array>()),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

#[test]
fn columns_give_what_rows_give() {
    let batch = many(150_000);
    for (rows_in_group, dictionaries) in [(1_000_000, true), (40_000, true), (40_000, false)] {
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(rows_in_group))
            .set_dictionary_enabled(dictionaries)
            .set_dictionary_page_size_limit(1 << 16)
            .build();
        let file = written(&batch, properties);
        let (by_column, report) = read(file.clone(), json!({})).unwrap();
        // A declared type has to be looked at row by row.
        let (by_row, expected) = read(file, json!({ "types": { "age": "number" } })).unwrap();
        assert_eq!(report, expected);
        assert_eq!((by_column.rows(), by_column.weight()), (by_row.rows(), by_row.weight()));
        let names = |population: &Population| {
            let mut names: Vec<String> = population.columns().iter().map(|column| column.name()).collect();
            names.sort();
            names
        };
        assert_eq!(names(&by_column), names(&by_row));
        for row in 0..by_row.rows() {
            assert_eq!(by_column.context(row), by_row.context(row), "{row}");
            assert_eq!(by_column.row_weight(row).to_bits(), by_row.row_weight(row).to_bits(), "{row}");
        }
        for column in by_column.columns() {
            let one = by_row.columns().iter().find(|other| other.path() == column.path()).unwrap();
            // Where values are looked up no more, some may stand twice, until somebody asks for it otherwise.
            assert_eq!(column.distinct().dictionary().len(), one.dictionary().len(), "{}", column.name());
            let many = ["targetingKey", "session", "mail"].contains(&column.name().as_str());
            assert!(many || !column.dictionary().repeats(), "{}", column.name());
        }
        let key = by_column.columns().iter().find(|column| column.name() == "targetingKey").unwrap();
        assert!(key.dictionary().repeats(), "unique ids are not looked up");
        let bytes = by_column.to_bytes();
        let again = Population::from_sample_bytes(&bytes, &Limits::default()).unwrap();
        assert_eq!(again.context(149_999), by_row.context(149_999));
    }
}

#[test]
fn what_is_too_much_by_its_own_word_is_refused_at_once() {
    let file = written(&many(1000), WriterProperties::default());
    let code =
        |limits: Limits| Population::from_parquet(file.clone(), &Mapping::default(), &limits).unwrap_err().to_string();
    assert_eq!(code(Limits { rows: 999, ..Limits::default() }), "the population has more than 999 rows");
    // Seven columns, 4 bytes each.
    let message = code(Limits { bytes: 27_999, ..Limits::default() });
    assert_eq!(message, "the population takes more than 27999 bytes of memory, reached in row 999");
    let message = code(Limits { bytes: 40_000, ..Limits::default() });
    assert!(message.starts_with("the population takes more than 40000 bytes of memory"), "{message}");
}
