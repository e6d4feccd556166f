//! Drills by the command line, with a real Prometheus and a webhook target that calls back; and those not let in.

use crate::outside::Prometheus;
use crate::release::release;
use crate::rollback::{target, targets_file};
use crate::server::Server;
use crate::support::{Place, SHOP};
use insta::assert_snapshot;

fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"\b\d{4}-\d\d(-\d\d)?\b", "[day]");
    // Tables are written plainly: how wide a column is depends on the times in it.
    settings.add_filter(r"\t\d+(\.\d+)? m?s( / \d+(\.\d+)? m?s)?", "\t[took]");
    settings.bind_to_scope()
}

#[test]
fn a_drill_is_decided_run_measured_reviewed_and_listed() {
    let _steady = steady();
    let place = Place::new();
    place.write("flags.json", SHOP);
    place.write("release.yaml", release("ghcr.io"));
    let target = target();
    let prometheus = Prometheus::start(place.path(), "127.0.0.1:1");
    let held = prometheus.address.clone();
    targets_file(&place, &target.address, &held);
    let server = Server::start_with(&place, &["--targets", "targets.json"]);
    // It scrapes the server, which listened nowhere before.
    drop(prometheus);
    let _prometheus = Prometheus::start_at(place.path(), server.address.strip_prefix("http://").unwrap(), &held);
    let run = |line: &str| server.run(&place, line);
    run("apply flags.json --reason first").done();
    run("release put release.yaml --reason checkout").done();
    assert_snapshot!(run("drills due"), @r"
    exit status 4
    --- out
    OF              OWNER     LAST DRILL  BY OTHERS  DUE
    checkout-2.4.1  payments  never       never      it was never rehearsed, or no drill of it has passed
    --- err
    1 of 1 due in production; a drill counts for 90 days
    ");
    assert_snapshot!(run("drill checkout-2.4.1"), @r"
    exit status 2
    --- err
    error: nobody is here to decide

    help: give `--yes` to begin at once, or `--call` to let somebody else decide
    ");
    assert_snapshot!(run("drill checkout-2.4.1 --yes --reason practice --format plain"), @r"
    exit status 0
    --- out
    a drill of `checkout-2.4.1` in production:
      1. kill `banner`, then `checkout-v2` (at most 120 s)
      2. redeploy the previous artifact by `deploy` (at most 900 s)
      3. verify `reachable` (at most 360 s)
         without `banner`: No banner
         without `checkout-v2`: Old three-page checkout; gift cards cannot be used
    1	done	[took]	kill `banner`, then `checkout-v2`	no client was live
    2	done	[took]	redeploy the previous artifact by `deploy`	
    3	done	[took]	verify `reachable`	read 1
    r-1 of `checkout-2.4.1`: passed, called by admin: practice
    decide	[took]	by admin, with its author's hand in it
    disable	[took]	no client was connected
    redeploy	[took]
    verify	[took]
    total	[took]	within the objective of 300 s
    put back	[took]
    --- err
    r-1 runs; it goes on if this command ends
    ");
    assert_eq!(run("status --format json").done().json()["kills"], serde_json::json!([]));
    let put_back = target.asked().into_iter().find(|asked| asked.header("webhook-id") == Some("r-1.back.2"));
    assert!(put_back.unwrap().body.contains("\"which\":\"own\""), "its own artifact is out again");
    let review = "drills review r-1 which-board --about confusing-step --step 3 --format plain";
    assert_snapshot!(run(review), @r"
    exit status 0
    --- out
    r-1 of `checkout-2.4.1`: passed, called by admin: practice
    decide	[took]	by admin, with its author's hand in it
    disable	[took]	no client was connected
    redeploy	[took]
    verify	[took]
    total	[took]	within the objective of 300 s
    put back	[took]
    review by admin, confusing-step, step 3: which-board
    ");
    assert_snapshot!(run("drills list --format plain"), @r"
    exit status 0
    --- out
    r-1	checkout-2.4.1	passed	[took]	[took]	[took]	admin	[time]
    --- err
    1 drill in production
    ");
    assert_snapshot!(run("drills trend --format plain"), @r"
    exit status 0
    --- out
    [day]	1	0	[took]	[took]	[took]	[took]	[took]
    all	1	0	[took]	[took]	[took]	[took]	[took]
    --- err
    1 drill in production; of those that passed, median / worst
    ");
    assert_snapshot!(run("drills due"), @r"
    exit status 0
    --- out
    OF              OWNER     LAST DRILL                 BY OTHERS  DUE
    checkout-2.4.1  payments  [day] by admin (r-1)  never      no
    --- err
    0 of 1 due in production; a drill counts for 90 days
    ");
    let drill = run("drills show r-1 --format json").done().json();
    assert_eq!((drill["outcome"].as_str(), drill["phases"]["decide_ms"].is_u64()), (Some("passed"), true));
    let chart = run("chart --format plain").done().stdout;
    for part in ["called a drill of `checkout-2.4.1`", "put the own artifact back", "which-board"] {
        assert!(chart.contains(part), "{part} is not in\n{chart}");
    }
}

#[test]
fn a_drill_of_a_flag_is_called_by_one_and_begun_by_another() {
    let _steady = steady();
    let place = Place::new();
    place.write("flags.json", SHOP);
    let server = Server::start(&place);
    let run = |line: &str| server.run(&place, line);
    run("apply flags.json --reason first").done();
    assert_snapshot!(run("drill bannr --yes"), @r"
    exit status 2
    --- err
    error: there is no release or flag `bannr`

    help: did you mean `banner`?
    ");
    assert_snapshot!(run("drill banner --call"), @r"
    exit status 0
    --- out
    a drill of the flag `banner` in production:
      1. kill `banner` (at most 120 s)
         without `banner`: No banner
    r-1 is called; it begins with `downhaul runs go r-1`
    ");
    assert_snapshot!(run("drill banner --yes"), @r"
    exit status 2
    --- err
    error: `banner` is being rehearsed already, by r-1

    help: follow it with `downhaul runs follow r-1`, or end it with `downhaul runs abort r-1`
    ");
    run("runs go r-1").done();
    while run("drills show r-1 --format json").done().json()["outcome"] == "under-way" {}
    assert_snapshot!(run("drills show r-1 --format plain"), @r"
    exit status 0
    --- out
    r-1 of the flag `banner`: passed, called by admin: drill of banner
    decide	[took]	by admin, with its author's hand in it
    disable	[took]	no client was connected
    total	[took]	within the objective of 300 s
    put back	[took]
    ");
}

#[test]
fn whoever_is_not_let_in_has_failed_the_drill_and_it_is_charted_later() {
    let _steady = steady();
    let place = Place::new();
    place.write("flags.json", SHOP);
    let server = Server::start(&place);
    let run = |line: &str| server.run(&place, line);
    run("apply flags.json --reason first").done();
    assert_snapshot!(run("drill banner --yes --token dha_0000000000000000_AAAA"), @r"
    exit status 2
    --- err
    error: this needs a token or a session

    help: the token is not one of this control plane's; its own is in `admin-token` of its data folder; this drill has failed; that is kept, and charted by the next drill verb that is let in
    ");
    assert_eq!(run("drills list --token wrong").status, 2, "still not let in, and nothing is lost");
    assert_snapshot!(run("drills list --format plain"), @r"
    exit status 0
    --- out
    r-1	banner	failed					[time]
    --- err
    1 failed drill without being let in charted
    1 drill in production
    ");
    assert_snapshot!(run("drills show r-1 --format plain"), @r"
    exit status 0
    --- out
    r-1 of the flag `banner`: failed, tried at [time], charted by admin
    failed: not-signed-in: this needs a token or a session
    ");
    assert_eq!(run("drills list").done().stderr, "1 drill in production\n", "charted once");
    // What nobody could ever rehearse is not kept for ever.
    run("drill nothing --yes --token wrong");
    let said = run("drills list").done().stderr;
    assert!(said.starts_with("a failed drill of `nothing` cannot be charted: there is no release or flag"), "{said}");
    assert_eq!(run("drills list").done().stderr, "1 drill in production\n");
}

#[test]
fn an_operator_who_did_not_write_it_is_independent_and_others_are_charted_as_not_let_in() {
    let _steady = steady();
    let place = Place::new();
    place.write("flags.json", SHOP);
    let server = Server::start(&place);
    let run = |line: &str| server.run(&place, line);
    run("apply flags.json --reason first").done();
    let made = |name: &str, role: &str| {
        let made = run(&format!("tokens create {name} --role {role} --format json")).done().json();
        (made["token"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap_or_default().to_owned())
    };
    let ((operator, _), (viewer, _)) = (made("duty", "operator"), made("screen", "viewer"));
    run(&format!("drill banner --yes --token {operator}")).done();
    let drill = run("drills show r-1 --format json").done().json();
    assert_eq!((drill["independent"].as_bool(), drill["outcome"].as_str()), (Some(true), Some("passed")));
    // For programs the whole drill is one value, and nothing stands beside it.
    let drill = run("drill banner --yes --format json").done().json();
    assert_eq!((drill["run"].as_str(), drill["outcome"].as_str()), (Some("r-2"), Some("passed")));
    // Whoever is known is charted by the server, and once; what the command line keeps is the same attempt.
    assert_eq!(run(&format!("drill banner --yes --token {viewer}")).status, 2);
    assert_eq!(run(&format!("drill banner --yes --token {viewer}")).status, 2);
    let listed = run("drills list --format json").done().json();
    let failed: Vec<&str> = listed["drills"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|drill| drill["outcome"] == "failed")
        .map(|drill| drill["reasons"][0].as_str().unwrap())
        .collect();
    assert_eq!(failed.len(), 1, "{listed:#}");
    assert!(failed[0].starts_with("not-permitted: this takes the role operator"), "{failed:?}");
    // Who may only look may not call anything, and not review either.
    let review = run(&format!("drills review r-1 fine --token {viewer}"));
    assert!(review.stderr.contains("takes the role operator"), "{review}");
}
