use crate::exit::{Exit, Failure};
use crate::render::Output;
use downhaul_core::schema::json_schema;

/// Print the JSON Schema of a flag set, for editors to complete and check by
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: downhaul schema > flags.schema.json")]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args, output: &Output) -> Result<Exit, Failure> {
    let schema = serde_json::to_string_pretty(&json_schema())
        .map_err(|error| Failure::could_not_run("cannot-write", format!("cannot write the schema: {error}")))?;
    output.line(schema)?;
    Ok(Exit::Done)
}
