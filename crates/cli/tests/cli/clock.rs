//! A running control plane whose wall clock jumps by hours, ahead and back, under libfaketime: what waits, what expires, and
//! what the chart says.

use crate::server::Server;
use crate::support::{Place, Run, SHOP};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

const HOUR: i64 = 60 * 60;

/// A control plane with the shop, and its wall clock.
struct Plane {
    place: Place,
    server: Option<Server>,
}

impl Plane {
    fn new() -> Plane {
        let mut plane = Plane { place: Place::new(), server: None };
        plane.set(0);
        plane.start();
        plane.place.write("flags.json", SHOP);
        plane.run("apply flags.json --reason first").done();
        plane
    }

    /// Its wall clock goes on from so many seconds off the real one. The clock that does not jump is left alone.
    fn set(&self, seconds: i64) {
        // In one piece: the library reads it whenever somebody asks for the time.
        let beside = self.place.write("clock.part", format!("{seconds:+}\n"));
        fs::rename(beside, self.place.path().join("clock")).unwrap();
    }

    fn start(&mut self) {
        self.server = None;
        let clock = self.place.path().join("clock");
        self.server = Some(Server::start_as(&self.place, &[], |command| {
            command
                .env("LD_PRELOAD", library())
                .env("FAKETIME_TIMESTAMP_FILE", clock)
                .env("FAKETIME_NO_CACHE", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                .env("NO_FAKE_STAT", "1");
        }));
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    fn run(&self, line: &str) -> Run {
        self.server().run(&self.place, line)
    }

    fn json(&self, line: &str) -> Value {
        self.run(&format!("{line} --format json")).done().json()
    }

    /// Revision, and time in the chart, of the newest change.
    fn newest(&self) -> (u64, jiff::Timestamp) {
        let change = self.json("chart --limit 1");
        (change["revision"].as_u64().unwrap(), change["at"].as_str().unwrap().parse().unwrap())
    }

    fn start_rollout(&self, bakes: &[u32]) {
        let stage = |(number, bake): (usize, &u32)| json!({ "percent": number + 1, "bake_seconds": bake });
        let stages: Vec<Value> = bakes.iter().enumerate().map(stage).collect();
        let rollout = json!({ "flag": "checkout-v2", "variant": "on", "before": "first cohort", "stages": stages });
        self.place.write("rollout.json", rollout.to_string());
        self.run("rollout start rollout.json --reason launch").done();
    }

    fn stage(&self) -> u64 {
        self.json("rollout show ro-1")["stage"].as_u64().unwrap()
    }

    /// An edit of a flag that is not rolled out: whoever waits looks again.
    fn edit(&self, words: &str) {
        let flag = json!({
            "key": "other", "description": words, "owner": "web", "kind": "ops", "review": "2099-01-31",
            "variants": { "on": true }, "degraded": { "variant": "on", "meaning": "Nothing" }, "default": "on",
        });
        let document = json!({ "schema": 1, "environment": "production", "revision": 1, "flags": [flag] });
        self.place.write("edit.json", document.to_string());
        self.run(&format!("apply edit.json --reason {words}")).done();
    }

    fn by(&self, token: &str, line: &str) -> Run {
        let mut command = self.place.command(line.split_whitespace());
        command.env("DOWNHAUL_SERVER", &self.server().address).env("DOWNHAUL_TOKEN", token);
        Run::of(command, b"")
    }
}

fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).filter(|path| path.exists());
    found.next().expect("libfaketime is installed: run `cargo xtask setup --tests`")
}

/// Long enough for any machine; whoever waits by the wall clock waits for hours.
fn until(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(240), "{what} does not come");
        thread::sleep(Duration::from_millis(100));
    }
}

fn hours_off(at: jiff::Timestamp) -> i64 {
    (at.duration_since(jiff::Timestamp::now()).as_secs() + HOUR / 2).div_euclid(HOUR)
}

