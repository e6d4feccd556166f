use crate::exit::{Exit, Failure};
use crate::input::now::Now;
use crate::input::overrides::Override;
use crate::input::server::ServerArgs;
use crate::input::{context, document};
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_blast::strict_json;
use downhaul_control::api::{ExplainRequest, ExplainResponse};
use downhaul_core::explain::Explainer;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::path::PathBuf;

/// Show why a context gets what it gets: the X-ray of one decision
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  downhaul explain --flags flags.json --flag checkout-v2 --context '{\"tenant\": \"acme\"}'\n  downhaul explain --at 2026-11-23T14:05:00Z --flag checkout-v2 --context '{\"targetingKey\": \"user-7\"}'"
)]
pub(crate) struct Args {
    /// File or folder of a flag set (.json .yaml .yml); `-` is standard input (repeatable)
    ///
    /// Without it the control plane is asked, about now or about the past.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["at", "revision"])]
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
    #[arg(long = "degraded", value_name = "FLAG=CAUSE", requires = "flags")]
    overrides: Vec<Override>,
    /// What it was at this time (RFC 3339); a context without `now` is given this time
    #[arg(long, value_name = "TIME", conflicts_with = "revision")]
    at: Option<Timestamp>,
    /// What it was at this revision; a context without `now` is given the time when it was made
    #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(u64).range(1..))]
    revision: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let mut context = strict_json::object(context::argument(&args.context)?.trim_ascii())
        .map_err(|malformed| Failure::invalid(malformed.code, malformed.message).help(malformed.help))?;
    if let Some(Now(now)) = &args.now {
        context.entry("now").or_insert_with(|| now.clone());
    }
    if args.flags.is_empty() {
        return ask(args, context, output);
    }
    let loaded = document::load(&args.flags)?;
    output.warnings(&loaded.warnings, &loaded.texts);
    document::flag(loaded.valid.document(), &args.flag)?;
    for each in &args.overrides {
        document::flag(loaded.valid.document(), &each.flag)?;
    }
    let overrides = args.overrides.iter().map(|each| (each.flag.clone(), each.cause)).collect();
    let xray = Explainer::new(&loaded.valid).explain(&args.flag, &context, &overrides);
    match output.format {
        Format::Json => output.json(&xray)?,
        Format::Human | Format::Plain => output.line(xray.to_string().trim_end())?,
    }
    Ok(Exit::Done)
}

fn ask(args: &Args, context: Map<String, Value>, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let request = ExplainRequest {
        flag: args.flag.clone(),
        context: Value::Object(context),
        revision: args.revision,
        at: args.at.map(|at| at.to_string()),
    };
    let answer: ExplainResponse = block_on(control.post(&["explain"], &request))?;
    match output.format {
        Format::Json => output.json(&answer.xray)?,
        Format::Human | Format::Plain => {
            let made = answer.made_at.map(|at| format!(" of {at}")).unwrap_or_default();
            output.note(format!("{}, revision {}{made}", control.environment(), answer.revision));
            output.line(answer.text.trim_end())?;
        }
    }
    Ok(Exit::Done)
}
