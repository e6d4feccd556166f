use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted};
use downhaul_control::api::{FlagPage, FlagState, FlagSummary};

/// List the flags of an environment and their state
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let page: FlagPage = block_on(control.get(&["flags"], &[]))?;
    if output.format == Format::Json {
        output.json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["FLAG", "STATE", "SERVING", "OWNER", "UNTIL"]);
    for flag in &page.flags {
        table.row([
            flag.key.clone(),
            state_word(flag.state).to_owned(),
            flag.serving.clone(),
            flag.owner.clone(),
            until_words(flag),
        ]);
    }
    table.print(output)?;
    if output.format == Format::Human {
        let kept = match page.retired.len() {
            0 => String::new(),
            retired => format!(", {retired} retired"),
        };
        let total = counted(page.flags.len(), "flag");
        output.note(format!("{total}{kept} in {} at revision {}", control.environment(), page.position.revision));
    }
    Ok(Exit::Done)
}

fn state_word(state: FlagState) -> &'static str {
    match state {
        FlagState::Live => "live",
        FlagState::Killed => "killed",
        FlagState::KilledInPart => "killed in part",
    }
}

fn until_words(flag: &FlagSummary) -> String {
    match (flag.is_review, flag.overdue) {
        (true, true) => format!("review was due {}", flag.until),
        (true, false) => format!("review {}", flag.until),
        (false, true) => format!("expired {}", flag.until),
        (false, false) => format!("expires {}", flag.until),
    }
}
