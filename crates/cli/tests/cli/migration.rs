//! A data change by the command line, from `expand` to `contract`, with a client that follows it.

use crate::server::Server;
use crate::support::{Place, Run};
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

const FLAGS: &str = r#"{
  "schema": 1, "environment": "production", "revision": 0,
  "flags": [
    { "key": "orders-v2", "owner": "orders", "kind": "migration", "expires": "2099-03-31", "phase": "expand",
      "degraded": { "meaning": "Orders as before" } }
  ]
}"#;

const RELEASE: &str = "
key: shop-2.4.1
artifact: { kind: oci, reference: 'ghcr.io/shop/shop:2.4.1', digest: 'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }
previous: { kind: oci, reference: 'ghcr.io/shop/shop:2.4.0', digest: 'sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' }
redeploy: deploy
migrations: [{ name: orders-v2, note: reads the old table, needs: new }]
";

fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.bind_to_scope()
}

/// A control plane that relies on its roster after two seconds, and a key for the shop.
fn shop() -> (Place, Server, Client) {
    let place = Place::new();
    place.write("flags.json", FLAGS);
    let server = Server::start_with(&place, &["--stale", "2"]);
    server.run(&place, "apply flags.json --reason first").done();
    let created = server.run(&place, "keys create shop --kind server --format json").done().json();
    let client = Client { address: server.address.clone(), key: created["key"].as_str().unwrap().to_owned() };
    (place, server, client)
}

struct Client {
    address: String,
    key: String,
}

impl Client {
    fn tell(&self, position: &Value, release: &str, tallies: &Value) {
        let body = json!({
            "instance": release, "position": position, "state": "live", "sdk": "test/1", "release": release,
            "migrations": tallies,
        });
        let request = reqwest::Client::builder().no_proxy().build().unwrap();
        let request =
            request.post(format!("{}/client/v1/acknowledge", self.address)).bearer_auth(&self.key).json(&body);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let status = runtime.block_on(request.send()).unwrap().status();
        assert!(status.is_success(), "{status}");
    }
}

fn follows(fallback: &str, more: Value) -> Value {
    let mut tally = json!({ "flag": "orders-v2", "phase": "backfill", "fallback": fallback });
    tally.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!([tally])
}

