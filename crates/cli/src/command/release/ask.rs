//! The questions whose answers make a release.

use crate::exit::Failure;
use dialoguer::theme::SimpleTheme;
use dialoguer::{Confirm, Input, MultiSelect, Select};
use downhaul_control::release::{
    Artifact, ArtifactKind, Condition, DataChange, Escalation, RecoveryMetric, Release, ReleaseKey,
};
use downhaul_core::document::{FlagSet, Reversibility};
use std::io::IsTerminal;
use std::str::FromStr;

const DATA: [(&str, DataChange); 5] = [
    ("none: it reads only, or writes as before", DataChange::None),
    ("additive: it writes more, which the old code passes over", DataChange::Additive),
    ("dual-write: it writes the old and the new form", DataChange::DualWrite),
    ("new-only: it writes what only the new code reads", DataChange::NewOnly),
    ("irreversible: it has effects outside, or removes data", DataChange::Irreversible),
];

/// Asks for everything that a rollback needs. An empty answer leaves something out; `downhaul release check` says what
/// that means.
pub(super) fn ask(flag_set: &FlagSet) -> Result<Release, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::refused("no-terminal", "there is no terminal to ask questions at")
            .help("name a file: `downhaul release plan FILE`; its form is that of `downhaul schema release`"));
    }
    questions(flag_set).map_err(|dialoguer::Error::IO(error)| {
        Failure::could_not_run("not-answered", format!("the questions were not answered: {error}"))
            .help("nothing was written; begin again, or write a file")
    })
}

fn questions(flag_set: &FlagSet) -> dialoguer::Result<Release> {
    let key: ReleaseKey = parsed("Key of the release, such as checkout-2.4.1")?;
    let owner = optional("Team that answers for it")?.unwrap_or_default();
    let artifact = artifact("Artifact of the release")?;
    let has_previous = yes("Is there an artifact to go back to?")?;
    let previous = if has_previous { Some(self::artifact("Previous artifact")?) } else { None };
    let keys: Vec<&str> = flag_set.flags.iter().map(|flag| flag.key.as_str()).collect();
    let mut flags = Vec::new();
    if !keys.is_empty() {
        let chosen =
            MultiSelect::with_theme(&SimpleTheme).with_prompt("Flags that turn it off (space selects)").items(&keys);
        let chosen = chosen.interact()?;
        flags.extend(chosen.into_iter().filter_map(|at| Some(flag_set.flags.get(at)?.key.clone())));
    }
    let words = DATA.map(|(words, _)| words);
    let data = Select::with_theme(&SimpleTheme).with_prompt("What it does to stored data").items(words).default(0);
    let data_change = DATA.get(data.interact()?).map(|(_, data)| *data);
    let safe = yes("Is going back enough to undo it?")?;
    let forward_fix = if safe { None } else { Some(required("What is done instead of going back")?) };
    let mut recovery = Vec::new();
    if let Some(name) = optional("Metric that proves recovery: its name, such as errors")? {
        let query = required("Its query in PromQL, which gives one number")?;
        let condition: Condition = parsed("What it has to be, such as < 0.01")?;
        let for_seconds = number("For how many seconds", 60)?;
        recovery.push(RecoveryMetric { name, query, condition, for_seconds });
    }
    let objective_seconds = number("Seconds within which a rollback proves recovery", 300)?;
    let redeploy = optional("Webhook target of the server that deploys")?;
    let escalation = match optional("Webhook target of the server that calls for help")? {
        Some(target) => Some(Escalation { target, contact: optional("Whom it reaches")?.unwrap_or_default() }),
        None => None,
    };
    Ok(Release {
        key,
        description: String::new(),
        owner,
        artifact,
        previous,
        config_revision: None,
        data_change,
        flags,
        migrations: Vec::new(),
        caches: Vec::new(),
        jobs: Vec::new(),
        recovery,
        reversibility: if safe { Reversibility::RollbackSafe } else { Reversibility::ForwardFixOnly },
        forward_fix,
        objective_seconds,
        redeploy,
        runbook: None,
        escalation,
    })
}

fn artifact(what: &str) -> dialoguer::Result<Artifact> {
    let kinds = [("a file by HTTP", ArtifactKind::Http), ("an image of an OCI registry", ArtifactKind::Oci)];
    let select = Select::with_theme(&SimpleTheme).with_prompt(what).items(kinds.map(|(words, _)| words)).default(1);
    let kind = kinds.get(select.interact()?).map_or(ArtifactKind::Oci, |(_, kind)| *kind);
    let reference = required(match kind {
        ArtifactKind::Http => "Its URL",
        ArtifactKind::Oci => "Its reference, such as ghcr.io/shop/checkout:2.4.1",
    })?;
    let digest = required("Its digest, sha256: and 64 digits")?;
    Ok(Artifact { kind, reference, digest })
}

fn required(prompt: &str) -> dialoguer::Result<String> {
    Ok(Input::<String>::with_theme(&SimpleTheme).with_prompt(prompt).interact_text()?.trim().to_owned())
}

fn optional(prompt: &str) -> dialoguer::Result<Option<String>> {
    let text = Input::<String>::with_theme(&SimpleTheme).with_prompt(prompt).allow_empty(true).interact_text()?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

fn parsed<T>(prompt: &str) -> dialoguer::Result<T>
where
    T: FromStr + Clone + ToString,
    T::Err: ToString,
{
    Input::<T>::with_theme(&SimpleTheme).with_prompt(prompt).interact_text()
}

fn number(prompt: &str, default: u32) -> dialoguer::Result<u32> {
    Input::<u32>::with_theme(&SimpleTheme).with_prompt(prompt).default(default).interact_text()
}

fn yes(prompt: &str) -> dialoguer::Result<bool> {
    Confirm::with_theme(&SimpleTheme).with_prompt(prompt).default(true).interact()
}
