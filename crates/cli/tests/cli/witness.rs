//! Witnesses of the chart: they sign heads that extend those before, and whoever checks asks for them.

use crate::remote::shop;
use crate::support::{Place, Run};
use insta::assert_snapshot;
use std::fs;

fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[digest]");
    settings.add_filter(r"\ba-[0-9a-f]{12}\b", "[actor]");
    settings.add_filter(r"root: \S+", "root: [root]");
    settings.bind_to_scope()
}

/// Makes a witness; its public key goes to `NAME.pub`.
fn witness(place: &Place, name: &str) {
    let made = place.run(&format!("chart witness-key {name}.example/charts --out {name}.key")).done();
    place.write(&format!("{name}.pub"), made.stdout);
}

fn refused(run: &Run, code: &str, status: i32) {
    assert_eq!(run.status, status, "{run}");
    assert!(run.stderr.contains(code), "{run}");
}

#[test]
fn witnesses_sign_what_extends_and_are_asked_for() {
    let _steady = steady();
    let (place, server) = shop();
    let run = |line: &str| server.run(&place, line);
    run("chart head --key --out plane.key").done();
    run("chart head --out one.head").done();
    for name in ["anna", "ben", "carl"] {
        witness(&place, name);
    }
    let cosign = |name: &str, head: &str, more: &str| {
        run(&format!("chart cosign {head} --key {name}.key --plane plane.key --format plain {more}"))
    };
    // A witness begins on purpose, and once.
    refused(&cosign("anna", "one.head", ""), "no-last-head", 2);
    cosign("anna", "one.head", "--first --out one-a.head").done();
    refused(&cosign("anna", "one.head", "--first"), "not-the-first", 2);
    cosign("ben", "one-a.head", "--first --out one-ab.head").done();

    run("kill checkout-v2 --reason broken").done();
    run("chart head --out two.head").done();
    cosign("anna", "two.head", "--out two-a.head").done();
    run("chart consistency --from one.head --to two.head --out grown.proof").done();
    cosign("ben", "two-a.head", "--proof grown.proof --out two-ab.head").done();
    // The same head again is signed again, with the time of now, and an older one never.
    cosign("ben", "two.head", "").done();
    refused(&cosign("ben", "one.head", ""), "older-head", 3);
    // What the control plane did not sign, and what does not extend: a head of the same size with another root.
    let head = fs::read_to_string(place.path().join("two.head")).unwrap();
    let root = head.lines().nth(2).unwrap();
    place.write("forged.head", head.replace(root, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
    refused(&cosign("ben", "forged.head", ""), "head-not-signed", 3);
    fs::copy(place.path().join("forged.head"), place.path().join("ben.key.last")).unwrap();
    refused(&cosign("ben", "two.head", ""), "head-differs", 3);
    fs::copy(place.path().join("one-ab.head"), place.path().join("ben.key.last")).unwrap();
    place.write("wrong.proof", fs::read_to_string(place.path().join("grown.proof")).unwrap().replace("old 1", "old 0"));
    refused(&cosign("ben", "two.head", "--proof wrong.proof"), "head-differs", 3);

    let all = "--witness anna.pub --witness ben.pub";
    assert_snapshot!(run(&format!("chart verify --head two-ab.head --key plane.key {all} --format plain")), @r"
    exit status 0
    --- out
    verified: 2 changes
    extends: the head of 2 changes
    witnessed: by `anna.example/charts` at [time]
    witnessed: by `ben.example/charts` at [time]
    head: [digest]
    root: [root]
    document digest: [digest]
    ");
    run("chart proof 2 --out two.tlog-proof").done();
    run("chart export --out chart.jsonl").done();
    drop(server);

    // From here on there is no control plane.
    assert_snapshot!(place.run("chart check-proof two.tlog-proof --head two-ab.head --witness anna.pub --format plain"), @r"
    exit status 0
    --- out
    revision 2 of production is in the chart of 2 changes
    at:      [time]
    actor:   [actor]
    reason:  broken
    command: kill
    hash:    [digest]
    witnessed: by `anna.example/charts` at [time]
    unknown: `ben.example/charts`
    ");
    let json = place.run(&format!("chart verify --file chart.jsonl --head two-a.head {all} --quorum 1 --format json"));
    let json = json.done().json();
    assert_eq!(json["witnessed"][0]["signed"][0]["name"], "anna.example/charts", "{json}");
    assert_eq!(json["witnessed"][0]["silent"][0], "ben.example/charts", "{json}");
    place.run(&format!("chart check-proof grown.proof --head one-ab.head {all}")).done();
    // A signature under a changed time.
    let edited = fs::read_to_string(place.path().join("two-a.head")).unwrap();
    let line = edited.lines().find(|line| line.contains("anna")).unwrap().to_owned();
    let other = fs::read_to_string(place.path().join("one-a.head")).unwrap();
    let other = other.lines().find(|line| line.contains("anna")).unwrap().to_owned();
    place.write("swapped.head", edited.replace(&line, &other));
    for (line, code, status) in [
        (
            "chart verify --file chart.jsonl --head two-a.head --witness anna.pub --witness ben.pub",
            "too-few-witnesses",
            3,
        ),
        ("chart verify --file chart.jsonl --head two-ab.head --witness carl.pub", "too-few-witnesses", 3),
        ("chart verify --file chart.jsonl --head swapped.head --witness anna.pub", "witness-wrong", 3),
        ("chart verify --file chart.jsonl --witness anna.pub", "no-head", 2),
        ("chart verify --file chart.jsonl --head two.head --witness anna.pub --witness anna.pub", "witness-twice", 2),
        ("chart verify --file chart.jsonl --head two.head --witness anna.pub --quorum 2", "quorum-too-large", 2),
        ("chart verify --file chart.jsonl --head two.head --witness plane.key", "not-a-key", 3),
        ("chart check-proof two.tlog-proof --head two-a.head --witness ben.pub", "too-few-witnesses", 3),
        ("chart consistency --from one-a.head --witness ben.pub", "too-few-witnesses", 3),
        ("chart witness-key anna.example/charts --out anna.key", "file-exists", 1),
        ("chart witness-key a+b --out new.key", "bad-name", 2),
        ("chart cosign two.head --key anna.pub --plane plane.key", "not-a-key", 3),
    ] {
        refused(&place.run(&format!("{line} --format plain")), &format!("error[{code}]"), status);
    }
    assert_snapshot!(place.run("chart verify --file chart.jsonl --head two-ab.head --witness carl.pub --format plain"), @r"
    exit status 3
    --- err
    error[too-few-witnesses]: 0 of 1 witnesses signed the head of 2 changes, and 1 have to: `carl.example/charts` did not (under it stand `anna.example/charts`, `ben.example/charts` too, which `--witness` does not name)
    ");
}

/// Two at once would each sign what the other one has not seen.
#[test]
fn one_run_of_a_witness_at_a_time() {
    let (place, server) = shop();
    server.run(&place, "chart head --key --out plane.key").done();
    server.run(&place, "chart head --out one.head").done();
    witness(&place, "anna");
    let lock = fs::File::create(place.path().join("anna.key.last.lock")).unwrap();
    lock.lock().unwrap();
    let cosign = || server.run(&place, "chart cosign one.head --key anna.key --plane plane.key --first --format plain");
    refused(&cosign(), "witness-busy", 1);
    assert!(!place.path().join("anna.key.last").exists());
    drop(lock);
    cosign().done();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(place.path().join("anna.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "nobody else reads the key");
    }
}
