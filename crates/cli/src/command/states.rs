use crate::exit::{Exit, Failure};
use crate::input::document;
use crate::render::{Format, Output, Table, counted, grouped, to_json};
use clap::ArgAction;
use downhaul_blast::states::{Combination, Cover, Question, Unanswered, cover};
use downhaul_core::document::FlagSet;
use downhaul_core::ids::{FlagKey, VariantKey};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::str::FromStr;

/// Most jobs that a matrix of GitHub Actions may have.
const MOST_JOBS: usize = 256;

/// Print the fewest combinations of variants that have every pair, for a test matrix
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Combinations that cannot happen are left out: prerequisites, kills for everyone and --fixed are kept to.
Example: downhaul states --flags flags --format json > states.json")]
pub(crate) struct Args {
    /// File or folder of a flag set (.json .yaml .yml); `-` is standard input (repeatable)
    #[arg(long = "flags", required = true, value_name = "PATH", action = ArgAction::Append)]
    flags: Vec<PathBuf>,
    /// Only these flags, with commas between them (repeatable); all unless given
    #[arg(long, value_name = "FLAG,…", value_delimiter = ',')]
    include: Vec<FlagKey>,
    /// A flag that always gives this variant (repeatable)
    #[arg(long, value_name = "FLAG=VARIANT")]
    fixed: Vec<Fixed>,
    /// Of how many flags every combination is covered: 2 is every pair
    #[arg(long, value_name = "COUNT", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=4))]
    strength: u8,
    /// Print a matrix for GitHub Actions: one line of JSON, with a job for each state
    #[arg(long)]
    matrix: bool,
}

/// `flag=variant`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fixed {
    flag: FlagKey,
    variant: VariantKey,
}

impl FromStr for Fixed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it as `flag=variant`".to_owned();
        let (flag, variant) = text.rsplit_once('=').ok_or_else(wrong)?;
        Ok(Fixed { flag: flag.parse().map_err(|_| wrong())?, variant: variant.parse().map_err(|_| wrong())? })
    }
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let loaded = document::load(&args.flags)?;
    let document = loaded.valid.document();
    let question = Question {
        include: args.include.clone(),
        fixed: args.fixed.iter().map(|fixed| (fixed.flag.clone(), fixed.variant.clone())).collect(),
        strength: usize::from(args.strength),
        ..Question::default()
    };
    let cover = cover(document, &question).map_err(|why| unanswered(document, why))?;
    if args.matrix {
        output.line(matrix(&cover)?)?;
        return Ok(Exit::Done);
    }
    match output.format {
        Format::Json => output.json(&cover.states.iter().map(object).collect::<Vec<_>>())?,
        Format::Plain => cover.states.iter().map(pairs).try_for_each(|line| output.line(line.join("\t")))?,
        Format::Human => human(&cover, args, output)?,
    }
    Ok(Exit::Done)
}

fn unanswered(document: &FlagSet, why: Unanswered) -> Failure {
    let message = why.to_string();
    match why {
        Unanswered::UnknownFlag(key) => match document::flag(document, key.as_str()) {
            Err(failure) => failure,
            Ok(_) => Failure::refused("unknown-flag", message),
        },
        Unanswered::UnknownVariant(key, _) => {
            let variants = document.flag(key.as_str()).into_iter().flat_map(|flag| &flag.variants);
            let known: Vec<String> = variants.map(|(key, _)| key.to_string()).collect();
            Failure::refused("unknown-variant", message).help(format!("its variants are {}", known.join(", ")))
        }
        Unanswered::Impossible(_) => Failure::refused("no-state", message)
            .help("a flag gives its degraded variant unless its prerequisites are met; fix fewer flags, or others"),
        Unanswered::TooMany { .. } => Failure::refused("too-many-combinations", message)
            .help("name fewer flags with `--include`, or lower `--strength`"),
    }
}

fn object(state: &Combination) -> Value {
    let members = state.iter().map(|(flag, variant)| (flag.to_string(), Value::from(variant.as_str())));
    Value::Object(members.collect::<Map<_, _>>())
}

fn pairs(state: &Combination) -> Vec<String> {
    state.iter().map(|(flag, variant)| format!("{flag}={variant}")).collect()
}

/// The states as text, which a job hands on in a variable of its environment.
fn matrix(cover: &Cover) -> Result<String, Failure> {
    let count = cover.states.len();
    if count > MOST_JOBS {
        return Err(Failure::refused("too-many-jobs", format!("{count} states are more than a matrix may have jobs"))
            .help("name fewer flags with `--include`, or run several states in one job"));
    }
    let jobs = cover.states.iter().enumerate().map(|(number, state)| {
        Ok(json!({ "state": format!("{} of {count}", number + 1), "flags": to_json(&object(state))? }))
    });
    to_json(&json!({ "include": jobs.collect::<Result<Vec<_>, Failure>>()? }))
}

fn human(cover: &Cover, args: &Args, output: &Output) -> Result<(), Failure> {
    // A row for each flag: there are more flags than states.
    let mut table = Table::untitled();
    for (column, (flag, _)) in cover.states.first().into_iter().flatten().enumerate() {
        let variants =
            cover.states.iter().filter_map(|state| state.get(column)).map(|(_, variant)| variant.to_string());
        table.row(std::iter::once(flag.to_string()).chain(variants));
    }
    table.print(output)?;
    let what = match args.strength {
        1 => "variant".to_owned(),
        2 => "pair".to_owned(),
        strength => format!("combination of {strength}"),
    };
    let left_out = match cover.impossible {
        0 => String::new(),
        impossible => format!("; left out, as it cannot happen: {}", grouped(impossible)),
    };
    let (states, covered) = (counted(cover.states.len(), "state"), grouped(cover.covered));
    output.note(format!("{states}, one a column, with every {what} of variants: {covered}{left_out}"));
    Ok(())
}
