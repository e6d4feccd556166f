use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, kind_word};
use downhaul_control::api::{BreakerPage, FleetBreakerView, Trust};

/// Show the circuit breakers of the fleet: which are open where, and what the control plane does about it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Ends with exit status 4 while so many flags fail that nothing is killed by itself, or a kill by itself is withheld.\nExample: downhaul breakers recommendations"
)]
pub(crate) struct Args {
    /// Of this flag alone
    #[arg(value_name = "FLAG")]
    flag: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let query: Vec<_> = args.flag.iter().map(|flag| ("flag", flag.clone())).collect();
    let page: BreakerPage = block_on(control.get(&["breakers"], &query))?;
    let exit = if page.panic.is_some() || !page.withheld.is_empty() { Exit::NotGood } else { Exit::Done };
    if output.format == Format::Json {
        output.json(&page)?;
        return Ok(exit);
    }
    if let Some(panic) = &page.panic {
        output.line(format!(
            "since {} {} of {} guarded flags fail at once: what they share is at fault; nothing is killed by itself, and rollouts are paused",
            panic.since,
            panic.failing.len(),
            panic.guarded
        ))?;
    }
    for withheld in &page.withheld {
        let kept = if withheld.why == "notice" { "says" } else { "would have killed" };
        output.line(format!(
            "since {} {} of {} {kept}: {}",
            withheld.since, withheld.by, withheld.flag, withheld.words
        ))?;
    }
    if !page.breakers.is_empty() {
        instances(&page).print(output)?;
    }
    for fleet in &page.fleet {
        output.line(words(fleet))?;
    }
    if page.breakers.is_empty() {
        output.note(format!("no client in {} told of a breaker within three minutes", control.environment()));
    }
    output.note(format!("{} kills that nobody asks for are allowed now", page.automatic_left));
    Ok(exit)
}

fn instances(page: &BreakerPage) -> Table {
    let mut table = Table::new(&["FLAG", "VARIANT", "CLIENTS", "INSTANCES", "OPEN", "CALLS FAILED", "TO THE FALLBACK"]);
    for view in &page.breakers {
        let claimed = if view.trust == Trust::Claimed { " (claimed)" } else { "" };
        table.row([
            view.flag.clone(),
            view.variant.clone(),
            format!("{}{claimed}", kind_word(view.kind)),
            view.instances.to_string(),
            format!("{} ({})", view.open + view.half_open, share(view.open_share)),
            format!("{} of {}", view.failed, view.ok + view.failed),
            view.degraded.to_string(),
        ]);
    }
    table
}

fn share(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

/// ``for the fleet, `recommendations` `on`: 4 of 31 open, 3 are needed …: kills it``
fn words(view: &FleetBreakerView) -> String {
    let FleetBreakerView { flag, variant, heard, open, needed, .. } = view;
    let does = match (view.mode.as_str(), view.reached) {
        ("kill", true) => "kills it",
        ("kill", false) => "would kill it",
        (_, true) => "says so",
        (_, false) => "would say so",
    };
    format!(
        "for everyone, `{flag}` `{variant}`: open in {open} of {heard} servers and edges; with {needed} of several regions or versions it {does}"
    )
}
