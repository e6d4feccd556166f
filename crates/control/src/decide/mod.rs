//! Whether a command may become a change.

mod apply;
mod assess;
mod break_glass;
mod budget;
mod flags;
mod freeze;
mod keys;
mod kills;
mod moves;
mod people;
mod policy;
mod proposals;
mod releases;
mod rollouts;
mod signing;

pub use apply::{Plan, applied, check_base, drafted, plan};
pub use assess::{Assessment, Prospect, assess, lapsed};
pub use break_glass::{Reported, reported};
pub use budget::People;
pub(crate) use flags::dependents_left;
pub use keys::create_key;
pub use kills::{kill, kill_everyone};
pub use people::create_token;

use crate::api::Impact;
use crate::change::{Change, Record};
use crate::command::Command;
use crate::fold::define;
use crate::guards::GuardEvidence;
use crate::migration;
use crate::proposal::{Named, Needed, ProposalState, Reach};
use crate::refusal::{Refusal, RefusalCode};
use crate::role::{self, Authority};
use crate::rollout::RolloutEvent;
use crate::runbook;
use crate::state::{State, Touch};
use crate::{describe, difference, time};
use downhaul_blast::exact::{Options, compare};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::FlagSet;
use downhaul_core::ids::FlagKey;
use downhaul_core::seal::{canonical_bytes, document_digest};
use downhaul_core::validate::{Valid, validate};
use jiff::Timestamp;
use std::sync::Arc;

/// Nodes for one flag: an edit is answered within a second or so, whatever it holds.
const NODES: usize = 50_000;

/// A command and its circumstances.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub command: Command,
    /// An opaque id.
    pub actor: String,
    /// By what right; the roles follow from the state that it is decided on.
    pub authority: Authority,
    pub reason: String,
    pub at: Timestamp,
    /// The revision that an edit started from: refused if what it edits has changed since.
    pub expected_revision: Option<u64>,
    /// The number of the open proposal that the command carries out.
    pub landing: Option<u64>,
    /// What the guard was shown that asks for it.
    pub evidence: Option<Box<GuardEvidence>>,
}

impl Request {
    /// By the server itself, on behalf of `actor`: that takes no right of the actor's.
    pub fn by_server(command: Command, actor: &str, reason: &str, at: Timestamp) -> Request {
        Request {
            command,
            actor: actor.to_owned(),
            authority: Authority::Root,
            reason: reason.to_owned(),
            at,
            expected_revision: None,
            landing: None,
            evidence: None,
        }
    }
}

/// What became of a command that was not refused.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    Change(Box<Decided>),
    /// It is so already.
    Unchanged,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    pub record: Record,
    /// The flag set as it will be.
    pub valid: Valid,
    pub warnings: Vec<Diagnostic>,
}

/// Turns a command into the next change, or says why not. The flag set that results is valid as a whole.
///
/// `valid` is the flag set of the state. Of a kill or restore only the kills are looked at, whose number is small: it never
/// waits for the rest of the document to be checked again.
pub fn decide(state: &State, valid: &Valid, request: Request) -> Result<Decision, Refusal> {
    decide_over(state, valid, request, None)
}

/// [`decide`], with people to judge an edit by where the policy has a budget. Without them only what is known exactly counts.
pub fn decide_over(
    state: &State,
    valid: &Valid,
    request: Request,
    people: Option<&People<'_>>,
) -> Result<Decision, Refusal> {
    let Request { command, actor, authority, reason, at, expected_revision, landing, evidence } = request;
    role::check(state, &command, (&authority, &actor), at)?;
    let reason = check_reason(state, &command, reason)?;
    let mut command = as_recorded(&command)?;
    match &mut command {
        Command::Approve { root, .. } => *root = authority == Authority::Root,
        Command::Rollout { event, .. } => {
            if let RolloutEvent::Approve { root, .. } = &mut **event {
                *root = authority == Authority::Root;
            }
        }
        _ => {}
    }
    freeze::check(state, &command)?;
    check_people(state, &command, &authority, at)?;
    let asker = proposals::Asker { actor: &actor, authority: &authority, at };
    proposals::check(state, valid, &command, asker)?;
    rollouts::check_asker(state, &command, asker)?;
    let landing = landing.map(|proposal| proposals::landing(state, &command, proposal)).transpose()?;
    let Some(After { valid: after, most, warnings }) = after(state, valid, &command, at, expected_revision)? else {
        return Ok(Decision::Unchanged);
    };
    let wants_reach = landing.is_some() || Needed::asks_for_reach(state, &command);
    let most = most.as_ref().unwrap_or(&after);
    let reach = wants_reach.then(|| Reach::of(state, &command, most.document())).transpose()?;
    let impact = impact(state, &command, [valid, &after, most], people)?;
    let needed = Needed::of(state, &command, &impact, reach.as_ref());
    let landed = match landing.zip(reach.as_ref()) {
        Some((proposal, reach)) => Some(proposal.land(state, &needed, reach, at)?),
        None => {
            needed.check()?;
            None
        }
    };
    let at = time::to_text(at);
    let change = Change {
        revision: state.flag_set.revision + 1,
        environment: state.environment().clone(),
        evidence,
        impact,
        landed,
        at,
        actor,
        reason,
        command,
        prev: state.head,
    };
    let record = Record::write(&change)
        .map_err(|why| Refusal::new(RefusalCode::Invalid, why.to_string(), "write numbers and texts plainly"))?;
    Ok(Decision::Change(Box::new(Decided { record, valid: after, warnings })))
}

