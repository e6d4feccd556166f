use crate::exit::{Exit, Failure};
use crate::render::Output;
use clap::ValueEnum;
use downhaul_control::policy;
use downhaul_control::release::Release;
use downhaul_control::rollout::Rollout;
use downhaul_core::schema;

/// Print the JSON Schema of a document, for editors to complete and check by
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: downhaul schema > flags.schema.json")]
pub(crate) struct Args {
    /// Which document
    #[arg(value_name = "DOCUMENT", value_enum, default_value_t = What::FlagSet)]
    what: What,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// A flag set
    FlagSet,
    /// The policy of an environment
    Policy,
    /// A release, with its runbook
    Release,
    /// A staged rollout
    Rollout,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let schema = match args.what {
        What::FlagSet => schema::json_schema(),
        What::Policy => policy::json_schema(),
        What::Release => schemars::schema_for!(Release).to_value(),
        What::Rollout => schemars::schema_for!(Rollout).to_value(),
    };
    let schema = serde_json::to_string_pretty(&schema)
        .map_err(|error| Failure::could_not_run("cannot-write", format!("cannot write the schema: {error}")))?;
    output.line(schema)?;
    Ok(Exit::Done)
}
