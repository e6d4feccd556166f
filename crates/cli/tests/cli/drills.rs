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
    settings.add_filter(r" +\d+(\.\d+)? m?s  ", " [took]  ");
    settings.add_filter(r"  (\d+(\.\d+)? m?s / \d+(\.\d+)? m?s( +|$))+", "  [times]  ");
    settings.add_filter(r"(?m)(put back) .*$", "$1 [took]");
    settings.bind_to_scope()
}

#[test]
fn a_drill_is_decided_run_measured_reviewed_and_listed() {
    let _steady = steady();
    let place = Place::new();
    place.write("flags.json", SHOP);
    place.write("release.yaml", release("ghcr.io"));
    let target = target();
    let server = Server::start(&place);
    let scraped = server.address.strip_prefix("http://").unwrap().to_owned();
    let prometheus = Prometheus::start(place.path(), &scraped);
    drop(server);
    targets_file(&place, &target.address, &prometheus.address);
    // It is scraped where it was.
    let server = Server::start_with(&place, &["--targets", "targets.json", "--listen", &scraped]);
    let run = |line: &str| server.run(&place, line);
    run("apply flags.json --reason first").done();
    run("release put release.yaml --reason checkout").done();
    assert_snapshot!(run("drills due"), @"");
    assert_snapshot!(run("drill checkout-2.4.1"), @"");
    assert_snapshot!(run("drill checkout-2.4.1 --yes --reason practice"), @"");
    assert_eq!(run("status --format json").done().json()["kills"], serde_json::json!([]));
    let put_back = target.asked().into_iter().find(|asked| asked.header("webhook-id") == Some("r-1.back.2"));
    assert!(put_back.unwrap().body.contains("\"which\":\"own\""), "its own artifact is out again");
    assert_snapshot!(server.run_with(&place, ["drills", "review", "r-1", "which board?", "--about", "confusing-step", "--step", "3"]), @"");
    assert_snapshot!(run("drills list"), @"");
    assert_snapshot!(run("drills trend"), @"");
    assert_snapshot!(run("drills due"), @"");
    let drill = run("drills show r-1 --format json").done().json();
    assert_eq!((drill["outcome"].as_str(), drill["phases"]["decide_ms"].is_u64()), (Some("passed"), true));
    let chart = run("chart --format plain").done().stdout;
    for part in ["called a drill of `checkout-2.4.1`", "put the own artifact back", "which board?"] {
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
    assert_snapshot!(run("drill bannr --yes"), @"");
    assert_snapshot!(run("drill banner --call"), @"");
    assert_snapshot!(run("drill banner --yes"), @"");
    run("runs go r-1").done();
    while run("drills show r-1 --format json").done().json()["outcome"] == "under-way" {}
    assert_snapshot!(run("drills show r-1"), @"");
}

#[test]
fn whoever_is_not_let_in_has_failed_the_drill_and_it_is_charted_later() {
    let _steady = steady();
    let place = Place::new();
    place.write("flags.json", SHOP);
    let server = Server::start(&place);
    let run = |line: &str| server.run(&place, line);
    run("apply flags.json --reason first").done();
    assert_snapshot!(run("drill banner --yes --token dha_0000000000000000_AAAA"), @"");
    assert_eq!(run("drills list --token wrong").status, 2, "still not let in, and nothing is lost");
    assert_snapshot!(run("drills list"), @"");
    assert_snapshot!(run("drills show r-1"), @"");
    assert_eq!(run("drills list").done().stderr, "1 drill in production\n", "charted once");
    // What nobody could ever rehearse is not kept for ever.
    run("drill nothing --yes --token wrong");
    let said = run("drills list").done().stderr;
    assert!(said.starts_with("a failed drill of `nothing` cannot be charted: there is no release or flag"), "{said}");
    assert_eq!(run("drills list").done().stderr, "1 drill in production\n");
}
