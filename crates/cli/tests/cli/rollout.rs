//! Staged rollouts by the command line: from the start to the end, by two people, with a real Prometheus in between.

use crate::outside::Prometheus;
use crate::rollback::targets_file;
use crate::server::Server;
use crate::support::{Place, Run, SHOP};
use insta::assert_snapshot;
use serde_json::Value;
use std::thread;
use std::time::Duration;

const ROLLOUT: &str = "flag: checkout-v2
variant: on
before: first cohort
stages:
  - { name: our customer, when: [ { tenant: [acme] } ], bake_seconds: 0 }
  - { name: some in Europe, when: [ { region: [eu] } ], percent: 5, bake_seconds: 3600 }
  - { percent: 100, bake_seconds: 3600, approvals: 1 }
";

fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[digest]");
    settings.add_filter(r"\ba-[0-9a-f]{12}\b", "[actor]");
    settings.bind_to_scope()
}

/// A control plane with the shop, and two people: the one of the data folder's token, and ann, who is approver.
struct Shop {
    place: Place,
    server: Server,
    ann: String,
}

impl Shop {
    fn new() -> Shop {
        let place = Place::new();
        let server = Server::start(&place);
        let made = |line: &str| server.run(&place, line).done().json();
        let id = made("people add ann --role approver --reason joins --format json");
        let person = id["actor"].as_str().unwrap();
        let token = made(&format!("tokens create laptop --person {person} --format json"));
        let shop = Shop { ann: token["token"].as_str().unwrap().to_owned(), place, server };
        shop.place.write("flags.json", SHOP);
        shop.place.write("rollout.yaml", ROLLOUT);
        shop.run("apply flags.json --reason first").done();
        shop
    }

    fn run(&self, line: &str) -> Run {
        self.server.run(&self.place, line)
    }

    fn ann(&self, line: &str) -> Run {
        let mut command = self.place.command(line.split_whitespace());
        command.env("DOWNHAUL_SERVER", &self.server.address).env("DOWNHAUL_TOKEN", &self.ann);
        Run::of(command, b"")
    }

    fn show(&self) -> Value {
        self.run("rollout show checkout-v2 --format json").done().json()
    }

