use crate::exit::{Exit, Failure};
use crate::input::{document, sources};
use crate::render::{Format, Output};
use downhaul_blast::exact::{self, Assertions, Counterexample, Options, Outcome, Verdict};
use owo_colors::OwoColorize;
use std::path::PathBuf;

/// Prove claims about a change, or show a context for which they do not hold
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A file of assertions:
  {\"assertions\": [
    {\"name\": \"acme keeps what it has\", \"claim\": \"changes-nothing\", \"when\": [{\"tenant\": [\"acme\"]}]},
    {\"claim\": \"only-narrows\", \"flags\": [\"checkout-v2\"]},
    {\"claim\": {\"never-serves\": \"on\"}, \"flags\": [\"checkout-v2\"], \"when\": [{\"region\": [\"us\"]}]}]}

Ends with exit status 0 if every claim is proved, and with 2 if one is refuted or stays open.")]
pub(crate) struct Args {
    /// The flag set as it is: a file or a folder
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The flag set as it is to be
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The file of assertions
    #[arg(long = "assert", value_name = "FILE")]
    assertions: PathBuf,
    /// Nodes of the decision diagrams that one flag may take; more decide harder claims, and take more memory
    #[arg(long, default_value_t = Options::default().nodes, value_name = "NODES")]
    limit: usize,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let old = document::load(std::slice::from_ref(&args.old))?;
    let new = document::load(std::slice::from_ref(&args.new))?;
    let Assertions { assertions } = read(args)?;
    let verdicts = exact::prove(&old.valid, &new.valid, &assertions, &Options { nodes: args.limit });
    match output.format {
        Format::Json => output.json(&verdicts)?,
        Format::Plain => verdicts.iter().flat_map(plain).try_for_each(|line| output.line(line))?,
        Format::Human => verdicts.iter().flat_map(human).try_for_each(|line| output.line(line))?,
    }
    let all_proved = verdicts.iter().all(|verdict| verdict.outcome == Outcome::Proved);
    Ok(if all_proved { Exit::Done } else { Exit::Refused })
}

fn read(args: &Args) -> Result<Assertions, Failure> {
    let texts = sources::read(std::slice::from_ref(&args.assertions))?;
    let named = document::utf8(&texts)?;
    let [(name, text)] = named.as_slice() else {
        let shown = args.assertions.display();
        return Err(Failure::refused("many-files", format!("`{shown}` is not one file"))
            .help("put the assertions into one file"));
    };
    // The names of the language, not those of the reader's types.
    serde_json::from_str(text).map_err(|error| {
        Failure::invalid("bad-assertions", format!("`{name}` cannot be read as assertions: {error}"))
            .help("see `downhaul prove --help` for what a file of assertions looks like")
    })
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Proved => "proved",
        Outcome::Refuted => "refuted",
        Outcome::Open => "open",
    }
}

fn plain(verdict: &Verdict) -> Vec<String> {
    let first = format!("{}: {}", word(verdict.outcome), verdict.name);
    let against = verdict.against.iter().map(|example| format!("  {}", told(example)));
    std::iter::once(first).chain(against).collect()
}

fn human(verdict: &Verdict) -> Vec<String> {
    let mark = match verdict.outcome {
        Outcome::Proved => "proved ".green().to_string(),
        Outcome::Refuted => "refuted".red().bold().to_string(),
        Outcome::Open => "open   ".yellow().to_string(),
    };
    let first = format!("{mark}  {}", verdict.name);
    let against = verdict.against.iter().map(|example| format!("         {}", told(example)));
    std::iter::once(first).chain(against).collect()
}

fn told(example: &Counterexample) -> String {
    let context = match &example.context {
        Some(context) => serde_json::to_string(context).unwrap_or_default(),
        None if example.transition.is_some() => "no context was found that shows it".to_owned(),
        None => return format!("{}: {}", example.flag, example.why),
    };
    format!("{}: {context} {}", example.flag, example.why)
}
