use crate::exit::{Exit, Failure};
use crate::render::Output;
use clap::ValueEnum;
use downhaul_control::release::Release;
use downhaul_core::schema::json_schema;

/// Print the JSON Schema of a flag set or a release, for editors to complete and check by
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: downhaul schema > flags.schema.json")]
pub(crate) struct Args {
    /// Of what
    #[arg(value_name = "WHAT", default_value = "flags")]
    what: Document,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Document {
    /// A flag set
    Flags,
    /// A release, with its runbook
    Release,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let schema = match args.what {
        Document::Flags => json_schema(),
        Document::Release => schemars::schema_for!(Release).to_value(),
    };
    let schema = serde_json::to_string_pretty(&schema)
        .map_err(|error| Failure::could_not_run("cannot-write", format!("cannot write the schema: {error}")))?;
    output.line(schema)?;
    Ok(Exit::Done)
}
