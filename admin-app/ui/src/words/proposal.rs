//! Proposals: for whom they wait, why so many are asked, what is in their way.

use super::number::{count, counted};
use super::text::common;
use crate::backend::Failure;
use downhaul_control::api::{
    ActView, Blocked, BudgetVerdict, ConflictView, GroundView, Impact, KillScope, KillView, ProposalNow,
    ProposalStatus, ProposalSummary,
};

/// How many others the policy asks first.
pub fn others_are_asked(approvals: u32) -> String {
    match approvals {
        0 | 1 => common::THE_POLICY_OF_THIS_ENVIRONMENT_ASKS.to_owned(),
        several => common::the_policy_of_this_environment_asks(&several),
    }
}

/// Where a proposal stands in the list, for the one who looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// They may approve it, and have not.
    Waiting,
    /// They wrote it.
    Own,
    Open,
    Closed,
}

impl Group {
    pub const ALL: [Group; 4] = [Group::Waiting, Group::Own, Group::Open, Group::Closed];

    pub fn title(self) -> &'static str {
        match self {
            Group::Waiting => "Waiting for you",
            Group::Own => "Yours",
            Group::Open => "Waiting for others",
            Group::Closed => "Closed",
        }
    }

    pub fn explanation(self) -> &'static str {
        match self {
            Group::Waiting => "You may approve these, and have not, or not as they are now",
            Group::Own => "Somebody else has to approve these",
            Group::Open => "You have approved these, or your role may not",
            Group::Closed => "Landed, rejected or withdrawn; the chart keeps all of them",
        }
    }
}

/// `is_approver`: whether that one's role may approve.
pub fn group(proposal: &ProposalSummary, actor: &str, is_approver: bool) -> Group {
    match proposal.status {
        ProposalStatus::Landed | ProposalStatus::Rejected | ProposalStatus::Withdrawn => Group::Closed,
        ProposalStatus::Open if is_author(proposal, actor) => Group::Own,
        ProposalStatus::Open if is_approver && !counts_for(proposal, actor) => Group::Waiting,
        ProposalStatus::Open => Group::Open,
    }
}

/// Whether that one has approved what it would do now.
fn counts_for(proposal: &ProposalSummary, actor: &str) -> bool {
    let is_in = |actors: &[String]| actors.iter().any(|each| each == actor);
    is_in(&proposal.approved_by) && !is_in(&proposal.lapsed)
}

/// Whether that one wrote it, or was the last to amend it.
pub fn is_author(proposal: &ProposalSummary, actor: &str) -> bool {
    proposal.author == actor || proposal.amended.as_ref().is_some_and(|amended| amended.actor == actor)
}

/// By name where it is known.
pub fn by(act: &ActView) -> &str {
    act.actor_name.as_deref().unwrap_or(&act.actor)
}

pub fn author(proposal: &ProposalSummary) -> &str {
    proposal.author_name.as_deref().unwrap_or(&proposal.author)
}

/// `2, since it moves more than the budget allows: …`
pub fn ground(ground: &GroundView) -> String {
    let number = match ground.quorum {
        0 => "none".to_owned(),
        quorum => count(u64::from(quorum)),
    };
    let why = match ground.kind.as_str() {
        "change" => "it changes definitions",
        "critical" if !ground.why.is_empty() => return format!("{number}, since {}, which is critical", ground.why),
        "critical" => "it reaches a critical flag",
        "over_budget" => "it moves more than the budget allows, or may",
        "restore" => "it is a restore",
        "critical_restore" => "it restores a critical flag",
        "policy" => "it changes the policy",
        "revert" => "it gives back what was there before",
        other => other,
    };
    if ground.why.is_empty() {
        format!("{number}, since {why}")
    } else {
        format!("{number}, since {why}: {}", ground.why)
    }
}

/// Why it cannot be landed yet. What is said of approvals stands in full beside it.
pub fn in_the_way(blocked: &Blocked, now: &ProposalNow) -> (String, String) {
    if blocked.code == "needs-approval" {
        let missing = now.quorum.saturating_sub(now.counting) as usize;
        return (counted(missing, "approval is missing", "approvals are missing"), String::new());
    }
    Failure::said(&blocked.detail, &blocked.help)
}

/// What else is about the same, and what that means for this one.
pub fn conflict(conflict: &ConflictView) -> String {
    match (&conflict.change, &conflict.proposal) {
        (Some(change), _) => format!(
            "{} was changed since this began, at revision {} by {}: “{}”. This is not landed over that: amend it, to put it on top.",
            conflict.what,
            count(change.revision),
            by(change),
            change.reason
        ),
        (None, Some(other)) => {
            format!("{other} is about {}, too. Whichever lands first, the other has to be amended.", conflict.what)
        }
        (None, None) => format!("Something else is about {}.", conflict.what),
    }
}

/// Of a change that moves nobody as things are: the kills that keep it back; `None` where there is none of what it reaches.
pub fn kept_back(reaches: &[String], kills: &[KillView]) -> Option<String> {
    let killed = |flag: &String| {
        let mut scopes = kills.iter().filter(|kill| kill.flag == *flag).map(|kill| &kill.scope).peekable();
        scopes.peek()?;
        let in_part = if scopes.any(KillScope::is_everyone) { "" } else { " in part" };
        Some(format!("`{flag}` is killed{in_part}"))
    };
    let killed: Vec<String> = reaches.iter().filter_map(killed).collect();
    let they_are = match killed.len() {
        0 => return None,
        1 => "it is",
        _ => "they are",
    };
    Some(format!("Nobody now: {}. Once {they_are} restored, this change takes effect.", killed.join(", ")))
}