/// An open or closed proposal by its id, such as `p-7`.
pub fn proposal<'a>(state: &'a State, id: &str) -> Result<&'a Arc<ProposalState>, Refusal> {
    let ids = || state.proposals.by_number.values().map(|known| known.id()).collect::<Vec<_>>();
    state.proposals.find(id).ok_or_else(|| unknown("proposal", id, ids().iter().map(String::as_str)))
}

/// What a command makes of the flag set.
struct After {
    valid: Valid,
    /// The most that it may come to, where that is more: what it is judged by.
    most: Option<Valid>,
    warnings: Vec<Diagnostic>,
}

impl After {
    fn most(&self) -> &Valid {
        self.most.as_ref().unwrap_or(&self.valid)
    }
}

/// The flag set as a command makes it, one revision on; `None` where it is so already.
///
/// `valid` is the flag set of the state. Who asks, and whether others are to be asked, is not looked at.
fn after(
    state: &State,
    valid: &Valid,
    command: &Command,
    at: Timestamp,
    expected_revision: Option<u64>,
) -> Result<Option<After>, Refusal> {
    check(state, command, expected_revision)?;
    if let Some(flag) = command.staged() {
        migration::check_put(state, flag)?;
    }
    if let Command::Run { run, event } = command {
        runbook::check_event(state, *run, event, at)?;
    }
    let at = time::to_text(at);
    let mut next = state.flag_set.clone();
    next.revision += 1;
    put(&mut next, command, &at);
    if changes_nothing(state, command, &next) {
        return Ok(None);
    }
    let today: String = at.chars().take("YYYY-MM-DD".len()).collect();
    let most = rollouts::most(state, command, &next).map(|most| validate(most, Some(&today)));
    let most = most.transpose().map_err(|problems| explain(command, rollouts::in_stages(state, command, problems)))?;
    let validated =
        if command.defines() { validate(next, Some(&today)) } else { valid.with_kills(next.revision, next.kills) };
    let (after, mut warnings) = validated.map_err(|problems| explain(command, problems))?;
    policy::check_named(state, after.document())?;
    warnings.extend(rollouts::warnings(state, command, &at));
    Ok(Some(After { valid: after, most: most.map(|(most, _)| most), warnings }))
}

/// SHA-256 of the canonical form of a flag set: what a replay has to arrive at.
pub fn digest(flag_set: &FlagSet) -> Result<String, String> {
    document_digest(flag_set).map_err(|why| why.to_string())
}

fn check(state: &State, command: &Command, expected: Option<u64>) -> Result<(), Refusal> {
    match command {
        Command::PutFlag { flag } => {
            check_expected(state, &flag.key, expected)?;
            flags::check_put(state, flag)
        }
        Command::RetireFlag { key } => {
            check_expected(state, key, expected)?;
            flags::check_retire(state, &[], key)
        }
        Command::PutSegment { .. }
        | Command::RemoveSegment { .. }
        | Command::PutTenant { .. }
        | Command::RemoveTenant { .. }
        | Command::PutRegions { .. } => {
            check_removed(state, command)?;
            check_named(state, command, expected)
        }
        Command::Migrate { step } => migration::check(state, step),
        Command::Apply { commands } => apply::check(state, commands),
        Command::Kill { kill } => kills::check_kill(state, kill),
        Command::Restore { id } => kills::check_restore(state, id),
        Command::CreateKey { key } => keys::check_create(state, key),
        Command::RevokeKey { id } => keys::check_revoke(state, id),
        Command::AddSigningKey { key, .. } => signing::check_add(state, key),
        Command::UseSigningKey { id } => signing::check_use(state, id),
        Command::RevokeSigningKey { id } => signing::check_revoke(state, id),
        Command::AddBreakGlassKey { key } => break_glass::check_add(state, key),
        Command::RevokeBreakGlassKey { id } => break_glass::check_revoke(state, id),
        Command::Freeze => freeze::check_freeze(state),
        Command::Unfreeze => freeze::check_unfreeze(state),
        Command::PutPolicy { policy } => policy::check_put(state, policy, expected),
        Command::PutRelease { release } => releases::check_put(state, release, expected),
        Command::RetireRelease { key } => releases::check_retire(state, key),
        Command::StartRollout { rollout, .. } => {
            check_expected(state, &rollout.flag, expected)?;
            rollouts::check(state, command)
        }
        Command::Rollout { .. } => rollouts::check(state, command),
        // Looked at with the time, see `check_event` and `check_people`.
        Command::RestoreBackup { .. }
        | Command::Run { .. }
        | Command::Propose { .. }
        | Command::Amend { .. }
        | Command::Approve { .. }
        | Command::Reject { .. }
        | Command::Withdraw { .. }
        | Command::CreateToken { .. }
        | Command::RevokeToken { .. }
        | Command::GrantRole { .. }
        | Command::RevokeRole { .. } => Ok(()),
    }
}

