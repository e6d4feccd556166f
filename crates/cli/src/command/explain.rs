use crate::exit::{Exit, Failure};
use crate::input::now::Now;
use crate::input::overrides::Override;
use crate::input::{context, document, strict_json};
use crate::render::{Format, Output};
use downhaul_core::explain::Explainer;
use std::path::PathBuf;

/// Show why a context gets what it gets: the X-ray of one decision
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: downhaul explain --flags flags.json --flag checkout-v2 --context '{\"tenant\": \"acme\"}'"
)]
pub(crate) struct Args {
    /// File or folder of a flag set (.json .yaml .yml); `-` is standard input (repeatable)
    #[arg(long, required = true, value_name = "PATH")]
    flags: Vec<PathBuf>,
    /// The flag to explain
    #[arg(long, value_name = "KEY")]
    flag: String,
    /// The evaluation context as JSON, or `@` and the path of a file that holds it
    #[arg(long, value_name = "JSON|@FILE")]
    context: String,
    /// Give a context without an attribute `now` this time (RFC 3339 or epoch milliseconds); the clock's where left out
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "clock")]
    now: Option<Now>,
    /// Take a flag for degraded by the client: stale, breaker or crash-loop (repeatable)
    #[arg(long = "degraded", value_name = "FLAG=CAUSE")]
    overrides: Vec<Override>,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let loaded = document::load(&args.flags)?;
    output.warnings(&loaded.warnings, &loaded.texts);
    document::flag(loaded.valid.document(), &args.flag)?;
    for each in &args.overrides {
        document::flag(loaded.valid.document(), &each.flag)?;
    }
    let mut context = strict_json::object(context::argument(&args.context)?.trim_ascii())
        .map_err(|malformed| Failure::invalid(malformed.code, malformed.message).help(malformed.help))?;
    if let Some(Now(now)) = &args.now {
        context.entry("now").or_insert_with(|| now.clone());
    }
    let overrides = args.overrides.iter().map(|each| (each.flag.clone(), each.cause)).collect();
    let xray = Explainer::new(&loaded.valid).explain(&args.flag, &context, &overrides);
    match output.format {
        Format::Json => output.json(&xray)?,
        Format::Human | Format::Plain => output.line(xray.to_string().trim_end())?,
    }
    Ok(Exit::Done)
}
