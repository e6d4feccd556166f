//! The policy of an environment, as a person sets it.

use crate::server::Server;
use crate::support::{Place, SHOP};
use insta::assert_snapshot;

#[test]
fn it_is_shown_edited_and_set() {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\ba-[0-9a-f]{12}\b", "[actor]");
    let _steady = settings.bind_to_scope();
    let place = Place::new();
    place.write("flags.json", SHOP);
    let server = Server::start(&place);
    let run = |line: &str| server.run(&place, line);
    let shown = run("policy show").done();
    place.write("policy.json", shown.stdout.replace("\"critical\": 0", "\"critical\": 1"));
    assert_snapshot!(run("policy set policy.json --reason two-people"), @r#"
    exit status 0
    --- out
    changed the policy from approvals.critical 0 to approvals.critical 1 in production (revision 1)
    "#);
    assert_snapshot!(run("policy set policy.json --reason again"), @r#"
    exit status 0
    --- out
    the policy of production is so already
    "#);
    assert_eq!(run("policy show --format json").done().json()["policy"]["approvals"]["critical"], 1);
    place.write("wrong.json", "{ \"approvals\": { \"critical\": 20 } }");
    assert_snapshot!(run("policy set wrong.json --reason oops --format plain"), @r#"
    exit status 3
    --- err
    /approvals/critical: error[not-a-policy]: 20 is not a whole number from 0 to 10 (`downhaul schema policy` describes what may stand there, docs/reference/policy.md what it means)
    error[policy-refused]: `wrong.json` is refused as a policy: 1 error
    "#);
    place.write("policy.json", "{}");
    assert_snapshot!(run("policy set policy.json --reason old --since 0 --format plain"), @r#"
    exit status 2
    --- err
    error[changed-since]: the policy was changed at revision 1 by admin (`two-people`), after revision 0, which this edit started from (load it again and repeat the edit on revision 1)
    "#);
}

#[test]
fn a_frozen_environment_says_who_and_why_and_still_kills() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    let server = Server::start(&place);
    let run = |line: &str| server.run(&place, line);
    run("apply flags.json --reason first").done();
    let frozen = run("freeze --reason holidays --format plain").done();
    assert_eq!(frozen.stdout, "production is frozen; kills and restores go on (revision 2)\n");
    place.write("other.json", SHOP.replace("\"default\": \"off\"", "\"default\": \"on\""));
    let refused = run("apply other.json --reason later --format plain");
    assert_eq!(refused.status, 2, "{refused}");
    assert!(refused.stderr.starts_with("error[frozen]: production is frozen since "), "{refused}");
    assert!(refused.stderr.contains("(`holidays`)"), "{refused}");
    let status = run("status --format plain").done();
    assert!(status.stdout.contains("by admin: holidays"), "{status}");
    run("kill checkout-v2 --reason broken").done();
    run("restore checkout-v2 --reason mended").done();
    let lifted = run("unfreeze --reason over --format plain").done();
    assert_eq!(lifted.stdout, "production is no longer frozen (revision 5)\n");
    run("apply other.json --reason later").done();
}
