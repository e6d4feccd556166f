use crate::exit::{Exit, Failure};
use crate::input::context::Known;
use crate::input::document;
use crate::render::{Format, Output, counted};
use downhaul_core::specialise::specialise;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Print what is left of a flag set once some attributes are known
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: downhaul specialise flags.json --known tenant=acme --known region=eu-west")]
pub(crate) struct Args {
    /// Files or folders of a flag set (.json .yaml .yml); `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// An attribute that is known; the value is JSON if it reads as such, else text (repeatable)
    #[arg(long, value_name = "NAME=VALUE")]
    known: Vec<Known>,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let loaded = document::load(&args.paths)?;
    output.warnings(&loaded.warnings, &loaded.texts);
    let known: BTreeMap<String, Value> =
        args.known.iter().map(|known| (known.name.clone(), known.value.clone())).collect();
    let residual = specialise(loaded.valid.document(), &known).minimal();
    let json = residual.to_json().map_err(|error| unwritable(&error))?;
    match output.format {
        Format::Json => output.json(&json)?,
        Format::Human | Format::Plain => {
            output.line(serde_json::to_string_pretty(&json).map_err(|error| unwritable(&error))?)?;
            let rules =
                |flags: &[downhaul_core::document::Flag]| flags.iter().map(|flag| flag.rules.len()).sum::<usize>();
            let (before, after) = (rules(&loaded.valid.document().flags), rules(&residual.document.flags));
            output.note(format!("{after} of {} left", counted(before, "rule")));
        }
    }
    Ok(Exit::Done)
}

fn unwritable(error: &serde_json::Error) -> Failure {
    Failure::could_not_run("cannot-write", format!("cannot write the flag set: {error}"))
}
