//! Proposals, as two people at two terminals work on one change.

use crate::server::Server;
use crate::support::{Place, Run, SHOP};
use insta::assert_snapshot;

/// A control plane with a budget, and two people: the one of the data folder's token, and ann, who is approver.
struct Two {
    place: Place,
    server: Server,
    ann: String,
}

const POLICY: &str = r#"{ "budget": { "share": 0.1 }, "approvals": { "critical_restore": 1, "policy": 1 } }"#;

impl Two {
    fn new() -> Two {
        let place = Place::new();
        let server = Server::start(&place);
        let made = |line: &str| server.run(&place, line).done().json();
        let id =
            made("people add ann --role approver --reason joins --format json")["actor"].as_str().unwrap().to_owned();
        let token = made(&format!("tokens create laptop --person {id} --format json"));
        let two = Two { ann: token["token"].as_str().unwrap().to_owned(), place, server };
        two.place.write("flags.json", SHOP);
        two.place.write("on.json", SHOP.replace("\"default\": \"off\"", "\"default\": \"on\""));
        two.place.write("policy.json", POLICY);
        two.run("apply flags.json --reason first").done();
        two.run("policy set policy.json --reason two-people").done();
        two
    }

    fn run(&self, line: &str) -> Run {
        self.server.run(&self.place, line)
    }

    fn ann(&self, line: &str) -> Run {
        let mut command = self.place.command(line.split_whitespace());
        command.env("DOWNHAUL_SERVER", &self.server.address).env("DOWNHAUL_TOKEN", &self.ann);
        Run::of(command, b"")
    }
}