/// What is taken away is there.
fn check_removed(state: &State, command: &Command) -> Result<(), Refusal> {
    match command {
        Command::RemoveSegment { key } if !state.flag_set.segments.contains_key(key) => {
            Err(unknown("segment", key.as_str(), state.flag_set.segments.keys().map(|name| name.as_str())))
        }
        Command::RemoveTenant { tenant } if !state.flag_set.tenants.contains_key(tenant) => {
            Err(unknown("tenant", tenant.as_str(), state.flag_set.tenants.keys().map(|name| name.as_str())))
        }
        _ => Ok(()),
    }
}

fn check_people(state: &State, command: &Command, authority: &Authority, at: Timestamp) -> Result<(), Refusal> {
    match command {
        Command::AddBreakGlassKey { key } => break_glass::check_expiry(state, key, at),
        Command::CreateToken { token } => people::check_create(state, token, at),
        Command::RevokeToken { id } => people::check_revoke(state, id, authority, at),
        Command::GrantRole { actor, role } => people::check_grant(state, actor, *role, at),
        Command::RevokeRole { actor, role } => people::check_revoke_role(state, (actor, *role), authority, at),
        _ => Ok(()),
    }
}

/// The flag set that the command makes; its kills as they will be.
fn put(next: &mut FlagSet, command: &Command, at: &str) {
    match command {
        Command::Apply { commands } => commands.iter().for_each(|command| define(next, command, at)),
        Command::Kill { kill } => next.kills.push(kill.clone()),
        Command::Restore { id } => next.kills.retain(|kill| kill.id != *id),
        definition => define(next, definition, at),
    }
}

fn changes_nothing(state: &State, command: &Command, next: &FlagSet) -> bool {
    if let Command::PutPolicy { policy } = command {
        return **policy == state.policy;
    }
    if let Command::PutRelease { release } = command {
        return state.releases.release(release.key.as_str()).is_some_and(|before| before.release == **release);
    }
    let FlagSet { regions, tenants, segments, flags, retired, .. } = &state.flag_set;
    // A stage that moves nobody is entered all the same.
    command.defines()
        && command.staged().is_none()
        && *regions == next.regions
        && *tenants == next.tenants
        && *segments == next.segments
        && *flags == next.flags
        && *retired == next.retired
}

/// The command as its record will hold it: object members in canonical order.
fn as_recorded(command: &Command) -> Result<Command, Refusal> {
    let refuse = |why: serde_json::Error| Refusal::new(RefusalCode::Invalid, why.to_string(), "");
    let bytes = canonical_bytes(command).map_err(refuse)?;
    serde_json::from_slice(&bytes).map_err(refuse)
}

fn check_reason(state: &State, command: &Command, reason: String) -> Result<String, Refusal> {
    let reason = reason.trim().to_owned();
    let needs_none = matches!(
        command,
        Command::CreateKey { .. }
            | Command::RevokeKey { .. }
            | Command::CreateToken { .. }
            | Command::RevokeToken { .. }
            | Command::Run { .. }
    );
    if reason.is_empty() && !needs_none {
        return Err(Refusal::new(
            RefusalCode::MissingReason,
            "a reason is missing",
            "say in a few words why; it goes to the chart",
        ));
    }
    let longest = state.policy.reason;
    if reason.len() > longest.size() {
        let message = format!("the reason has {} bytes, more than {longest}", reason.len());
        return Err(Refusal::new(RefusalCode::Invalid, message, "put the long form behind a link"));
    }
    Ok(reason)
}

/// Nobody's edit is lost unseen: what changed since the edit began is named. A kill or a restore leaves the definition as it is.
fn check_expected(state: &State, flag: &FlagKey, expected: Option<u64>) -> Result<(), Refusal> {
    let (Some(expected), Some(touch)) = (expected, state.defined(&Named::Flag(flag.clone()))) else { return Ok(()) };
    if touch.revision <= expected {
        return Ok(());
    }
    Err(changed_since(state, &format!("`{flag}`"), touch, expected))
}

