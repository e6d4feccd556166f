//! Two control planes on one PostgreSQL, as whoever runs them meets them.

use crate::postgres::Postgres;
use crate::server::Server;
use crate::support::{Place, SHOP};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// A place with a data folder of its own, and a replica in it.
struct Replica {
    place: Place,
    url: String,
    server: Server,
    token: String,
}

impl Replica {
    /// The first of a database: it has the token of the data folder's holder.
    fn first(url: &str) -> Replica {
        let place = Place::new();
        let server = Replica::serve(&place, url);
        let token = server.ready["admin_token"].as_str().unwrap().to_owned();
        Replica { place, url: url.to_owned(), server, token }
    }

    fn another(&self) -> Replica {
        let place = Place::new();
        let server = Replica::serve(&place, &self.url);
        assert!(server.ready.get("admin_token").is_none(), "the database has one already");
        Replica { place, url: self.url.clone(), server, token: self.token.clone() }
    }

    fn serve(place: &Place, url: &str) -> Server {
        place.write("database-url", url);
        // Clients are stale soon, and a replica is cut off soon: no test waits for long until all of them are known.
        Server::start_with(place, &["--database-file", "database-url", "--stale", "2", "--cut-off", "10"])
    }

    fn run(&self, arguments: &[&str]) -> crate::support::Run {
        let mut command = self.place.command(arguments);
        command.env("DOWNHAUL_SERVER", &self.server.address).env("DOWNHAUL_TOKEN", &self.token);
        crate::support::Run::of(command, b"")
    }

    fn line(&self, line: &str) -> crate::support::Run {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    fn json(&self, line: &str) -> Value {
        self.line(&format!("{line} --format json")).done().json()
    }

    /// SIGKILL, and a new process in its place.
    fn cut_and_start(&mut self) {
        self.server.cut();
        self.server = Replica::serve(&self.place, &self.url);
    }

    /// Asks by hand; gives the status, the headers and the body.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> (u16, String, String) {
        let address = self.server.address.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n{headers}\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
    }
}

/// A client on the stream of a replica, which acknowledges whatever it gets there.
struct Client {
    events: Receiver<(String, String)>,
}

impl Client {
    fn start(replica: &Replica, key: &str, instance: &str) -> Client {
        let address = replica.server.address.strip_prefix("http://").unwrap().to_owned();
        let (key, instance) = (key.to_owned(), instance.to_owned());
        let (tell, events) = channel();
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "GET /client/v1/stream?formats=1 HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\r\n"
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut status = String::new();
        reader.read_line(&mut status).unwrap();
        assert!(status.starts_with("HTTP/1.1 200"), "{status}");
        thread::spawn(move || {
            let mut name = String::new();
            for line in reader.lines().map_while(Result::ok) {
                if let Some(event) = line.strip_prefix("event: ") {
                    event.clone_into(&mut name);
                    if name == "ping" && tell.send((name.clone(), String::new())).is_err() {
                        return;
                    }
                }
                let Some(position) = line.strip_prefix("id: ") else { continue };
                acknowledge(&address, &key, &instance, position);
                if tell.send((name.clone(), position.to_owned())).is_err() {
                    return;
                }
            }
        });
        Client { events }
    }

    /// Waits for an event of this name; gives the position.
    fn until(&self, wanted: &str) -> String {
        loop {
            let (name, position) = self.events.recv().expect("the stream goes on");
            if name == wanted {
                return position;
            }
        }
    }
}

