//! Proposals: who has to approve what, to what an approval is bound, and what lands.

use crate::support::{World, flag, flag_with, kill_request, now};
use downhaul_control::api::Role;
use downhaul_control::policy::read;
use downhaul_control::proposal::{Draft, ProposalState, Void};
use downhaul_control::{
    Authority, Command, Refusal, RefusalCode, Request, Secret, SecretKind, State, decide, describe, replay, views,
};
use downhaul_core::document::{Flag, FlagSet, Kill};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const PEOPLE: [(&str, &[Role]); 5] = [
    ("ed", &[Role::Editor]),
    ("eve", &[Role::Editor, Role::Approver]),
    ("ann", &[Role::Approver]),
    ("abe", &[Role::Approver]),
    ("op", &[Role::Operator]),
];

fn policy(document: Value) -> Command {
    Command::PutPolicy { policy: Box::new(read(&document).unwrap()) }
}

fn put(flag: Box<Flag>) -> Command {
    Command::PutFlag { flag }
}

fn segment(key: &str, include: &[&str]) -> Command {
    Command::PutSegment {
        key: key.parse().unwrap(),
        segment: serde_json::from_value(json!({ "include": include })).unwrap(),
    }
}

fn tenant(name: &str, plan: &str) -> Command {
    let attributes = json!({ "plan": plan }).as_object().unwrap().clone();
    Command::PutTenant { tenant: name.parse().unwrap(), attributes }
}

/// `checkout` requires `cart`; nobody but the holder of the data folder has done anything.
fn world(approvals: Value) -> World {
    let mut world = World::new();
    let regions = Command::PutRegions { regions: serde_json::from_value(json!({ "eu": {}, "us": {} })).unwrap() };
    let rules = json!([{ "when": [{ "tenant": ["acme"] }], "serve": "on" }, { "when": [{ "region": ["us"] }], "serve": "off" }]);
    for command in [
        regions,
        segment("staff", &["user-7"]),
        segment("others", &["user-8"]),
        tenant("acme", "free"),
        put(flag_with("cart", json!({ "rules": rules }))),
        put(flag_with(
            "checkout",
            json!({ "default": "off", "requires": [{ "flag": "cart", "variants": ["on", "off"] }] }),
        )),
        put(flag("elsewhere")),
    ] {
        world.ask(command, None).unwrap();
    }
    for (actor, roles) in PEOPLE {
        for role in roles {
            world.ask(Command::GrantRole { actor: actor.to_owned(), role: *role }, None).unwrap();
        }
    }
    world.ask(policy(json!({ "approvals": approvals })), None).unwrap();
    world
}

/// On for staff, and for tenants on a paid plan.
fn on_for_staff() -> Command {
    put(flag_with(
        "checkout",
        json!({
            "default": "off", "requires": [{ "flag": "cart", "variants": ["on", "off"] }],
            "rules": [
                { "when": [{ "segment": ["staff"] }], "serve": "on" },
                { "when": [{ "attribute": "tenant.plan", "op": "in", "values": ["paid"] }], "serve": "on" }
            ]
        }),
    ))
}

impl World {
    fn at(&self) -> Timestamp {
        now().saturating_add(SignedDuration::from_secs(i64::try_from(self.records.len()).unwrap())).unwrap()
    }

    fn ask_by(&mut self, actor: &str, command: Command) -> Result<bool, Refusal> {
        self.ask_as(&Authority::Person, actor, command)
    }

    fn draft(&self, command: Command) -> Box<Draft> {
        Box::new(Draft { command, base: self.state.flag_set.revision })
    }

    /// The number of the proposal.
    fn propose(&mut self, actor: &str, command: Command) -> Result<u64, Refusal> {
        let proposal = self.state.proposals.next();
        let draft = self.draft(command);
        self.ask_by(actor, Command::Propose { proposal, draft })?;
        Ok(proposal)
    }

    fn amend(&mut self, actor: &str, proposal: u64, command: Command) -> Result<bool, Refusal> {
        let draft = self.draft(command);
        self.ask_by(actor, Command::Amend { proposal, draft })
    }

    fn known(&self, proposal: u64) -> &ProposalState {
        self.state.proposals.by_number.get(&proposal).unwrap()
    }

