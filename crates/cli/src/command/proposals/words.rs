//! A proposal in words.

use crate::command::plan;
use crate::render::Format;
use downhaul_blast::plan::Plan;
use downhaul_control::api::{
    ActView, ApprovalView, ConflictView, GroundView, ProposalNow, ProposalStatus, ProposalSummary, ProposalView,
};

/// All of it.
pub(super) fn whole(view: &ProposalView, format: Format) -> Vec<String> {
    let ProposalView { proposal, now, approvals, .. } = view;
    let ProposalSummary { id, status, summary, made_at, reason, amended, base, closed, .. } = proposal;
    let mut lines = vec![
        format!("{id}, {}: {summary}", status.as_str()),
        line("author:", &format!("{}, at {made_at}", name(&proposal.author, proposal.author_name.as_ref()))),
        line("reason:", reason),
    ];
    lines.extend(amended.as_ref().map(|amended| line("amended:", &act(amended))));
    lines.push(line("base:", &format!("revision {base}")));
    lines.extend(closed.as_ref().map(|closed| line(&format!("{}:", status.as_str()), &act(closed))));
    if let Some(now) = now {
        lines.push(line("approved:", &self::approvals(now)));
    }
    lines.extend(approvals.iter().map(approval));
    let Some(now) = now else { return lines };
    if !now.reaches.is_empty() {
        lines.push(line("reaches:", &now.reaches.join(", ")));
    }
    lines.extend(conflicts(now));
    if let Some(blocked) = now.blocked.as_ref().filter(|blocked| blocked.code != "needs-approval") {
        lines.push(line("blocked:", &format!("{} ({})", blocked.detail, blocked.code)));
    }
    if let Some(impact) = &now.impact {
        lines.extend(impact.edits.iter().map(|words| line("edits:", words)));
    }
    lines.extend(now.digest.as_ref().map(|digest| line("digest:", digest)));
    let plan = now.plan.as_ref().and_then(|plan| serde_json::from_value::<Plan>(plan.clone()).ok());
    if let Some(plan) = plan {
        lines.push(String::new());
        lines.extend(plan::lines(&plan, format));
    }
    lines.push(String::new());
    lines.push(next(proposal, now));
    lines
}

/// `1 of 2, for critical (it reaches `checkout-v2`)`
pub(super) fn approvals(now: &ProposalNow) -> String {
    if now.digest.is_none() {
        return "it could not be carried out as things are".to_owned();
    }
    if now.quorum == 0 {
        return "the policy asks for no approval".to_owned();
    }
    let ground = |GroundView { kind, why, .. }: &GroundView| {
        if why.is_empty() { kind.clone() } else { format!("{kind} ({why})") }
    };
    let grounds: Vec<String> = now.grounds.iter().map(ground).collect();
    let plural = if now.quorum == 1 { "" } else { "s" };
    format!("{} of {} approval{plural}, for {}", now.counting, now.quorum, grounds.join(" and "))
}

pub(super) fn conflicts(now: &ProposalNow) -> Vec<String> {
    let words = |ConflictView { what, proposal, change }: &ConflictView| match (proposal, change) {
        (Some(id), _) => format!("{id} is about {what} too; whichever lands first, the other has to be amended"),
        (None, Some(change)) => format!("{what} was changed since, {}", act(change)),
        (None, None) => what.clone(),
    };
    now.conflicts.iter().map(|conflict| line("conflict:", &words(conflict))).collect()
}

/// What to do now.
pub(super) fn next(proposal: &ProposalSummary, now: &ProposalNow) -> String {
    let id = &proposal.id;
    match &now.blocked {
        _ if proposal.status != ProposalStatus::Open => String::new(),
        None => format!("carry it out: `downhaul land {id}`"),
        Some(blocked) if blocked.code == "needs-approval" => {
            format!("someone else who is approver: `downhaul approve {id} --reason …`")
        }
        Some(blocked) => blocked.help.clone(),
    }
}

fn approval(ApprovalView { act: given, counts, void }: &ApprovalView) -> String {
    let counts = match (counts, void) {
        (Some(false), Some(void)) => format!(", does not count: {void}"),
        _ => String::new(),
    };
    line("", &format!("{}{counts}", act(given)))
}

fn act(act: &ActView) -> String {
    let by = name(&act.actor, act.actor_name.as_ref());
    format!("by {by} at revision {}: {}", act.revision, act.reason)
}

/// The name if it is known, else the opaque id.
pub(super) fn name<'a>(actor: &'a str, name: Option<&'a String>) -> &'a str {
    name.map_or(actor, String::as_str)
}

fn line(name: &str, text: &str) -> String {
    format!("{name:<10} {text}")
}
