mod budget;
mod figures;
mod human;
mod markdown;
mod plain;
mod population;
mod sides;
mod words;
mod xrays;

use crate::exit::{Exit, Failure};
use crate::input::document;
use crate::input::server::ServerArgs;
use crate::interrupt::Interrupt;
use crate::render::{Format, Output, Written, write_whole};
use budget::BudgetArgs;
use downhaul_blast::exact::{self, compare};
use downhaul_blast::plan::{Budget, Found, Plan, Side, Verdict, with_callers_defaults};
use downhaul_core::document::FlagSet;
use downhaul_core::validate::Valid;
use population::{People, PopulationArgs};
use sides::{Given, Pair};
use std::path::{Path, PathBuf};
use xrays::Xrays;

/// Show whom a change gives something else, from what to what and why, before anything is published
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 nobody is given anything else, 2 something changes, 4 over budget, 1 could not run \
                        (or a wrong use), 3 invalid input.\n\
                        Example: downhaul plan server flags/ --save checkout.plan.json"
)]
pub(crate) struct Args {
    /// What there is: a file or a folder of a flag set, `server` for what is published, `server:40` for a past revision
    #[arg(value_name = "OLD")]
    old: Given,
    /// What there would be, given the same way. Against `server` it is taken as `apply` would: what it does not name stays
    #[arg(value_name = "NEW")]
    new: Given,
    /// With `server` as OLD: retire flags, and remove segments and tenants, that NEW does not name
    #[arg(long)]
    prune: bool,
    /// Most nodes of the decision diagrams of one flag; beyond it a flag is given up, and said to be unknown
    #[arg(long, value_name = "N", default_value_t = exact::Options::default().nodes)]
    limit_nodes: usize,
    /// Show why an example of each flag, or N of them, gets what it gets: its X-ray by OLD and by NEW
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1",
        value_parser = clap::value_parser!(u16).range(1..=100)
    )]
    xray: Option<u16>,
    /// Write the plan into this file as JSON, for `downhaul apply --plan FILE`
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    population: PopulationArgs,
    #[command(flatten)]
    budget: BudgetArgs,
    /// How the plan is written
    #[arg(
        long = "format",
        id = "format",
        value_name = "FORMAT",
        value_parser = Written::one_of(&[Written::Human, Written::Plain, Written::Json, Written::Markdown]),
        default_value = "human",
        env = "DOWNHAUL_FORMAT",
        hide_env_values = true,
        help_heading = "Output"
    )]
    written: Written,
    #[command(flatten)]
    server: ServerArgs,
}

/// A plan as lines: for people at a terminal a screen of it, for scripts all of it.
pub(crate) fn lines(plan: &Plan, format: Format) -> Vec<String> {
    match format {
        Format::Human => human::lines(plan, None),
        Format::Plain | Format::Json => plain::lines(plan, None),
    }
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    planned(args, output).map_err(|failure| Failure { exit: not_refused(failure.exit), ..failure })
}

/// What elsewhere is a refusal: here that status says that something changes.
pub(crate) fn not_refused(exit: Exit) -> Exit {
    if exit == Exit::Refused { Exit::CouldNotRun } else { exit }
}