fn acknowledge(address: &str, key: &str, instance: &str, position: &str) {
    let numbers: Vec<u64> = position.split('.').map(|number| number.parse().unwrap()).collect();
    let position = json!({ "epoch": numbers[0], "revision": numbers[1], "kill_revision": numbers[2] });
    let body = json!({ "instance": instance, "position": position, "state": "live", "sdk": "test/1" }).to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /client/v1/acknowledge HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

/// Two replicas with the shop, and a key for clients.
fn pair() -> (Replica, Replica, String) {
    pair_on(&Postgres::shared().database())
}

fn pair_on(url: &str) -> (Replica, Replica, String) {
    let a = Replica::first(url);
    let b = a.another();
    a.place.write("flags.json", SHOP);
    a.line("apply flags.json --reason first").done();
    let key = a.json("keys create service --kind server")["key"].as_str().unwrap().to_owned();
    (a, b, key)
}

#[test]
fn a_kill_given_to_one_makes_the_clients_of_the_other_dark_and_is_counted_at_both() {
    let (a, b, key) = pair();
    // The key was made at the other one a moment ago.
    let clients: Vec<Client> = (0..3).map(|number| Client::start(&b, &key, &format!("at-b-{number}"))).collect();
    let here = Client::start(&a, &key, "at-a");
    clients.iter().chain([&here]).for_each(|client| drop(client.until("put")));

    let run = a.run(&["kill", "checkout-v2", "--reason", "it burns", "--wait=120"]).done();
    assert!(run.stdout.contains("complete: 4 of 4 live clients dark; p50 "), "{run}");
    for client in &clients {
        client.until("kill");
    }
    let seen = b.json("status");
    let kill = &seen["kills"][0];
    assert_eq!(
        (kill["flag"].as_str(), kill["progress"]["dark_total"].as_u64()),
        (Some("checkout-v2"), Some(4)),
        "{seen}"
    );

    // And the other way round: what one gave the other takes back, and the first knows of it at once.
    b.run(&["restore", "checkout-v2", "--reason", "it is out"]).done();
    assert_eq!(a.json("status")["kills"], json!([]));
    here.until("restore");
    let [one, two] = [&a, &b].map(|replica| replica.json("chart verify"));
    assert_eq!((one["status"].as_str(), &one["head"]), (Some("verified"), &two["head"]));
}

#[test]
fn of_two_changes_at_once_one_conflict_is_told_and_none_is_lost() {
    let (a, b, _) = pair();
    let revision = a.json("status")["fleet"]["position"]["revision"].as_u64().unwrap();
    let flag = |owner: &str| {
        let flag = json!({
            "key": "both", "owner": owner, "kind": "release", "expires": "2027-01-31", "variants": { "on": true, "off": false },
            "default": "off", "degraded": { "variant": "off", "meaning": "as before" },
        });
        json!({ "flag": flag, "reason": "both at once", "expected_revision": revision })
    };
    let token = format!("Bearer {}", a.token);
    let put = |replica: &Replica, owner: &str| {
        let path = "/api/v1/environments/production/flags/both";
        replica.ask("PUT", path, &[("authorization", &token)], &flag(owner))
    };
    let (one, two) = thread::scope(|scope| {
        let other = scope.spawn(|| put(&b, "at-b"));
        (put(&a, "at-a"), other.join().unwrap())
    });
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{one:?} {two:?}");
    let refused = if one.0 == 409 { &one.2 } else { &two.2 };
    assert!(refused.contains("changed-since"), "{refused}");

    // Without such an expectation each is decided again on what the other one did. Kills among them: none is refused.
    thread::scope(|scope| {
        for (replica, name) in [(&a, "a"), (&b, "b")] {
            scope.spawn(move || {
                for number in 0..6 {
                    let flag = if name == "a" { "checkout-v2" } else { "banner" };
                    replica.run(&["kill", flag, "--reason", &format!("{name} {number}")]).done();
                    replica.run(&["restore", flag, "--reason", "out"]).done();
                }
            });
        }
    });
    let chart = a.json("chart verify");
    assert_eq!((chart["status"].as_str(), chart["changes"].as_u64()), (Some("verified"), Some(revision + 1 + 24)));
    assert_eq!(chart["head"], b.json("chart verify")["head"]);
}

#[test]
fn a_rollout_goes_on_while_whoever_leads_is_cut_off_and_enters_every_stage_once() {
    let (mut a, mut b, _) = pair();
    let stages: Vec<String> =
        [1, 5, 10, 25, 50, 100].map(|percent| format!("  - {{ percent: {percent}, bake_seconds: 1 }}")).into();
    a.place.write("rollout.yaml", format!("flag: banner\nvariant: plain\nstages:\n{}\n", stages.join("\n")));
    a.line("rollout start rollout.yaml --reason launch").done();
    // One after the other, whichever leads; each cut falls somewhere else.
    for round in 0.. {
        let (cut, other) = if round % 2 == 0 { (&mut a, &b) } else { (&mut b, &a) };
        thread::sleep(Duration::from_millis(350 * (round % 4)));
        cut.cut_and_start();
        let view = other.json("rollout show banner");
        if view["standing"]["kind"] == "complete" {
            break;
        }
        assert!(round < 200, "it does not come to its end: {view}");
    }
    let entered = a.json("rollout show banner")["entered"].clone();
    let stages: Vec<u64> = entered.as_array().unwrap().iter().map(|each| each["stage"].as_u64().unwrap()).collect();
    assert_eq!(stages, [1, 2, 3, 4, 5, 6], "{entered}");
    let chart = a.line("chart --limit 200 --format json").done().json_lines();
    let steps = chart.iter().filter(|change| change["type"] == "rollout").count();
    assert_eq!(steps, 6, "five more stages and the end, each once");
    let [one, two] = [&a, &b].map(|replica| replica.json("chart verify"));
    assert_eq!((one["status"].as_str(), &one["head"]), (Some("verified"), &two["head"]));
}

#[test]
fn without_the_database_kills_are_refused_clients_keep_what_they_have_and_all_recovers() {
    let mut postgres = Postgres::start();
    let (a, b, key) = pair_on(&postgres.database());
    let client = Client::start(&b, &key, "at-b");
    client.until("put");
    postgres.stop();
    let refused = a.run(&["kill", "checkout-v2", "--reason", "it burns"]);
    assert_eq!(refused.status, 1, "{refused}");
    assert!(refused.stderr.contains("the database does not answer"), "{refused}");
    assert!(refused.stderr.contains("see whether the database runs"), "{refused}");
    // Once a replica is cut off it no longer vouches for what it gives out: it is not ready, and refuses clients.
    let asked = [("authorization", format!("Bearer {key}"))];
    let asked = asked.each_ref().map(|(name, value)| (*name, value.as_str()));
    let flag_set = |replica: &Replica| replica.ask("GET", "/client/v1/flag-set?formats=1", &asked, &Value::Null);
    while flag_set(&b).0 == 200 {
        thread::sleep(Duration::from_millis(100));
    }
    let (status, _, body) = flag_set(&b);
    assert_eq!((status, body.contains("cut-off")), (503, true), "{body}");
    assert_eq!(b.ask("GET", "/readyz", &[], &Value::Null).0, 503);
    // The client is still connected, and nothing was taken from it.
    while let Ok((name, _)) = client.events.try_recv() {
        assert_eq!(name, "ping");
    }

    postgres.run("");
    while a.ask("GET", "/readyz", &[], &Value::Null).0 != 200 || b.ask("GET", "/readyz", &[], &Value::Null).0 != 200 {
        thread::sleep(Duration::from_millis(100));
    }
    a.run(&["kill", "checkout-v2", "--reason", "it still burns"]).done();
    client.until("kill");
    client.until("ping");
    assert_eq!(a.json("chart verify")["status"], "verified");
}

#[test]
fn a_session_begun_at_one_is_known_at_the_other_and_ended_at_both() {
    let (a, b, _) = pair();
    let (status, head, _) = a.ask("POST", "/api/v1/session", &[], &json!({ "token": a.token }));
    assert_eq!(status, 200, "{head}");
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap().split(';').next().unwrap();
    let signed_in = [("cookie", cookie), ("downhaul-console", "1")];
    let who = |replica: &Replica| replica.ask("GET", "/api/v1/session", &signed_in, &Value::Null).0;
    assert_eq!([who(&a), who(&b)], [200, 200]);
    assert_eq!(b.ask("DELETE", "/api/v1/session", &signed_in, &Value::Null).0, 204);
    assert_eq!([who(&a), who(&b)], [401, 401]);
}

#[test]
fn what_is_done_at_one_is_seen_at_the_other_at_once() {
    let (a, b, _) = pair();
    for number in 0..5 {
        let name = format!("person-{number}");
        let made = a.json(&format!("people add {name} --role operator --reason joins"));
        let people = b.line("people list").done();
        assert!(people.stdout.contains(made["actor"].as_str().unwrap()), "{people}");
        let made = b.json(&format!("keys create {name} --kind server"));
        let keys = a.line("keys list").done();
        assert!(keys.stdout.contains(made["view"]["id"].as_str().unwrap()), "{keys}");
    }
    // A key that signs comes to the other one with the change that names it.
    a.line("signing-keys make --reason yearly").done();
    let keys = |replica: &Replica| replica.json("signing-keys list")["keys"].clone();
    let made = keys(&b).as_array().unwrap().iter().find(|key| key["standing"] == "believed").unwrap().clone();
    assert_eq!(made["here"], true, "{made}");
    b.run(&["signing-keys", "rotate", "--to", made["id"].as_str().unwrap(), "--reason", "yearly"]).done();
    assert_eq!(keys(&a), keys(&b));
}

#[test]
fn a_data_folder_whose_log_is_elsewhere_says_so() {
    let a = Replica::first(&Postgres::shared().database());
    let backup = a.run(&["backup", "create", "one.backup", "--data", "data"]);
    assert_eq!(backup.status, 2, "{backup}");
    assert!(backup.stderr.contains("pg_dump --format=custom"), "{backup}");
    let download = a.run(&["backup", "download", "one.backup"]);
    assert_eq!(download.status, 2, "{download}");
    assert!(download.stderr.contains("pg_dump --format=custom"), "{download}");
    let alone = a.run(&["serve", "--data", "data", "--listen", "127.0.0.1:0"]);
    assert_eq!(alone.status, 1, "{alone}");
    assert!(alone.stderr.contains("is in the database postgres://downhaul@"), "{alone}");

    let place = Place::new();
    Server::start(&place).stop();
    place.write("database-url", &a.url);
    let two = place.run("serve --data data --listen 127.0.0.1:0 --database-file database-url");
    assert_eq!(two.status, 1, "{two}");
    assert!(two.stderr.contains("has a change log of its own"), "{two}");
}

#[test]
fn a_password_is_refused_where_others_see_it_and_never_printed() {
    let place = Place::new();
    let url = "postgres://ada:s3cret@127.0.0.1:1/flags";
    let seen = place.run_with(["serve", "--database", url]);
    assert_eq!(seen.status, 2, "{seen}");
    assert!(seen.stderr.contains("--database-file") && !seen.stderr.contains("s3cret"), "{seen}");
    place.write("downhaul.toml", format!("database = \"{url}\"\n"));
    let printed = place.run("serve --config downhaul.toml --print-config").done();
    assert!(
        printed.stdout.contains("postgres://ada@127.0.0.1:1/flags") && !printed.stdout.contains("s3cret"),
        "{printed}"
    );
    let away = place.run("serve --config downhaul.toml --listen 127.0.0.1:0");
    assert_eq!(away.status, 1, "{away}");
    assert!(away.stderr.contains("the database does not answer") && !away.stderr.contains("s3cret"), "{away}");
    place.write("wrong", "mysql://ada:s3cret@db/flags");
    let wrong = place.run("serve --database-file wrong");
    assert_eq!(wrong.status, 2, "{wrong}");
    assert!(wrong.stderr.contains("`wrong`: this is no URL") && !wrong.stderr.contains("s3cret"), "{wrong}");
}

#[test]
fn a_database_that_was_put_back_gets_a_higher_epoch() {
    let postgres = Postgres::shared();
    let (a, b, _) = pair();
    let before = a.json("status")["fleet"]["position"]["epoch"].as_u64().unwrap();
    a.run(&["kill", "banner", "--reason", "it burns"]).done();
    let raise = |replica: &Replica| {
        replica.run(&["backup", "raise", "--database-file", "database-url", "--reason", "the disk died"])
    };
    let busy = raise(&a);
    assert_eq!(busy.status, 2, "{busy}");
    assert!(busy.stderr.contains("stop every replica"), "{busy}");
    let Replica { place, url, server, token } = a;
    assert_eq!((server.stop(), b.server.stop()), (0, 0));
    let revision = postgres.psql(&url, "SELECT revision FROM heads");
    let raised =
        place.run_with(["backup", "raise", "--database-file", "database-url", "--reason", "the disk died"]).done();
    assert!(raised.stdout.contains("k-1 banner"), "{raised}");
    let again = Replica { server: Replica::serve(&place, &url), place, url, token };
    let position = again.json("status")["fleet"]["position"].clone();
    assert!(position["epoch"].as_u64().unwrap() > before, "{position}");
    assert_eq!(position["revision"].as_u64().unwrap(), revision.parse::<u64>().unwrap() + 1);
    assert_eq!(again.json("chart verify")["status"], "verified");
}

#[test]
fn a_step_of_a_data_change_waits_for_the_clients_and_the_replicas_of_all() {
    let postgres = Postgres::shared();
    let (a, b, key) = pair();
    let flags = json!({
        "schema": 1, "environment": "production", "revision": 0,
        "flags": [{
            "key": "orders-v2", "owner": "orders", "kind": "migration", "expires": "2099-03-31", "phase": "expand",
            "degraded": { "meaning": "Orders as before" },
        }],
    });
    a.place.write("orders.json", flags.to_string());
    a.line("apply orders.json --reason first").done();
    let advance = ["migration", "advance", "orders-v2", "--reason", "on"];
    let in_a_moment = [&advance[..], &["--within", "1"]].concat();
    // One that serves and has not followed: as it looks to the others.
    let ghost = "INSERT INTO replicas SELECT 'ghost', environment, 0, now() + interval '1 hour' FROM heads";
    postgres.psql(&a.url, ghost);
    let refused = loop {
        let refused = a.run(&in_a_moment);
        assert_ne!(refused.status, 0, "{refused}");
        // Before that it has not heard of every client yet.
        if !refused.stderr.contains("has only just begun") {
            break refused;
        }
    };
    assert!(refused.stderr.contains("another replica of the control plane has not taken up"), "{refused}");
    postgres.psql(&a.url, "DELETE FROM replicas WHERE replica = 'ghost'");

    // A client of the other one that stays behind is in the way here too.
    let address = b.server.address.strip_prefix("http://").unwrap();
    let position = a.json("status")["fleet"]["position"].clone();
    acknowledge(address, &key, "behind-at-b", &format!("{}.1.0", position["epoch"]));
    while a.json("status")["fleet"]["live"] != 1 {
        thread::sleep(Duration::from_millis(50));
    }
    let behind = a.run(&in_a_moment);
    assert_ne!(behind.status, 0, "{behind}");
    assert!(behind.stderr.contains("1 client"), "{behind}");
    // Once it follows, the step is taken.
    let _client = Client::start(&b, &key, "behind-at-b");
    a.run(&advance).done();
}
