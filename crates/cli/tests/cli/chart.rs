//! The chart as an auditor uses it: heads kept elsewhere, exports, proofs, and what was so then.

use crate::remote::shop;
use crate::support::{Place, SHOP};
use serde_json::Value;
use std::fs;

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path().join(name)).unwrap()
}

#[test]
fn a_head_that_was_kept_proves_the_rest() {
    let (place, server) = shop();
    let run = |line: &str| server.run(&place, line);
    run("kill checkout-v2 --reason broken").done();
    run("chart head --out old.head").done();
    run("chart head --key --out plane.key").done();
    run("restore checkout-v2 --reason fixed").done();
    run("retire banner --reason done --anyway").done();
    run("chart head --out new.head").done();
    let head = read(&place, "new.head");
    let lines: Vec<&str> = head.lines().collect();
    assert!(lines[0].starts_with("downhaul/") && lines[0].ends_with("/production"), "{head}");
    assert_eq!((lines[1], lines[3]), ("4", ""), "{head}");
    assert!(lines[4].starts_with(&format!("\u{2014} {} ", lines[0])), "{head}");
    assert_eq!(run("chart head").done().stdout, head, "the head of the same changes is the same");

    let verified = run("chart verify --head old.head --head new.head --key plane.key --format json").done().json();
    assert_eq!(verified["root"], lines[2], "{verified}");
    run("chart proof 2 --out two.tlog-proof").done();
    run("chart proof 2 --head old.head --out two-old.tlog-proof").done();
    run("chart consistency --from old.head --to new.head --out grown.proof").done();
    run("chart export --out chart.jsonl").done();
    assert_eq!(run("chart proof 5 --format plain").status, 2);
    drop(server);

    // From here on there is no control plane.
    for line in [
        "chart verify --file chart.jsonl --head old.head --head new.head --key plane.key",
        "chart check-proof two.tlog-proof --key plane.key",
        "chart check-proof two.tlog-proof --head new.head",
        "chart check-proof two-old.tlog-proof --head old.head --key plane.key",
        "chart check-proof grown.proof --head old.head --key plane.key",
    ] {
        place.run(line).done();
    }
    let proved = place.run("chart check-proof two.tlog-proof --head new.head --format json").done().json();
    assert_eq!((&proved["record"]["command"]["type"], &proved["record"]["reason"]), (&"kill".into(), &"broken".into()));

    // The export with one change left out and everything behind it written anew by someone who knows how.
    place.write("other.head", head.replace(lines[2], "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
    let export = read(&place, "chart.jsonl");
    let whole: Vec<&str> = export.lines().collect();
    place.write("cut.jsonl", whole[..3].join("\n"));
    place.write("longer.jsonl", [&whole[..4], &[whole[3]], &whole[4..]].concat().join("\n"));
    place.write("swapped.jsonl", [whole[0], whole[2], whole[1], whole[3], whole[4]].join("\n"));
    place.write("edited.jsonl", export.replace("broken", "brokem"));
    let proof = read(&place, "two.tlog-proof");
    place.write("wrong.tlog-proof", proof.replace("index 1", "index 2"));
    for (line, code) in [
        ("chart verify --file chart.jsonl --head other.head", "head-differs"),
        ("chart verify --file chart.jsonl --head other.head --key plane.key", "head-not-signed"),
        ("chart verify --file cut.jsonl --head new.head", "missing"),
        ("chart verify --file longer.jsonl", "out-of-order"),
        ("chart verify --file swapped.jsonl", "missing"),
        ("chart verify --file edited.jsonl", "edited"),
        ("chart verify --head plane.key --file chart.jsonl", "not-a-head"),
        ("chart verify --key nonsense --file chart.jsonl", "not-a-key"),
        ("chart check-proof wrong.tlog-proof --key plane.key", "not-proved"),
        ("chart check-proof two.tlog-proof --head old.head", "other-head"),
        ("chart check-proof two.tlog-proof --head other.head", "head-differs"),
        ("chart check-proof grown.proof --head new.head", "other-head"),
        ("chart check-proof plane.key --key plane.key", "not-a-proof"),
    ] {
        let run = place.run(&format!("{line} --format plain"));
        assert_eq!(run.status, 3, "{line}: {run}");
        assert!(run.stderr.contains(&format!("error[{code}]")), "{line}: {run}");
    }
}

#[test]
fn one_change_in_full() {
    let (place, server) = shop();
    let mut document: Value = serde_json::from_str(SHOP).unwrap();
    document["flags"][0]["rules"].as_array_mut().unwrap().reverse();
    place.write("flags.json", document.to_string());
    server.run(&place, "apply flags.json --reason reordered").done();
    let shown = server.run(&place, "chart --limit 1").done().stdout;
    assert!(shown.contains("rule 2 (`first cohort`) moved before rule 1 (`staff`)"), "{shown}");
    let full = server.run(&place, "chart show 2 --format plain").done().stdout;
    for part in [
        "revision 2: ",
        "reason:   reordered",
        "flag `checkout-v2`\n  rule 2 (`first cohort`) moved before rule 1 (`staff`)\n",
        "\n  - ",
        "\n  + ",
        "\n    ",
    ] {
        assert!(full.contains(part), "{part:?} is not in\n{full}");
    }
    let json = server.run(&place, "chart show 2 --format json").done().json();
    assert_eq!(json["edits"][0]["before"]["rules"][0]["name"], "staff", "{json}");
    assert_eq!(json["edits"][0]["after"]["rules"][0]["name"], "first cohort", "{json}");
    assert_eq!(server.run(&place, "chart show 9").status, 2);
}

#[test]
fn what_a_user_saw_then_and_why() {
    let (place, server) = shop();
    let kill = server.run(&place, "kill checkout-v2 --reason broken --format json").done().json();
    let killed_at = kill["at"].as_str().unwrap().to_owned();
    server.run(&place, "restore checkout-v2 --reason fixed").done();
    let explain = |moment: &str| {
        let mut arguments = vec!["explain", "--flag", "checkout-v2", "--format", "json", "--context"];
        arguments.push("{\"targetingKey\": \"user-7\"}");
        arguments.extend(moment.split_whitespace());
        server.run_with(&place, arguments)
    };
    let reason = |moment: &str| explain(moment).done().json()["reason"].clone();
    assert_eq!(reason(""), "TARGETING_MATCH");
    assert_eq!(reason("--revision 1"), "TARGETING_MATCH");
    assert_eq!(reason("--revision 2"), "DISABLED");
    assert_eq!(reason(&format!("--at {killed_at}")), "DISABLED");
    assert_eq!(reason("--at 2099-01-01T00:00:00Z"), "TARGETING_MATCH");
    for (moment, code, status) in
        [("--revision 9", "unknown-revision", 2), ("--at 2001-01-01T00:00:00Z", "before-the-chart", 2)]
    {
        let run = explain(moment);
        assert_eq!(run.status, status, "{run}");
        assert!(run.stderr.contains(code), "{run}");
    }
}