    /// Why its approvals do not count, those that do left out; and why it would not land.
    fn standing(&self, proposal: u64) -> (Vec<Void>, Option<Refusal>) {
        let assessment = decide::assess(&self.state, &self.valid(), self.known(proposal), self.at(), None);
        let standing = assessment.prospect.map(|prospect| prospect.standing).unwrap_or_default();
        (standing.into_iter().filter_map(|each| each.void).collect(), assessment.blocked)
    }

    fn approve(&mut self, actor: &str, proposal: u64) -> Result<bool, Refusal> {
        let assessment = decide::assess(&self.state, &self.valid(), self.known(proposal), self.at(), None);
        let digest = match assessment.prospect {
            Some(prospect) => prospect.reach.digest,
            None => return Err(assessment.blocked.unwrap()),
        };
        self.ask_by(actor, Command::Approve { proposal, digest, root: false })
    }

    fn land(&mut self, actor: &str, proposal: u64) -> Result<bool, Refusal> {
        let command = self.known(proposal).draft.command.clone();
        let request = Request {
            actor: actor.to_owned(),
            authority: Authority::Person,
            landing: Some(proposal),
            ..self.request(command)
        };
        self.carry_out(request)
    }

    fn check_replay(&self) {
        assert_eq!(replay(World::new().state, &self.records), self.state);
    }
}

#[test]
fn who_wrote_it_proposes_someone_else_approves_and_it_lands() {
    let mut world = world(json!({ "change": 1 }));
    let refusal = world.ask_by("eve", on_for_staff()).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NeedsApproval);
    assert_eq!(refusal.message, "the policy asks for 1 approval for change");
    let before = world.state.flag_set.clone();
    let number = world.propose("eve", on_for_staff()).unwrap();
    assert_eq!(FlagSet { revision: before.revision, ..world.state.flag_set.clone() }, before, "nothing but a proposal");
    let refusal = world.land("eve", number).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        (RefusalCode::NeedsApproval, "p-1 has 0 of 1 approval for change")
    );
    let refusal = world.approve("eve", number).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::SelfApproval);
    assert_eq!(world.approve("ed", number).unwrap_err().code, RefusalCode::NotPermitted);
    world.approve("ann", number).unwrap();
    let refusal = world.approve("ann", number).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::AlreadyDone);
    world.land("ed", number).unwrap();
    let change = world.records.last().unwrap().change();
    assert_eq!(change.command, on_for_staff_recorded(&world));
    let landed = change.landed.as_ref().unwrap();
    assert_eq!((landed.proposal, landed.author.as_str(), landed.approvals.len()), (1, "eve", 1));
    assert_eq!(landed.approvals[0].actor, "ann");
    assert!(describe::summary(&world.state, change).ends_with(", as was proposed in p-1"));
    assert!(!change.impact.moves.is_empty(), "whom it moves stands in the chart");
    assert_eq!(world.land("ed", number).unwrap_err().code, RefusalCode::AlreadyDone);
    let view = views::proposals(&world.state, &world.valid(), world.at(), &BTreeMap::new());
    assert_eq!((view.proposals[0].status.as_str(), view.proposals[0].summary.as_str()), ("landed", "put `checkout`"));
    world.check_replay();
}

fn on_for_staff_recorded(world: &World) -> Command {
    Command::PutFlag { flag: Box::new(world.state.flag_set.flag("checkout").unwrap().clone()) }
}

