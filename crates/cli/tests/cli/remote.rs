//! The verbs that ask a control plane, against a real one.

use crate::server::Server;
use crate::support::{Place, SHOP};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// Snapshots without what differs from run to run.
fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"127\.0\.0\.1:\d+", "[address]");
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[digest]");
    settings.add_filter(r"root: [A-Za-z0-9+/]{43}=", "root: [root]");
    settings.bind_to_scope()
}

pub(crate) fn shop() -> (Place, Server) {
    let place = Place::new();
    place.write("flags.json", SHOP);
    let server = Server::start(&place);
    server.run(&place, "apply flags.json --reason first").done();
    (place, server)
}

#[test]
fn from_the_first_apply_to_a_verified_chart() {
    let _steady = steady();
    let place = Place::new();
    place.write("flags.json", SHOP);
    let server = Server::start(&place);
    let run = |line: &str| server.run(&place, line);
    assert_snapshot!(run("apply flags.json --reason first --dry-run"), @r#"
    exit status 0
    --- out
    OUTCOME  WHAT     KEY          REVISION
    created  regions
    created  tenant   acme
    created  segment  staff
    created  flag     checkout-v2
    created  flag     banner
    --- err
    5 differences, 0 unchanged; nothing was changed (dry run); production is at revision 0
    "#);
    assert_snapshot!(run("apply flags.json --reason first"), @r#"
    exit status 0
    --- out
    OUTCOME  WHAT     KEY          REVISION
    created  regions               1
    created  tenant   acme         1
    created  segment  staff        1
    created  flag     checkout-v2  1
    created  flag     banner       1
    --- err
    5 differences, 0 unchanged; applied; production is at revision 1
    "#);
    assert_snapshot!(run("apply flags.json --reason again"), @r#"
    exit status 0
    --- err
    0 differences, 5 unchanged; nothing to change; production is at revision 1
    "#);
    assert_snapshot!(run("flags"), @r#"
    exit status 0
    --- out
    FLAG         STATE  SERVING             OWNER     UNTIL
    checkout-v2  live   2 rules, else off   payments  expires 2099-01-31
    banner       live   plain for everyone  web       review 2099-01-31
    --- err
    2 flags in production at revision 1
    "#);
    assert_snapshot!(run("flags --format plain"), @r#"
    exit status 0
    --- out
    checkout-v2	live	2 rules, else off	payments	expires 2099-01-31
    banner	live	plain for everyone	web	review 2099-01-31
    "#);
    assert_snapshot!(run("kill checkout-v2 --reason slow --tenant acme --region eu --incident INC-42"), @r#"
    exit status 0
    --- out
    Old three-page checkout; gift cards cannot be used
    killed `checkout-v2` for tenant acme, within region eu in production (k-1, revision 2)
    --- err
    restore: downhaul restore k-1 --reason …
    "#);
    assert_snapshot!(run("status"), @r#"
    exit status 0
    --- out
    production at revision 2, kill revision 1
    no client is connected

    killed-in-regions: `checkout-v2` is killed by k-1 within eu only, since [time]
      do: users elsewhere still get it: kill it for everyone if the cause is not of these regions, or restore it once that is over
      downhaul restore k-1

    1 kill in force
    KILL  FLAG         SCOPE                          DARK  BY     AT                        REASON
    k-1   checkout-v2  tenant acme, within region eu  0/0   admin  [time]  slow
    "#);
    assert_snapshot!(run("kill checkout-v2 --reason broken --format plain"), @r#"
    exit status 0
    --- out
    effect: Old three-page checkout; gift cards cannot be used
    kill: k-2
    flag: checkout-v2
    scope: everyone
    revision: 3
    "#);
    assert_snapshot!(run("restore checkout-v2 --reason fixed"), @r#"
    exit status 0
    --- out
    restored `checkout-v2` for everyone in production (k-2, revision 4)
    restored `checkout-v2` for tenant acme, within region eu in production (k-1, revision 5)
    "#);
    assert_snapshot!(run("restore checkout-v2 --reason fixed"), @r#"
    exit status 2
    --- err
    error: no kill in force is `checkout-v2` or names a flag `checkout-v2`

    help: nothing is killed; see `downhaul chart` for what was restored already
    "#);
    assert_snapshot!(run("retire banner --reason done --anyway"), @r#"
    exit status 0
    --- out
    retired `banner` in production, revision 6
    --- err
    whoever still asks for it gets the default of the call, and its key is never used again
    "#);
    assert_snapshot!(run("chart --limit 3"), @r#"
    exit status 0
    --- out
        4  [time]  restored `checkout-v2` for everyone
           admin: fixed
        5  [time]  restored `checkout-v2` for tenant acme, within region eu
           admin: fixed (INC-42)
        6  [time]  retired `banner`
           admin: done
    "#);
    assert_snapshot!(run("chart --flag checkout-v2 --format plain"), @r#"
    exit status 0
    --- out
    5	[time]	admin	restore	restored `checkout-v2` for tenant acme, within region eu	fixed	INC-42	[digest]
    4	[time]	admin	restore	restored `checkout-v2` for everyone	fixed		[digest]
    3	[time]	admin	kill	killed `checkout-v2` for everyone	broken		[digest]
    2	[time]	admin	kill	killed `checkout-v2` for tenant acme, within region eu	slow	INC-42	[digest]
    1	[time]	admin	apply	applied 1 region tree, 1 tenant, 1 segment, 2 flags	first		[digest]
    "#);
    assert_snapshot!(run("chart verify"), @r#"
    exit status 0
    --- out
    verified: 6 changes
    head: [digest]
    root: [root]
    document digest: [digest]
    "#);
}

#[test]
fn a_retired_key_is_refused_for_ever() {
    let (place, server) = shop();
    server.run(&place, "retire banner --reason done --anyway").done();
    let again = server.run(&place, "apply flags.json --reason again --format json");
    assert_ne!(again.status, 0, "{again}");
    assert!(again.to_string().contains("banner"), "{again}");
}

#[test]
fn kills_survive_a_new_definition() {
    let (place, server) = shop();
    let kill = server.run(&place, "kill checkout-v2 --reason broken --format json").done().json();
    assert_eq!(kill["effect"], "Old three-page checkout; gift cards cannot be used");
    place.write("flags.json", SHOP.replace("25000", "50000").replace("75000", "50000"));
    server.run(&place, "apply flags.json --reason ramp").done();
    let status = server.run(&place, "status --format json").done().json();
    assert_eq!(status["kills"][0]["id"], kill["id"], "{status}");
    let by_id = format!("restore {} --reason fixed --format json", kill["id"].as_str().unwrap());
    assert_eq!(server.run(&place, &by_id).done().json().as_array().unwrap().len(), 1);
    let status = server.run(&place, "status --format json").done().json();
    assert_eq!(status["kills"], json!([]), "{status}");
}

#[test]
fn what_the_control_plane_refuses() {
    let _steady = steady();
    let (place, server) = shop();
    let run = |line: &str| server.run(&place, line);
    assert_snapshot!(run("kill checkout --reason broken"), @r#"
    exit status 2
    --- err
    error: there is no flag `checkout`

    help: did you mean `checkout-v2`?
    "#);
    assert_snapshot!(run("kill checkout-v2 --reason broken --region nowhere --format plain"), @r#"
    exit status 2
    --- err
    error[unknown-name]: there is no region `nowhere` (list the regions to see which there are)
    "#);
    assert_snapshot!(run("kill checkout-v2 --reason broken --environment staging --format json"), @r#"
    exit status 2
    --- err
    {"error":{"code":"unknown-environment","help":"there is `production`","message":"there is no environment `staging`"}}
    "#);
    assert_snapshot!(run("retire checkout-v2 --reason done"), @r#"
    exit status 2
    --- err
    error: `checkout-v2` is not to be retired yet: it is required by `banner` (still-required); it does not give everyone the same: 2 rules, else off (serves-several)

    help: retire them first, or take `checkout-v2` out of their `requires`
    "#);
    assert_eq!(run("kill checkout-v2").status, 2);
    let blank = server.run_with(&place, ["kill", "checkout-v2", "--reason", " "]);
    assert!(matches!(blank.status, 2 | 3), "{blank}");
}

#[test]
fn an_invalid_flag_set_changes_nothing() {
    let _steady = steady();
    let (place, server) = shop();
    place.write(
        "wrong.json",
        SHOP.replace("\"default\": \"off\"", "\"default\": \"of\"").replace("plain\": {", "Plain\": {"),
    );
    let before = server.run(&place, "chart --format json").done().stdout;
    assert_snapshot!(server.run(&place, "apply wrong.json --reason oops"), @r#"
    exit status 3
    --- err
    error[unknown-variant]

      × flag `checkout-v2` has no variant `of`
        ╭─[wrong.json:16:18]
     15 │       ],
     16 │       "default": "of" },
        ·                  ────
     17 │     { "key": "banner", "owner": "web", "kind": "ops", "review": "2099-01-31",
        ╰────
      help: did you mean `off`?

    error[unknown-variant]

      × flag `banner` has no variant `plain`
        ╭─[wrong.json:21:18]
     20 │       "requires": [{ "flag": "checkout-v2", "variants": ["on"] }],
     21 │       "default": "plain" }
        ·                  ───────
     22 │   ]
        ╰────
      help: did you mean `Plain`?

    error: refused, and nothing was changed: 2 errors
    "#);
    assert_eq!(server.run(&place, "apply wrong.json --reason oops --format json").status, 3);
    assert_eq!(server.run(&place, "chart --format json").done().stdout, before);
}

#[test]
fn who_may_not_and_who_cannot() {
    let _steady = steady();
    let (place, server) = shop();
    let elsewhere = Place::new();
    let without_token = |arguments: &[&str]| {
        let mut command = elsewhere.command(arguments);
        command.env("DOWNHAUL_SERVER", &server.address);
        crate::support::Run::of(command, b"")
    };
    assert_snapshot!(without_token(&["flags"]), @r#"
    exit status 2
    --- err
    error: this needs a token or a session

    help: give a token with `--token` or `DOWNHAUL_TOKEN`; the first was shown when the control plane first started
    "#);
    assert_snapshot!(without_token(&["flags", "--token", "wrong", "--format", "plain"]), @r#"
    exit status 2
    --- err
    error[not-signed-in]: this needs a token or a session (the token is not one of this control plane's; its own is in `admin-token` of its data folder)
    "#);
    let token = server.ready["admin_token"].as_str().unwrap();
    without_token(&["flags", "--token", token]).done();
    elsewhere.write(".config/downhaul/token", format!("{token}\n"));
    without_token(&["flags"]).done();

    let gone = server.address.clone();
    drop(server);
    assert_snapshot!(place.run(&format!("kill checkout-v2 --reason broken --server {gone}")), @r#"
    exit status 1
    --- err
    error: no answer from the control plane at `http://[address]`: connection refused

    help: start it with `downhaul serve`, or name the right one with `--server` or `DOWNHAUL_SERVER`
    "#);
    assert_snapshot!(place.run(&format!("status --server {gone} --format json")), @r#"
    exit status 1
    --- err
    {"error":{"code":"unreachable","help":"start it with `downhaul serve`, or name the right one with `--server` or `DOWNHAUL_SERVER`","message":"no answer from the control plane at `http://[address]`: connection refused"}}
    "#);
    assert_snapshot!(place.run("flags --server ftp://flags.example"), @r#"
    exit status 2
    --- err
    error: `ftp://flags.example` is not the address of a control plane: it begins neither with http:// nor with https://

    help: write it as `http://[address]`
    "#);
}

#[test]
fn keys_are_shown_once() {
    let (place, server) = shop();
    let line =
        "keys create shop --kind browser --pin tenant=acme --origin https://shop.example --reason demo --format json";
    let created = server.run(&place, line).done().json();
    let (id, key) = (created["view"]["id"].as_str().unwrap(), created["key"].as_str().unwrap());
    assert_eq!(created["view"]["pinned"], json!({ "tenant": "acme" }));
    let list = server.run(&place, "keys list --format json").done();
    assert!(list.stdout.contains(id) && !list.stdout.contains(key), "{list}");
    assert!(server.run(&place, "keys list").done().stdout.contains("https://shop.example"));
    server.run(&place, &format!("keys revoke {id}")).done();
    let after = server.run(&place, "keys list --format json").done().json();
    let revoked = after["keys"].as_array().unwrap().iter().find(|each| each["id"] == id).unwrap();
    assert!(revoked["revoked_at"].is_string(), "{after}");
    assert_eq!(server.run(&place, "keys revoke nothing").status, 2);
}

#[test]
fn a_kill_waits_until_its_clients_are_dark() {
    let (place, server) = shop();
    let nobody = server.run(&place, "kill banner --reason broken --wait=5").done();
    assert!(nobody.stdout.contains("no live client"), "{nobody}");

    let created = server.run(&place, "keys create service --kind server --format json").done().json();
    let client = Client { address: server.address.clone(), key: created["key"].as_str().unwrap().to_owned() };
    let position = server.run(&place, "flags --format json").done().json()["position"].clone();
    client.acknowledge(&position);
    let late = server.run(&place, "kill banner --reason broken --wait=1 --format json");
    assert_eq!(late.status, 1, "{late}");
    assert!(late.stderr.contains("not-dark-yet"), "{late}");

    let run = std::thread::scope(|scope| {
        scope.spawn(|| {
            // As a client on the stream would: once there is a kill, it is applied and acknowledged.
            loop {
                let page = server.run(&place, "status --format json").done().json();
                let kills = page["kills"].as_array().unwrap();
                if let Some(kill) = kills.iter().find(|kill| kill["flag"] == "checkout-v2") {
                    client.acknowledge(&kill["position"]);
                    return;
                }
            }
        });
        server.run(&place, "kill checkout-v2 --reason broken --wait=60").done()
    });
    assert!(run.stdout.contains("complete: 1 of 1 live client dark; p50 "), "{run}");
    assert!(run.stdout.starts_with("Old three-page checkout; gift cards cannot be used\n"), "{run}");
}

#[test]
fn a_chart_and_a_status_that_are_followed_show_what_happens() {
    let (place, server) = shop();
    let mut chart = server.follow(&place, "chart --follow --flag checkout-v2 --format json");
    assert!(chart.until("\"type\":\"apply\"").contains("first"));
    let mut status = server.follow(&place, "status --watch --format plain");
    status.until("clients\t0 live clients, 0 at the newest revision; 0 hidden, 0 unknown");
    server.run(&place, "kill banner --reason other").done();
    server.run(&place, "kill checkout-v2 --reason broken").done();
    // The kill of another flag is not shown.
    let line = chart.next();
    assert!(line.contains("\"type\":\"kill\"") && line.contains("broken"), "{line}");
    status.until("killed\tcheckout-v2 (k-2) for everyone by admin: broken");
    server.run(&place, "restore checkout-v2 --reason fixed").done();
    assert!(chart.next().contains("\"type\":\"restore\""));
    status.until("restored\tcheckout-v2 (k-2)");
    assert_eq!(status.interrupt(), (Some(0), Vec::new()), "Ctrl-C is how it ends");
}

#[test]
fn what_a_pipeline_asks_is_answered_by_the_status() {
    let (place, server) = shop();
    server.run(&place, "kill banner --reason other").done();
    let run = server.run(&place, "status --kill k-1");
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (0, "k-1 of `banner` is confirmed: off in 0 of 0 live clients\n"),
        "{run}"
    );
    server.run(&place, "restore banner --reason fixed").done();
    let run = server.run(&place, "status --kill k-1 --format json");
    assert_eq!((run.status, &run.json()["confirmed"]), (4, &json!(false)), "{run}");
    for line in ["status --kill k-9", "status --rollback nothing", "status --kill k-1 --rollback nothing"] {
        assert_eq!(server.run(&place, line).status, 2, "{line}");
    }
}

#[test]
fn an_alarm_is_shown_taken_and_kept_quiet() {
    let (place, server) = shop();
    let run = server.run(&place, "alarms list");
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (0, "", "0 alarms in production\n"), "{run}");
    let digest = "a".repeat(64);
    place.write(
        "release.yaml",
        format!(
            "key: shop-1\nowner: payments\nflags: [checkout-v2]\n\
             artifact: {{ kind: http, reference: 'https://shop.example/1.tgz', digest: 'sha256:{digest}' }}\n\
             runbook: {{ steps: [{{ manual: look at the orders, limit_seconds: 1 }}] }}\n"
        ),
    );
    server.run(&place, "release put release.yaml --reason new").done();
    let run = server.run(&place, "rollback shop-1 --yes --reason fails");
    assert_eq!(run.status, 4, "{run}");
    let listed = (0..200).find_map(|_| {
        let run = server.run(&place, "alarms list --format json");
        (run.status == 4).then(|| run.json())
    });
    let alarm = listed.unwrap()["alarms"][0].clone();
    assert_eq!((&alarm["about"], &alarm["standing"]), (&json!("rollback-held"), &json!("raised")), "{alarm}");
    let id = alarm["id"].as_str().unwrap();
    let shown = server.run(&place, &format!("alarms show {id}")).done().stdout;
    for line in ["owner: payments", "look: downhaul runs show r-1", "act: downhaul rollback shop-1 --resume"] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    let taken = server.run(&place, &format!("alarms acknowledge {id} --note looking")).done().stdout;
    assert!(taken.contains("acknowledged by admin at ") && taken.contains(": looking"), "{taken}");
    assert_eq!(server.run(&place, "alarms list").status, 0);
    assert_eq!(server.run(&place, &format!("alarms silence {id} --reason known")).status, 2, "without an end");
    let quiet = server.run(&place, &format!("alarms silence {id} --until 2h --reason known")).done().stdout;
    assert!(quiet.contains("silenced by admin until ") && quiet.contains(": known"), "{quiet}");
    assert_eq!(server.run(&place, &format!("alarms silence {id} --until 9999-01-01T00:00:00Z --reason x")).status, 3);
    assert_eq!(server.run(&place, "alarms show al-0").status, 2);
}

struct Client {
    address: String,
    key: String,
}

impl Client {
    fn acknowledge(&self, position: &Value) {
        let body = json!({ "instance": "i-1", "position": position, "state": "live", "sdk": "test/1" });
        let request = reqwest::Client::builder().no_proxy().build().unwrap();
        let request =
            request.post(format!("{}/client/v1/acknowledge", self.address)).bearer_auth(&self.key).json(&body);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let status = runtime.block_on(request.send()).unwrap().status();
        assert!(status.is_success(), "{status}");
    }
}

#[test]
fn an_export_verifies_elsewhere_until_a_byte_is_changed() {
    let (place, server) = shop();
    server.run(&place, "kill checkout-v2 --reason broken").done();
    server.run(&place, "restore checkout-v2 --reason fixed").done();
    let online = server.run(&place, "chart verify --format json").done().json();
    server.run(&place, "chart export --out chart.jsonl").done();
    assert_eq!(
        server.run(&place, "chart export").done().stdout,
        std::fs::read_to_string(place.path().join("chart.jsonl")).unwrap()
    );
    drop(server);

    let offline = place.run("chart verify --file chart.jsonl --format json").done().json();
    for member in ["status", "changes", "head", "document_digest"] {
        assert_eq!(offline[member], online[member], "{member}");
    }
    let text = std::fs::read_to_string(place.path().join("chart.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without_second = [&lines[..1], &lines[2..]].concat().join("\n");
    for (wrong, code) in [
        (text.replace("broken", "brokem"), "edited"),
        (without_second, "missing"),
        ("{}".to_owned(), "not-a-record"),
        ("nonsense".to_owned(), "not-a-record"),
        (String::new(), "empty-chart"),
    ] {
        place.write("wrong.jsonl", wrong);
        let run = place.run("chart verify --file wrong.jsonl --format plain");
        assert_eq!(run.status, 3, "{run}");
        assert!(run.stderr.contains(&format!("error[{code}]")), "{code}: {run}");
    }
}

#[test]
fn a_busy_port_says_who_holds_it_and_what_to_do() {
    let _steady = steady();
    let place = Place::new();
    let server = Server::start(&place);
    let address = server.address.trim_start_matches("http://");
    let run = place.run(&format!("serve --data other --listen {address}"));
    assert_eq!(run.status, 1, "{run}");
    assert!(
        run.stderr.contains("is in use") && run.stderr.contains("lsof") && run.stderr.contains("--listen"),
        "{run}"
    );
}

#[test]
fn it_ends_well_when_asked_to_and_keeps_its_token() {
    let place = Place::new();
    let server = Server::start(&place);
    let token = server.ready["admin_token"].as_str().unwrap().to_owned();
    assert_eq!(std::fs::read_to_string(place.path().join("data/admin-token")).unwrap().trim(), token);
    assert_eq!(server.stop(), 0);
    let again = Server::start(&place);
    assert_eq!(again.ready.get("admin_token"), None, "the token is shown at the first start only");
    again.run(&place, "flags").done();
}

#[test]
fn every_acknowledged_change_is_there_after_a_power_cut() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    let mut server = Server::start(&place);
    server.run(&place, "apply flags.json --reason first").done();
    for round in 0..3 {
        let acknowledged = std::sync::Mutex::new(Vec::new());
        let (sent, enough) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let (place, acknowledged, address) = (&place, &acknowledged, server.address.clone());
            scope.spawn(move || {
                for number in 0.. {
                    let width = 1000 + round * 100 + number;
                    let name = format!("flags-{number}.json");
                    place.write(&name, SHOP.replace("25000", &width.to_string()));
                    let mut command = place.command(["apply", &name, "--reason", "ramp", "--format", "json"]);
                    command.env("DOWNHAUL_SERVER", &address).env("DOWNHAUL_DATA", place.path().join("data"));
                    let run = crate::support::Run::of(command, b"");
                    if run.status != 0 {
                        return;
                    }
                    acknowledged.lock().unwrap().push(run.json()["position"].clone());
                    let _ = sent.send(());
                }
            });
            // In the middle of the applies: a few are through, and another is on its way.
            for _ in 0..3 {
                enough.recv().unwrap();
            }
            server.cut();
        });
        server = Server::start(&place);
        let chart = server.run(&place, "chart --limit 1000 --format json").done().json_lines();
        for position in acknowledged.into_inner().unwrap() {
            let is_there = chart.iter().any(|change| change["revision"] == position["revision"]);
            assert!(is_there, "revision {} was acknowledged and is gone", position["revision"]);
        }
        server.run(&place, "chart verify").done();
    }
}
