//! A control plane as whoever runs it meets it: backups, a configuration file, and keys that sign.

use crate::server::Server;
use crate::support::{Place, SHOP};
use insta::assert_snapshot;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[hash]");
    settings.add_filter(r"\b[0-9a-f]{16}\b", "[key]");
    settings.add_filter(r"\b1[789]\d{11}\b", "[epoch]");
    settings.add_filter(r"\d+ bytes", "[size] bytes");
    settings.add_filter(r"[A-Za-z0-9+/]{43}=", "[public key]");
    settings.add_filter(r"(sha256:)?[0-9a-f]{64}", "[hash]");
    settings.bind_to_scope()
}

/// Flags are there, and `checkout-v2` is killed.
fn served(place: &Place) -> Server {
    place.write("flags.json", SHOP);
    let server = Server::start(place);
    server.run(place, "apply flags.json --reason first").done();
    server.run_with(place, ["kill", "checkout-v2", "--reason", "it burns"]).done();
    server
}

#[test]
fn a_backup_is_taken_while_the_server_runs_and_put_back() {
    let _steady = steady();
    let place = Place::new();
    let server = served(&place);
    assert_snapshot!(server.run(&place, "backup create one.backup"), @r"
    exit status 0
    --- out
    wrote `one.backup`: [size] bytes, taken [time]
    epoch [epoch], schema 4
    ENVIRONMENT  CHANGES  KILLS AND RESTORES  HEAD                                                              FLAG SET
    production   2        1                   [hash]  [hash]
    --- err
    it holds the secrets: whoever reads it can sign in the name of this control plane
    ");
    assert_snapshot!(server.run(&place, "backup create one.backup"), @r"
    exit status 2
    --- err
    error: there is `one.backup` already

    help: name another file; nothing is written over
    ");
    assert_snapshot!(server.run(&place, "backup verify one.backup --format plain"), @r"
    exit status 0
    --- out
    verified `one.backup`: [size] bytes, taken [time]
    epoch [epoch], schema 4
    production	2	1	[hash]	[hash]
    --- err
    it holds the secrets: whoever reads it can sign in the name of this control plane
    ");
    server.run_with(&place, ["restore", "checkout-v2", "--reason", "it is out"]).done();
    server.run_with(&place, ["kill", "banner", "--reason", "it burns too"]).done();

    let busy = server
        .run_with(&place, ["backup", "restore", "one.backup", "--data", "data", "--reason", "a try", "--replace"]);
    assert_snapshot!(busy, @r"
    exit status 2
    --- err
    error: the data folder data is in use by another process

    help: stop the server that uses it, and repeat; a backup can be taken while it runs
    ");
    assert_eq!(server.stop(), 0);
    let data = place.path().join("data");
    let data = data.to_str().unwrap();
    let careful = place.run_with(["backup", "restore", "one.backup", "--data", "data", "--reason", "a try"]);
    assert_snapshot!(careful, @r"
    exit status 2
    --- err
    error: `data` is not empty

    help: name an empty folder, or say `--replace`: what is there is kept beside, and read for what must not be lost
    ");
    let put = ["backup", "restore", "one.backup", "--data", "data", "--reason", "the disk died", "--replace"];
    assert_snapshot!(place.run_with(put), @r"
    exit status 0
    --- out
    put the backup, taken [time], into `data`: verified, and charted
    epoch [epoch], before [epoch]: clients take it, whatever they had
    what was there is kept in `data/replaced-[epoch]`
    production: revision 4, head [hash], flag set [hash]
      killed:
        k-1 checkout-v2
        k-3 banner
      carried over from what was there:
        killed `banner` for everyone
      killed again, though restored since:
        k-1 checkout-v2
      lost: revisions 3 to 4
        4 killed `banner` for everyone
        3 restored `checkout-v2` for everyone
    --- err
    start the server, and run `downhaul status` and `downhaul chart verify`
    ");

    let server = Server::start(&place);
    assert_eq!(server.run(&place, "chart verify --format json").done().json()["status"], "verified");
    let chart = server.run(&place, "chart --limit 2 --format json").done().json_lines();
    assert_eq!(chart[1]["type"], "restore-backup");
    assert_eq!(chart[1]["reason"], "the disk died");
    assert_eq!(chart[0]["summary"], "killed `banner` for everyone");
    assert!(Path::new(data).join("admin-token").exists());
}

#[test]
fn a_restore_that_is_cut_off_leaves_the_one_or_the_other_whole() {
    let place = Place::new();
    let server = served(&place);
    server.run(&place, "backup create one.backup").done();
    server.run_with(&place, ["kill", "banner", "--reason", "after the backup"]).done();
    assert_eq!(server.stop(), 0);
    let verified = |line: &str| place.run(&format!("backup verify {line} --format json"));
    let put = ["backup", "restore", "one.backup", "--data", "data", "--replace", "--reason", "again"];
    let began = Instant::now();
    place.run_with(put).done();
    let whole = began.elapsed();
    let mut epoch = verified("data/downhaul.sqlite3").done().json()["epoch"].as_u64().unwrap();
    for round in 0..20 {
        let mut process = place.command(put).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // At another instant each time, from the very beginning to about the end.
        std::thread::sleep(whole * round / 20);
        process.kill().unwrap();
        process.wait().unwrap();
        let now = verified("data/downhaul.sqlite3").done().json();
        assert!(now["epoch"].as_u64().unwrap() >= epoch, "{round}: {now}");
        epoch = now["epoch"].as_u64().unwrap();
    }
    let server = Server::start(&place);
    assert_eq!(server.run(&place, "chart verify --format json").done().json()["status"], "verified");
    let kills = server.run(&place, "status --format json").done().stdout;
    assert!(kills.contains("banner"), "and what was killed is: {kills}");
}

#[test]
fn secrets_can_be_kept_apart() {
    let _steady = steady();
    let place = Place::new();
    let server = served(&place);
    assert_snapshot!(server.run(&place, "backup create bare.backup --without-secrets"), @r"
    exit status 0
    --- out
    wrote `bare.backup`: [size] bytes, taken [time]
    epoch [epoch], schema 4
    ENVIRONMENT  CHANGES  KILLS AND RESTORES  HEAD                                                              FLAG SET
    production   2        1                   [hash]  [hash]
    --- err
    it holds no secrets: keep those too, with `downhaul backup secrets`
    ");
    assert_snapshot!(server.run(&place, "backup secrets secrets.json"), @r"
    exit status 0
    --- out
    wrote `secrets.json`: sample-client-root, sample-server-root, signing-key, token-root
    --- err
    whoever reads it can sign in the name of this control plane: keep it off this machine, and apart from backups
    ");
    let before = server.run(&place, "signing-keys list --format json").done().json();
    assert_eq!(server.stop(), 0);
    let put = ["backup", "restore", "bare.backup", "--data", "new", "--secrets", "secrets.json", "--reason", "moved"];
    let restored = place.run_with(put.into_iter().chain(["--format", "json"])).done().json();
    assert_eq!(restored["missing_secrets"], serde_json::json!([]), "{restored}");
    assert!(restored["admin_token"].as_str().unwrap().ends_with("admin-token"), "{restored}");
    let alone = ["backup", "restore", "bare.backup", "--data", "alone", "--reason", "moved"];
    let restored = place.run_with(alone).done();
    assert!(restored.stdout.contains("secrets that are made anew at the next start: signing-key"), "{restored}");
    fs::rename(place.path().join("data"), place.path().join("old")).unwrap();
    fs::rename(place.path().join("new"), place.path().join("data")).unwrap();
    let server = Server::start(&place);
    let after = server.run(&place, "signing-keys list --format json").done().json();
    assert_eq!(after["keys"][0]["public_key"], before["keys"][0]["public_key"]);
}

#[test]
fn a_backup_is_fetched_from_afar_without_secrets() {
    let place = Place::new();
    let server = served(&place);
    let fetched = server.run(&place, "backup download far.backup --format json").done().json();
    assert_eq!(
        (fetched["about"]["keys"].as_bool(), fetched["environments"][0]["revision"].as_u64()),
        (Some(false), Some(2))
    );
    assert_eq!(server.run(&place, "backup download far.backup").status, 2, "nothing is written over");
    let token = server.run(&place, "tokens create pipeline --role admin --format json").done().json();
    let token = token["token"].as_str().unwrap();
    server.run_with(&place, ["backup", "download", "admin.backup", "--token", token]).done();
    let token = server.run(&place, "tokens create pipeline --role operator --format json").done().json();
    let refused =
        server.run_with(&place, ["backup", "download", "no.backup", "--token", token["token"].as_str().unwrap()]);
    assert_eq!((refused.status, refused.stderr.contains("you are no admin there")), (2, true), "{refused}");
    let left: Vec<String> = fs::read_dir(place.path())
        .unwrap()
        .chain(fs::read_dir(place.path().join("data")).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("no.backup") || name.contains("download"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let put = ["backup", "restore", "far.backup", "--data", "new", "--reason", "a rehearsal"];
    place.run_with(put).done();
}

#[test]
fn files_that_are_no_backups() {
    let _steady = steady();
    let place = Place::new();
    place.write("notes.txt", "not a backup");
    assert_snapshot!(place.run("backup verify notes.txt"), @r"
    exit status 3
    --- err
    error: `notes.txt` is no change log of Downhaul: it is no database

    help: give a file that `downhaul backup create` wrote, or a data folder
    ");
    assert_snapshot!(place.run("backup create to.backup --data nowhere"), @r"
    exit status 3
    --- err
    error: `nowhere/downhaul.sqlite3` is no change log of Downhaul: there is no such file

    help: give a file that `downhaul backup create` wrote, or a data folder
    ");
    assert_eq!(place.run("backup restore notes.txt --data data --reason why").status, 3);
    assert!(!place.path().join("data").exists(), "nothing is made for what is refused");
}

#[test]
fn a_signing_key_is_made_rotated_to_and_the_old_one_revoked() {
    let _steady = steady();
    let place = Place::new();
    let server = served(&place);
    let first = server.run(&place, "signing-keys list --format json").done().json();
    let first = first["keys"][0]["id"].as_str().unwrap().to_owned();
    let made = server.run_with(&place, ["signing-keys", "make", "--reason", "the yearly rotation"]);
    assert_snapshot!(made, @r"
    exit status 0
    --- out
    [key] is believed, and does not sign
    public key: [public key]
    --- err
    give it to clients that pin keys, then `downhaul signing-keys rotate --to [key]`
    ");
    let keys = server.run(&place, "signing-keys list --format json").done().json();
    let second = keys["keys"][1]["id"].as_str().unwrap().to_owned();
    let early = server.run_with(&place, ["signing-keys", "revoke", &first, "--reason", "too early"]);
    assert_snapshot!(early, @r"
    exit status 2
    --- err
    error: the signing key `[key]` is the one that signs

    help: let another one sign first: `downhaul signing-keys rotate`
    ");
    server.run_with(&place, ["signing-keys", "rotate", "--to", &second, "--reason", "clients know it"]).done();
    let revoked = server.run_with(&place, ["signing-keys", "revoke", &first, "--reason", "all have moved"]);
    assert_snapshot!(revoked, @r"
    exit status 0
    --- out
    [key] is revoked
    public key: [public key]
    ");
    let list = server.run(&place, "signing-keys list --format plain").done();
    let standing: Vec<&str> = list.stdout.lines().map(|line| line.split('\t').nth(1).unwrap()).collect();
    assert_eq!(standing, ["signs", "revoked"], "{list}");
    let unknown = server.run_with(&place, ["signing-keys", "rotate", "--to", "0000", "--reason", "a slip"]);
    assert_eq!((unknown.status, unknown.stderr.contains("there is no signing key `0000`")), (2, true), "{unknown}");
    // At once, for clients that pin none.
    server.run_with(&place, ["signing-keys", "rotate", "--reason", "the laptop was stolen"]).done();
    assert_eq!(server.run(&place, "chart verify --format json").done().json()["status"], "verified");
}

#[test]
fn a_spare_key_signs_once_it_is_brought() {
    let place = Place::new();
    let server = served(&place);
    let spare = place.run("signing-keys generate spare.json --format json").done().json();
    let key = spare["public_key"].as_str().unwrap();
    let id = spare["id"].as_str().unwrap();
    server.run_with(&place, ["signing-keys", "make", "--public-key", key, "--reason", "in the safe"]).done();
    let early = server.run_with(&place, ["signing-keys", "rotate", "--to", id, "--reason", "too early"]);
    assert!(early.stderr.contains("downhaul signing-keys import"), "{early}");
    assert_eq!(place.run("signing-keys import spare.json --data data").status, 2, "it is in use");
    assert_eq!(server.stop(), 0);
    place.run("signing-keys import spare.json --data data").done();
    let server = Server::start(&place);
    server.run_with(&place, ["signing-keys", "rotate", "--to", id, "--reason", "the data folder was copied"]).done();
    let keys = server.run(&place, "signing-keys list --format json").done().json();
    assert_eq!((keys["keys"][0]["id"].as_str(), keys["keys"][0]["standing"].as_str()), (Some(id), Some("signs")));
}

const FILE: &str = r#"# Behind a proxy
data = "state"
listen = "127.0.0.1:0"
allowed-host = ["flags.example", "flags.internal"]
trusted-proxy = "127.0.0.1"
ping = 5
stale = 30
"#;

fn config(place: &Place, line: &str) -> Value {
    place.run(&format!("serve --print-config --format json {line}")).done().json()
}

#[test]
fn the_command_line_goes_before_the_environment_and_both_before_the_file() {
    let place = Place::new();
    place.write("downhaul.toml", FILE);
    let says = |config: &Value, name: &str| {
        (config[name]["value"].clone(), config[name]["from"].as_str().unwrap_or_default().to_owned())
    };
    let file = config(&place, "--config downhaul.toml");
    assert_eq!(says(&file, "ping"), (5.into(), "downhaul.toml:6".to_owned()));
    assert_eq!(says(&file, "validity"), (86_400.into(), "default".to_owned()));
    assert_eq!(says(&file, "console"), (Value::Null, String::new()));
    assert_eq!(says(&file, "allowed-host").0, serde_json::json!(["flags.example", "flags.internal"]));
    let line = config(&place, "--config downhaul.toml --ping 7 --allowed-host other.example");
    assert_eq!(says(&line, "ping"), (7.into(), "--ping".to_owned()));
    assert_eq!(says(&line, "allowed-host").0, serde_json::json!(["other.example"]), "a list is replaced whole");
    let mut command = place.command(["serve", "--print-config", "--format", "json", "--stale", "40"]);
    command.env("DOWNHAUL_DATA", "elsewhere").env("DOWNHAUL_CONFIG", "downhaul.toml");
    let environment = crate::support::Run::of(command, b"").done().json();
    assert_eq!(says(&environment, "data"), ("elsewhere".into(), "DOWNHAUL_DATA".to_owned()));
    assert_eq!(says(&environment, "stale"), (40.into(), "--stale".to_owned()));
    assert_eq!(says(&environment, "ping"), (5.into(), "downhaul.toml:6".to_owned()));
}

#[test]
fn what_is_printed_is_a_configuration_file_again() {
    let place = Place::new();
    place.write("downhaul.toml", FILE);
    let printed = place.run("serve --print-config --config downhaul.toml").done().stdout;
    place.write("again.toml", &printed);
    let (first, again) = (config(&place, "--config downhaul.toml"), config(&place, "--config again.toml"));
    for (name, setting) in first.as_object().unwrap() {
        assert_eq!(setting["value"], again[name]["value"], "{name}");
    }
}

#[test]
fn a_server_runs_as_its_file_says() {
    let place = Place::new();
    place.write("etc/downhaul.toml", "data = \"../data\"\nlisten = \"127.0.0.1:0\"\n");
    let mut command = place.command(["serve", "--config", "etc/downhaul.toml", "--format", "json"]);
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(process.stdout.take().unwrap()), &mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(ready["data"], "etc/../data", "places are below the file's folder");
    assert!(place.path().join("data/downhaul.sqlite3").exists());
}

#[test]
fn a_wrong_file_is_refused_with_the_place() {
    let place = Place::new();
    for (text, expected) in [
        (
            "ping = 5\nalowed-host = \"x\"",
            "bad.toml:2: there is no setting `alowed-host` (did you mean `allowed-host`?)",
        ),
        ("\nping = 100", "bad.toml:2: invalid value '100' for '--ping <SECONDS>': 100 is not in 1..=60"),
        ("ping = true", "bad.toml:1: `ping` is a boolean, and takes a text or a number"),
        ("ping = [5]", "bad.toml:1: `ping` takes one value"),
        ("ping = 5\nping = 6", "bad.toml:2: duplicate key"),
        ("listen = ", "bad.toml:1: "),
        ("config = \"other.toml\"", "bad.toml:1: there is no setting `config`"),
        ("format = \"json\"", "bad.toml:1: there is no setting `format`"),
        ("trusted-proxy = [\"10.1.0.0/8\"]", "the network is `10.0.0.0/8`"),
        ("[serve]\nping = 5", "bad.toml:1: there is no setting `serve`"),
    ] {
        place.write("bad.toml", text);
        let run = place.run("serve --config bad.toml --format plain");
        assert_eq!(run.status, 3, "{text}: {run}");
        assert!(run.stderr.contains(expected), "{text}: {run}");
    }
    assert_eq!(place.run("serve --config none.toml").status, 1);
    assert!(!place.path().join("downhaul-data").exists());
}

/// docs/reference/configuration.md says of every option what the command line says, and of no other.
#[test]
fn the_reference_names_every_setting() {
    let place = Place::new();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/configuration.md");
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let documented: BTreeSet<(String, String)> = rows
        .map(|(name, rest)| {
            (name.to_owned(), rest.split(" | ").next().unwrap_or_default().trim_matches('`').to_owned())
        })
        .collect();
    let config = config(&place, "");
    let expected: BTreeSet<(String, String)> = config
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, setting)| match &setting["value"] {
            Value::Null => (name.clone(), String::new()),
            Value::Array(values) if values.is_empty() => (name.clone(), String::new()),
            value => (name.clone(), value.to_string()),
        })
        .collect();
    assert_eq!(documented, expected);
    let example = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    place.write("example.toml", example);
    let run = place.run("serve --print-config --config example.toml --format json").done().json();
    assert_eq!(run["listen"]["from"], "example.toml:3", "the example is a file that is taken: {run}");
}