/// What happens after an approval, and what the approval says of it then; empty where it still counts.
fn after_approval() -> Vec<(&'static str, Vec<Command>, &'static str)> {
    let reordered = json!([{ "when": [{ "region": ["us"] }], "serve": "off" }, { "when": [{ "tenant": ["acme"] }], "serve": "on" }]);
    let key = "staff".parse().unwrap();
    vec![
        (
            "the rules of a prerequisite, in another order",
            vec![put(flag_with("cart", json!({ "rules": reordered })))],
            "`cart` was changed at revision",
        ),
        (
            "a segment that it asks about",
            vec![segment("staff", &["user-9"])],
            "the segment `staff` was changed at revision",
        ),
        (
            "a segment removed and made anew, the same as before",
            vec![Command::RemoveSegment { key }, segment("staff", &["user-7"])],
            "the segment `staff` was changed at revision",
        ),
        (
            "an attribute of tenants that it reads",
            vec![tenant("acme", "paid")],
            "the tenant `acme` was changed at revision",
        ),
        (
            "another definition of the flag",
            vec![put(flag_with("checkout", json!({ "default": "on" })))],
            "`checkout` was changed at revision",
        ),
        ("a flag elsewhere", vec![put(flag_with("elsewhere", json!({ "default": "off" })))], ""),
        ("a segment elsewhere", vec![segment("others", &["user-9"])], ""),
        (
            "a region elsewhere",
            vec![Command::PutRegions {
                regions: serde_json::from_value(json!({ "eu": {}, "us": {}, "asia": {} })).unwrap(),
            }],
            "the region tree was changed",
        ),
        ("a new flag", vec![put(flag("another"))], ""),
        ("who may do what", vec![Command::GrantRole { actor: "zoe".to_owned(), role: Role::Approver }], ""),
    ]
}

#[test]
fn an_approval_is_of_exactly_what_was_approved() {
    for (what, commands, words) in after_approval() {
        let mut world = world(json!({ "critical": 1 }));
        let number = world.propose("ed", on_for_staff()).unwrap();
        world.approve("ann", number).unwrap();
        assert_eq!(world.standing(number).0, [], "{what}");
        for command in commands {
            world.ask(command, None).unwrap();
        }
        // Where the flag itself has another definition it could not be carried out at all.
        let overtaken = world.known(number).draft.overtaken(&world.state).len();
        if overtaken > 0 {
            let refusal = world.land("ed", number).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::ChangedSince, "{what}: {refusal}");
            world.amend("ed", number, on_for_staff()).unwrap();
        }
        let (voids, _) = world.standing(number);
        if words.is_empty() {
            assert_eq!(voids, [], "{what} is none of its business");
            continue;
        }
        assert_eq!(voids.len(), 1, "{what} voids it");
        if overtaken == 0 {
            assert!(voids[0].words().starts_with(words), "{what}: {}", voids[0].words());
        }
        // Approved anew, it counts.
        world.approve("ann", number).unwrap();
        assert_eq!(world.standing(number).0, [], "{what}");
        world.land("ed", number).unwrap();
        world.check_replay();
    }
}

#[test]
fn too_few_live_approvals_say_what_became_of_the_others() {
    let mut world = world(json!({ "change": 2 }));
    let number = world.propose("ed", on_for_staff()).unwrap();
    world.approve("ann", number).unwrap();
    world.approve("abe", number).unwrap();
    assert_eq!(world.standing(number).1, None);
    world.ask(Command::RevokeRole { actor: "ann".to_owned(), role: Role::Approver }, None).unwrap();
    let refusal = world.land("ed", number).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NeedsApproval);
    assert!(
        refusal.message.starts_with("p-1 has 1 of 2 approvals for change; the approval by ann at revision "),
        "{refusal}"
    );
    assert!(refusal.message.ends_with("does not count: who gave it is no longer approver"), "{refusal}");
    world.ask(Command::GrantRole { actor: "ann".to_owned(), role: Role::Approver }, None).unwrap();
    world.kill(&kill_request("checkout")).unwrap();
    let refusal = world.land("ed", number).unwrap_err();
    assert!(refusal.message.contains("`checkout` was changed at revision"), "{refusal}");
    world.approve("ann", number).unwrap();
    world.approve("abe", number).unwrap();
    world.amend("eve", number, on_for_staff()).unwrap();
    assert_eq!(world.standing(number).0, [], "the same on a newer base is still the same");
    assert_eq!(
        world.approve("eve", number).unwrap_err().code,
        RefusalCode::SelfApproval,
        "whoever amended is an author"
    );
    world.land("eve", number).unwrap();
    world.check_replay();
}

