use crate::exit::{Exit, Failure};
use crate::input::guard_history::{self, Look};
use crate::render::{Format, Output, counted, grouped};
use downhaul_guard::{Against, Counts, Level, Margin, Record, Rules, Standing};
use serde::Serialize;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Judge counts of the past as a guard would have: whether it would have fired, when, and on what evidence
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Ends with exit status 4 if the guard would have fired.
Example: downhaul guard rollout.csv --relative 1.2 --level 0.001")]
pub(crate) struct Args {
    /// CSV with a line for each bucket of time, or a record of a guard as JSON; `-` is standard input
    #[arg(value_name = "FILE")]
    history: PathBuf,
    /// How likely a false alarm may be over the whole history: 0.001 is one rollout in a thousand
    #[arg(long, value_name = "SHARE", default_value_t = Level::DEFAULT.get())]
    level: f64,
    /// How many times as often as without the variant units may fail, and be called unharmed
    #[arg(long, value_name = "TIMES", default_value_t = Margin::DEFAULT.relative())]
    relative: f64,
    /// And how much more, as a share of units
    #[arg(long, value_name = "SHARE", default_value_t = Margin::DEFAULT.absolute())]
    absolute: f64,
    /// Hold the variant against this failure rate instead of against those without it
    #[arg(long, value_name = "SHARE", conflicts_with_all = ["relative", "absolute"])]
    objective: Option<f64>,
    /// For how many buckets the guard is meant to watch; as many as the history has unless given
    #[arg(long, value_name = "COUNT")]
    plan: Option<NonZeroU32>,
    /// Units with the variant that must have failed before the guard speaks
    #[arg(long, value_name = "COUNT", default_value_t = Rules::DEFAULT.least_failed)]
    least_failed: u64,
    /// Instances that must have told of such a unit; counts for nothing where the history has no column `instances`
    #[arg(long, value_name = "COUNT", default_value_t = Rules::DEFAULT.least_instances)]
    least_instances: u32,
}

/// What a guard would have done.
#[derive(Debug, Serialize)]
struct Judged {
    #[serde(flatten)]
    standing: Standing,
    /// The bucket after which it fired, from 1, and its time as the history has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    /// Natural logarithms of the factors, and the same in words.
    evidence: Told,
    against: Told,
    treatment: Counts,
    control: Counts,
    record: Record,
}

#[derive(Debug, Serialize)]
struct Told {
    /// None while nothing speaks for it.
    ln: Option<f64>,
    words: String,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let history = guard_history::read(&args.history)?;
    let rules = match history.rules {
        // What a guard recorded it judged by these.
        Some(rules) => rules,
        None => rules(args, history.looks.len(), history.has_instances)?,
    };
    let record = Record { rules, seen: history.looks.iter().map(|look| look.seen).collect() };
    let judged = judge(record, &history.looks);
    match output.format {
        Format::Json => output.json(&judged)?,
        Format::Human | Format::Plain => words(&judged).iter().try_for_each(|line| output.line(line))?,
    }
    Ok(if fired(judged.standing) { Exit::NotGood } else { Exit::Done })
}

fn rules(args: &Args, buckets: usize, has_instances: bool) -> Result<Rules, Failure> {
    let refused = |error: String| Failure::refused("guard-rules", error);
    let against = match args.objective {
        Some(objective) => Against::Objective(objective),
        None => {
            Against::Control(Margin::new(args.relative, args.absolute).map_err(|error| refused(error.to_string()))?)
        }
    };
    let buckets = u32::try_from(buckets).ok().and_then(NonZeroU32::new).unwrap_or(Rules::DEFAULT.plan);
    let rules = Rules {
        level: Level::new(args.level).map_err(|error| refused(error.to_string()))?,
        against,
        plan: args.plan.unwrap_or(buckets),
        least_failed: args.least_failed,
        least_instances: if has_instances { args.least_instances } else { 0 },
        silent_after: Rules::DEFAULT.silent_after,
    };
    rules.check().map_err(|error| refused(error.to_string()))?;
    Ok(rules)
}

fn judge(record: Record, looks: &[Look]) -> Judged {
    // What was known when it fired; without that, what is known in the end.
    let at = record.harmful_at();
    let until = at.map_or(record.seen.len(), |(at, _)| at + 1);
    let seen = record.seen.iter().take(until).copied().collect();
    let guard = Record { rules: record.rules, seen }.replay();
    let told = |evidence: downhaul_guard::Evidence| Told {
        ln: Some(evidence.ln()).filter(|ln| ln.is_finite()),
        words: evidence.to_string(),
    };
    let (treatment, control) = guard.totals();
    Judged {
        standing: guard.standing(),
        bucket: at.map(|(at, _)| at + 1),
        time: at.and_then(|(at, _)| looks.get(at)).and_then(|look| look.time.clone()),
        evidence: told(guard.evidence()),
        against: told(guard.against_harm()),
        treatment,
        control,
        record,
    }
}

fn fired(standing: Standing) -> bool {
    matches!(standing, Standing::Harmful | Standing::Crashing)
}

fn words(judged: &Judged) -> Vec<String> {
    let Judged { standing, bucket, time, evidence, against, treatment, control, record } = judged;
    let after = match (bucket, time) {
        (Some(bucket), Some(time)) => format!("after bucket {bucket} ({time})"),
        (Some(bucket), None) => format!("after bucket {bucket}"),
        (None, _) => format!("in {}", counted(record.seen.len(), "bucket")),
    };
    let needed = record.rules.level.needs();
    let first = match standing {
        Standing::Harmful | Standing::Mismatched | Standing::Tripped => {
            format!("would have fired {after}: evidence of harm {}", evidence.words)
        }
        Standing::Crashing => {
            format!("would have fired {after}: most units with the variant fail, and there is nobody to compare with")
        }
        Standing::Suspecting { failed, instances } => format!(
            "would not have fired {after}: evidence of harm {}, but from {} in {}, and {} in {} are needed",
            evidence.words,
            count(*failed, "failed unit"),
            count(u64::from(*instances), "instance"),
            record.rules.least_failed,
            record.rules.least_instances
        ),
        Standing::Blind { buckets } => format!(
            "would not have fired {after}, and was blind in the last {buckets}: an arm told nothing; evidence of harm {}",
            evidence.words
        ),
        Standing::Harmless => format!("would not have fired {after}: shown to be harmless, evidence {}", against.words),
        Standing::Watching => format!(
            "would not have fired {after}: evidence of harm {}, against it {}; {needed} is needed for either",
            evidence.words, against.words
        ),
    };
    let mut lines = vec![first, format!("with the variant {}", share(*treatment))];
    match record.rules.against {
        Against::Control(margin) => {
            let (times, more) = (margin.relative(), margin.absolute() * 100.0);
            lines.push(format!("without it {}; allowed are {times} times as many and {more} % more", share(*control)));
        }
        Against::Objective(most) => lines.push(format!("the objective is {} %", most * 100.0)),
    }
    lines
}

fn count(count: u64, one: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), one)
}

#[expect(clippy::cast_precision_loss, reason = "a share in words")]
fn share(counts: Counts) -> String {
    let (units, failed) = (counts.units(), counts.failed());
    let percent = if units == 0 { String::new() } else { format!(" ({:.2} %)", failed as f64 * 100.0 / units as f64) };
    let grouped = |count: u64| grouped(usize::try_from(count).unwrap_or(usize::MAX));
    format!("{} of {} units failed{percent}", grouped(failed), grouped(units))
}
