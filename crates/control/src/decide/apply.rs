use super::flags;
use crate::api::{Applied, ApplyItem};
use crate::command::Command;
use crate::fold::define;
use crate::refusal::{Refusal, RefusalCode};
use crate::state::State;
use downhaul_core::document::FlagSet;

/// What has to be done so that the environment is as a document says.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// One for every definition of the document, and for every removal; in the order of the commands.
    pub items: Vec<ApplyItem>,
    /// Nothing where nothing differs; else the [`Command::Apply`] that does all of it at once.
    pub command: Option<Command>,
}

/// Compares a document with the environment. Kills in the document are not looked at.
///
/// With `prune` flags are retired, and segments and tenants removed, that the document does not name; regions are taken as
/// the document has them, and where it has none they stay, unless `prune`.
pub fn plan(state: &State, document: &FlagSet, prune: bool) -> Plan {
    let Planning { items, commands } = planned(&state.flag_set, document, prune);
    let command = (!commands.is_empty()).then_some(Command::Apply { commands });
    Plan { items, command }
}

/// The flag set as [`plan`] would make it, at the same revision: what is to be compared with `now` before it is applied.
///
/// Whether it may be so is not looked at: validation and [`super::decide`] say that. `at` is when flags would be retired.
///
/// # Errors
/// A definition that cannot be recorded.
pub fn applied(now: &FlagSet, document: &FlagSet, prune: bool, at: &str) -> Result<FlagSet, Refusal> {
    let mut next = now.clone();
    for command in planned(now, document, prune).commands {
        define(&mut next, &super::as_recorded(&command)?, at);
    }
    Ok(next)
}

/// The flag set as these definitions would make it, at the same revision. Whether the whole may be so, validation says.
///
/// # Errors
/// A command that is no definition, or that would be refused, as a flag of a retired key is.
pub fn drafted(state: &State, commands: &[Command], at: &str) -> Result<FlagSet, Refusal> {
    check(state, commands)?;
    let mut next = state.flag_set.clone();
    for command in commands {
        define(&mut next, &super::as_recorded(command)?, at);
    }
    Ok(next)
}

fn planned(now: &FlagSet, document: &FlagSet, prune: bool) -> Planning {
    let mut plan = Planning { items: Vec::new(), commands: Vec::new() };
    if prune || !document.regions.is_empty() {
        let put = Command::PutRegions { regions: document.regions.clone() };
        if !(now.regions.is_empty() && document.regions.is_empty()) {
            plan.put("regions", "", (!now.regions.is_empty()).then_some(now.regions == document.regions), put);
        }
    }
    for (tenant, attributes) in &document.tenants {
        let put = Command::PutTenant { tenant: tenant.clone(), attributes: attributes.clone() };
        plan.put("tenant", tenant.as_str(), now.tenants.get(tenant).map(|each| each == attributes), put);
    }
    for (key, segment) in &document.segments {
        let put = Command::PutSegment { key: key.clone(), segment: segment.clone() };
        plan.put("segment", key.as_str(), now.segments.get(key).map(|each| each == segment), put);
    }
    for flag in &document.flags {
        let put = Command::PutFlag { flag: Box::new(flag.clone()) };
        // Compared as they will be recorded: the order of variants is not kept.
        let same = now.flag(flag.key.as_str()).map(|each| {
            super::as_recorded(&put).is_ok_and(|put| matches!(put, Command::PutFlag { flag } if *flag == *each))
        });
        plan.put("flag", flag.key.as_str(), same, put);
    }
    if prune {
        for flag in now.flags.iter().filter(|flag| document.flag(flag.key.as_str()).is_none()) {
            plan.remove("flag", flag.key.as_str(), Command::RetireFlag { key: flag.key.clone() });
        }
        for key in now.segments.keys().filter(|key| !document.segments.contains_key(*key)) {
            plan.remove("segment", key.as_str(), Command::RemoveSegment { key: key.clone() });
        }
        for tenant in now.tenants.keys().filter(|tenant| !document.tenants.contains_key(*tenant)) {
            plan.remove("tenant", tenant.as_str(), Command::RemoveTenant { tenant: tenant.clone() });
        }
    }
    plan
}

struct Planning {
    items: Vec<ApplyItem>,
    commands: Vec<Command>,
}

impl Planning {
    /// `same` says whether what is there is the same; nothing is there if it is absent.
    fn put(&mut self, what: &str, key: &str, same: Option<bool>, command: Command) {
        let outcome = match same {
            None => Applied::Created,
            Some(false) => Applied::Changed,
            Some(true) => Applied::Unchanged,
        };
        self.item(what, key, outcome);
        if outcome != Applied::Unchanged {
            self.commands.push(command);
        }
    }

    fn remove(&mut self, what: &str, key: &str, command: Command) {
        self.item(what, key, Applied::Removed);
        self.commands.push(command);
    }

    fn item(&mut self, what: &str, key: &str, outcome: Applied) {
        let (what, key) = (what.to_owned(), key.to_owned());
        self.items.push(ApplyItem { what, key, outcome, revision: None, diagnostics: Vec::new() });
    }
}

/// Whether the environment is still what someone looked at: its revision, and the digest of its flag set.
///
/// # Errors
/// It is not; nothing is to be applied then.
pub fn check_base(state: &State, revision: Option<u64>, digest: Option<&str>) -> Result<(), Refusal> {
    let now = state.flag_set.revision;
    let environment = state.environment();
    let moved = |message: String| {
        Err(Refusal::new(RefusalCode::ChangedSince, message, "look at what has changed since, and plan again"))
    };
    if let Some(expected) = revision.filter(|expected| *expected != now) {
        return moved(format!("{environment} is at revision {now}, and revision {expected} was expected"));
    }
    let Some(expected) = digest else { return Ok(()) };
    let found = super::digest(&state.flag_set).map_err(|why| Refusal::new(RefusalCode::Internal, why, ""))?;
    if found == expected {
        return Ok(());
    }
    moved(format!("{environment} at revision {now} has the document digest {found}, and {expected} was expected"))
}

pub(super) fn check(state: &State, commands: &[Command]) -> Result<(), Refusal> {
    for command in commands {
        if !command.is_definition() {
            return Err(Refusal::new(
                RefusalCode::Invalid,
                format!("`{}` cannot be part of `apply`", command.name()),
                "ask for it by itself",
            ));
        }
        match command {
            Command::PutFlag { flag } => flags::check_put(state, flag)?,
            Command::RetireFlag { key } => flags::check_retire(state, commands, key)?,
            _ => {}
        }
    }
    Ok(())
}
