use crate::render::{Format, one_line};
use downhaul_control::api::{GateView, RolloutSummary, RolloutView, StageApproval, StageView};
use owo_colors::OwoColorize;

/// Whether a rollout that stands so has ended.
pub(super) fn is_over(standing: &str) -> bool {
    matches!(standing, "complete" | "rolled-back" | "ended")
}

/// A rollout, each stage in a line.
pub(super) fn whole(view: &RolloutView, format: Format) -> Vec<String> {
    let mut lines = vec![headline(&view.summary)];
    lines.extend(view.stages.iter().map(|stage| stage_line(stage, format)));
    lines.extend(view.gates.iter().map(gate));
    lines.extend(view.approval.iter().flat_map(approvals));
    lines
}

/// ``ro-1 of `checkout-v2`: `on`, stage 2 of 4, bakes until …; started by admin: the new checkout``
pub(super) fn headline(summary: &RolloutSummary) -> String {
    let RolloutSummary { id, flag, variant, stage, stage_count, standing, started, .. } = summary;
    let by = started.actor_name.as_ref().unwrap_or(&started.actor);
    let (standing, reason) = (one_line(&standing.words), one_line(&started.reason));
    format!("{id} of `{flag}`: `{variant}`, stage {stage} of {stage_count}, {standing}; started by {by}: {reason}")
}

/// ` 2  current  5 % of everyone, bakes for 600 s`
pub(super) fn stage_line(stage: &StageView, format: Format) -> String {
    let mut what = vec![stage.cohort.clone()];
    if stage.approvals > 0 {
        what.push(format!("asks for {} approval{}", stage.approvals, if stage.approvals == 1 { "" } else { "s" }));
    }
    what.push(format!("bakes for {} s", stage.bake_seconds));
    what.extend(stage.gates.iter().map(|gate| format!("left when {gate}")));
    if format == Format::Plain {
        return [&stage.number.to_string(), &stage.state, &stage.name, &what.join(", ")].map(String::as_str).join("\t");
    }
    let state = format!("{:<10}", stage.state.replace('-', " "));
    let state = match stage.state.as_str() {
        "current" => state.bold().to_string(),
        "passed" => state.green().to_string(),
        _ => state.dimmed().to_string(),
    };
    let name = if stage.name.is_empty() { String::new() } else { format!("{}: ", one_line(&stage.name)) };
    format!("{:>3}  {state}  {name}{}", stage.number, what.join(", "))
}

fn gate(gate: &GateView) -> String {
    let name = &gate.name;
    match (&gate.problem, gate.value) {
        (Some(problem), _) => format!("gate `{name}`: {}", one_line(problem)),
        (None, Some(value)) if gate.holds => {
            format!("gate `{name}`: read {value}, holds for {} s", gate.held_ms / 1000)
        }
        (None, value) => format!("gate `{name}`: read {}, does not hold", value.unwrap_or(f64::NAN)),
    }
}

fn approvals(approval: &StageApproval) -> Vec<String> {
    let StageApproval { stage, digest, needed, counting, approvals } = approval;
    let mut lines = vec![format!("stage {stage} has {counting} of {needed} approvals; its digest is {digest}")];
    for each in approvals {
        let by = each.act.actor_name.as_ref().unwrap_or(&each.act.actor);
        let void = each.void.as_ref().map(|why| format!("; does not count: {}", one_line(why))).unwrap_or_default();
        lines.push(format!("  {by} at {}: {}{void}", each.act.at, one_line(&each.act.reason)));
    }
    lines
}

/// What somebody could do now.
pub(super) fn hints(view: &RolloutView) -> Vec<String> {
    let RolloutSummary { id, standing, .. } = &view.summary;
    match (standing.kind.as_str(), standing.held.as_deref()) {
        ("approval", _) => vec![format!("someone else approves it: downhaul rollout approve {id} --reason …")],
        ("paused", _) => vec![format!("go on with: downhaul rollout resume {id} --reason …")],
        ("held", Some("edited")) => vec![format!(
            "go on from the flag as it is with `downhaul rollout resume {id}`, or leave it so with `downhaul rollout end {id}`"
        )],
        ("baking", _) => vec![format!("follow it: downhaul rollout show {id} --follow")],
        _ => Vec::new(),
    }
}
