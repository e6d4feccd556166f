//! Guards that watch, as people and programs see them.

use crate::server::Server;
use crate::support::{Place, Run};
use insta::assert_snapshot;
use serde_json::json;

fn shop(place: &Place, guards: &serde_json::Value) -> Server {
    let flags = json!({
        "schema": 1, "environment": "production", "revision": 0,
        "flags": [{
            "key": "checkout-v2", "owner": "payments", "kind": "release", "expires": "2027-01-31",
            "variants": { "on": true, "off": false }, "default": "off",
            "degraded": { "variant": "off", "meaning": "Old three-page checkout" }, "guards": guards,
        }],
    });
    place.write("flags.json", flags.to_string());
    let server = Server::start(place);
    server.run(place, "apply flags.json --reason first").done();
    server
}

fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[time]");
    settings.bind_to_scope()
}

#[test]
fn guards_for_people_and_programs() {
    let _steady = steady();
    let place = Place::new();
    let guards = json!([
        { "name": "errors", "variant": "on", "dry_run": true },
        { "name": "slow", "metric": "checkout.pay", "slower_than_ms": 800, "variant": "on", "objective": 0.05, "role": "signal" },
    ]);
    let server = shop(&place, &guards);
    let run = |line: &str| -> Run { server.run(&place, line) };
    assert_snapshot!(run("guards list"), @"
    exit status 0
    --- out
    FLAG         GUARD   WATCHES                                  DOES            STANDING  EVIDENCE  FAILED
    checkout-v2  errors  outcomes of on against off               kill (dry run)  watching  none      0/0, 0/0
    checkout-v2  slow    checkout.pay of on against an objective  pause           watching  none      0/0, 0/0
    --- err
    2 guards in production
    ");
    assert_snapshot!(run("guards show checkout-v2 errors"), @"
    exit status 0
    --- out
    watching: evidence of harm none, against it none; with `on` 0 of 0 failed, with `off` 0 of 0
    watches outcomes of `on` since [time], 0 buckets of 60 s, to [time]
    guardrail on a dry run, at a level of 0.001: kill; failures were told by 0 instances
    ");
    assert_snapshot!(run("guards show checkout-v2 errrors"), @"
    exit status 2
    --- err
    error: the flag `checkout-v2` has no guard `errrors`

    help: it has `errors`, `slow`
    ");
    assert_snapshot!(run("guards list nothing"), @"
    exit status 2
    --- err
    error: there is no flag `nothing`

    help: list the flags to see which there are
    ");
    assert_snapshot!(run("guards replay checkout-v2 errors --from yesterday"), @"
    exit status 3
    --- err
    error: `from` is no time: yesterday

    help: write RFC 3339, such as `[time]`
    ");
    assert_snapshot!(run("guards verify 1"), @"
    exit status 2
    --- err
    error: revision 1 was not made by a guard

    help: `downhaul guards list` says what guards did, and at which revision
    ");
    let listed = run("guards list --format json").done().json();
    assert_eq!(listed["guards"][1]["judged"]["standing"], "watching", "{listed:#}");
}

#[test]
fn no_guards_is_said() {
    let place = Place::new();
    let server = shop(&place, &json!([]));
    assert_snapshot!(server.run(&place, "guards list"), @"
    exit status 0
    --- err
    0 guards in production
    ");
}

#[test]
fn breakers_for_people_and_programs() {
    let place = Place::new();
    let flags = json!({
        "schema": 1, "environment": "production", "revision": 0,
        "flags": [{
            "key": "search", "owner": "payments", "kind": "release", "expires": "2027-01-31",
            "variants": { "on": true, "off": false }, "default": "on",
            "degraded": { "variant": "off", "meaning": "Old search" }, "breaker": { "fleet": "kill" },
        }],
    });
    place.write("flags.json", flags.to_string());
    let server = Server::start(&place);
    server.run(&place, "apply flags.json --reason first").done();
    assert_snapshot!(server.run(&place, "breakers"), @"
    exit status 0
    --- out
    for everyone, `search` `on`: open in 0 of 0 servers and edges; with 3 of several regions or versions it would kill it
    --- err
    no client in production told of a breaker within three minutes
    3 kills that nobody asks for are allowed now
    ");
    let listed = server.run(&place, "breakers search --format json").done().json();
    assert_eq!(listed["fleet"][0]["needed"], 3, "{listed:#}");
    assert_snapshot!(server.run(&place, "breakers serach"), @"
    exit status 2
    --- err
    error: there is no flag `serach`

    help: list the flags to see which there are
    ");
}
