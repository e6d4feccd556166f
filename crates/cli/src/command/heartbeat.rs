use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted, grouped, milliseconds, percent};
use downhaul_control::api::HeartbeatView;

/// Beats that are shown.
const SHOWN: usize = 10;

/// Show how long kills take, as the heartbeat flag measures it all the time
#[derive(Debug, clap::Args)]
#[command(after_help = "The policy names the flag: { \"heartbeat\": { \"flag\": \"pulse\", \"every_seconds\": 600 } }")]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let view: HeartbeatView = block_on(control.get(&["heartbeat"], &[]))?;
    if output.format == Format::Json {
        output.json(&view)?;
        return Ok(Exit::Done);
    }
    output.line(head(&view, control.environment()))?;
    if let Some(why) = &view.paused {
        output.line(format!("no beat now: {why}"))?;
    }
    if let (Some(p50), Some(p99), Some(slowest)) = (view.p50_ms, view.p99_ms, view.slowest_ms) {
        let [p50, p99, slowest] = [p50, p99, slowest].map(milliseconds);
        let beats = counted(view.beats.len(), "beat");
        output.line(format!("acknowledged after p50 {p50}, p99 {p99}, slowest {slowest}, over {beats}"))?;
    }
    if !view.distribution.is_empty() {
        within(&view).print(output)?;
    }
    if !view.beats.is_empty() {
        beats(&view).print(output)?;
    }
    Ok(Exit::Done)
}

fn head(view: &HeartbeatView, environment: &str) -> String {
    match (&view.flag, view.every_seconds) {
        (Some(flag), Some(every)) => format!("`{flag}` beats every {every} s in {environment}"),
        _ => format!("nothing beats in {environment}; its policy names no heartbeat flag"),
    }
}

/// How many had it after how long.
fn within(view: &HeartbeatView) -> Table {
    let all = view.distribution.last().map_or(0, |last| last.acknowledgements);
    let mut table = Table::new(&["WITHIN", "CLIENTS", "SHARE"]);
    for each in &view.distribution {
        table.row([
            milliseconds(each.ms),
            format!("{} of {}", grouped(each.acknowledgements), grouped(all)),
            percent(each.acknowledgements, all),
        ]);
    }
    table
}

fn beats(view: &HeartbeatView) -> Table {
    let mut table = Table::new(&["BEAT", "AT", "DARK", "MISSING", "P50", "P99", "SLOWEST"]);
    for beat in view.beats.iter().take(SHOWN) {
        let time = |time: Option<f64>| time.map(milliseconds).unwrap_or_default();
        table.row([
            beat.kill.clone(),
            beat.at.clone(),
            beat.dark.to_string(),
            beat.missing.to_string(),
            time(beat.p50_ms),
            time(beat.p99_ms),
            time(beat.slowest_ms),
        ]);
    }
    table
}
