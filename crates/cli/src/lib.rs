//! The command line, `downhaul`: verbs that read files and decide here, and verbs that ask a control plane.
//!
//! Each verb parses its arguments, calls one function of another crate and renders what that gives; nothing is decided
//! in this crate. Start from [`Cli`], the tree of arguments, and [`main`], which runs it.
//! The exit status is a contract: see [`exit::Exit`].

pub mod exit;

mod command;
mod input;
mod interrupt;
mod remote;
mod render;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use command::{
    alarms, apply, approve, backup, break_glass, breakers, chart, check, completions, digest, drill, drills, eval,
    explain, flags, freeze, guard, guards, heartbeat, keys, kill, land, migration, outcomes, people, plan, policy,
    population, proposals, propose, prove, rebalance, refs, reject, release, restore, retire, revert, rollback,
    rollout, runs, schema, serve, signing_keys, specialise, stale, states, status, token, tokens, unfreeze, withdraw,
};
use downhaul_blast::population::is_decoding;
use exit::{Exit, Failure};
use render::{Output, Written};
use std::ffi::OsString;

/// Feature flags built around the way down.
#[derive(Debug, Parser)]
#[command(name = "downhaul", version, max_term_width = 100, disable_help_subcommand = true, propagate_version = true)]
#[command(
    after_help = "Exit status: 0 done, 1 could not run, 2 refused or wrong use, 3 invalid input, 4 not good enough; see `plan` for its own."
)]
pub struct Cli {
    /// How results and errors are written.
    #[arg(
        long,
        global = true,
        value_parser = Written::one_of(Written::COMMON),
        default_value = "human",
        env = "DOWNHAUL_FORMAT",
        hide_env_values = true,
        help_heading = "Output"
    )]
    format: Written,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Check(check::Args),
    Eval(eval::Args),
    Explain(explain::Args),
    Digest(digest::Args),
    Specialise(specialise::Args),
    Rebalance(rebalance::Args),
    States(states::Args),
    Guard(guard::Args),
    Refs(refs::Args),
    Schema(schema::Args),
    Serve(serve::Args),
    // Boxed: it has by far the most options.
    Plan(Box<plan::Args>),
    Prove(prove::Args),
    Population(population::Args),
    Apply(apply::Args),
    Propose(propose::Args),
    Proposals(proposals::Args),
    Approve(approve::Args),
    Reject(reject::Args),
    Withdraw(withdraw::Args),
    Land(land::Args),
    Stale(stale::Args),
    Retire(retire::Args),
    Migration(migration::Args),
    Revert(revert::Args),
    Kill(kill::Args),
    Restore(restore::Args),
    BreakGlass(break_glass::Args),
    Release(release::Args),
    Rollback(rollback::Args),
    Rollout(rollout::Args),
    Runs(runs::Args),
    Drill(drill::Args),
    Drills(drills::Args),
    Heartbeat(heartbeat::Args),
    Breakers(breakers::Args),
    Outcomes(outcomes::Args),
    Guards(guards::Args),
    Status(status::Args),
    Alarms(alarms::Args),
    Flags(flags::Args),
    Chart(chart::Args),
    Keys(keys::Args),
    SigningKeys(signing_keys::Args),
    Backup(backup::Args),
    Tokens(tokens::Args),
    People(people::Args),
    Policy(policy::Args),
    Freeze(freeze::Args),
    Unfreeze(unfreeze::Args),
    Token(token::Args),
    Completions(completions::Args),
}

/// Parses the arguments of this process and runs the verb they name.
pub fn main() -> Exit {
    say_nothing_of_damaged_files();
    let arguments = arguments();
    let parsed = Cli::command().try_get_matches_from(&arguments);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = render::usage(&error);
            return if is_plan(arguments) { plan::not_refused(exit) } else { exit };
        }
    };
    let output = Output::new(cli.format.format());
    match run(cli.verb, &output) {
        Ok(exit) => exit,
        Err(failure) => {
            output.failure(&failure);
            failure.exit
        }
    }
}

/// The arguments of this process, as they are parsed.
pub(crate) fn arguments() -> Vec<OsString> {
    joined_values(std::env::args_os())
}

/// The decoder of Parquet panics on some damaged files, which is caught and told as what it is: of these panics nothing
/// is printed.
fn say_nothing_of_damaged_files() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !is_decoding() {
            usual(panic);
        }
    }));
}

/// Whether the verb is `plan`, however wrong the rest may be.
fn is_plan(arguments: Vec<OsString>) -> bool {
    let matches = Cli::command().ignore_errors(true).try_get_matches_from(arguments);
    matches.is_ok_and(|matches| matches.subcommand_name() == Some("plan"))
}

