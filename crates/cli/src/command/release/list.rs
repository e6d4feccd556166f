use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted};
use downhaul_control::api::ReleasePage;

/// List releases, the newest first
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let page: ReleasePage = block_on(control.get(&["releases"], &[]))?;
    if output.format == Format::Json {
        output.json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["RELEASE", "STATE", "FLAGS", "OWNER", "LAST DRILL", "PUT", "BY"]);
    for release in &page.releases {
        let state = match &release.running {
            Some(run) => format!("rolling back ({run})"),
            None if release.retired => "retired".to_owned(),
            None => "live".to_owned(),
        };
        let drill = release.last_drill.as_ref().map_or("never".to_owned(), |drill| {
            let independent = if drill.independent { ", independent" } else { "" };
            format!("{}{independent}", drill.at.chars().take("YYYY-MM-DD".len()).collect::<String>())
        });
        let (flags, owner) = (release.flags.join(" "), release.owner.clone());
        table.row([release.key.clone(), state, flags, owner, drill, release.at.clone(), release.by.clone()]);
    }
    if !page.releases.is_empty() {
        table.print(output)?;
    }
    let count = counted(page.releases.len(), "release");
    output.note(format!("{count} in {} at revision {}", control.environment(), page.position.revision));
    Ok(Exit::Done)
}
