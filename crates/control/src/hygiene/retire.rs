use super::stale::days;
use super::{Usage, is_temporary};
use crate::decide::unknown;
use crate::describe;
use crate::migration;
use crate::refusal::{Refusal, RefusalCode};
use crate::rollout;
use crate::state::State;
use crate::time;
use downhaul_blast::exact::{Options, sole_variants};
use downhaul_core::document::Flag;
use downhaul_core::ids::VariantKey;
use jiff::Timestamp;

/// Nodes for the question whether a flag gives everyone the same.
const NODES: usize = 50_000;

/// What would become of those who ask for a flag once it is retired, and what is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retirement {
    /// Who gets what now, in words.
    pub serves: String,
    /// What everyone gets now, where that is one variant.
    pub sole: Option<VariantKey>,
    pub obstacles: Vec<Obstacle>,
    /// What is not known.
    pub notes: Vec<String>,
}

/// A reason not to retire a flag now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// A stable kebab-case name.
    pub code: &'static str,
    /// Whether it can be set aside by whoever knows better.
    pub may_be_set_aside: bool,
    /// One line, lower case, no final stop.
    pub message: String,
    pub help: String,
}

impl Retirement {
    /// # Errors
    /// Something is in the way that `anyway` does not set aside.
    pub fn check(&self, flag: &str, anyway: bool) -> Result<(), Refusal> {
        let ahead: Vec<&Obstacle> = self.obstacles.iter().filter(|each| !(anyway && each.may_be_set_aside)).collect();
        if ahead.is_empty() {
            return Ok(());
        }
        let words: Vec<String> = ahead.iter().map(|each| format!("{} ({})", each.message, each.code)).collect();
        let help = match ahead.iter().find(|each| !each.may_be_set_aside) {
            Some(firm) => firm.help.clone(),
            None => "mend that first; whoever knows better says so with `--anyway`, and why in the reason".to_owned(),
        };
        Err(Refusal::new(
            RefusalCode::StillInUse,
            format!("`{flag}` is not to be retired yet: {}", words.join("; ")),
            help,
        ))
    }
}

/// What is in the way of retiring a flag. `idle_days`: asked for more lately than that is in use.
///
/// # Errors
/// There is no such flag, or it is retired already.
pub fn retirement(state: &State, key: &str, usage: &Usage, now: Timestamp) -> Result<Retirement, Refusal> {
    let set = &state.flag_set;
    if let Some(date) = set.retired.get(key) {
        let message = format!("`{key}` was retired on {date} already");
        return Err(Refusal::new(RefusalCode::AlreadyDone, message, "there is nothing left to do"));
    }
    let Some(flag) = set.flag(key) else {
        return Err(unknown("flag", key, set.flags.iter().map(|flag| flag.key.as_str())));
    };
    let mut list = List(Vec::new());
    firm(&mut list, state, flag);
    let notes = in_use(&mut list, state, flag, usage, now);
    planned(&mut list, state, flag);
    if !is_temporary(flag) {
        let message = "it is of a kind that stays (`ops` or `permission`)";
        list.soft("permanent", message, "make it `release` if it is to go, or leave it");
    }
    let sole = sole_variants(set, |other| other.key == flag.key, &Options { nodes: NODES }).remove(&flag.key);
    if sole.is_none() {
        let only = if flag.requires.is_empty() { "" } else { ", where what it requires allows it" };
        let message = format!("it does not give everyone the same: {}{only}", describe::flag_state(set, key));
        list.soft("serves-several", message, "give everyone one variant first, and let it rest");
    }
    Ok(Retirement { serves: describe::flag_state(set, key), sole, obstacles: list.0, notes })
}

struct List(Vec<Obstacle>);

impl List {
    fn firm(&mut self, code: &'static str, message: String, help: impl Into<String>) {
        self.0.push(Obstacle { code, may_be_set_aside: false, message, help: help.into() });
    }

    fn soft(&mut self, code: &'static str, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Obstacle { code, may_be_set_aside: true, message: message.into(), help: help.into() });
    }
}