#[test]
fn over_budget_it_is_proposed_approved_by_another_and_landed() {
    let two = Two::new();
    let refused = two.run("apply on.json --reason everyone --format plain");
    assert_snapshot!(refused, @r#"
    exit status 2
    --- err
    error[needs-approval]: the policy asks for 1 approval for over_budget (how many are moved is not known without a population, at most 100.000 %; 10.000 % may (`checkout-v2`)) (propose it, for someone else to approve: `downhaul apply on.json --reason everyone --format plain --propose`)
    "#);
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\ba-[0-9a-f]{12}\b", "[actor]");
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[digest]");
    settings.add_filter(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[time]");
    let _steady = settings.bind_to_scope();
    assert_snapshot!(two.run("apply on.json --reason everyone --propose"), @r#"
    exit status 0
    --- out
    proposed p-1 in production (revision 5): put `checkout-v2`
    0 of 1 approval, for over_budget (how many are moved is not known without a population, at most 100.000 %; 10.000 % may (`checkout-v2`))
    --- err
    someone else who is approver: `downhaul approve p-1 --reason …`
    "#);
    assert_snapshot!(two.run("proposals list --format plain"), @r#"
    exit status 0
    --- out
    p-1	open	put `checkout-v2`	0	admin	[time]	everyone
    --- err
    1 open proposal in production
    "#);
    assert_snapshot!(two.ann("proposals show p-1"), @r#"
    exit status 0
    --- out
    p-1, open: put `checkout-v2`
    author:    admin, at [time]
    reason:    everyone
    base:      revision 4
    approved:  0 of 1 approval, for over_budget (how many are moved is not known without a population, at most 100.000 %; 10.000 % may (`checkout-v2`))
    reaches:   banner, checkout-v2
    edits:     default `off` -> `on`
    digest:    [digest]

    2 of 2 flags change; largest move: `banner`, an unknown part of everyone
    from production at revision 5 to draft
    budget not judged: how many are moved is not known without a population, at most 100.000 %; 10.000 % may

    banner  moves an unknown part of everyone  by what it depends on
      `none` -> `plain` for all of them
        where not (in segment `staff`)
          and not (tenant is `acme` and region within `eu`)
          and `targetingKey` holds something to take a bucket by
        such as {"targetingKey":1}
      `none` -> `plain` for all of them
        where `targetingKey` holds nothing to take a bucket by
        such as {}

    checkout-v2  moves an unknown part of everyone
      `off` -> `on` for all of them
        where not (in segment `staff`)
          and not (tenant is `acme` and region within `eu`)
          and `targetingKey` holds something to take a bucket by
        such as {"targetingKey":1}
      `off` -> `on` for all of them
        where `targetingKey` holds nothing to take a bucket by
        such as {}

    someone else who is approver: `downhaul approve p-1 --reason …`
    "#);
    let own = two.run("approve p-1 --reason mine --format plain");
    assert_eq!(own.status, 2, "{own}");
    assert!(own.stderr.starts_with("error[self-approval]: "), "{own}");
    let early = two.run("land p-1 --format plain");
    assert_eq!(early.status, 2, "{early}");
    assert!(early.stderr.starts_with("error[needs-approval]: p-1 has 0 of 1 approval for over_budget"), "{early}");
    assert!(early.stderr.contains("`downhaul approve p-1`"), "{early}");
    assert_snapshot!(two.ann("approve p-1 --reason looks-right"), @r#"
    exit status 0
    --- out
    approved p-1 in production (revision 6): put `checkout-v2`
    1 of 1 approval, for over_budget (how many are moved is not known without a population, at most 100.000 %; 10.000 % may (`checkout-v2`))
    --- err
    carry it out: `downhaul land p-1`
    "#);
    assert_snapshot!(two.run("land p-1"), @r#"
    exit status 0
    --- out
    applied 1 flag, as was proposed in p-1 in production (revision 7)
    "#);
    let shown = two.run("chart show 7 --format plain").done().stdout;
    assert!(shown.contains("reason:   everyone\n"), "{shown}");
    assert!(shown.contains("budget:   not known: how many are moved is not known without a population"), "{shown}");
    assert!(shown.contains("proposal: p-1 of admin, approved by ann\n"), "{shown}");
    let chart = two.run("chart").done().stdout;
    assert!(chart.contains("approved by ann (p-1)"), "{chart}");
    assert!(chart.contains("approved p-1"), "{chart}");
    assert_eq!(two.run("proposals list --format plain").done().stdout, "");
    assert!(two.run("proposals list --all --format plain").done().stdout.starts_with("p-1\tlanded\t"), "it is known");
    assert!(two.run("chart verify").done().stdout.contains("verified"), "the chart holds");
}

#[test]
fn an_approval_is_void_once_a_segment_it_reaches_is_edited_and_a_kill_waits_for_nobody() {
    let two = Two::new();
    two.run("propose on.json --reason everyone").done();
    two.ann("approve p-1 --reason looks-right").done();
    // Elsewhere: it stays.
    two.place.write("tenant.json", SHOP.replace("\"plan\": \"enterprise\"", "\"plan\": \"free\""));
    two.run("apply tenant.json --reason elsewhere").done();
    let shown = two.run("proposals show p-1 --format plain").done().stdout;
    assert!(shown.contains("approved:  1 of 1 approval, for over_budget"), "{shown}");
    // Within the budget by itself: nobody of the segment is known, so it is lifted for this edit.
    let kill = two.run("kill checkout-v2 --reason broken --format plain").done();
    assert!(kill.stdout.contains("checkout-v2"), "{kill}");
    let refused = two.run("land p-1 --format plain");
    assert_eq!(refused.status, 2, "{refused}");
    assert!(refused.stderr.starts_with("error[needs-approval]: p-1 has 0 of 1 approval"), "{refused}");
    assert!(refused.stderr.contains("does not count: `checkout-v2` was changed at revision"), "{refused}");
    two.run("restore checkout-v2 --reason mended").done();
    two.ann("approve p-1 --reason again").done();
    let staff = SHOP.replace("user-7", "user-8").replace("\"plan\": \"enterprise\"", "\"plan\": \"free\"");
    two.place.write("staff.json", staff);
    two.run("propose staff.json --reason colleagues").done();
    two.ann("approve p-2 --reason fine").done();
    two.run("land p-2").done();
    let shown = two.run("proposals show p-1 --format plain").done().stdout;
    assert!(shown.contains("does not count: the segment `staff` was changed at revision"), "{shown}");
    assert_eq!(two.run("land p-1").status, 2);
    two.ann("approve p-1 --reason third").done();
    two.run("land p-1").done();
}

#[test]
fn whatever_is_refused_says_the_line_that_proposes_it() {
    let two = Two::new();
    two.place.write("open.json", "{}");
    let refused =
        two.server.run_with(&two.place, ["policy", "set", "open.json", "--reason", "let's see", "--format", "plain"]);
    assert_eq!(refused.status, 2, "{refused}");
    let line = r"`downhaul policy set open.json --reason 'let'\''s see' --format plain --propose`";
    assert!(refused.stderr.contains(line), "{refused}");
    two.run("policy set open.json --reason open --propose").done();
    let rejected = two.ann("reject p-1 --reason no --format plain").done();
    assert!(rejected.stdout.starts_with("rejected p-1 in production"), "{rejected}");
    let critical = SHOP.replacen("\"owner\": \"payments\",", "\"owner\": \"payments\", \"critical\": true,", 1);
    two.place.write("critical.json", critical);
    two.run("apply critical.json --reason critical").done();
    two.run("kill checkout-v2 --reason broken").done();
    let refused = two.run("restore checkout-v2 --reason mended --format plain");
    assert!(refused.stderr.contains("1 approval for critical_restore (`checkout-v2` is critical)"), "{refused}");
    assert!(
        refused.stderr.contains("`downhaul restore checkout-v2 --reason mended --format plain --propose`"),
        "{refused}"
    );
    two.run("restore checkout-v2 --reason mended --propose").done();
    two.ann("approve p-2 --reason fixed").done();
    let landed = two.run("land p-2").done();
    assert!(
        landed.stdout.starts_with("restored `checkout-v2` for everyone, as was proposed in p-2 in production"),
        "{landed}"
    );
    two.run("propose --retire banner --reason over").done();
    let withdrawn = two.run("withdraw p-3 --reason later --format json").done().json();
    assert_eq!(withdrawn["proposal"]["status"], "withdrawn");
    let unknown = two.run("approve p-9 --reason x --format plain");
    assert_eq!((unknown.status, unknown.stderr.starts_with("error[unknown-proposal]")), (2, true), "{unknown}");
    let none = two.run("propose --reason x");
    assert_eq!(none.status, 2, "{none}");
}

/// What two people changed, one alone gives back, where the policy says so; and the retired flag moves whom it served.
#[test]
fn a_revert_is_asked_less_and_a_retirement_is_judged() {
    let two = Two::new();
    two.place.write("policy.json", r#"{ "approvals": { "change": 1, "revert": 0 } }"#);
    two.run("policy set policy.json --reason changes-need-two --propose").done();
    two.ann("approve p-1 --reason yes").done();
    two.run("land p-1").done();
    two.run("apply on.json --reason everyone --propose").done();
    two.ann("approve p-2 --reason yes").done();
    two.run("land p-2").done();
    for (line, status, said) in [
        (
            "revert checkout-v2 --to 4 --reason lost-orders",
            0,
            "`checkout-v2` is as at revision 4 again in production, revision 11",
        ),
        ("revert checkout-v2 --to 4 --reason again", 0, "`checkout-v2` is as at revision 4 already in production"),
        ("revert checkout-v2 --to 1 --reason too-far", 2, "revision 1 has no flag `checkout-v2`"),
    ] {
        let run = two.run(line);
        assert!(run.status == status && format!("{run}").contains(said), "{run}");
    }
    let newest = two.run("chart --format json --limit 1").done().json();
    assert_eq!(newest["impact"]["reverts"], 9, "{newest}");

    let retire = SHOP.replace("\"checkout-v2\"", "\"another\"");
    two.place.write("without.json", retire);
    let judged = two.run("plan on.json without.json --budget-share 0.1 --format json").json();
    let finding = &judged["budget"]["findings"][0];
    assert_eq!((&finding["outcome"], &finding["flag"]), (&"unknown".into(), &"checkout-v2".into()), "{judged}");
}
