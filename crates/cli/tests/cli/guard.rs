//! `downhaul guard`: rollouts of the past, judged as a guard would have.

use crate::support::Place;
use insta::assert_snapshot;
use serde_json::json;

const HEADING: &str = "time,treatment_units,treatment_failed,control_units,control_failed\n";
const BAD: &str = "14:00,512,4,9488,58\n14:01,498,5,9502,61\n14:02,505,19,9495,57\n14:03,500,3,9500,60\n";

fn place(lines: &str) -> Place {
    let place = Place::new();
    place.write("rollout.csv", format!("{HEADING}{lines}"));
    place
}

#[test]
fn a_rollout_that_should_have_been_ended() {
    let place = place(BAD);
    assert_snapshot!(place.run("guard rollout.csv"), @r#"
    exit status 4
    --- out
    would have fired after bucket 3 (14:02): evidence of harm 1 in 56 000
    with the variant 28 of 1515 units failed (1.85 %)
    without it 176 of 28 485 units failed (0.62 %); allowed are 1.1 times as many and 0.05 % more
    "#);
    // The record decides again what was decided, whatever the options say.
    let judged = place.run("guard rollout.csv --format json").json();
    assert_eq!(
        (&judged["standing"], &judged["bucket"], &judged["time"]),
        (&json!("harmful"), &json!(3), &json!("14:02"))
    );
    place.write("record.json", judged["record"].to_string());
    let again = place.run("guard record.json --level 0.1 --format json").json();
    for same in ["standing", "bucket", "evidence", "against", "treatment", "control", "record"] {
        assert_eq!(again[same], judged[same], "{same}");
    }
}

#[test]
fn a_rollout_that_was_fine_and_one_that_was_shown_to_be() {
    assert_snapshot!(place("1,512,4,9488,58\n2,498,3,9502,61\n").run("guard rollout.csv"), @r#"
    exit status 0
    --- out
    would not have fired in 2 buckets: evidence of harm none, against it none; 1 in 1 000 is needed for either
    with the variant 7 of 1010 units failed (0.69 %)
    without it 119 of 18 990 units failed (0.63 %); allowed are 1.1 times as many and 0.05 % more
    "#);
    let fine: String = (0..60).map(|minute| format!("{minute},5000,30,5000,30\n")).collect();
    assert_snapshot!(place(&fine).run("guard rollout.csv --relative 1.5 --absolute 0"), @r#"
    exit status 0
    --- out
    would not have fired in 60 buckets: shown to be harmless, evidence more than 1 in 10^15
    with the variant 1800 of 300 000 units failed (0.60 %)
    without it 1800 of 300 000 units failed (0.60 %); allowed are 1.5 times as many and 0 % more
    "#);
    assert_snapshot!(place("1,5000,30,,\n2,5000,90,,\n").run("guard rollout.csv --objective 0.01"), @r#"
    exit status 4
    --- out
    would have fired after bucket 2 (2): evidence of harm 1 in 29 000
    with the variant 120 of 10 000 units failed (1.20 %)
    the objective is 1 %
    "#);
    assert_snapshot!(place("1,5,1,0,0\n2,5,0,0,0\n3,5,0,0,0\n").run("guard rollout.csv"), @r#"
    exit status 0
    --- out
    would not have fired in 3 buckets, and was blind in the last 3: an arm told nothing; evidence of harm none
    with the variant 1 of 15 units failed (6.67 %)
    without it 0 of 0 units failed; allowed are 1.1 times as many and 0.05 % more
    "#);
}

#[test]
fn one_machine_is_not_enough() {
    let place = Place::new();
    let with_instances = "treatment_units,treatment_failed,control_units,control_failed,instances\n500,40,9500,60,1\n";
    place.write("rollout.csv", with_instances);
    assert_snapshot!(place.run("guard rollout.csv"), @r#"
    exit status 0
    --- out
    would not have fired in 1 bucket: evidence of harm more than 1 in 10^15, but from 40 failed units in 1 instance, and 5 in 2 are needed
    with the variant 40 of 500 units failed (8.00 %)
    without it 60 of 9500 units failed (0.63 %); allowed are 1.1 times as many and 0.05 % more
    "#);
    assert_snapshot!(place.run("guard rollout.csv --least-instances 1"), @r#"
    exit status 4
    --- out
    would have fired after bucket 1: evidence of harm more than 1 in 10^15
    with the variant 40 of 500 units failed (8.00 %)
    without it 60 of 9500 units failed (0.63 %); allowed are 1.1 times as many and 0.05 % more
    "#);
}

#[test]
fn what_cannot_be_judged_says_where_and_what_to_do() {
    assert_snapshot!(place("14:00,5,6,10,0\n").run("guard rollout.csv"), @r#"
    exit status 3
    --- err
    error: `rollout.csv` line 2: 6 of 5 units failed; count a unit that failed among those at risk, too

    help: its columns are time, treatment_units, treatment_failed, control_units, control_failed and instances; the first and the last may be left out
    "#);
    assert_snapshot!(place("14:00,5,six,10,0\n").run("guard rollout.csv"), @r#"
    exit status 3
    --- err
    error: `rollout.csv` line 2: column 3: invalid digit found in string

    help: its columns are time, treatment_units, treatment_failed, control_units, control_failed and instances; the first and the last may be left out
    "#);
    assert_snapshot!(place("14:00,5\n").run("guard rollout.csv"), @r#"
    exit status 3
    --- err
    error: `rollout.csv` line 2: 2 columns, and the heading has 5

    help: its columns are time, treatment_units, treatment_failed, control_units, control_failed and instances; the first and the last may be left out
    "#);
    assert_snapshot!(place("").run("guard rollout.csv"), @r#"
    exit status 3
    --- err
    error: `rollout.csv` has no bucket

    help: its columns are time, treatment_units, treatment_failed, control_units, control_failed and instances; the first and the last may be left out
    "#);
    assert_snapshot!(place(BAD).run("guard rollout.csv --level 0.9"), @r#"
    exit status 2
    --- err
    error: 0.9 is no level of false alarms; write one from 0.000000001 to 0.2, such as 0.001 (one in a thousand)
    "#);
    assert_snapshot!(place(BAD).run("guard rollout.csv --relative 0.5"), @r#"
    exit status 2
    --- err
    error: the relative margin is 0.5; write a factor from 1 to 10, such as 1.1 for ten per cent more failures
    "#);
    assert_snapshot!(place(BAD).run("guard rollout.csv --objective 1"), @r#"
    exit status 2
    --- err
    error: the objective is 1; write the share that may fail, above 0 and below 1, such as 0.01
    "#);
    let place = place(BAD);
    place.write("record.json", r#"{"rules":{"level":7}}"#);
    assert_snapshot!(place.run("guard record.json"), @r#"
    exit status 3
    --- err
    error: `record.json` is no record of a guard: 7 is no level of false alarms; write one from 0.000000001 to 0.2, such as 0.001 (one in a thousand) at line 1 column 20

    help: give what `--format json` printed as `record`, or CSV
    "#);
    place.write("other.csv", "a,b\n1,2\n");
    assert_snapshot!(place.run("guard other.csv"), @r#"
    exit status 3
    --- err
    error: `other.csv` line 2: unknown field `a`, expected one of `time`, `treatment_units`, `treatment_failed`, `control_units`, `control_failed`, `instances`

    help: its columns are time, treatment_units, treatment_failed, control_units, control_failed and instances; the first and the last may be left out
    "#);
}