/// `--wait 30` as `--wait=30`, `--now 2026-…` as `--now=2026-…`.
///
/// Both may stand without a value, so clap takes one only after `=`: else `kill --wait checkout-v2` would read the flag as
/// a number of seconds.
fn joined_values(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::new();
    for argument in arguments {
        let text = argument.to_str().unwrap_or_default();
        let is_value = match joined.last().and_then(|last| last.to_str()) {
            Some("--wait") => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
            Some("--now") => text.starts_with(|first: char| first.is_ascii_digit()),
            _ => false,
        };
        match joined.last_mut() {
            Some(last) if is_value => {
                last.push("=");
                last.push(&argument);
            }
            _ => joined.push(argument),
        }
    }
    joined
}

fn run(verb: Verb, output: &Output) -> Result<Exit, Failure> {
    match verb {
        Verb::Check(args) => check::run(&args, output),
        Verb::Eval(args) => eval::run(&args, output),
        Verb::Explain(args) => explain::run(&args, output),
        Verb::Digest(args) => digest::run(&args, output),
        Verb::Specialise(args) => specialise::run(&args, output),
        Verb::Rebalance(args) => rebalance::run(&args, output),
        Verb::States(args) => states::run(&args, output),
        Verb::Guard(args) => guard::run(&args, output),
        Verb::Refs(args) => refs::run(&args, output),
        Verb::Schema(args) => schema::run(&args, output),
        Verb::Serve(args) => serve::run(args, output),
        Verb::Plan(args) => plan::run(&args, output),
        Verb::Prove(args) => prove::run(&args, output),
        Verb::Population(args) => population::run(&args, output),
        Verb::Apply(args) => apply::run(&args, output),
        Verb::Propose(args) => propose::run(&args, output),
        Verb::Proposals(args) => proposals::run(&args, output),
        Verb::Approve(args) => approve::run(&args, output),
        Verb::Reject(args) => reject::run(&args, output),
        Verb::Withdraw(args) => withdraw::run(&args, output),
        Verb::Land(args) => land::run(&args, output),
        Verb::Stale(args) => stale::run(&args, output),
        Verb::Retire(args) => retire::run(&args, output),
        Verb::Migration(args) => migration::run(&args, output),
        Verb::Revert(args) => revert::run(&args, output),
        Verb::Kill(args) => kill::run(&args, output),
        Verb::Restore(args) => restore::run(&args, output),
        Verb::BreakGlass(args) => break_glass::run(&args, output),
        Verb::Release(args) => release::run(&args, output),
        Verb::Rollback(args) => rollback::run(&args, output),
        Verb::Rollout(args) => rollout::run(&args, output),
        Verb::Runs(args) => runs::run(&args, output),
        Verb::Drill(args) => drill::run(&args, output),
        Verb::Drills(args) => drills::run(&args, output),
        Verb::Heartbeat(args) => heartbeat::run(&args, output),
        Verb::Breakers(args) => breakers::run(&args, output),
        Verb::Outcomes(args) => outcomes::run(&args, output),
        Verb::Guards(args) => guards::run(&args, output),
        Verb::Status(args) => status::run(&args, output),
        Verb::Alarms(args) => alarms::run(&args, output),
        Verb::Flags(args) => flags::run(&args, output),
        Verb::Chart(args) => chart::run(&args, output),
        Verb::Keys(args) => keys::run(&args, output),
        Verb::SigningKeys(args) => signing_keys::run(&args, output),
        Verb::Backup(args) => backup::run(&args, output),
        Verb::Tokens(args) => tokens::run(&args, output),
        Verb::People(args) => people::run(&args, output),
        Verb::Policy(args) => policy::run(&args, output),
        Verb::Freeze(args) => freeze::run(&args, output),
        Verb::Unfreeze(args) => unfreeze::run(&args, output),
        Verb::Token(args) => token::run(&args, output),
        Verb::Completions(args) => completions::run(&args, output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_of_arguments_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn values_after_options_that_need_none() {
        for (line, joined) in [
            ("kill f --wait 30", "kill f --wait=30"),
            ("kill --wait f", "kill --wait f"),
            ("kill --wait 9lives", "kill --wait 9lives"),
            ("eval --now 2026-11-23T20:00:00Z", "eval --now=2026-11-23T20:00:00Z"),
            ("eval --now --flag f", "eval --now --flag f"),
        ] {
            let arguments = joined_values(line.split(' ').map(OsString::from));
            assert_eq!(arguments, joined.split(' ').map(OsString::from).collect::<Vec<_>>(), "{line}");
        }
    }
}
