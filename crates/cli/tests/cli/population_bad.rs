//! Populations that are none, as whole runs: each is refused with its file, row and column, and nothing else is printed.

use crate::support::{Place, SHOP};
use insta::assert_snapshot;

/// What is said of each file in turn.
fn said(files: &[(&str, &[u8])]) -> String {
    let place = Place::new();
    place.write("shop.json", SHOP);
    let mut all = String::new();
    for (name, bytes) in files {
        place.write(name, bytes);
        let run = place.run(&format!("plan shop.json shop.json --no-exact --population {name} --format plain"));
        assert_eq!((run.status, run.stdout.as_str()), (3, ""), "{name}: {run}");
        all.push_str(&run.stderr);
    }
    all
}

#[test]
fn empty_files() {
    let head = b"targetingKey,tenant\n";
    let files: [(&str, &[u8]); 7] = [
        ("none.csv", b""),
        ("head.csv", head),
        ("none.tsv", b""),
        ("none.jsonl", b""),
        ("blank.jsonl", b"\n \n"),
        ("none.parquet", b""),
        ("none.population", b""),
    ];
    assert_snapshot!(said(&files), @r#"
    error[population-no-header]: `none.csv`: the first line names no columns (begin the file with a line of column names)
    error[population-empty]: `head.csv` holds no contexts (see that it is the right file, and that it was written to its end)
    error[population-no-header]: `none.tsv`: the first line names no columns (begin the file with a line of column names)
    error[population-empty]: `none.jsonl` holds no contexts (see that it is the right file, and that it was written to its end)
    error[population-empty]: `blank.jsonl` holds no contexts (see that it is the right file, and that it was written to its end)
    error[population-not-parquet]: `none.parquet`: this is not a Parquet file that can be read: EOF: Parquet file too small. Size is 0 but need 8 (write the file again; it may be cut short or damaged)
    error[population-not-a-sample]: `none.population`: this is not a sample of a population: it does not begin as one does (fetch it again from where it came)
    "#);
}

#[test]
fn malformed_rows() {
    let files: [(&str, &[u8]); 12] = [
        ("twice.csv", b"tenant,region,tenant\nacme,eu,globex\n"),
        ("bytes.csv", b"targetingKey,tenant\nuser-1,acme\nuser-2,\xff\xfe\n"),
        ("names.csv", b"targetingKey,\xff\nuser-1,acme\n"),
        ("short.csv", b"targetingKey,tenant\nuser-1\n"),
        ("negative.csv", b"targetingKey,weight\nuser-1,1\nuser-2,-1\n"),
        ("nan.csv", b"targetingKey,weight\nuser-1,NaN\n"),
        ("infinite.jsonl", b"{ \"weight\": \"inf\" }\n"),
        ("text.jsonl", b"{ \"weight\": [1] }\n"),
        ("twice.jsonl", b"{ \"tenant\": \"acme\" }\n{ \"tenant\": \"acme\", \"tenant\": \"globex\" }\n"),
        ("within.jsonl", b"{ \"tags\": [{ \"a\": 1, \"a\": 2 }] }\n"),
        ("bytes.jsonl", b"{ \"tenant\": \"acme\" }\n{ \"tenant\": \"\xff\" }\n"),
        ("cut.jsonl", b"{ \"tenant\": \"acme\" }\n{ \"tenant\": \"ac"),
    ];
    assert_snapshot!(said(&files), @r#"
    error[population-same-attribute]: `twice.csv`: the columns `tenant` and `tenant` both give the attribute `tenant` (drop or rename one of them in the mapping)
    error[population-malformed]: `bytes.csv`: row 3, column `tenant`: it is not UTF-8 (write the file as UTF-8)
    error[population-malformed]: `names.csv`: row 1: it is not UTF-8 (write the file as UTF-8)
    error[population-malformed]: `short.csv`: row 2: it has 1 fields; the first line names 2 (quote fields that have the delimiter or a line break in them)
    error[population-malformed]: `negative.csv`: row 3, column `weight`: `-1` is no weight (a weight is a finite number that is not negative)
    error[population-malformed]: `nan.csv`: row 2, column `weight`: `NaN` is no weight (a weight is a finite number that is not negative)
    error[population-malformed]: `infinite.jsonl`: row 1, column `weight`: `inf` is no weight (a weight is a finite number that is not negative)
    error[population-malformed]: `text.jsonl`: row 1, column `weight`: [1] is no weight (a weight is a finite number that is not negative)
    error[population-malformed]: `twice.jsonl`: row 2, column `tenant`: the key stands twice in one object (give the key once)
    error[population-malformed]: `within.jsonl`: row 1: the key stands twice in one object (give the key once)
    error[population-malformed]: `bytes.jsonl`: row 2: it is not UTF-8 (write the file as UTF-8)
    error[population-malformed]: `cut.jsonl`: row 2: it is not JSON: EOF while parsing a string at column 15 (each line is one JSON object, such as `{"targetingKey": "user-1"}`)
    "#);
}

#[test]
fn mixed_types_are_refused_where_one_is_declared() {
    let place = Place::new();
    place.write("shop.json", SHOP);
    place.write("mapping.json", r#"{ "types": { "age": "number" } }"#);
    place.write("people.csv", "targetingKey,age\nuser-1,30\nuser-2,thirty\n");
    place.write("people.jsonl", "{ \"age\": 30 }\n{ \"age\": \"30\" }\n");
    let plan = "plan shop.json shop.json --no-exact --mapping mapping.json --format plain --population";
    let said = ["people.csv", "people.jsonl"].map(|file| place.run(&format!("{plan} {file}")).to_string()).concat();
    assert_snapshot!(said, @r#"
    exit status 3
    --- err
    error[population-malformed]: `people.csv`: row 3, column `age`: `thirty` is not a number (mend the value, or declare another type in the mapping)
    exit status 3
    --- err
    error[population-malformed]: `people.jsonl`: row 2, column `age`: `30` is not a number (mend the value, or declare another type in the mapping)
    "#);
}

/// Some programs begin their files with a byte order mark.
#[test]
fn a_byte_order_mark_is_no_part_of_a_name() {
    let place = Place::new();
    place.write("old.json", SHOP);
    place.write("new.json", SHOP.replace("25000", "50000").replace("75000", "50000"));
    place.write("people.csv", "\u{feff}targetingKey,tenant,region\nuser-1,acme,eu-west\n");
    place.write("people.jsonl", "\u{feff}{ \"targetingKey\": \"user-1\", \"tenant\": \"acme\", \"region\": \"eu\" }\n");
    for file in ["people.csv", "people.jsonl"] {
        let run = place.run(&format!("plan old.json new.json --no-exact --format json --population {file}"));
        assert_eq!(run.json()["population"]["moved_rows"], 1, "{file}: {run}");
    }
}

/// Three people, as a Parquet file without compression.
const PARQUET: &[u8] = include_bytes!("people.parquet");

#[test]
fn damaged_parquet() {
    let place = Place::new();
    let plan = "plan shop.json shop.json --no-exact --format json --population people.parquet";
    place.write("shop.json", SHOP);
    place.write("people.parquet", PARQUET);
    assert_eq!(place.run(plan).done().json()["population"]["rows"], 3);
    // The decoder panics on these.
    let damaged = [57, 110, 277].map(|at| {
        let mut bytes = PARQUET.to_vec();
        bytes[at] ^= 0xff;
        bytes
    });
    let mut files: Vec<(&str, &[u8])> = damaged.iter().map(|bytes| ("damaged.parquet", bytes.as_slice())).collect();
    let (half, _) = PARQUET.split_at(PARQUET.len() / 2);
    files.extend([("half.parquet", half), ("text.parquet", b"targetingKey,tenant\n".as_slice())]);
    assert_snapshot!(said(&files), @r#"
    error[population-not-parquet]: `damaged.parquet`: this is not a Parquet file that can be read: it is damaged (write the file again; it may be cut short or damaged)
    error[population-not-parquet]: `damaged.parquet`: this is not a Parquet file that can be read: it is damaged (write the file again; it may be cut short or damaged)
    error[population-not-parquet]: `damaged.parquet`: this is not a Parquet file that can be read: it is damaged (write the file again; it may be cut short or damaged)
    error[population-not-parquet]: `half.parquet`: this is not a Parquet file that can be read: Parquet error: Invalid Parquet file. Corrupt footer (write the file again; it may be cut short or damaged)
    error[population-not-parquet]: `text.parquet`: this is not a Parquet file that can be read: Parquet error: Invalid Parquet file. Corrupt footer (write the file again; it may be cut short or damaged)
    "#);
}