/// Nothing that the command names was defined after the revision that the edit started from.
fn check_named(state: &State, command: &Command, expected: Option<u64>) -> Result<(), Refusal> {
    let Some(expected) = expected else { return Ok(()) };
    let later = command.names().into_iter().find_map(|named| {
        let touch = state.defined(&named).filter(|touch| touch.revision > expected)?;
        Some(changed_since(state, &named.to_string(), touch, expected))
    });
    later.map_or(Ok(()), Err)
}

fn changed_since(state: &State, what: &str, touch: &Touch, expected: u64) -> Refusal {
    Refusal::new(
        RefusalCode::ChangedSince,
        format!(
            "{what} was changed at revision {} by {} (`{}`), after revision {expected}, which this edit started from",
            touch.revision, touch.actor, touch.reason
        ),
        format!("load it again and repeat the edit on revision {}", state.flag_set.revision),
    )
}

fn explain(command: &Command, problems: Vec<Diagnostic>) -> Refusal {
    let mut refusal = Refusal::invalid(problems);
    let names_kills =
        refusal.diagnostics.iter().any(|each| each.is_error() && each.place.pointer.starts_with("/kills"));
    if names_kills && !command.is_kill_or_restore() {
        refusal.code = RefusalCode::StillKilled;
        refusal.help = "a kill in force names what this would remove; restore the kill first, or keep it".to_owned();
    }
    refusal
}

fn impact(
    state: &State,
    command: &Command,
    [before, after, most]: [&Valid; 3],
    people: Option<&People<'_>>,
) -> Result<Impact, Refusal> {
    let next = after.document();
    let digest = digest(next).map_err(|why| Refusal::new(RefusalCode::Internal, why, ""))?;
    let mut impact = Impact { digest, ..Impact::default() };
    if let [flag] = command.flags(state).as_slice() {
        impact.flag = Some((*flag).to_owned());
        impact.from = Some(describe::flag_state(&state.flag_set, flag));
        impact.to = Some(describe::flag_state(next, flag));
        if let (Command::Kill { .. }, Some(definition)) = (command, next.flag(flag)) {
            impact.effect = Some(describe::kill_effect(definition));
        }
        if command.is_kill_or_restore() {
            impact.also = state.degrades_with(flag).into_iter().map(ToString::to_string).collect();
        }
    }
    if let Command::PutPolicy { policy } = command {
        let [from, to] = crate::policy::difference(&state.policy, policy);
        (impact.from, impact.to) = (Some(from), Some(to));
    }
    let options = Options { nodes: NODES };
    // A kill waits for nothing, and says by its scope whom it reaches.
    let compared = command.defines().then(|| compare(before, after, &options));
    if let Some(comparison) = &compared {
        let revision = state.flag_set.revision;
        // A rollout that starts goes on to where nobody was before.
        let history = state.history.as_ref().filter(|_| !matches!(command, Command::StartRollout { .. }));
        impact.reverts = history.and_then(|history| history.given_back(command, revision));
        moves::add(&mut impact, comparison);
        difference::add(&mut impact, &state.flag_set, next);
    }
    if command.is_edit() && !state.policy.budget.is_empty() {
        let same = compared.filter(|_| std::ptr::eq(after, most));
        let comparison = same.unwrap_or_else(|| compare(before, most, &options));
        impact.budget = budget::judge(&state.policy, [before, most], (comparison, NODES), people);
    }
    Ok(impact)
}

/// A name that does not exist, and the one that was perhaps meant.
/// That there is no such name, with the one that was perhaps meant.
pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Refusal {
    let code = match what {
        "flag" => RefusalCode::UnknownFlag,
        "kill" => RefusalCode::UnknownKill,
        "client key" | "signing key" | "break-glass key" => RefusalCode::UnknownKey,
        "release" => RefusalCode::UnknownRelease,
        "run" => RefusalCode::UnknownRun,
        "proposal" => RefusalCode::UnknownProposal,
        "rollout" => RefusalCode::UnknownRollout,
        _ => RefusalCode::UnknownName,
    };
    let near = known
        .into_iter()
        .map(|other| (strsim::damerau_levenshtein(name, other), other))
        .filter(|(distance, other)| *distance <= 1 + other.chars().count().min(name.chars().count()) / 4)
        .min();
    let help = match near {
        Some((_, other)) => format!("did you mean `{other}`?"),
        None => format!("list the {what}s to see which there are"),
    };
    Refusal::new(code, format!("there is no {what} `{name}`"), help)
}