    fn until(&self, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            let view = self.show();
            if is(&view) {
                return view;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// What the flag serves, in words.
    fn serving(&self) -> String {
        let page = self.run("flags --format json").done().json();
        let flags = page["flags"].as_array().unwrap();
        let flag = flags.iter().find(|flag| flag["key"] == "checkout-v2").unwrap();
        flag["serving"].as_str().unwrap().to_owned()
    }
}

#[test]
fn from_the_start_by_two_people_and_back() {
    let _steady = steady();
    let shop = Shop::new();
    let before = shop.serving();
    assert_snapshot!(shop.run("rollout start rollout.yaml --reason launch --format plain"), @r"
    exit status 0
    --- out
    ro-1 of `checkout-v2`: `on`, stage 1 of 3, goes on now; started by admin: launch
    1	current	our customer	tenant is `acme`, bakes for 0 s
    2	waiting	some in Europe	5 % of region within `eu`, bakes for 3600 s
    3	waiting		everyone, asks for 1 approval, bakes for 3600 s
    ");
    shop.until(|view| view["stage"] == 2);
    assert_snapshot!(shop.run("rollout show checkout-v2"), @r"
    exit status 0
    --- out
    ro-1 of `checkout-v2`: `on`, stage 2 of 3, bakes until [time]; started by admin: launch
      1  passed      our customer: tenant is `acme`, bakes for 0 s
      2  current     some in Europe: 5 % of region within `eu`, bakes for 3600 s
      3  waiting     everyone, asks for 1 approval, bakes for 3600 s
    stage 3 has 0 of 1 approvals; its digest is [digest]
    --- err
    follow it: downhaul rollout show ro-1 --follow
    ");
    assert_snapshot!(shop.run("rollout list --format plain"), @r"
    exit status 0
    --- out
    ro-1	checkout-v2	on	2 of 3	bakes until [time]	admin	launch
    --- err
    1 rollout in production, going on
    ");
    assert_snapshot!(shop.run("rollout approve ro-1 --reason mine"), @r"
    exit status 2
    --- err
    error: admin started ro-1, and the policy of production lets nobody approve their own

    help: someone else who is approver has to look at it
    ");
    assert_snapshot!(shop.ann("rollout approve checkout-v2 --reason looks-good"), @r"
    exit status 0
    --- out
    ro-1 of `checkout-v2`: `on`, stage 2 of 3, bakes until [time]; started by admin: launch
      1  passed      our customer: tenant is `acme`, bakes for 0 s
      2  current     some in Europe: 5 % of region within `eu`, bakes for 3600 s
      3  waiting     everyone, asks for 1 approval, bakes for 3600 s
    stage 3 has 1 of 1 approvals; its digest is [digest]
      ann at [time]: looks-good
    --- err
    follow it: downhaul rollout show ro-1 --follow
    ");
    assert_snapshot!(shop.run("rollout pause ro-1 --reason lunch"), @r"
    exit status 0
    --- out
    ro-1 of `checkout-v2`: `on`, stage 2 of 3, paused by admin: lunch; started by admin: launch
      1  passed      our customer: tenant is `acme`, bakes for 0 s
      2  current     some in Europe: 5 % of region within `eu`, bakes for 3600 s
      3  waiting     everyone, asks for 1 approval, bakes for 3600 s
    stage 3 has 1 of 1 approvals; its digest is [digest]
      ann at [time]: looks-good
    --- err
    go on with: downhaul rollout resume ro-1 --reason …
    ");
    assert_snapshot!(shop.run("rollout step-back ro-1 --stage 3 --reason errors"), @r"
    exit status 2
    --- err
    error: ro-1 is at stage 2 by now, and stage 3 was meant

    help: look at the rollout again; someone else may have been first
    ");
    assert_snapshot!(shop.run("rollout step-back ro-1 --stage 2 --reason errors"), @r"
    exit status 0
    --- out
    ro-1 of `checkout-v2`: `on`, stage 1 of 3, paused by admin: errors; started by admin: launch
      1  current     our customer: tenant is `acme`, bakes for 0 s
      2  waiting     some in Europe: 5 % of region within `eu`, bakes for 3600 s
      3  waiting     everyone, asks for 1 approval, bakes for 3600 s
    --- err
    go on with: downhaul rollout resume ro-1 --reason …
    ");
    assert_snapshot!(shop.run("rollout start rollout.yaml --reason again"), @r"
    exit status 2
    --- err
    error: ro-1 of `checkout-v2` goes on

    help: wait for its end, or end it with `downhaul rollout end ro-1`
    ");
    assert_snapshot!(shop.run("propose --retire checkout-v2 --reason done"), @r"
    exit status 2
    --- err
    error: `checkout-v2` is being rolled out by ro-1

    help: end that first: `downhaul rollout end ro-1` or `downhaul rollout roll-back ro-1`
    ");
    assert_snapshot!(shop.run("rollout roll-back checkout-v2 --reason errors"), @r"
    exit status 0
    --- out
    ro-1 of `checkout-v2`: `on`, stage 0 of 3, rolled back; started by admin: launch
      1  taken back  our customer: tenant is `acme`, bakes for 0 s
      2  taken back  some in Europe: 5 % of region within `eu`, bakes for 3600 s
      3  left out    everyone, asks for 1 approval, bakes for 3600 s
    ");
    assert_snapshot!(shop.run("rollout list"), @r"
    exit status 0
    --- err
    0 rollouts in production, going on
    ");
    assert_snapshot!(shop.run("rollout list --all --format plain"), @r"
    exit status 0
    --- out
    ro-1	checkout-v2	on	0 of 3	rolled back	admin	launch
    --- err
    1 rollout in production
    ");
    assert_snapshot!(shop.run("rollout show banner"), @r"
    exit status 2
    --- err
    error: there is no rollout of `banner`

    help: list them with `downhaul rollout list --all`
    ");
    assert_snapshot!(shop.run("rollout approve ro-1 --reason late"), @r"
    exit status 2
    --- err
    error: nobody has to approve what comes next in ro-1: rolled back

    help: a stage that asks for approvals is approved from the stage before
    ");
    assert_eq!(shop.serving(), before);
    let chart = shop.run("chart --flag checkout-v2 --format plain").done().stdout;
    assert!(chart.contains("ro-1 of `checkout-v2`: rolled back from stage 1 of 3"), "{chart}");
    assert!(shop.run("chart verify").done().stdout.contains("verified"));
}

#[test]
fn percentages_are_followed_to_the_end() {
    let _steady = steady();
    let shop = Shop::new();
    let line = "rollout start --flag checkout-v2 --variant on --percent 12.5,50,100 --bake 0 --reason launch --follow";
    let followed = shop.run(line).done();
    assert_snapshot!(followed.stdout, @r"
    1	[time]		12.5 % of everyone, bakes for 0 s
    2	[time]		50 % of everyone, bakes for 0 s
    3	[time]		everyone, bakes for 0 s
    ");
    assert_eq!(shop.show()["standing"]["kind"], "complete");
    assert_eq!(shop.serving(), "3 rules");
    let shown = shop.run("rollout show ro-1 --follow --format json").done().json();
    assert_eq!(shown["entered"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_wrong_is_said_beside_the_line() {
    let shop = Shop::new();
    shop.place.write("bad.yaml", ROLLOUT.replace("percent: 5", "percent: 500").replace("before", "befor"));
    assert_snapshot!(shop.run("rollout start bad.yaml --reason launch"), @r"
    exit status 3
    --- err
    error[malformed-rollout]

      × unknown field `befor`, expected one of `flag`, `variant`, `description`, `by`, `salt`,
      │ `before`, `stages`
       ╭─[bad.yaml:3:8]
     2 │ variant: on
     3 │ befor: first cohort
       ·        ────────────
     4 │ stages:
       ╰────
      help: see docs/reference/rollout.md, or `downhaul schema rollout` for an editor

    error: `bad.yaml` is not a rollout
    ");
    shop.place.write("bad.yaml", ROLLOUT.replace("percent: 100, ", "percent: 5, when: [ { region: [eu] } ], "));
    assert_snapshot!(shop.run("rollout start bad.yaml --reason launch"), @r"
    exit status 3
    --- err
    error[stage-adds-nobody]

      × the stage adds nobody to stage 2
       ╭─[bad.yaml:7:5]
     6 │   - { name: some in Europe, when: [ { region: [eu] } ], percent: 5, bake_seconds: 3600 }
     7 │   - { percent: 5, when: [ { region: [eu] } ], bake_seconds: 3600, approvals: 1 }
       ·     ─
       ╰────
      help: every stage gives the variant to those of the stages before it as well: name others, or
            more of them

    error: `bad.yaml` is not a rollout
    ");
    shop.place.write("bad.yaml", ROLLOUT.replace("first cohort", "first cohrt").replace("[eu]", "[mars]"));
    assert_snapshot!(shop.run("rollout start bad.yaml --reason launch"), @r"
    exit status 3
    --- err
    error[unknown-rule]

      × /before: there is no rule `first cohrt`
      help: did you mean `first cohort`?

    error: refused, and nothing was changed: 1 error
    ");
    shop.place.write("policy.json", r#"{ "budget": { "share": 0.1 } }"#);
    shop.run("policy set policy.json --reason budget").done();
    assert_snapshot!(shop.run("rollout start rollout.yaml --reason launch --format plain"), @r"
    exit status 2
    --- err
    error[needs-approval]: the policy asks for 1 approval for over_budget (how many are moved is not known without a population, at most 100.000 %; 10.000 % may (`checkout-v2`)) (propose it, for someone else to approve: `downhaul rollout start rollout.yaml --reason launch --format plain --propose`)
    ");
    assert_snapshot!(shop.run("rollout start rollout.yaml --reason launch --format plain --propose"), @r"
    exit status 0
    --- out
    proposed p-1 in production (revision 5): roll `on` of `checkout-v2` out in 3 stages
    0 of 1 approval, for over_budget (how many are moved is not known without a population, at most 100.000 %; 10.000 % may (`checkout-v2`))
    --- err
    someone else who is approver: `downhaul approve p-1 --reason …`
    ");
    let schema = shop.run("schema rollout").done().json();
    assert!(schema["properties"]["stages"].is_object(), "{schema}");
}

#[test]
fn a_gate_waits_for_prometheus_through_its_absence_and_a_power_cut() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    let rollout = ROLLOUT.replace(
        "bake_seconds: 0 }",
        "bake_seconds: 0, gates: [ { name: reachable, query: max(up), condition: '>= 1', for_seconds: 1 } ] }",
    );
    place.write("rollout.yaml", rollout);
    // Nothing is scraped well: the metric is there, and does not hold.
    let prometheus = Prometheus::start(place.path(), "127.0.0.1:1");
    let address = prometheus.address.clone();
    targets_file(&place, "127.0.0.1:1", &address);
    let mut server = Server::start_with(&place, &["--targets", "targets.json"]);
    server.run(&place, "apply flags.json --reason first").done();
    server.run(&place, "rollout start rollout.yaml --reason launch").done();
    let until = |server: &Server, is: &dyn Fn(&Value) -> bool| loop {
        let view = server.run(&place, "rollout show ro-1 --format json").done().json();
        if is(&view) {
            return view;
        }
        thread::sleep(Duration::from_millis(100));
    };
    let kinds = |view: &Value| -> Vec<String> {
        view["held"].as_array().unwrap().iter().map(|held| held["kind"].as_str().unwrap().to_owned()).collect()
    };
    until(&server, &|view| kinds(view).contains(&"not-holding".to_owned()));
    // It goes away, and so does the control plane.
    drop(prometheus);
    let held = until(&server, &|view| kinds(view).contains(&"no-answer".to_owned()));
    assert!(held["standing"]["words"].as_str().unwrap().starts_with("held: `reachable`: Prometheus does not answer"));
    server.cut();
    let server = Server::start_with(&place, &["--targets", "targets.json"]);
    let held = until(&server, &|view| view["standing"]["kind"] == "held");
    assert_eq!(held["stage"], 1);
    let scraped = server.address.strip_prefix("http://").unwrap().to_owned();
    let prometheus = Prometheus::start_at(place.path(), &scraped, &address);
    let view = until(&server, &|view| view["stage"] == 2);
    assert_eq!(view["standing"]["kind"], "baking");
    let chart = server.run(&place, "chart --flag checkout-v2 --format json").done();
    let entered = chart.stdout.matches("entered stage 2 of 3").count();
    assert_eq!(entered, 1, "{chart}");
    drop(prometheus);
}
