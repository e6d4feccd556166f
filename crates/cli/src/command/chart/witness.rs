//! Witnesses that are believed, and what they say of a head, in words.

use super::file;
use crate::exit::Failure;
use crate::render::{Format, Output};
use downhaul_control::chart::{SignedHead, WitnessKey, Witnessed};
use downhaul_control::time;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(super) struct WitnessArgs {
    /// A witness that has to have signed the head too: its key, as text or as a file (repeatable)
    #[arg(long = "witness", value_name = "KEY|FILE")]
    witnesses: Vec<String>,
    /// How many of these witnesses have to have signed it; all where left out
    #[arg(long, value_name = "COUNT", requires = "witnesses", value_parser = clap::value_parser!(u32).range(1..))]
    quorum: Option<u32>,
}

/// Witnesses, each once, and how many of them are enough.
pub(super) struct Witnesses {
    keys: Vec<WitnessKey>,
    quorum: usize,
}

impl WitnessArgs {
    pub(super) fn read(&self) -> Result<Witnesses, Failure> {
        let keys = self.witnesses.iter().map(|text| file::witness(text)).collect::<Result<Vec<WitnessKey>, _>>()?;
        for (at, key) in keys.iter().enumerate() {
            // Under two names one witness would count twice.
            if let Some(same) = keys.iter().take(at).find(|other| other.is_same_key(key)) {
                let message = format!("`{}` and `{}` have the same key", same.name(), key.name());
                return Err(Failure::refused("witness-twice", message).help("give every witness once"));
            }
        }
        let quorum = self.quorum.map_or(keys.len(), |quorum| usize::try_from(quorum).unwrap_or(usize::MAX));
        if quorum > keys.len() {
            let message = format!("{quorum} witnesses are asked for, and {} given", keys.len());
            return Err(Failure::refused("quorum-too-large", message).help("give more of them with `--witness`"));
        }
        Ok(Witnesses { keys, quorum })
    }
}

impl Witnesses {
    pub(super) fn are_asked(&self) -> bool {
        !self.keys.is_empty()
    }

    /// What they say of a head; nothing where none was given.
    ///
    /// # Errors
    /// Too few of them signed it, or one did not sign what stands under its name.
    pub(super) fn check(&self, head: &SignedHead) -> Result<Option<Witnessed>, Failure> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        let found = Witnessed::of(head, &self.keys);
        let size = head.head().size;
        if !found.wrong.is_empty() {
            let message = format!("the head of {size} changes is not what {} signed", quoted(&found.wrong));
            return Err(Failure::invalid("witness-wrong", message)
                .help("ask the witness for the head again, and believe neither until the two agree"));
        }
        if found.signed.len() < self.quorum {
            let message = format!(
                "{} of {} witnesses signed the head of {size} changes, and {} have to: {} did not",
                found.signed.len(),
                self.keys.len(),
                self.quorum,
                quoted(&found.silent)
            );
            let under = if found.unknown.is_empty() {
                "ask them with `downhaul chart cosign`".to_owned()
            } else {
                format!("under it stand {} too, which `--witness` does not name", quoted(&found.unknown))
            };
            return Err(Failure::invalid("too-few-witnesses", message).help(under));
        }
        Ok(Some(found))
    }

    /// [`Witnesses::check`], and says who signed when.
    pub(super) fn say(&self, head: &SignedHead, output: &Output) -> Result<(), Failure> {
        let Some(found) = self.check(head)? else { return Ok(()) };
        if output.format == Format::Json {
            return Ok(());
        }
        for (name, at) in &found.signed {
            output.line(format!("witnessed: by `{name}` at {}", time::to_text(*at)))?;
        }
        for (what, names) in [("not signed", &found.silent), ("unknown", &found.unknown)] {
            names.iter().try_for_each(|name| output.line(format!("{what}: `{name}`")))?;
        }
        Ok(())
    }

    /// For scripts: what they say of each of these heads.
    pub(super) fn json<'a>(&self, heads: impl IntoIterator<Item = &'a SignedHead>) -> Result<Vec<Value>, Failure> {
        let mut said = Vec::new();
        for head in heads {
            let Some(found) = self.check(head)? else { break };
            let signed: Vec<Value> =
                found.signed.iter().map(|(name, at)| json!({ "name": name, "at": time::to_text(*at) })).collect();
            said.push(json!({
                "size": head.head().size, "signed": signed, "silent": found.silent, "unknown": found.unknown,
            }));
        }
        Ok(said)
    }
}

/// Adds what witnesses say to what is printed for scripts, where anyone was asked.
pub(super) fn add(said: &mut Value, witnessed: Vec<Value>) {
    if let (Value::Object(members), false) = (said, witnessed.is_empty()) {
        members.insert("witnessed".to_owned(), Value::Array(witnessed));
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