#[test]
fn an_amended_proposal_has_to_be_approved_anew() {
    let mut world = world(json!({ "change": 1 }));
    let number = world.propose("ed", on_for_staff()).unwrap();
    world.approve("eve", number).unwrap();
    world.amend("eve", number, put(flag_with("checkout", json!({ "default": "on" })))).unwrap();
    let (voids, blocked) = world.standing(number);
    assert_eq!(voids, [Void::Author], "who approved and then amended has approved their own");
    assert_eq!(blocked.unwrap().code, RefusalCode::NeedsApproval);
    world.approve("ann", number).unwrap();
    world.amend("ed", number, on_for_staff()).unwrap();
    let (voids, _) = world.standing(number);
    assert!(matches!(voids.as_slice(), [Void::Author, Void::Amended(_)]), "{voids:?}");
    assert_eq!(world.land("ed", number).unwrap_err().code, RefusalCode::NeedsApproval);
    // What it was approved for is not carried out under its name either.
    let other =
        Request { landing: Some(number), ..world.request(put(flag_with("checkout", json!({ "default": "on" })))) };
    assert_eq!(world.carry_out(other).unwrap_err().code, RefusalCode::ChangedSince);
}

#[test]
fn authors_approve_where_the_policy_lets_them() {
    let mut world = world(json!({ "change": 1, "self": true }));
    let number = world.propose("eve", on_for_staff()).unwrap();
    world.approve("eve", number).unwrap();
    world.ask(policy(json!({ "approvals": { "change": 1, "policy": 0 } })), None).unwrap();
    assert_eq!(world.standing(number).0, [Void::Author], "by the policy in force when it lands");
    world.ask(policy(json!({ "approvals": { "change": 1, "self": true } })), None).unwrap();
    world.land("eve", number).unwrap();
}

/// A token with a role of its own is no second person.
#[test]
fn a_machine_is_who_made_its_token() {
    let mut world = world(json!({ "change": 1 }));
    let secret = |seed: u8| Secret::new(SecretKind::Admin, &[seed; 40]);
    let request = |name: &str| serde_json::from_value(json!({ "name": name, "roles": ["approver"] })).unwrap();
    world.ask(decide::create_token(&request("mine"), "m-1", &secret(1)).unwrap(), None).unwrap();
    let draft = world.draft(on_for_staff());
    world.ask(Command::Propose { proposal: 1, draft }, None).unwrap();
    let digest =
        decide::assess(&world.state, &world.valid(), world.known(1), world.at(), None).prospect.unwrap().reach.digest;
    let word = Command::Approve { proposal: 1, digest, root: false };
    let machine = Authority::Token(secret(1).id().to_owned());
    assert_eq!(world.ask_as(&machine, "m-1", word.clone()).unwrap_err().code, RefusalCode::SelfApproval);
    // Of what someone else wrote it approves.
    world.ask_by("ed", Command::Withdraw { proposal: 1 }).unwrap_err();
    let second = world.propose("ed", on_for_staff()).unwrap();
    let word = Command::Approve { proposal: second, digest, root: false };
    world.ask_as(&machine, "m-1", word).unwrap();
    // Until whoever made its token has written at it too.
    let draft = world.draft(on_for_staff());
    world.ask(Command::Amend { proposal: second, draft }, None).unwrap();
    assert_eq!(world.standing(second).0, [Void::Author]);
}

