//! A rollback by the command line, with a real Prometheus, a webhook target that calls back, and a server that is cut off.

use crate::outside::{Asked, Outside, Prometheus, post};
use crate::release::release;
use crate::server::Server;
use crate::support::{Place, SHOP};
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A target that accepts everything, and calls back that it is done.
pub(crate) fn target() -> Outside {
    Outside::start(|asked: &Asked| {
        assert!(asked.header("webhook-signature").unwrap().starts_with("v1,"));
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        if let Some(url) = body["data"]["callback_url"].as_str() {
            let url = url.to_owned();
            thread::spawn(move || assert_eq!(post(&url, r#"{"status":"done"}"#), 204));
        }
        (202, Vec::new(), String::new())
    })
}

/// Names the target and a Prometheus in a file that only its owner may read.
pub(crate) fn targets_file(place: &Place, target: &str, prometheus: &str) {
    let hook =
        |name: &str| json!({ "url": format!("http://{target}/{name}"), "secret": SECRET, "allow_private": true });
    let text = json!({
        "prometheus": { "url": format!("http://{prometheus}"), "allow_private": true },
        "webhooks": { "deploy": hook("deploy"), "pager": hook("pager") },
    });
    let path = place.write("targets.json", text.to_string());
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r" +\d+(\.\d+)? m?s  ", " [took]  ");
    settings.add_filter(r"after \d+(\.\d+)? m?s", "after [took]");
    settings.add_filter(r", \d+(\.\d+)? m?s of", ", [took] of");
    settings.bind_to_scope()
}

#[test]
fn a_rollback_is_shown_run_and_proved_by_prometheus() {
    let _steady = steady();
    let place = Place::new();
    place.write("flags.json", SHOP);
    place.write("release.yaml", release("ghcr.io"));
    let target = target();
    // It scrapes the target too, which has no metrics: the query takes the best.
    let prometheus = Prometheus::start(place.path(), "127.0.0.1:1");
    targets_file(&place, &target.address, &prometheus.address);
    let server = Server::start_with(&place, &["--targets", "targets.json"]);
    server.run(&place, "apply flags.json --reason first").done();
    server.run(&place, "release put release.yaml --reason checkout").done();

    // Nothing is scraped well yet: the metric is there, and does not hold.
    assert_snapshot!(server.run(&place, "rollback checkout-2.4.1"), @r"
    exit status 2
    --- out

    the way back
      1. kill `banner`, then `checkout-v2` (at most 120 s; expect: every live client is dark)
      2. redeploy the previous artifact by `deploy` (at most 900 s; expect: ghcr.io/shop/checkout:2.4.0 is out)
      3. verify `reachable` (at most 360 s; expect: reachable >= 1 for 2 s)
         without `banner`: No banner
         without `checkout-v2`: Old three-page checkout; gift cards cannot be used
    --- err
    error: nobody is here to be asked

    help: give `--yes` to begin at once
    ");
    let mut following = server.follow(&place, "rollback checkout-2.4.1 --yes --format plain");
    following.until("2\tdone");
    let mut other = server.follow(&place, "runs follow r-1 --format plain");
    other.until("1\tdone");
    let held = loop {
        let run = server.run(&place, "runs show r-1 --format json").done().json();
        let detail = run["steps"][2]["detail"].as_str().unwrap().to_owned();
        if detail.contains("does not hold") {
            break run;
        }
        thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(held["phase"], "running");
    // Prometheus goes away, and comes back with something to scrape that is well: the server itself.
    drop(prometheus);
    loop {
        let run = server.run(&place, "runs show r-1 --format json").done().json();
        if run["steps"][2]["detail"].as_str().unwrap().starts_with("held: Prometheus does not answer") {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    drop((following, other));
    let scraped = server.address.strip_prefix("http://").unwrap().to_owned();
    let prometheus = Prometheus::start_at(place.path(), &scraped, &held_address(&place));
    let resumed = server.run(&place, "rollback checkout-2.4.1 --resume");
    assert_snapshot!(resumed, @r"
    exit status 0
    --- out
      1  done [took]  kill `banner`, then `checkout-v2`: no client was live
      2  done [took]  redeploy the previous artifact by `deploy`
      3  done [took]  verify `reachable`: read 1
    done after [took], within the objective of 300 s
    --- err
    r-1 runs; it goes on if this command ends
    ");
    drop(prometheus);
    assert_snapshot!(server.run(&place, "runs list"), @r"
    exit status 0
    --- out
    RUN  RELEASE         STATE  TOOK  BEGAN                     BY     REASON
    r-1  checkout-2.4.1  done [took]  [time]  admin  rollback of checkout-2.4.1
    --- err
    1 run in production
    ");
    assert_snapshot!(server.run(&place, "runs show r-1"), @r"
    exit status 0
    --- out
    r-1 of `checkout-2.4.1`: done, [took] of 300 s, by admin: rollback of checkout-2.4.1
      1  done [took]  kill `banner`, then `checkout-v2`: no client was live
      2  done [took]  redeploy the previous artifact by `deploy`
      3  done [took]  verify `reachable`: read 1
    ");
    assert_snapshot!(server.run(&place, "rollback checkout-2.4.1 --resume"), @r"
    exit status 2
    --- err
    error: no rollback of `checkout-2.4.1` is under way

    help: begin one without `--resume`
    ");
    assert_eq!(target.asked().len(), 1, "one webhook");
    let verified = server.run(&place, "chart verify").done();
    assert!(verified.stdout.contains("verified"), "{verified}");
}

/// Where the targets file says that Prometheus is.
fn held_address(place: &Place) -> String {
    let text = std::fs::read_to_string(place.path().join("targets.json")).unwrap();
    let targets: Value = serde_json::from_str(&text).unwrap();
    targets["prometheus"]["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned()
}

#[test]
fn people_confirm_skip_and_abort() {
    let _steady = steady();
    let place = Place::new();
    place.write("flags.json", SHOP);
    let steps =
        "runbook:\n  steps:\n    - { manual: stop the mails }\n    - { manual: tell support }\n    - { wait: 3 }\n";
    place.write("release.yaml", release("ghcr.io") + steps);
    let server = Server::start(&place);
    server.run(&place, "apply flags.json --reason first").done();
    server.run(&place, "release put release.yaml --reason checkout").done();
    let mut following = server.follow(&place, "rollback checkout-2.4.1 --yes --step --reason broken --format plain");
    let run = |line: &str| server.run(&place, line);
    while run("runs show r-1").status != 0 {
        thread::sleep(Duration::from_millis(50));
    }
    assert_snapshot!(run("rollback checkout-2.4.1 --yes"), @r"
    exit status 2
    --- out

    the way back
      1. by hand: stop the mails (at most 300 s)
      2. by hand: tell support (at most 300 s)
      3. wait 3 s (at most 300 s)
    --- err
    error: `checkout-2.4.1` is being rolled back already, by r-1

    help: follow it with `downhaul runs follow r-1`, or end it with `downhaul runs abort r-1`
    ");
    run("runs confirm r-1 --step 1 --note done").done();
    following.until("1\tdone");
    assert_snapshot!(run("runs confirm r-1 --step 1"), @r"
    exit status 2
    --- err
    error: r-1 is at step 2 by now, and step 1 was meant

    help: look at the run again; someone else may have been first
    ");
    assert_snapshot!(run("runs go r-1 --step 2"), @r"
    exit status 0
    --- out
    r-1 of `checkout-2.4.1`: running step 2, [took] of 300 s, by admin: broken
      1  done [took]  by hand: stop the mails: done
      2  running [took]  by hand: tell support: waiting for a person to confirm
      3  waiting            wait 3 s
    ");
    run("runs fail r-1 --step 2 --note nobody-there").done();
    following.until("2\tfailed");
    run("runs skip r-1").done();
    assert_snapshot!(run("runs abort r-1"), @r"
    exit status 0
    --- out
    r-1 of `checkout-2.4.1`: aborted, [took] of 300 s, by admin: broken
      1  done [took]  by hand: stop the mails: done
      2  skipped [took]  by hand: tell support
      3  waiting            wait 3 s
    `pager` could not be told: r-1 of checkout-2.4.1: step 2 (by hand: tell support): nobody-there
    ");
    assert_snapshot!(run("runs abort r-1"), @r"
    exit status 2
    --- err
    error: aborted of r-1 is refused: the run has ended

    help: begin a new one with `downhaul rollback`
    ");
}

#[test]
fn a_targets_file_that_others_may_read_is_refused() {
    let place = Place::new();
    place.write("targets.json", "{}");
    let refused = place.run("serve --data data --listen 127.0.0.1:0 --targets targets.json");
    assert_eq!(refused.status, 3, "{refused}");
    assert!(refused.stderr.contains("others may read") && refused.stderr.contains("chmod 600"), "{refused}");
}
