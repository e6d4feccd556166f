//! The figures are those of `downhaul plan` over the same file, however the rows are parted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

mod support;

use downhaul_blast::plan::{Found, Plan, Side};
use downhaul_blast::population::{Limits, Mapping, Population, WeightColumn};
use downhaul_blast::replay::{Options, replay};
use downhaul_scale::documents;
use serde_json::Value;
use std::fs::{self, File};
use std::sync::atomic::AtomicBool;
use support::Place;

/// What `downhaul plan --no-exact` makes of the one file.
fn expected(place: &Place, name: &str, weight: Option<&str>, by: &[&str]) -> Value {
    let mapping = Mapping {
        weight: weight.map_or(WeightColumn::Usual, |name| WeightColumn::Named(name.to_owned())),
        ..Mapping::default()
    };
    let file = File::open(place.path("people.parquet")).unwrap();
    let (people, _) = Population::from_parquet(file, &mapping, &Limits::default()).unwrap();
    let [old, new] = ["old.json", "new.json"].map(|name| documents::read(&place.path(name)).unwrap());
    let options = Options { by: by.iter().map(|by| (*by).to_owned()).collect(), ..Options::default() };
    let found = replay(&old, &new, &people, &options, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    let found = Found { old: old.document(), new: new.document(), exact: None, replay: Some((found, name.to_owned())) };
    let sides = [("old.json", &old), ("new.json", &new)].map(|(name, side)| Side::of(name, side.document()).unwrap());
    let [old_side, new_side] = sides;
    without_examples(serde_json::to_value(Plan::new(old_side, new_side, found)).unwrap())
}

fn without_examples(mut plan: Value) -> Value {
    for flag in plan["flags"].as_object_mut().unwrap().values_mut() {
        flag.as_object_mut().unwrap().remove("examples");
    }
    plan
}

#[test]
fn one_file_and_several_give_the_figures_of_downhaul_plan() {
    let place = Place::new();
    for (weight, by) in [(None, vec![]), (Some("share"), vec!["app.version", "age"])] {
        let mut arguments: Vec<&str> = by.iter().flat_map(|by| ["--by", by]).collect();
        arguments.extend(weight.iter().flat_map(|weight| ["--weight", weight]));
        let mut examples = None;
        for population in ["people.parquet", "people", "people/*.parquet"] {
            for partitions in ["1", "3"] {
                let plan =
                    place.plan(&[&["--population", population, "--partitions", partitions], &arguments[..]].concat());
                assert_eq!(plan["flags"].as_object().unwrap().len(), 3);
                let own = plan["flags"]["checkout"]["examples"].clone();
                assert_eq!(own.as_array().unwrap().len(), 3);
                assert_eq!(*examples.get_or_insert_with(|| own.clone()), own, "examples do not depend on the parts");
                assert_eq!(
                    without_examples(plan),
                    expected(&place, population, weight, &by),
                    "{population} {partitions}"
                );
            }
        }
    }
}

#[test]
fn what_people_see() {
    let place = Place::new();
    let output = place.run(&["--population", "people", "--values", "3"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.starts_with("3 of 4 flags change; "), "{text}");
    for line in [
        "over people: 20000 rows of weight 20000",
        "not grouped by tenant: it has too many values",
        "`off` -> `on`",
        "such as {",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    fs::copy(place.path("old.json"), place.path("new.json")).unwrap();
    let output = place.run(&["--population", "people"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_cannot_be_replayed_says_why() {
    let place = Place::new();
    let whole = fs::read(place.path("people.parquet")).unwrap();
    fs::write(place.path("cut.parquet"), &whole[..whole.len() / 2]).unwrap();
    let mut damaged = whole.clone();
    let footer = damaged.len() - 40;
    damaged[footer..footer + 20].fill(0xFF);
    fs::write(place.path("damaged.parquet"), damaged).unwrap();
    fs::create_dir(place.path("nothing")).unwrap();
    let people = ["--population", "people.parquet"];
    let cases: [(&[&str], i32, &str); 9] = [
        (&["--population", "gone.parquet"], 1, "cannot read `gone.parquet`: there is no such file"),
        (&["--population", "nothing"], 1, "no population in `nothing`"),
        (&["--population", "none*.parquet"], 1, "no file matches `none*.parquet`"),
        (&["--population", "old.json"], 3, "`old.json` is not a Parquet file that can be read"),
        (&["--population", "cut.parquet"], 3, "`cut.parquet` is not a Parquet file that can be read: it is cut short"),
        (&["--population", "damaged.parquet"], 3, "the population cannot be read"),
        (&[people, ["--tenant", "org"]].concat(), 3, "the mapping names the column `org`, which the file lacks"),
        (&[people, ["--tenant", "unused"]].concat(), 3, "both give the attribute `tenant`"),
        (&[people, ["--weight", "region"]].concat(), 3, "is no weight"),
    ];
    for (arguments, status, message) in cases {
        let output = place.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        assert!(said.contains(message), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
    }
}
