use super::words;
use crate::exit::{Exit, Failure};
use crate::remote::{ControlPlane, Events};
use crate::render::{Format, Output};
use dialoguer::Confirm;
use dialoguer::theme::SimpleTheme;
use downhaul_control::api::{ConsoleEvent, RunActRequest, RunView};
use downhaul_control::runbook::Purpose;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// How often is asked beside the stream.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// When following ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// At the end of the run, or where it is held; questions are asked at a terminal.
    UntilHeld,
    /// At the end of the run. Nothing is asked: someone else runs it.
    UntilEnded,
    /// As [`Follow::UntilHeld`]; what the whole has shown is said elsewhere.
    Drill,
}

/// Shows each step as it ends, and a stopwatch meanwhile.
pub(crate) async fn follow(
    run: RunView,
    until: Follow,
    control: &ControlPlane,
    output: &Output,
) -> Result<Exit, Failure> {
    let stopwatch = stopwatch(&run, output);
    let mut shown = Shown::default();
    let mut run = run;
    let mut events = control.events().await.ok();
    let over = loop {
        shown.news(&run, &stopwatch, output)?;
        if run.phase == "ended" || (run.phase == "held" && until != Follow::UntilEnded) {
            break run;
        }
        if until != Follow::UntilEnded
            && let Some(act) = question(&run, &stopwatch)?
        {
            let request = RunActRequest { step: run.step, note: String::new() };
            // Someone else may have been first; what is so then is shown next.
            if let Ok(next) = control.post::<RunView>(&["runs", &run.id, act], &request).await {
                run = next;
                continue;
            }
        }
        stopwatch.set_message(words::live(&run));
        next_event(&mut events).await;
        // A server that restarts comes back, and the run goes on.
        if let Ok(next) = control.get::<RunView>(&["runs", &run.id], &[]).await {
            run = next;
        }
    };
    stopwatch.finish_and_clear();
    conclude(&over, until, output)
}

/// What has been said already.
#[derive(Debug, Default)]
struct Shown {
    /// Steps and attempts whose end was shown.
    ended: Vec<(usize, u32)>,
    waits: Option<(usize, String)>,
}

impl Shown {
    fn news(&mut self, run: &RunView, stopwatch: &ProgressBar, output: &Output) -> Result<(), Failure> {
        for step in &run.steps {
            let ended = matches!(step.state.as_str(), "done" | "failed" | "skipped");
            let known = (step.number, step.attempt);
            if ended && !self.ended.contains(&known) {
                self.ended.push(known);
                if output.format != Format::Json {
                    stopwatch.suspend(|| output.line(words::step_line(step, output.format)))?;
                }
            }
        }
        // Who has no terminal is told how to answer, once.
        let step = run.step.unwrap_or_default();
        let waits = match (run.phase.as_str(), run.steps.get(step.saturating_sub(1))) {
            ("awaiting-go", Some(_)) => Some((step, format!("downhaul runs go {} --step {step}", run.id))),
            ("running", Some(of)) if of.kind == "manual" => {
                Some((step, format!("downhaul runs confirm {} --step {step}", run.id)))
            }
            _ => None,
        };
        if let Some((step, how)) = waits.as_ref().filter(|waits| self.waits.as_ref() != Some(waits)) {
            stopwatch.suspend(|| output.note(format!("step {step} waits for a person: {how}")));
        }
        self.waits = waits;
        Ok(())
    }
}

/// Asks at a terminal what the run waits for; the act that follows from the answer.
fn question(run: &RunView, stopwatch: &ProgressBar) -> Result<Option<&'static str>, Failure> {
    let Some(step) = run.step.and_then(|number| run.steps.get(number.saturating_sub(1))) else { return Ok(None) };
    let (prompt, yes, no) = match run.phase.as_str() {
        "awaiting-go" => (format!("Begin step {}: {}?", step.number, step.what), "go", "abort"),
        "running" if step.kind == "manual" => {
            (format!("Step {}, {}: done?", step.number, step.what), "confirm", "fail")
        }
        _ => return Ok(None),
    };
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let asked = stopwatch.suspend(|| Confirm::with_theme(&SimpleTheme).with_prompt(prompt).interact());
    match asked {
        Ok(true) => Ok(Some(yes)),
        Ok(false) => Ok(Some(no)),
        Err(dialoguer::Error::IO(error)) => {
            Err(Failure::could_not_run("not-answered", format!("the question was not answered: {error}"))
                .help(format!("the run goes on; follow it with `downhaul runs follow {}`", run.id)))
        }
    }
}

/// Ends with the next change, and else once it is time to ask again.
pub(crate) async fn next_event(events: &mut Option<Events>) {
    let change = async {
        while let Some(stream) = events {
            match stream.next().await {
                Ok(Some(ConsoleEvent::Change { .. } | ConsoleEvent::KillProgress { .. })) => return,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => *events = None,
            }
        }
        std::future::pending().await
    };
    let _ = tokio::time::timeout(ASK_EVERY, change).await;
}

fn conclude(run: &RunView, until: Follow, output: &Output) -> Result<Exit, Failure> {
    if output.format == Format::Json {
        // Of a drill more is said than of its run.
        if until == Follow::Drill {
            return Ok(Exit::NotGood);
        }
        output.json(run)?;
        return Ok(if run.verdict.as_deref() == Some("done") { Exit::Done } else { Exit::NotGood });
    }
    if let Some(why) = &run.held {
        output.note(format!("held at step {}: {why}", run.step.unwrap_or_default()));
        let id = &run.id;
        let again = match run.purpose {
            Purpose::Rollback => format!("downhaul rollback {} --resume", run.subject.key()),
            Purpose::Drill => format!("downhaul runs retry {id}"),
        };
        output.note(format!(
            "go on with `{again}` or `downhaul runs skip {id}`, or end it with `downhaul runs abort {id}`"
        ));
        return Ok(Exit::NotGood);
    }
    if until == Follow::Drill {
        return Ok(Exit::NotGood);
    }
    let verdict = run.verdict.clone().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a time for reading")]
    let took = crate::render::milliseconds(run.elapsed_ms as f64);
    let within = if run.elapsed_ms <= u64::from(run.objective_seconds) * 1000 { "within" } else { "beyond" };
    output.line(format!("{verdict} after {took}, {within} the objective of {} s", run.objective_seconds))?;
    Ok(if verdict == "done" { Exit::Done } else { Exit::NotGood })
}

/// A line that is redrawn in place, with the time since the run began.
fn stopwatch(run: &RunView, output: &Output) -> ProgressBar {
    let target =
        if output.format == Format::Human { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target).with_elapsed(Duration::from_millis(run.elapsed_ms));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