#[test]
fn the_largest_quorum_of_all_that_apply_counts() {
    let critical = || put(flag_with("checkout", json!({ "critical": true, "default": "off" })));
    let grounds = |approvals: Value, budget: Value, command: &dyn Fn(&mut World) -> Command| {
        let mut world = World::new();
        world.put(flag_with("cart", json!({}))).unwrap();
        world.ask(segment("staff", &["user-7"]), None).unwrap();
        let rules = json!([{ "when": [{ "segment": ["staff"] }], "serve": "off" }]);
        let members = json!({ "critical": true, "requires": [{ "flag": "cart", "variants": ["on"] }], "rules": rules });
        world.put(flag_with("safe", members)).unwrap();
        world.put(flag("plain")).unwrap();
        world.kill(&kill_request("plain")).unwrap();
        world.kill(&kill_request("safe")).unwrap();
        let command = command(&mut world);
        world.ask(policy(json!({ "approvals": approvals, "budget": budget })), None).unwrap();
        match world.ask(command, None) {
            Ok(_) => String::new(),
            Err(refusal) => {
                assert_eq!(refusal.code, RefusalCode::NeedsApproval, "{refusal}");
                refusal.message.replace("the policy asks for ", "")
            }
        }
    };
    let restore = |flag: &'static str| {
        move |world: &mut World| Command::Restore { id: world.state.kills_of(flag).next().unwrap().kill.id.clone() }
    };
    let none = || json!({});
    let all = json!({ "change": 1, "critical": 2, "over_budget": 3, "restore": 4, "critical_restore": 5, "policy": 6 });
    for (approvals, budget, command, words) in [
        (json!({}), none(), Box::new(|_: &mut World| critical()) as Box<dyn Fn(&mut World) -> Command>, ""),
        (json!({ "critical": 1 }), none(), Box::new(|_| critical()), "1 approval for critical (it reaches `checkout`)"),
        (
            json!({ "critical": 1 }),
            none(),
            Box::new(|_| segment("staff", &["user-9"])),
            "1 approval for critical (it reaches `safe`)",
        ),
        (
            json!({ "critical": 1 }),
            none(),
            Box::new(|_| put(flag_with("cart", json!({ "default": "off" })))),
            "1 approval for critical (it reaches `safe`)",
        ),
        (json!({ "critical": 1 }), none(), Box::new(|_| put(flag_with("plain", json!({ "default": "off" })))), ""),
        (all.clone(), none(), Box::new(|_| critical()), "2 approvals for change and critical (it reaches `checkout`)"),
        (
            all.clone(),
            json!({ "share": 0.1 }),
            Box::new(|_| put(flag_with("cart", json!({ "default": "off" })))),
            "3 approvals for change and critical (it reaches `safe`) and over_budget (at least 100.000 % of everyone is moved, 10.000 % may (`cart`))",
        ),
        (all.clone(), none(), Box::new(restore("plain")), "4 approvals for restore"),
        (
            all.clone(),
            none(),
            Box::new(restore("safe")),
            "5 approvals for restore and critical_restore (`safe` is critical)",
        ),
        (all.clone(), none(), Box::new(|_| policy(json!({}))), "6 approvals for policy"),
        (all, none(), Box::new(|_| Command::Freeze), ""),
    ] {
        assert_eq!(grounds(approvals.clone(), budget, &*command), words, "{approvals}");
    }
}

#[test]
fn restores_and_policies_wait_where_the_policy_says_so_and_kills_never_do() {
    let mut world = world(json!({ "restore": 1, "policy": 1 }));
    let id = world.kill(&kill_request("checkout")).unwrap();
    let restore = Command::Restore { id: id.clone() };
    assert_eq!(world.ask_by("op", restore.clone()).unwrap_err().code, RefusalCode::NeedsApproval);
    let number = world.propose("op", restore).unwrap();
    world.approve("ann", number).unwrap();
    let kills = world.state.kill_revision;
    world.land("op", number).unwrap();
    assert_eq!(world.state.kill_revision, kills + 1);
    assert!(world.state.kill(&id).unwrap().restored.is_some());
    // Whoever holds the data folder is asked like everyone else, and their approval counts.
    let open = policy(json!({}));
    let request = world.request(open.clone());
    assert_eq!(world.carry_out(request).unwrap_err().code, RefusalCode::NeedsApproval);
    world.ask(Command::GrantRole { actor: "zoe".to_owned(), role: Role::Admin }, None).unwrap();
    let number = world.propose("zoe", open).unwrap();
    let digest = decide::assess(&world.state, &world.valid(), world.known(number), world.at(), None)
        .prospect
        .unwrap()
        .reach
        .digest;
    world.ask(Command::Approve { proposal: number, digest, root: false }, None).unwrap();
    assert!(world.known(number).approvals[0].root);
    world.land("zoe", number).unwrap();
    assert_eq!(world.state.policy.approvals.policy.get(), 0);
    world.check_replay();
}

#[test]
fn a_heartbeat_ends_its_own_beat() {
    let mut world = world(json!({ "restore": 1, "critical_restore": 2 }));
    let beat = decide::kill_everyone(&world.state, ["checkout", "beat-1"], "heartbeat", "system", world.at()).unwrap();
    world.ask(beat, None).unwrap();
    world.restore("beat-1").unwrap();
    let id = world.kill(&kill_request("checkout")).unwrap();
    assert_eq!(world.restore(&id).unwrap_err().code, RefusalCode::NeedsApproval);
}

