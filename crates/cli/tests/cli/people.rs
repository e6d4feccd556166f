//! Who may do what, as people meet it: an editor who cannot kill, an operator who can, and tokens that open nothing.

use crate::server::Server;
use crate::support::{Place, Run, SHOP};
use insta::assert_snapshot;
use serde_json::Value;
use std::time::Duration;

fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"\ba-[0-9a-f]{12}\b", "[actor]");
    settings.add_filter(r"dha_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", "[token]");
    settings.add_filter(r"\b[0-9a-f]{16}\b", "[token id]");
    settings.bind_to_scope()
}

/// A control plane with flags; verbs run as the holder of its data folder, or with a token.
struct Plane {
    place: Place,
    server: Server,
}

impl Plane {
    fn new() -> Plane {
        let place = Place::new();
        place.write("flags.json", SHOP);
        let server = Server::start(&place);
        let plane = Plane { place, server };
        plane.run("apply flags.json --reason first").done();
        plane
    }

    fn run(&self, line: &str) -> Run {
        self.server.run(&self.place, line)
    }

    /// Without colours and alignment.
    fn plain(&self, line: &str) -> Run {
        self.run(&format!("{line} --format plain"))
    }

    fn by(&self, token: &str, line: &str) -> Run {
        self.plain(&format!("{line} --token {token}"))
    }

    fn made(&self, line: &str) -> Value {
        self.run(&format!("{line} --format json")).done().json()
    }

    /// A machine's token.
    fn token(&self, options: &str) -> String {
        self.made(&format!("tokens create pipeline {options}"))["token"].as_str().unwrap().to_owned()
    }
}

