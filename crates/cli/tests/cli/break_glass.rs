//! Kills with a key file alone, and what becomes of them once there is a control plane again.

use crate::server::Server;
use crate::support::Place;
use insta::assert_snapshot;
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const FLAGS: &str = r#"{
  "schema": 1, "environment": "production", "revision": 0,
  "regions": { "eu": { "eu-west": {} } },
  "flags": [
    { "key": "checkout", "owner": "payments", "kind": "release", "expires": "2099-01-31", "clients": ["browser", "server"],
      "variants": { "on": true, "off": false }, "degraded": { "variant": "off", "meaning": "Old three-page checkout" }, "default": "on" },
    { "key": "billing", "owner": "payments", "kind": "release", "expires": "2099-01-31",
      "variants": { "on": true, "off": false }, "degraded": { "variant": "off", "meaning": "No invoices" }, "default": "on" }
  ]
}"#;

fn served(place: &Place) -> Server {
    let server = Server::start(place);
    place.write("flags.json", FLAGS);
    server.run_with(place, ["apply", "flags.json", "--reason", "a test"]).done();
    server
}

fn make(place: &Place, server: &Server, file: &str) -> String {
    let line = ["break-glass", "make", "--out", file, "--reason", "Ann, on call", "--format", "json"];
    server.run_with(place, line).done().json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_kill_without_a_server_is_charted_once_there_is_one_and_restored_by_a_person() {
    let place = Place::new();
    let mut server = served(&place);
    let id = make(&place, &server, "key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(place.path().join("key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    server.cut();

    // Nothing answers, and nothing is asked.
    let line = ["break-glass", "kill", "checkout", "--key", "key", "--reason", "payment errors", "--out", "prod.kills"];
    let killed =
        place.run_with(line.into_iter().chain(["--browser-out", "pages.kills", "--format", "json"])).done().json();
    let kill = killed["id"].as_str().unwrap().to_owned();
    assert!(kill.starts_with(&format!("bg-{id}-")), "{killed}");
    let again = ["break-glass", "kill", "billing", "--key", "key", "--reason", "that too", "--out", "prod.kills"];
    let words = place.run_with(again).done();
    assert!(
        words.stdout.starts_with("No invoices\nsigned: `billing` killed for everyone in production (bg-"),
        "{words}"
    );
    let pages = fs::read(place.path().join("pages.kills")).unwrap();
    assert!(!String::from_utf8_lossy(&pages).contains("payment errors"), "browsers learn no reasons");

    let server = Server::start(&place);
    let report = server.run(&place, "break-glass report prod.kills --format json").done().json();
    assert_eq!(report["charted"].as_array().unwrap().len(), 2, "{report}");
    assert_eq!(report["charted"][0]["reason"], "payment errors");
    let again = server.run(&place, "break-glass report prod.kills --format json").done().json();
    assert_eq!((again["charted"].as_array().unwrap().len(), again["known"].as_array().unwrap().len()), (0, 2));
    let chart = server.run(&place, "chart --format json").done().stdout;
    assert!(chart.contains(&format!("break-glass:{id}")), "{chart}");
    let list = server.run(&place, "break-glass list --format json").done().json();
    assert_eq!((&list["keys"][0]["standing"], &list["keys"][0]["kills"]), (&"in-force".into(), &2.into()));
    server.run_with(&place, ["restore", &kill, "--reason", "it is out"]).done();
    assert_eq!(server.run(&place, "chart verify --format json").done().json()["status"], "verified");
    let browser = server.run(&place, "break-glass report pages.kills");
    assert!(browser.status == 3 && browser.stderr.contains("that is the part for browsers"), "{browser}");

    // A key that was revoked hands in nothing more.
    server.run_with(&place, ["break-glass", "revoke", &id, "--reason", "the laptop was stolen"]).done();
    let line = ["break-glass", "kill", "checkout", "--key", "key", "--reason", "once more", "--out", "late.kills"];
    let signed = place.run_with(line.into_iter().chain(["--format", "json"])).done();
    place.write("late.json", &signed.stdout);
    let late = server.run(&place, "break-glass report late.kills");
    let ids = fs::read_to_string(place.path().join("late.json")).unwrap();
    let unseen = serde_json::from_str::<serde_json::Value>(&ids).unwrap()["id"].as_str().unwrap().to_owned();
    assert!(late.status == 2 && late.stderr.contains(&format!("the break-glass key `{id}` was revoked, at")), "{late}");
    // Clients may have met it before the revocation: it is over, whoever has it.
    let restored = server.run_with(&place, ["restore", &unseen, "--reason", "a thief's"]).done();
    assert!(restored.stdout.contains(&format!("restored {unseen}, which was never reported")), "{restored}");
    let twice = server.run_with(&place, ["restore", &unseen, "--reason", "a thief's"]);
    assert!(twice.status == 2 && twice.stderr.contains("was restored already"), "{twice}");
}

#[test]
fn what_is_misspelt_or_may_not_leave_is_refused_before_anything_is_written() {
    let place = Place::new();
    let server = served(&place);
    make(&place, &server, "key");
    let kill = |more: &[&str]| {
        let line = ["break-glass", "kill", "--key", "key", "--reason", "why", "--out", "prod.kills"];
        place.run_with(line.into_iter().chain(more.iter().copied()))
    };
    assert_snapshot!(kill(&["chekout"]), @r"
    exit status 2
    --- err
    error: there is no flag `chekout` of revision 1, which the key file was written at

    help: did you mean `checkout`?; if it was made since then, add `--anyway`
    ");
    for (more, words) in [
        (&["checkout", "--region", "eu-wets"][..], "there is no region `eu-wets`"),
        (&["checkout", "--variant", "onn"], "there is no variant `onn`"),
        (&["checkout", "--tenant", "acme", "--browser-out", "pages.kills"], "names of tenants do not go to browsers"),
        (&["billing", "--browser-out", "pages.kills"], "no browser receives `billing`"),
    ] {
        let refused = kill(more);
        assert!(refused.status == 2 && refused.stderr.contains(words), "{refused}");
    }
    assert!(!place.path().join("prod.kills").exists() && !place.path().join("pages.kills").exists());
    kill(&["made-later", "--anyway"]).done();
    // Refreshed, the key knows what was made since.
    place.write("more.json", FLAGS.replace("billing", "made-later"));
    server.run_with(&place, ["apply", "more.json", "--reason", "a test"]).done();
    server.run(&place, "break-glass refresh --key key").done();
    kill(&["made-later", "--variant", "on"]).done();
    place.write("notes.txt", "what is somebody else's");
    let line = ["break-glass", "kill", "checkout", "--key", "key", "--reason", "why", "--out", "notes.txt"];
    let other = place.run_with(line);
    assert!(other.stderr.contains("holds no kills of this key"), "{other}");
    let spoilt = place.run("break-glass kill checkout --key notes.txt --reason why --out x.kills");
    assert!(spoilt.status == 3 && spoilt.stderr.contains("is no break-glass key"), "{spoilt}");
    // A year is the most, and a key is made in place of another one.
    let long = ["break-glass", "make", "--out", "long", "--expires", "400d", "--reason", "why"];
    assert!(server.run_with(&place, long).stderr.contains("for more than a year"));
    assert!(!place.path().join("long").exists());
    let first = server.run(&place, "break-glass list --format json").done().json()["keys"][0]["id"].clone();
    let line = ["break-glass", "rotate", first.as_str().unwrap(), "--out", "next", "--reason", "the quarter is over"];
    server.run_with(&place, line).done();
    let list = server.run(&place, "break-glass list --format json").done().json();
    assert_eq!((&list["keys"][0]["standing"], &list["keys"][1]["id"]), (&"in-force".into(), &first));
}

/// A static host: gives a file, or 404 while it is not there.
fn host(file: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let asked = BufReader::new(stream.try_clone().unwrap()).lines();
            let is_end = |line: &std::io::Result<String>| line.as_ref().is_ok_and(|line| !line.is_empty());
            asked.take_while(is_end).for_each(drop);
            let (status, body) = fs::read(&file).map_or(("404 Not Found", Vec::new()), |bytes| ("200 OK", bytes));
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            // Whoever asked may be gone.
            let _ = stream.write_all(&[head.into_bytes(), body].concat());
        }
    });
    format!("http://{address}/production.kills")
}