#[test]
fn a_frozen_environment_is_proposed_to_and_lands_nothing() {
    let mut world = world(json!({ "change": 1 }));
    world.ask(Command::Freeze, None).unwrap();
    let number = world.propose("ed", on_for_staff()).unwrap();
    world.approve("ann", number).unwrap();
    assert_eq!(world.land("ed", number).unwrap_err().code, RefusalCode::Frozen);
    assert_eq!(world.standing(number).1.unwrap().code, RefusalCode::Frozen);
    world.ask(Command::Unfreeze, None).unwrap();
    world.land("ed", number).unwrap();
}

#[test]
fn two_proposals_about_the_same_are_told_of_each_other_and_neither_is_lost() {
    let mut world = world(json!({ "change": 1 }));
    let first = world.propose("ed", on_for_staff()).unwrap();
    let second = world.propose("eve", put(flag_with("checkout", json!({ "default": "on" })))).unwrap();
    let other = world.propose("ed", put(flag_with("elsewhere", json!({ "default": "off" })))).unwrap();
    let rivals = |world: &World, number| {
        world
            .known(number)
            .rivals(&world.state)
            .map(|(what, other)| format!("{what} {}", other.id()))
            .collect::<Vec<_>>()
    };
    assert_eq!(rivals(&world, first), ["`checkout` p-2"]);
    assert_eq!(rivals(&world, second), ["`checkout` p-1"]);
    assert_eq!(rivals(&world, other), Vec::<String>::new());
    for number in [first, second, other] {
        world.approve("ann", number).unwrap();
    }
    world.land("ed", first).unwrap();
    let refusal = world.land("eve", second).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::ChangedSince);
    assert!(refusal.message.starts_with("`checkout` was changed at revision "), "{refusal}");
    assert!(refusal.help.contains("--amend p-2"), "{refusal:?}");
    world.land("ed", other).unwrap();
    world.amend("eve", second, put(flag_with("checkout", json!({ "default": "on" })))).unwrap();
    assert_eq!(world.land("eve", second).unwrap_err().code, RefusalCode::NeedsApproval);
    world.approve("abe", second).unwrap();
    world.land("eve", second).unwrap();
    world.check_replay();
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut world = world(json!({ "change": 1 }));
    let code = |answer: Result<u64, Refusal>| answer.unwrap_err().code;
    let kill = Command::Kill { kill: serde_json::from_value::<Kill>(json!({ "id": "k", "flag": "checkout", "scope": {}, "reason": "r", "by": "op", "at": "2026-11-23T20:00:00Z" })).unwrap() };
    assert_eq!(code(world.propose("op", kill)), RefusalCode::Invalid);
    assert_eq!(
        code(world.propose("op", on_for_staff())),
        RefusalCode::NotPermitted,
        "who could not do it does not propose it"
    );
    let same = Command::PutFlag { flag: Box::new(world.state.flag_set.flag("checkout").unwrap().clone()) };
    assert_eq!(code(world.propose("ed", same)), RefusalCode::AlreadyDone);
    let broken = put(flag_with("checkout", json!({ "requires": [{ "flag": "nothing", "variants": ["on"] }] })));
    assert_eq!(code(world.propose("ed", broken)), RefusalCode::Invalid);
    let draft = Box::new(Draft { command: on_for_staff(), base: 1 });
    let refusal = world.ask_by("ed", Command::Propose { proposal: 1, draft }).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::ChangedSince, "what it names was defined since");
    let draft = Box::new(Draft { command: on_for_staff(), base: 10_000 });
    assert_eq!(world.ask_by("ed", Command::Propose { proposal: 1, draft }).unwrap_err().code, RefusalCode::Invalid);
    let draft = world.draft(on_for_staff());
    assert_eq!(world.ask_by("ed", Command::Propose { proposal: 7, draft }).unwrap_err().code, RefusalCode::TakenId);
    assert_eq!(world.ask_by("ann", Command::Reject { proposal: 1 }).unwrap_err().code, RefusalCode::UnknownProposal);

    let number = world.propose("ed", on_for_staff()).unwrap();
    let stale = Command::Approve { proposal: number, digest: downhaul_control::Hash::ZERO, root: true };
    assert_eq!(world.ask_by("ann", stale).unwrap_err().code, RefusalCode::ChangedSince);
    assert_eq!(
        world.ask_by("ann", Command::Withdraw { proposal: number }).unwrap_err().code,
        RefusalCode::NotPermitted
    );
    assert_eq!(world.ask_by("ed", Command::Reject { proposal: number }).unwrap_err().code, RefusalCode::NotPermitted);
    world.ask_by("ann", Command::Reject { proposal: number }).unwrap();
    assert_eq!(world.ask_by("ed", Command::Withdraw { proposal: number }).unwrap_err().code, RefusalCode::AlreadyDone);
    assert_eq!(world.land("ed", number).unwrap_err().code, RefusalCode::AlreadyDone);
    let number = world.propose("ed", on_for_staff()).unwrap();
    world.ask_by("ed", Command::Withdraw { proposal: number }).unwrap();
    assert_eq!(world.state.proposals.open().count(), 0);
    world.check_replay();
}