fn planned(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let interrupt = Interrupt::listen(output)?;
    let budget = args.budget.read()?;
    let pair = sides::load(args)?;
    for side in [&pair.old, &pair.new] {
        output.warnings(&side.warnings, &side.texts);
    }
    let people = population::read(args, output)?;
    let planning = Planning { args, pair: &pair, people: people.as_ref(), interrupt: &interrupt, output };
    let mut plan = planning.plan(&pair.effective)?;
    if let Some(budget) = budget {
        let documents = [pair.old.valid.document(), pair.effective.document()];
        budget::check_names(&budget, documents, output)?;
        planning.judge(&mut plan, budget)?;
    }
    let xrays = args.xray.map(|most| Xrays::new(&pair, most.into()));
    if let Some(xrays) = &xrays {
        xrays.write_into(&mut plan).map_err(|error| unwritable(&error))?;
    }
    let xrays = xrays.as_ref();
    match args.written {
        Written::Human => human::lines(&plan, xrays).iter().try_for_each(|line| output.line(line))?,
        Written::Plain => plain::lines(&plan, xrays).iter().try_for_each(|line| output.line(line))?,
        Written::Markdown => markdown::lines(&plan, xrays).iter().try_for_each(|line| output.line(line))?,
        Written::Json => output.json(&plan)?,
    }
    if let Some(path) = &args.save {
        save(path, plan.clone(), pair.new.valid.document())?;
        output.note(saved_words(path, &plan));
    }
    Ok(match plan.verdict {
        Verdict::NoChange => Exit::Done,
        Verdict::Changes => Exit::Changes,
        Verdict::OverBudget => Exit::OverBudget,
    })
}

/// What plans are made of.
struct Planning<'a> {
    args: &'a Args,
    pair: &'a Pair,
    people: Option<&'a People>,
    interrupt: &'a Interrupt,
    output: &'a Output,
}

impl Planning<'_> {
    /// `effective` is what there will be.
    fn plan(&self, effective: &Valid) -> Result<Plan, Failure> {
        let Planning { args, pair, people, interrupt, output } = *self;
        let options = exact::Options { nodes: args.limit_nodes };
        let exact = || (compare(&pair.old.valid, effective, &options), options.nodes);
        let replayed = |people: &People| {
            let replay = population::run(args, [&pair.old.valid, effective], people, interrupt, output)?;
            Ok((replay, people.name.clone()))
        };
        let found = Found {
            old: pair.old.valid.document(),
            new: effective.document(),
            replay: people.map(replayed).transpose()?,
            exact: args.population.is_exact().then(exact),
        };
        let side = |side: &sides::Side| Side::of(&side.name, side.valid.document()).map_err(|error| unwritable(&error));
        let mut plan = Plan::new(side(&pair.old)?, side(&pair.new)?, found);
        if let (Some(moved), Some(people)) = (&mut plan.population, people) {
            moved.origin.clone_from(&people.origin);
        }
        plan.base_revision = pair.base_revision;
        plan.prune = args.prune;
        Ok(plan)
    }

    /// Whoever asks for a flag that is gone is moved as well, which the plan itself does not show.
    fn judge(&self, plan: &mut Plan, budget: Budget) -> Result<(), Failure> {
        let old = &self.pair.old.valid;
        let defaults = with_callers_defaults(old.document(), self.pair.effective.document());
        let defaults = defaults.map_err(|problems| {
            document::refused(problems, &[]).help("judge what is retired and what is new one after the other")
        })?;
        match defaults {
            None => plan.keep_to(budget, old, &self.pair.effective),
            Some(defaults) => {
                let mut judged = self.plan(&defaults)?;
                judged.keep_to(budget, old, &defaults);
                plan.take_judgement(judged);
            }
        }
        Ok(())
    }
}

fn save(path: &Path, mut plan: Plan, document: &FlagSet) -> Result<(), Failure> {
    plan.document = Some(serde_json::to_value(document).map_err(|error| unwritable(&error))?);
    let mut text = serde_json::to_string_pretty(&plan).map_err(|error| unwritable(&error))?;
    text.push('\n');
    write_whole(path, text.as_bytes())
}

fn saved_words(path: &Path, plan: &Plan) -> String {
    let path = path.display();
    match plan.base_revision {
        Some(revision) => format!(
            "saved as {path}; as long as {} is at revision {revision}: downhaul apply --plan {path} --reason …",
            plan.old.environment
        ),
        None => format!("saved as {path}; to be applied, a plan has to start from what is published: `server` as OLD"),
    }
}

fn unwritable(error: &serde_json::Error) -> Failure {
    Failure::could_not_run("cannot-write", format!("cannot write the plan as JSON: {error}"))
}