#[test]
fn what_lies_where_the_targets_file_says_is_charted_by_itself() {
    let place = Place::new();
    let published = place.path().join("published.kills");
    let file = json!({ "url": host(published.clone()), "allow_private": true });
    let targets = place.write("targets.json", json!({ "kill_files": [file] }).to_string());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(targets, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut server = Server::start_with(&place, &["--targets", "targets.json"]);
    place.write("flags.json", FLAGS);
    server.run_with(&place, ["apply", "flags.json", "--reason", "a test"]).done();
    let id = make(&place, &server, "key");
    server.cut();

    let line = ["break-glass", "kill", "checkout", "--key", "key", "--reason", "payment errors", "--out", "prod.kills"];
    place.run_with(line).done();
    fs::rename(place.path().join("prod.kills"), &published).unwrap();
    let server = Server::start_with(&place, &["--targets", "targets.json"]);
    let until = |what: &str, part: &str| {
        let began = Instant::now();
        loop {
            let said = server.run(&place, what).done().stdout;
            if said.contains(part) {
                return said;
            }
            assert!(began.elapsed() < Duration::from_secs(90), "{what} lacks {part}: {said}");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    let chart = until("chart --format json", &format!("break-glass:{id}"));
    assert!(chart.contains("payment errors"), "{chart}");
    let evaluated = server.run(&place, "status --format json").done().stdout;
    assert!(evaluated.contains(&format!("bg-{id}-")), "the kill is in force like any other: {evaluated}");

    // Restored by a person, it stays so, though the file still lies there.
    let kill = evaluated.split('"').find(|word| word.starts_with(&format!("bg-{id}-"))).unwrap().to_owned();
    server.run_with(&place, ["restore", &kill, "--reason", "it is out"]).done();
    let other = ["break-glass", "kill", "billing", "--key", "key", "--reason", "that too", "--out", "next.kills"];
    place.run_with(other).done();
    fs::rename(place.path().join("next.kills"), &published).unwrap();
    until("chart --format json", "that too");
    let now = server.run(&place, "status --format json").done().stdout;
    assert!(!now.contains(&kill), "{now}");
}