/// What [`crate::decide()`] refuses in any case, all of it at once.
fn firm(list: &mut List, state: &State, flag: &Flag) {
    let key = flag.key.as_str();
    let kills: Vec<&str> = state.kills_of(key).map(|kill| kill.kill.id.as_str()).collect();
    if !kills.is_empty() {
        let help =
            "give the flag no rules and its degraded variant as `default`, restore the kill, then retire the flag";
        list.firm("still-killed", format!("it is killed by {}", quoted(&kills)), help);
    }
    let dependents: Vec<&str> = state.dependents(key).into_iter().map(|key| key.as_str()).collect();
    if !dependents.is_empty() {
        let help = format!("retire them first, or take `{key}` out of their `requires`");
        list.firm("still-required", format!("it is required by {}", quoted(&dependents)), help);
    }
    if let Some(known) = state.rollouts.of_flag(key) {
        let id = known.id();
        list.firm("rollout-active", format!("it is being rolled out by `{id}`"), rollout::end_first(&id));
    }
    if let Err(refusal) = migration::check_retire(state, &flag.key) {
        list.firm(refusal.code.as_str(), refusal.message, refusal.help);
    }
}

/// Who asks for it; and what is not known of that.
fn in_use(list: &mut List, state: &State, flag: &Flag, usage: &Usage, now: Timestamp) -> Vec<String> {
    let allowed = i64::from(state.policy.hygiene.idle_days.get());
    let lately: Vec<String> = usage
        .asked(flag.key.as_str())
        .into_iter()
        .filter(|(_, at)| days(*at, now) < allowed)
        .map(|(kind, at)| format!("{} clients at {}", kind.name(), time::to_text(at)))
        .collect();
    if !lately.is_empty() {
        let help = "take it out of the code (`downhaul refs`), and let the last release that asks for it go";
        list.soft("still-asked", format!("it was asked for by {}", lately.join(" and ")), help);
    }
    match usage.known_since(flag) {
        Some(since) if days(since, now) >= allowed => Vec::new(),
        Some(since) => vec![format!("clients tell which flags they ask for since {} only", time::day(since))],
        None => {
            let told: Vec<_> = usage.since().map(|(kind, _)| kind).collect();
            let silent: Vec<&str> =
                flag.clients.iter().filter(|kind| !told.contains(kind)).map(|kind| kind.name()).collect();
            vec![format!(
                "no {} client tells which flags it asks for: whether one asks for this is not known",
                silent.join(" or ")
            )]
        }
    }
}

/// Releases and runs that count on it.
fn planned(list: &mut List, state: &State, flag: &Flag) {
    let runs: Vec<String> = state
        .releases
        .runs
        .values()
        .filter(|run| !run.is_settled())
        .filter(|run| {
            let of_release = run.subject.release().is_some_and(|release| release.flags.contains(&flag.key));
            of_release
                || run.subject.is_flag(flag.key.as_str())
                || run.kills.iter().any(|kill| kill.flag == flag.key.as_str())
        })
        .map(|run| run.id())
        .collect();
    if !runs.is_empty() {
        let runs: Vec<&str> = runs.iter().map(String::as_str).collect();
        list.soft(
            "run-active",
            format!("{} is under way and is about it", quoted(&runs)),
            "wait for its end, or abort it",
        );
    }
    let releases: Vec<&str> = state
        .releases
        .by_key
        .values()
        .filter(|each| each.retired.is_none())
        .filter(|each| each.release.flags.contains(&flag.key) || each.release.measures(&flag.key))
        .map(|each| each.release.key.as_str())
        .collect();
    if !releases.is_empty() {
        let help = "retire these releases, or take the flag out of their `flags` and metrics";
        list.soft("in-release", format!("the way back of {} counts on it", quoted(&releases)), help);
    }
    if state.policy.heartbeat.as_ref().is_some_and(|heartbeat| heartbeat.flag == flag.key) {
        list.soft("heartbeat", "it is the heartbeat flag of the policy", "name another one there first");
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