/// Runs a verb while a client acknowledges whatever is published, as one on the stream would.
fn followed(place: &Place, server: &Server, client: &Client, tallies: &Value, arguments: &[&str]) -> Run {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let position = server.run(place, "flags --format json").done().json()["position"].clone();
                client.tell(&position, "shop 2.4.1", tallies);
            }
        });
        let run = server.run_with(place, arguments.iter().copied());
        over.store(true, Ordering::Relaxed);
        run
    })
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[test]
fn from_expand_to_contract_and_not_back() {
    let _steady = steady();
    let (place, server, client) = shop();
    let dual = follows("dual-write", json!({}));
    let advance = "migration advance orders-v2 --reason on";
    for to in ["dual-write", "backfill"] {
        let run = followed(&place, &server, &client, &dual, &words(advance)).done();
        assert!(run.stdout.contains(&format!(" to {to}: ")), "{run}");
    }
    // The copy is someone's word, and what clients have counted is told.
    assert_snapshot!(server.run(&place, advance), @r#"
    exit status 2
    --- err
    error: nobody says that what `orders-v2` held before is in the new shape

    help: copy it, compare it, and say what was done: `--backfilled "job 4711: 1 204 311 rows, none differ"`
    "#);
    let counted = json!({
        "compared": 1200, "mismatches": 3, "read_old": { "calls": 1200, "errors": 0, "ms": 2400 },
        "read_new": { "calls": 1200, "errors": 2, "ms": 1200 },
    });
    let differ = follows("dual-write", counted);
    let copied = ["migration", "advance", "orders-v2", "--reason", "on", "--backfilled", "job 4711"];
    let position = server.run(&place, "flags --format json").done().json()["position"].clone();
    client.tell(&position, "shop 2.4.1", &differ);
    assert_snapshot!(server.run_with(&place, copied), @r#"
    exit status 2
    --- err
    error: at `backfill` of `orders-v2` 3 of 1200 compared reads differ

    help: mend the data, then say why the count is no obstacle: `--accept "repaired by job 4713"`
    "#);
    assert_snapshot!(server.run(&place, "migration show orders-v2"), @r#"
    exit status 0
    --- out
    flag       orders-v2
    phase      backfill: reads old and compares with new, writes old then new
    serving    backfill for everyone
    since      [time] by admin (`on`, revision 5, from dual-write)
    kill       Orders as before (back to `dual-write`: reads old, writes old then new)

    counted since this server began
    PHASE     BY       COMPARED  DIFFER  REFUSED  READ OLD         READ NEW                   WRITE OLD  WRITE NEW
    backfill  trusted  1200      3       0        1200, 2 ms each  1200, 2 failed, 1 ms each  -          -

    clients
    RELEASE     KIND    CLIENTS  BEHIND  FALLBACK    OLD SHAPE
    shop 2.4.1  server  1        0       dual-write  falls back to `dual-write`

    steps
    forward: read-new (reads new and compares with old, writes new then old): 2 obstacles in the way
      nobody says that what `orders-v2` held before is in the new shape [missing-evidence]
        copy it, compare it, and say what was done: `--backfilled "job 4711: 1 204 311 rows, none differ"`
      at `backfill` of `orders-v2` 3 of 1200 compared reads differ [data-differs]
        mend the data, then say why the count is no obstacle: `--accept "repaired by job 4713"`
    back: dual-write (reads old, writes old then new): nothing in the way
    "#);
    let accepted =
        [&copied[..], &["--accept", "repaired by job 4713", "--tenant", "acme", "--percent", "50", "--by", "order"]]
            .concat();
    assert_snapshot!(followed(&place, &server, &client, &differ, &accepted), @r"
    exit status 0
    --- out
    `orders-v2` went from backfill to read-new: reads new and compares with old, writes new then old (revision 7)
    a kill: Orders as before (back to `backfill`: reads old and compares with new, writes old then new)
    --- err
    `orders-v2` is held; waiting for the clients, at most 30 s
    see what clients count: downhaul migration show orders-v2
    ");
    assert_snapshot!(followed(&place, &server, &client, &differ, &words(advance)), @r"
    exit status 0
    --- out
    `orders-v2` is at read-new: read-new for everyone (revision 8)
    a kill: Orders as before (back to `backfill`: reads old and compares with new, writes old then new)
    --- err
    see what clients count: downhaul migration show orders-v2
    ");
    assert_snapshot!(server.run(&place, "migration back orders-v2 --reason slow").done(), @r"
    exit status 0
    --- out
    `orders-v2` went from read-new to backfill: reads old and compares with new, writes old then new (revision 9)
    a kill: it stays at `backfill` (reads old and compares with new, writes old then new): a kill takes nothing back here
    --- err
    see what clients count: downhaul migration show orders-v2
    ");
    followed(&place, &server, &client, &differ, &accepted[..9]).done();

    // A release that falls back to the old shape is in the way of leaving it alone, and one that never asks of dropping it.
    let old = followed(&place, &server, &client, &differ, &[&words(advance)[..], &["--accept", "repaired"]].concat());
    assert_snapshot!(old, @r"
    exit status 2
    --- err
    error: until it has an answer, a client would go by a phase of `orders-v2` that does harm beside `stop-old-writes`: `shop 2.4.1` (1 server client) falls back to `dual-write`

    help: put out a release whose fallback is `read-new` or `stop-old-writes` or `contract`
    ");
    let new = follows("stop-old-writes", json!({}));
    let position = server.run(&place, "flags --format json").done().json()["position"].clone();
    client.tell(&position, "shop 2.4.1", &new);
    followed(&place, &server, &client, &new, &[&words(advance)[..], &["--accept", "repaired"]].concat()).done();
    assert_snapshot!(server.run(&place, advance), @r"
    exit status 2
    --- err
    error: the next phase of `orders-v2` is `contract`, the point of no return

    help: go there by its name: `downhaul migration contract orders-v2`
    ");
    let contract = ["migration", "contract", "orders-v2", "--reason", "a month is over"];
    assert_snapshot!(server.run_with(&place, contract), @r"
    exit status 2
    --- err
    error: `contract` is the point of no return for `orders-v2`, and no snapshot of the old shape is named

    help: take one, try to restore it, and name it: `--snapshot s3://backups/orders-2026-11-24`
    ");
    let fix = "copy the rows back with `orders-repair`";
    let whole = [&contract[..], &["--snapshot", "s3://backups/orders", "--forward-fix", fix]].concat();
    let position = server.run(&place, "flags --format json").done().json()["position"].clone();
    client.tell(&position, "mailer 1.2", &json!([]));
    assert_snapshot!(server.run_with(&place, whole.clone()), @r"
    exit status 2
    --- err
    error: connected releases still need the old shape of `orders-v2`, or may: `mailer 1.2` (1 server client) has never asked for it

    help: put out a release that does without; name those that it does not concern in the flag's `unaffected`, or say in a release's document what its artifact needs
    ");
    let unaffected = FLAGS.replace("\"expand\",", "\"stop-old-writes\", \"unaffected\": [\"mailer\"],");
    place.write("flags.json", unaffected);
    server.run(&place, "apply flags.json --reason mailer").done();
    let position = server.run(&place, "flags --format json").done().json()["position"].clone();
    client.tell(&position, "mailer 1.2", &json!([]));
    // Both have to hear of the hold.
    let over = AtomicBool::new(false);
    let both = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let position = server.run(&place, "flags --format json").done().json()["position"].clone();
                client.tell(&position, "mailer 1.2", &json!([]));
            }
        });
        let run = followed(&place, &server, &client, &new, &whole);
        over.store(true, Ordering::Relaxed);
        run
    });
    assert_snapshot!(both, @r"
    exit status 0
    --- out
    `orders-v2` went from stop-old-writes to contract: reads new, writes new; old is gone (revision 15)
    there is no way back from here; forward fix: copy the rows back with `orders-repair`
    --- err
    `orders-v2` is held; waiting for the clients, at most 30 s
    see what clients count: downhaul migration show orders-v2
    ");
    assert_snapshot!(server.run(&place, "migration back orders-v2 --reason oh"), @r"
    exit status 2
    --- err
    error: `orders-v2` is at `contract`, and from there is no way back: the old shape is gone

    help: forward fix: copy the rows back with `orders-repair`
    ");
    assert_snapshot!(server.run(&place, "kill orders-v2 --reason broken"), @r"
    exit status 0
    --- out
    it stays at `contract` (reads new, writes new; old is gone): a kill takes nothing back here
    killed `orders-v2` for everyone in production (k-1, revision 16)
    `orders-v2` is forward-fix-only: what it has done stays; forward fix: copy the rows back with `orders-repair`
    --- err
    restore: downhaul restore k-1 --reason …
    ");
    assert_snapshot!(server.run(&place, "migration show --format plain"), @r"
    exit status 0
    --- out
    orders-v2	contract	killed for everyone	[time]	0	-
    ");
    let chart = server.run(&place, "chart --flag orders-v2 --format plain").done().stdout;
    assert!(chart.contains("moved `orders-v2` from stop-old-writes to contract"), "{chart}");
    assert!(chart.contains("held `orders-v2` at stop-old-writes on the way to contract"), "{chart}");

    // Whoever rolls a release back that stands on it is told, and the runbook does not put the old artifact back.
    place.write("release.yaml", RELEASE);
    server.run(&place, "release put release.yaml --reason shop").done();
    assert_snapshot!(server.run(&place, "rollback shop-2.4.1"), @r"
    exit status 2
    --- out

    the way back
      1. by hand: `orders-v2` is forward-fix-only: it is at `contract`, the old shape of its data is gone, and the previous artifact must not be put back; forward fix: copy the rows back with `orders-repair` (at most 300 s; expect: the fix of orders-v2 is out)
         `orders-v2` is forward-fix-only: it is at `contract`, the old shape of its data is gone, and the previous artifact must not be put back; forward fix: copy the rows back with `orders-repair`
    --- err
    error: nobody is here to be asked

    help: give `--yes` to begin at once
    ");
}

#[test]
fn what_is_no_data_change_is_refused() {
    let (place, server, _) = shop();
    assert_snapshot!(server.run(&place, "migration show orders-v3"), @r"
    exit status 2
    --- err
    error: no flag `orders-v3` has a phase

    help: list the data changes: `downhaul migration show`; a flag becomes one by its `phase`
    ");
    place.write("flags.json", FLAGS.replace("\"expand\"", "\"read-new\""));
    assert_snapshot!(server.run(&place, "apply flags.json --reason jump"), @r#"
    exit status 2
    --- err
    error: `orders-v2` is at `expand`, and its definition says `read-new`

    help: a definition never moves a data change: write `"phase": "expand"`, and take steps with `downhaul migration`
    "#);
}