#[test]
fn an_editor_cannot_kill_and_an_operator_cannot_edit() {
    let _steady = steady();
    let plane = Plane::new();
    let editor = plane.token("--role editor");
    let operator = plane.token("--role operator");
    assert_snapshot!(plane.by(&editor, "kill checkout-v2 --reason broken"), @"
    exit status 2
    --- err
    error[not-permitted]: this takes the role operator, and pipeline is editor in production (ask someone who is operator or admin, or an admin for the role)
    ");
    assert_snapshot!(plane.by(&operator, "kill checkout-v2 --reason broken"), @"
    exit status 0
    --- out
    effect: Old three-page checkout; gift cards cannot be used
    kill: k-1
    flag: checkout-v2
    scope: everyone
    revision: 4
    ");
    assert_snapshot!(plane.by(&editor, "restore checkout-v2 --reason mended"), @"
    exit status 2
    --- err
    error[not-permitted]: this takes the role operator, and pipeline is editor in production (ask someone who is operator or admin, or an admin for the role)
    ");
    plane.by(&operator, "restore checkout-v2 --reason mended").done();

    plane.place.write("flags.json", SHOP.replace("One-page checkout", "One page"));
    assert_snapshot!(plane.by(&operator, "apply flags.json --reason words"), @"
    exit status 2
    --- err
    error[not-permitted]: this takes the role editor, and pipeline is operator in production (ask someone who is editor or admin, or an admin for the role)
    ");
    let dry = plane.by(&operator, "apply flags.json --reason words --dry-run");
    assert_eq!((dry.status, dry.stderr.contains("not-permitted")), (2, true), "{dry}");
    plane.by(&editor, "apply flags.json --reason words").done();
    for line in ["status", "flags", "chart", "tokens list", "people list", "policy show", "chart verify"] {
        plane.by(&editor, line).done();
        plane.by(&operator, line).done();
    }
    assert_snapshot!(plane.by(&operator, "tokens create mine --role admin"), @"
    exit status 2
    --- err
    error[not-permitted]: this takes the role admin, and pipeline is operator in production (ask someone who is admin, or an admin for the role)
    ");
    // What a token did is charted as its own.
    let chart = plane.run("chart --format json").done().json_lines();
    assert_eq!((&chart[0]["type"], &chart[0]["actor_name"]), (&"apply".into(), &"pipeline".into()));
}

#[test]
fn tokens_that_open_nothing() {
    let _steady = steady();
    let place = Place::new();
    let staging = Server::start_with(&place, &["--environment", "staging"]);
    let made = staging.run(&place, "tokens create pipeline --role admin --environment staging --format json").done();
    let of_staging = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(staging.stop(), 0);
    place.write("flags.json", SHOP);
    let plane = Plane { server: Server::start(&place), place };
    plane.run("apply flags.json --reason first").done();
    assert_snapshot!(plane.by(&of_staging, "flags"), @"
    exit status 2
    --- err
    error[other-environment]: the token `[token id]` is for staging, and this is about production (name staging as the environment, or ask an admin of production for a token)
    ");
    plane.by(&of_staging, "flags --environment staging").done();

    let revoked = plane.made("tokens create pipeline --role operator");
    let id = revoked["view"]["id"].as_str().unwrap();
    assert_snapshot!(plane.plain(&format!("tokens revoke {id} --reason leaked")), @"
    exit status 0
    --- out
    revoked the token `pipeline` ([token id]) in production
    ");
    assert_snapshot!(plane.by(revoked["token"].as_str().unwrap(), "kill checkout-v2 --reason broken"), @"
    exit status 2
    --- err
    error[token-revoked]: the token `pipeline` ([token id]) was revoked at [time] (an admin of the environment makes a new one with `downhaul tokens create`)
    ");
    assert_snapshot!(plane.plain(&format!("tokens revoke {id}")), @"
    exit status 2
    --- err
    error[already-done]: the token `[token id]` was revoked already, at [time] by admin (there is nothing left to do)
    ");

    let soon = jiff::Timestamp::now() + Duration::from_secs(5);
    let expires = plane.token(&format!("--role viewer --expires {soon}"));
    let expired = loop {
        let run = plane.by(&expires, "flags");
        if run.status != 0 {
            break run;
        }
    };
    assert_snapshot!(expired, @"
    exit status 2
    --- err
    error[token-expired]: the token `pipeline` ([token id]) expired at [time] (an admin of the environment makes a new one with `downhaul tokens create`)
    ");
    let wrong = format!("dha_0123456789abcdef_{}", "A".repeat(43));
    assert_snapshot!(plane.by(&wrong, "flags"), @"
    exit status 2
    --- err
    error[not-signed-in]: this needs a token or a session (the token is not one of this control plane's; its own is in `admin-token` of its data folder)
    ");
    assert_snapshot!(plane.plain("tokens list"), @"
    exit status 0
    --- out
    [token id]	pipeline	machine	operator	revoked	[time]	admin	[time]
    [token id]	pipeline	machine	viewer	expired	[time]	admin	[time]
    ");
    assert_snapshot!(plane.plain("tokens create pipeline --role owner"), @"
    exit status 2
    --- err
    error[usage]: invalid value 'owner' for '--role <ROLE>': a role is one of `viewer editor operator approver admin` (For more information, try '--help'.)
    ");
    assert_snapshot!(plane.plain("tokens create pipeline --role viewer --expires 2020-01-01T00:00:00Z"), @"
    exit status 3
    --- err
    error[invalid]: the token would have expired before it is made (give a time that is to come)
    ");
    assert_eq!(plane.plain("tokens create pipeline").status, 2, "without a role");
}

#[test]
fn a_person_is_added_granted_more_and_forgotten() {
    let _steady = steady();
    let plane = Plane::new();
    let added =
        plane.server.run_with(&plane.place, ["people", "add", "Ada Lovelace", "--role", "viewer", "--reason", "joins"]);
    assert_snapshot!(added, @"
    exit status 0
    --- out
    Ada Lovelace ([actor]) is viewer in production
    --- err
    a token for this person: downhaul tokens create NAME --person [actor]
    ");
    let id = plane.made("people list")["people"][0]["actor"].as_str().unwrap().to_owned();
    let made = plane.run(&format!("tokens create laptop --person {id} --expires 30d"));
    assert_snapshot!(made, @"
    exit status 0
    --- out
    id: [token id]
    token: [token]
    may: viewer in production
    expires: [time]
    --- err
    keep it now: it is not shown again
    ");
    let token = made.stdout.lines().find_map(|line| line.strip_prefix("token: ")).unwrap().to_owned();
    assert_eq!(plane.by(&token, "kill checkout-v2 --reason broken").status, 2);
    assert_snapshot!(plane.plain(&format!("people grant {id} --role operator --reason on-call")), @"
    exit status 0
    --- out
    Ada Lovelace ([actor]) is viewer, operator in production
    ");
    plane.by(&token, "kill checkout-v2 --reason broken").done();
    assert_snapshot!(plane.run("status"), @"
    exit status 0
    --- out
    production at revision 5, kill revision 1
    no client is connected

    1 kill in force
    KILL  FLAG         SCOPE     DARK  BY            AT                        REASON
    k-1   checkout-v2  everyone  0/0   Ada Lovelace  [time]  broken
    ");
    assert_snapshot!(plane.run("people list"), @"
    exit status 0
    --- out
    ID              NAME          ROLES             TOKENS
    [actor]  Ada Lovelace  viewer, operator  [token id]
    ");
    assert_snapshot!(plane.plain(&format!("people grant {id} --role operator --reason again")), @"
    exit status 2
    --- err
    error[already-done]: Ada Lovelace is operator in production already (there is nothing left to do)
    ");

    assert_snapshot!(plane.plain(&format!("people erase {id}")), @"
    exit status 2
    --- err
    error[still-permitted]: Ada Lovelace still has a role in production (take it first with `downhaul people revoke`)
    ");
    plane.plain(&format!("people revoke {id} --role operator --reason leaves")).done();
    assert_snapshot!(plane.plain(&format!("people revoke {id} --role viewer --reason leaves")), @"
    exit status 0
    --- out
    Ada Lovelace ([actor]) has no role in production
    ");
    assert_snapshot!(plane.by(&token, "flags"), @"
    exit status 2
    --- err
    error[not-permitted]: Ada Lovelace has no role in production (an admin of the environment grants one with `downhaul people grant`)
    ");
    assert_snapshot!(plane.plain(&format!("people erase {id}")), @"
    exit status 0
    --- out
    the name of [actor] is erased
    ");
    let chart = plane.plain("chart").done();
    assert!(!chart.stdout.contains("Ada") && chart.stdout.contains(&id), "{chart}");
    plane.run("chart verify").done();
}
