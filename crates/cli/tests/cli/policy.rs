//! The policy of an environment, as a person sets it.

use crate::server::Server;
use crate::support::{Place, SHOP};
use insta::assert_snapshot;

#[test]
fn it_is_shown_edited_and_set() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    let server = Server::start(&place);
    let run = |line: &str| server.run(&place, line);
    let shown = run("policy show").done();
    place.write("policy.json", shown.stdout.replace("\"critical\": 0", "\"critical\": 1"));
    assert_snapshot!(run("policy set policy.json --reason two-people"), @"");
    assert_snapshot!(run("policy set policy.json --reason again"), @"");
    assert_eq!(run("policy show --format json").done().json()["policy"]["approvals"]["critical"], 1);
    place.write("wrong.json", "{ \"approvals\": { \"critical\": 20 } }");
    assert_snapshot!(run("policy set wrong.json --reason oops --format plain"), @"");
    place.write("policy.json", "{}");
    assert_snapshot!(run("policy set policy.json --reason old --since 0 --format plain"), @"");
}