#[test]
fn ahead_nothing_comes_early_and_what_expires_is_refused() {
    let plane = Plane::new();
    let token = |name: &str, more: &str| {
        plane.json(&format!("tokens create {name} --role viewer {more}"))["token"].as_str().unwrap().to_owned()
    };
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(2);
    let (short, long) = (token("short", &format!("--expires {soon}")), token("long", "--expires 30d"));
    plane.start_rollout(&[0, 3600, 3600]);
    until("the second stage", || plane.stage() == 2);
    let before = plane.newest();

    plane.set(5 * HOUR);
    plane.edit("ahead");
    let (revision, at) = plane.newest();
    assert_eq!((revision, hours_off(at)), (before.0 + 1, 5), "the server sees another time");
    for _ in 0..20 {
        assert_eq!(plane.stage(), 2, "an hour has not passed");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(plane.by(&short, "flags").status, 2, "it has expired by that clock");
    plane.by(&long, "flags").done();
    // Nobody waits for a kill, whatever the clock says.
    plane.run("kill checkout-v2 --reason broken").done();
    plane.run("restore checkout-v2 --reason mended").done();

    plane.set(0);
    plane.edit("again");
    let (_, at) = plane.newest();
    assert_eq!(hours_off(at), 0, "a record says what the clock says");
    plane.by(&short, "flags").done();
    assert_eq!(plane.stage(), 2);
    plane.run("chart verify").done();
    // Of changes with times that go back, the last one counts as made no earlier than those before it.
    let explain = |moment: &str| {
        let context = "{\"targetingKey\":\"user-7\"}";
        let line = format!("explain --flag checkout-v2 --format json --context {context} {moment}");
        plane.run(&line)
    };
    explain("--revision 1").done();
    explain(&format!("--at {}", before.1)).done();
}

#[test]
fn back_nothing_is_stuck_and_the_chart_holds() {
    let mut plane = Plane::new();
    plane.place.write("release.json", release().to_string());
    plane.run("release put release.json --reason checkout").done();
    plane.start_rollout(&[8, 8, 3600]);
    let drill = plane.server().follow(&plane.place, "drill checkout-1 --yes --reason practice --format plain");
    until("the drill", || plane.run("runs show r-1").status == 0);
    let before = plane.newest();
    plane.set(-5 * HOUR);
    // The first stage, and the wait of the run.
    until("the second stage", || plane.stage() >= 2);
    until("the end of the drill", || plane.json("runs show r-1")["phase"] == "ended");
    drop(drill);
    // A server that starts again knows no more than what is charted, some of it in the time to come.
    plane.start();
    until("the third stage", || plane.stage() == 3);

    let killed = plane.json("kill banner --reason broken");
    let at: jiff::Timestamp = killed["at"].as_str().unwrap().parse().unwrap();
    assert_eq!(hours_off(at), -5, "a record says what the clock says");
    assert!(at < before.1);
    plane.run("restore banner --reason mended").done();
    plane.run("chart verify").done();
    plane.run("chart export --out chart.jsonl").done();
    plane.place.run("chart verify --file chart.jsonl").done();
    // Then as now: a change counts as made no earlier than the one before it.
    let explain = plane.server().run_with(
        &plane.place,
        [
            "explain",
            "--flag",
            "checkout-v2",
            "--format",
            "json",
            "--context",
            "{\"targetingKey\":\"user-7\"}",
            "--at",
            &before.1.to_string(),
        ],
    );
    explain.done();
    plane.set(0);
    plane.edit("again");
    plane.run("chart verify").done();
}

/// A release whose runbook waits.
fn release() -> Value {
    let digest = format!("sha256:{}", "a".repeat(64));
    json!({
        "key": "checkout-1", "owner": "payments", "flags": ["banner"], "data_change": "none",
        "artifact": { "kind": "http", "reference": "https://shop.example/1.tgz", "digest": digest },
        "runbook": { "steps": [{ "wait": 8 }] },
    })
}