#[test]
fn only_so_many_are_open_and_only_so_many_that_are_over_are_known() {
    let mut world = world(json!({ "change": 1 }));
    for _ in 0..200 {
        world.propose("ed", on_for_staff()).unwrap();
    }
    assert_eq!(world.propose("ed", on_for_staff()).unwrap_err().code, RefusalCode::TooManyProposals);
    for number in 1..=200 {
        world.ask_by("ed", Command::Withdraw { proposal: number }).unwrap();
    }
    for _ in 0..400 {
        let number = world.propose("ed", on_for_staff()).unwrap();
        world.ask_by("ed", Command::Withdraw { proposal: number }).unwrap();
    }
    let known = &world.state.proposals;
    assert_eq!((known.by_number.len(), known.made, known.by_number.keys().next()), (500, 600, Some(&101)));
}

/// What happens in a random story.
#[derive(Debug, Clone)]
enum Act {
    Propose(usize, usize),
    Amend(usize, usize, usize),
    Approve(usize, usize),
    Land(usize, usize),
    Withdraw(usize, usize),
    Edit(usize),
    Grant(usize, bool),
    Kill,
    Restore,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let (actor, number, draft) = (0..PEOPLE.len(), 1..4usize, 0..3usize);
    let act = prop_oneof![
        3 => (actor.clone(), draft.clone()).prop_map(|(actor, draft)| Act::Propose(actor, draft)),
        1 => (actor.clone(), number.clone(), draft).prop_map(|(actor, number, draft)| Act::Amend(actor, number, draft)),
        8 => (actor.clone(), number.clone()).prop_map(|(actor, number)| Act::Approve(actor, number)),
        5 => (actor.clone(), number.clone()).prop_map(|(actor, number)| Act::Land(actor, number)),
        1 => (actor.clone(), number).prop_map(|(actor, number)| Act::Withdraw(actor, number)),
        2 => (0..6usize).prop_map(Act::Edit),
        1 => (actor, any::<bool>()).prop_map(|(actor, gives)| Act::Grant(actor, gives)),
        1 => Just(Act::Kill),
        1 => Just(Act::Restore),
    ];
    prop::collection::vec(act, 1..60)
}

fn drafts(number: usize) -> Command {
    match number {
        0 => on_for_staff(),
        1 => put(flag_with("checkout", json!({ "default": "on" }))),
        _ => segment("staff", &["user-1", "user-2"]),
    }
}

fn edits(number: usize) -> Command {
    match number {
        0 => segment("staff", &["user-7"]),
        1 => segment("staff", &["user-9"]),
        2 => put(flag_with("cart", json!({ "default": "on" }))),
        3 => put(flag_with("cart", json!({ "default": "off" }))),
        4 => tenant("acme", "paid"),
        _ => put(flag_with("elsewhere", json!({ "description": "x" }))),
    }
}

