use crate::render::{Format, milliseconds, one_line};
use downhaul_control::api::{RunStepView, RunView};
use owo_colors::OwoColorize;

/// `running step 2`, `held at step 2: …`, `done`.
pub(super) fn standing(run: &RunView) -> String {
    let step = run.step.unwrap_or_default();
    match (run.phase.as_str(), &run.verdict) {
        (_, Some(verdict)) => verdict.clone(),
        ("running", None) => format!("running step {step}"),
        ("awaiting-go", None) => format!("step {step} waits for a go"),
        ("held", None) => format!("held at step {step}"),
        ("unwinding", None) => "putting back what it took away".to_owned(),
        (other, None) => other.to_owned(),
    }
}

/// A run, each step with its time.
pub(super) fn whole(run: &RunView, format: Format) -> Vec<String> {
    let mut lines = vec![format!(
        "{} of `{}`: {}, {} of {} s, by {}: {}",
        run.id,
        run.subject.key(),
        standing(run),
        time(run.elapsed_ms),
        run.objective_seconds,
        run.by,
        run.reason
    )];
    lines.extend(run.steps.iter().map(|step| step_line(step, format)));
    if let Some(why) = &run.held {
        lines.push(format!("held: {}", one_line(why)));
    }
    for call in &run.calls {
        let through = match call.through {
            Some(true) => "told",
            Some(false) => "could not be told",
            None => "is being told",
        };
        lines.push(format!("`{}` {through}: {}", call.target, one_line(&call.message)));
    }
    lines
}

/// ` 2  done      4.1 s  redeploy the previous artifact by `deploy``
pub(super) fn step_line(step: &RunStepView, format: Format) -> String {
    let took = step.took_ms.map(time).unwrap_or_default();
    let detail = one_line(&step.detail);
    if format == Format::Plain {
        return [&step.number.to_string(), &step.state, &took, &step.what, &detail].map(String::as_str).join("\t");
    }
    let state = format!("{:<8}", step.state);
    let state = match step.state.as_str() {
        "done" => state.green().to_string(),
        "failed" => state.red().to_string(),
        "running" => state.bold().to_string(),
        _ => state.dimmed().to_string(),
    };
    let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
    format!("{:>3}  {state} {took:>8}  {}{detail}", step.number, step.what)
}

fn time(took: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a time for reading")]
    milliseconds(took as f64)
}

/// The line that is redrawn while a step runs.
pub(super) fn live(run: &RunView) -> String {
    let Some(step) = run.step.and_then(|number| run.steps.get(number.saturating_sub(1))) else {
        return standing(run);
    };
    let detail = if step.detail.is_empty() { String::new() } else { format!(": {}", one_line(&step.detail)) };
    format!("step {} of {}: {}{detail}", step.number, run.steps.len(), step.what)
}
