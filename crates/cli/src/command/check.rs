use crate::exit::{Exit, Failure};
use crate::input::{document, sources};
use crate::render::{Format, Output, counted, human, plain_line};
use downhaul_blast::exact::{Options, lints};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::FlagSet;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::path::PathBuf;

/// Check a flag set and report all problems at once
#[derive(Debug, clap::Args)]
#[command(after_help = "Errors end with exit status 3. Warnings, such as a passed date, do not.")]
pub(crate) struct Args {
    /// Files or folders of a flag set (.json .yaml .yml); `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The date to compare `expires` and `review` with; today (UTC) unless given
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    /// Do not look for what is said in vain: rules that are never reached, conditions that never hold
    #[arg(long)]
    no_lints: bool,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let texts = sources::read(&args.paths)?;
    let today = args.today.unwrap_or_else(|| TimeZone::UTC.to_datetime(Timestamp::now()).date());
    let lint = |set: &FlagSet| if args.no_lints { Vec::new() } else { lints(set, &Options::default()) };
    let checked = document::check_and_lint(&texts, Some(&today.to_string()), lint);
    match output.format {
        Format::Json => output.json(&checked.diagnostics)?,
        Format::Plain => checked.diagnostics.iter().try_for_each(|diagnostic| output.line(plain_line(diagnostic)))?,
        Format::Human => {
            let excerpts = human(&checked.diagnostics, &texts);
            if !excerpts.is_empty() {
                output.line(excerpts)?;
            }
            let what = match &checked.valid {
                Some(valid) => counted(valid.document().flags.len(), "flag"),
                None => counted(texts.len(), "file"),
            };
            output.line(format!("{what}: {}", verdict(&checked.diagnostics)))?;
        }
    }
    Ok(if checked.valid.is_some() { Exit::Done } else { Exit::Invalid })
}

fn verdict(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    match (errors, warnings) {
        (0, 0) => "no problems".to_owned(),
        (0, _) => counted(warnings, "warning"),
        (_, 0) => counted(errors, "error"),
        (_, _) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
    }
}