/// What a restore changes: `` `checkout-v2`: killed for everyone → 25 % on, 75 % off ``.
pub fn restored(impact: &Impact) -> Option<String> {
    let (flag, from, to) = (impact.flag.as_ref()?, impact.from.as_ref()?, impact.to.as_ref()?);
    Some(format!("`{flag}`: {from} → {to}"))
}

/// How it keeps to the budget; `None` where nothing is limited.
pub fn budget(verdict: &BudgetVerdict) -> String {
    let exceeded = verdict.exceeded();
    let what = if exceeded.is_empty() { "Keeps to the budget".to_owned() } else { exceeded.join("; ") };
    match &verdict.population {
        Some(population) => format!("{what}, by the population {} of {}", population.name, day(&population.taken_at)),
        None => what,
    }
}

fn day(at: &str) -> &str {
    at.split('T').next().unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::api::Position;

    fn act(actor: &str) -> ActView {
        ActView {
            at: String::new(),
            actor: actor.into(),
            actor_name: Some("Ada".into()),
            reason: "why".into(),
            revision: 1044,
        }
    }

    fn proposal(status: ProposalStatus, approved_by: &[&str]) -> ProposalSummary {
        ProposalSummary {
            id: "p-1".into(),
            status,
            summary: String::new(),
            author: "maya".into(),
            author_name: None,
            made_at: String::new(),
            reason: String::new(),
            amended: Some(act("jonas")),
            base: 1,
            names: vec![],
            approvals: approved_by.len(),
            approved_by: approved_by.iter().map(|&each| each.to_owned()).collect(),
            lapsed: vec![],
            closed: None,
        }
    }

    #[test]
    fn what_waits_for_someone_comes_first() {
        let open = |approved_by: &[&str]| proposal(ProposalStatus::Open, approved_by);
        assert_eq!(group(&open(&[]), "ada", true), Group::Waiting);
        assert_eq!(group(&open(&["tom"]), "ada", true), Group::Waiting);
        assert_eq!(group(&open(&["ada"]), "ada", true), Group::Open);
        let lapsed = ProposalSummary { lapsed: vec!["ada".into()], ..open(&["ada", "tom"]) };
        assert_eq!(group(&lapsed, "ada", true), Group::Waiting, "it is another thing by now");
        assert_eq!(group(&lapsed, "tom", true), Group::Open);
        assert_eq!(group(&open(&[]), "ada", false), Group::Open, "nobody waits for a role that may not approve");
        assert_eq!(group(&open(&[]), "maya", true), Group::Own);
        assert_eq!(group(&open(&[]), "jonas", true), Group::Own, "whoever amended it is an author");
        assert_eq!(group(&proposal(ProposalStatus::Landed, &[]), "ada", true), Group::Closed);
        let mut groups = Group::ALL;
        groups.sort();
        assert_eq!(groups, Group::ALL);
    }

    fn kill(flag: &str, tenant: Option<&str>) -> KillView {
        KillView {
            id: "k-1".into(),
            flag: flag.into(),
            scope: KillScope { tenant: tenant.map(|tenant| vec![tenant.to_owned()]), ..KillScope::default() },
            scope_text: String::new(),
            reason: "errors".into(),
            by: "Maya".into(),
            at: String::new(),
            incident: None,
            effect: String::new(),
            degraded_variant: "off".into(),
            forward_fix: None,
            position: Position::default(),
            restored: None,
            progress: None,
        }
    }

    #[test]
    fn what_a_kill_keeps_back_is_not_called_nothing() {
        let reaches = |flags: &[&str]| -> Vec<String> { flags.iter().map(|&flag| flag.to_owned()).collect() };
        let kills = [kill("a", Some("acme")), kill("a", None), kill("b", Some("acme"))];
        let words = |flags: &[&str]| kept_back(&reaches(flags), &kills).unwrap_or_default();
        assert_eq!(words(&["c"]), "");
        assert_eq!(words(&["a", "c"]), "Nobody now: `a` is killed. Once it is restored, this change takes effect.");
        assert_eq!(words(&["b"]), "Nobody now: `b` is killed in part. Once it is restored, this change takes effect.");
        assert_eq!(
            words(&["a", "b"]),
            "Nobody now: `a` is killed, `b` is killed in part. Once they are restored, this change takes effect."
        );
        let told = |text: &str| Some(text.to_owned());
        let impact =
            Impact { flag: told("a"), from: told("killed for everyone"), to: told("10 % on"), ..Impact::default() };
        assert_eq!(restored(&impact), told("`a`: killed for everyone → 10 % on"));
        assert_eq!(restored(&Impact::default()), None);
    }

    #[test]
    fn what_is_in_the_way_is_explained() {
        let plain = |text: String| text.replace('\u{202F}', " ");
        let overtaken = ConflictView { what: "flag `a`".into(), proposal: None, change: Some(act("u")) };
        assert_eq!(
            plain(conflict(&overtaken)),
            "flag `a` was changed since this began, at revision 1 044 by Ada: “why”. This is not landed over that: amend it, to put it on top."
        );
        let rival = ConflictView { what: "flag `a`".into(), proposal: Some("p-2".into()), change: None };
        assert_eq!(conflict(&rival), "p-2 is about flag `a`, too. Whichever lands first, the other has to be amended.");
        let over = GroundView { kind: "over_budget".into(), quorum: 2, why: "at least 50 % is moved".into() };
        assert_eq!(ground(&over), "2, since it moves more than the budget allows, or may: at least 50 % is moved");
        let critical = GroundView { kind: "critical".into(), quorum: 1, why: "it reaches `a`".into() };
        assert_eq!(ground(&critical), "1, since it reaches `a`, which is critical");
        let revert = GroundView { kind: "revert".into(), quorum: 0, why: String::new() };
        assert_eq!(ground(&revert), "none, since it gives back what was there before");
    }
}
