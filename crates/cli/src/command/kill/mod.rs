mod words;

use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, Events, block_on};
use crate::render::{Format, Output};
use downhaul_control::api::{ConsoleEvent, KillRequest, KillScope, KillView};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::OwoColorize;
use std::time::Duration;
pub(crate) use words::fix_words;
use words::{live_words, one_way_words, report};

/// How long `--wait` waits where no time is given.
const WAIT_SECONDS: &str = "60";
/// How often progress is asked for beside the stream, which may break off.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Turn a flag off: everyone in the scope gets its degraded variant at once
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without a scope the flag is off for everyone. Parts of a scope must all hold; of the values of one part any."
)]
pub(crate) struct Args {
    flag: String,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// Only for this tenant (repeatable)
    #[arg(long, value_name = "TENANT", help_heading = "Scope")]
    tenant: Vec<String>,
    /// Only within this region (repeatable)
    #[arg(long, value_name = "REGION", help_heading = "Scope")]
    region: Vec<String>,
    /// Only in this segment (repeatable)
    #[arg(long, value_name = "SEGMENT", help_heading = "Scope")]
    segment: Vec<String>,
    /// Only where this variant would be served (repeatable)
    #[arg(long, value_name = "VARIANT", help_heading = "Scope")]
    variant: Vec<String>,
    /// The incident that it belongs to
    #[arg(long, value_name = "ID")]
    incident: Option<String>,
    /// Wait until every client is dark, at most so many seconds (60 unless given)
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = WAIT_SECONDS)]
    wait: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    block_on(kill(args, &control, output))
}

async fn kill(args: &Args, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    // Nothing is asked before the kill is sent: it must not wait for an answer that it does not need.
    let request = KillRequest {
        flag: args.flag.clone(),
        scope: scope(args),
        reason: args.reason.clone(),
        incident: args.incident.clone(),
    };
    let made: KillView = control.post(&["kills"], &request).await?;
    if output.format != Format::Json {
        announce(&made, control.environment(), output)?;
    }
    let Some(seconds) = args.wait else {
        if output.format == Format::Json {
            output.json(&made)?;
        }
        return Ok(Exit::Done);
    };
    let last = wait(&made, Duration::from_secs(seconds), control, output).await?;
    match output.format {
        Format::Json => output.json(&last)?,
        Format::Human | Format::Plain => report(&last).iter().try_for_each(|line| output.line(line))?,
    }
    match &last.progress {
        Some(progress) if progress.complete => Ok(Exit::Done),
        Some(progress) => {
            let missing = progress.live.saturating_sub(progress.dark) + progress.unknown;
            let message = format!(
                "`{}` is killed, but {} not confirmed it within {seconds} s",
                last.flag,
                if missing == 1 { "1 client has".to_owned() } else { format!("{missing} clients have") },
            );
            Err(Failure::could_not_run("not-dark-yet", message).help(format!(
                "the kill stands; watch with `downhaul status --watch`, restore with `downhaul restore {}`",
                last.id
            )))
        }
        None => Err(Failure::could_not_run(
            "not-measured",
            format!("`{}` is killed, but its progress is not measured", last.flag),
        )
        .help("the control plane has restarted since; see `downhaul status` for what clients run")),
    }
}

fn scope(args: &Args) -> KillScope {
    let part = |values: &[String]| (!values.is_empty()).then(|| values.to_vec());
    KillScope {
        tenant: part(&args.tenant),
        region: part(&args.region),
        segment: part(&args.segment),
        variant: part(&args.variant),
    }
}

/// The effect first: what people will see, then what was done.
fn announce(kill: &KillView, environment: &str, output: &Output) -> Result<(), Failure> {
    let revision = kill.position.revision;
    if output.format == Format::Human {
        output.line(kill.effect.bold().to_string())?;
        let (flag, scope) = (&kill.flag, &kill.scope_text);
        output.line(format!("killed `{flag}` for {scope} in {environment} ({}, revision {revision})", kill.id))?;
        if let Some(fix) = &kill.forward_fix {
            output.line(one_way_words(flag, fix))?;
        }
        output.note(format!("restore: downhaul restore {} --reason …", kill.id));
        return Ok(());
    }
    for (name, value) in [
        ("effect", &kill.effect),
        ("kill", &kill.id),
        ("flag", &kill.flag),
        ("scope", &kill.scope_text),
        ("revision", &revision.to_string()),
    ] {
        output.line(format!("{name}: {value}"))?;
    }
    if let Some(fix) = &kill.forward_fix {
        output.line(format!("forward-fix-only: {}", fix_words(fix)))?;
    }
    Ok(())
}

/// Follows the kill until it is complete or `limit` has passed, and gives it as it was last.
async fn wait(made: &KillView, limit: Duration, control: &ControlPlane, output: &Output) -> Result<KillView, Failure> {
    let bar = progress_line(output);
    let mut last = made.clone();
    // Without the stream the questions below still give the count, a little later.
    let mut events = control.events().await.ok();
    let follow = async {
        loop {
            if let Ok(kill) = control.get::<KillView>(&["kills", &made.id], &[]).await {
                last = kill;
            }
            if is_over(&last) {
                return;
            }
            bar.set_message(live_words(&last));
            if let Some(kill) = next_progress(&mut events, &made.id).await {
                last = kill;
                bar.set_message(live_words(&last));
                if is_over(&last) {
                    return;
                }
            }
        }
    };
    let _ = tokio::time::timeout(limit, follow).await;
    bar.finish_and_clear();
    Ok(last)
}

/// The kill's next progress from the stream, or `None` once it is time to ask again.
async fn next_progress(events: &mut Option<Events>, id: &str) -> Option<KillView> {
    let from_stream = async {
        while let Some(stream) = events {
            match stream.next().await {
                Ok(Some(ConsoleEvent::KillProgress { kill })) if kill.id == id => return Some(*kill),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => *events = None,
            }
        }
        std::future::pending().await
    };
    tokio::time::timeout(ASK_EVERY, from_stream).await.ok().flatten()
}

fn is_over(kill: &KillView) -> bool {
    kill.restored.is_some() || kill.progress.as_ref().is_some_and(|progress| progress.complete)
}

/// A line that is redrawn in place; hidden where standard error is no terminal or the output is for a program.
fn progress_line(output: &Output) -> ProgressBar {
    let target =
        if output.format == Format::Human { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