/// All that a draft depends on, as it is; written without any digest. What neither the flag as it stands nor the draft of
/// it names may change under an approval.
fn surroundings(state: &State, command: &Command) -> Value {
    let FlagSet { flags, segments, tenants, kills, .. } = &state.flag_set;
    let flag = |key: &str| flags.iter().find(|flag| flag.key.as_str() == key);
    let mut names = serde_json::to_string(&json!([command, flag("checkout")])).unwrap();
    if matches!(command, Command::PutSegment { .. }) && !names.contains("\"segment\":[\"staff\"]") {
        return json!([command, segments.get("staff")]);
    }
    let cart = names.contains("\"flag\":\"cart\"").then(|| flag("cart"));
    names.push_str(&serde_json::to_string(&cart).unwrap());
    let staff = names.contains("\"segment\":[\"staff\"]").then(|| segments.get("staff"));
    let tenants = names.contains("\"tenant.plan\"").then_some(tenants);
    json!([command, flag("checkout"), cart, staff, tenants, kills])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever comes in whatever order: what lands was approved as it is, by as many as the policy says, who are approvers
    /// now and did not write it; and the chart gives all of it again.
    #[test]
    fn nothing_lands_without_a_live_quorum(quorum in 1u32..3, acts in acts()) {
        let mut world = world(json!({ "change": quorum }));
        // Of each proposal, who approved what it was in what surroundings.
        let mut approved: BTreeMap<(u64, &str), Value> = BTreeMap::new();
        let mut authors: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
        let mut landed = 0;
        for act in acts {
            match act {
                Act::Propose(actor, draft) => {
                    if let Ok(number) = world.propose(PEOPLE[actor].0, drafts(draft)) {
                        authors.entry(number).or_default().insert(PEOPLE[actor].0);
                    }
                }
                Act::Amend(actor, number, draft) => {
                    let number = number as u64;
                    if world.state.proposals.by_number.contains_key(&number)
                        && world.amend(PEOPLE[actor].0, number, drafts(draft)).is_ok()
                    {
                        authors.entry(number).or_default().insert(PEOPLE[actor].0);
                    }
                }
                Act::Approve(actor, number) => {
                    let (actor, number) = (PEOPLE[actor].0, number as u64);
                    if world.state.proposals.by_number.contains_key(&number) && world.approve(actor, number).is_ok() {
                        let command = world.known(number).draft.command.clone();
                        approved.insert((number, actor), surroundings(&world.state, &command));
                    }
                }
                Act::Land(actor, number) => {
                    let number = number as u64;
                    if !world.state.proposals.by_number.contains_key(&number) {
                        continue;
                    }
                    let before = world.state.clone();
                    let at = world.at();
                    let command = world.known(number).draft.command.clone();
                    if world.land(PEOPLE[actor].0, number).is_ok() {
                        landed += 1;
                        let now = surroundings(&before, &command);
                        let live = approved.iter().filter(|((of, who), what)| {
                            *of == number && **what == now && before.has_role(who, Role::Approver, at)
                                && !authors[&number].contains(who)
                        });
                        prop_assert!(live.count() >= quorum as usize, "{number} landed");
                    }
                }
                Act::Withdraw(actor, number) => {
                    let _ = world.ask_by(PEOPLE[actor].0, Command::Withdraw { proposal: number as u64 });
                }
                // As if it had been approved elsewhere: the rule is lifted for this one change.
                Act::Edit(edit) => {
                    world.ask(policy(json!({})), None).unwrap();
                    let _ = world.ask(edits(edit), None);
                    world.ask(policy(json!({ "approvals": { "change": quorum } })), None).unwrap();
                }
                Act::Grant(actor, gives) => {
                    let (actor, role) = (PEOPLE[actor].0.to_owned(), Role::Approver);
                    let command = if gives { Command::GrantRole { actor, role } } else { Command::RevokeRole { actor, role } };
                    let _ = world.ask(command, None);
                }
                Act::Kill => {
                    world.kill(&kill_request("checkout")).unwrap();
                }
                Act::Restore => {
                    let id = world.state.kills_of("checkout").next().map(|kill| kill.kill.id.clone());
                    if let Some(id) = id {
                        world.restore(&id).unwrap();
                    }
                }
            }
        }
        prop_assert_eq!(world.records.iter().filter(|record| record.change().landed.is_some()).count(), landed);
        prop_assert_eq!(replay(World::new().state, &world.records), world.state);
    }
}
