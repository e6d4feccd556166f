//! The two documents of a plan.

use super::Args;
use crate::exit::Failure;
use crate::input::document;
use crate::input::sources::Text;
use crate::remote::{ControlPlane, block_on};
use downhaul_control::decide;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::validate::{Valid, validate};
use jiff::Timestamp;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a document comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    /// What the control plane publishes, or what it published at a revision.
    Published(Option<u64>),
    Path(PathBuf),
}

impl FromStr for Given {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "server" {
            return Ok(Given::Published(None));
        }
        match text.strip_prefix("server:").map(str::parse) {
            Some(Ok(revision)) => Ok(Given::Published(Some(revision))),
            Some(Err(_)) => {
                Err("write a past revision as `server:40`, and a file of that name as `./server:…`".to_owned())
            }
            None => Ok(Given::Path(PathBuf::from(text))),
        }
    }
}

/// A document, and what it was read from.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) name: String,
    pub(super) valid: Valid,
    pub(super) warnings: Vec<Diagnostic>,
    pub(super) texts: Vec<Text>,
}

/// What is compared.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) old: Side,
    pub(super) new: Side,
    /// What there is once `new` is there: itself, or where `old` is published, what `apply` would make of both.
    pub(super) effective: Valid,
    /// The revision of `old`, where it is what is published.
    pub(super) base_revision: Option<u64>,
}

pub(super) fn load(args: &Args) -> Result<Pair, Failure> {
    let from_stdin = [&args.old, &args.new].map(|given| *given == Given::Path(PathBuf::from("-")));
    let people = args.population.is_stdin();
    if from_stdin.into_iter().chain([people]).filter(|from_stdin| *from_stdin).count() > 1 {
        return Err(Failure::refused(
            "stdin-twice",
            "only one of both flag sets and the population can come from standard input",
        )
        .help("put the others into files"));
    }
    if args.prune && args.old != Given::Published(None) {
        return Err(Failure::refused("prune-what", "`--prune` is about what is published")
            .help("give `server` as OLD; of files, all is compared as it stands"));
    }
    let old = side(&args.old, args)?;
    let new = side(&args.new, args)?;
    if args.old != Given::Published(None) {
        return Ok(Pair { effective: new.valid.clone(), old, new, base_revision: None });
    }
    let effective = applied(&old, &new, args.prune)?;
    let base_revision = Some(old.valid.document().revision);
    Ok(Pair { old, new, effective, base_revision })
}

fn side(given: &Given, args: &Args) -> Result<Side, Failure> {
    let revision = match given {
        Given::Path(path) => {
            let document::Loaded { valid, warnings, texts } = document::load(std::slice::from_ref(path))?;
            let name = if path.as_os_str() == "-" { "<stdin>".to_owned() } else { path.display().to_string() };
            return Ok(Side { name, valid, warnings, texts });
        }
        Given::Published(revision) => *revision,
    };
    let control = ControlPlane::connect(&args.server)?;
    let document = block_on(control.document(revision))?;
    let name = format!("{} of {} at revision {}", document.environment, control.server(), document.revision);
    let (valid, _) = validate(document, None).map_err(|problems| {
        document::refused(problems, &[]).help("the control plane may be of another version than this command line")
    })?;
    Ok(Side { name, valid, warnings: Vec::new(), texts: Vec::new() })
}

/// What is published once `new` is applied: kills stay, and so does what `new` does not name, unless it is pruned.
fn applied(old: &Side, new: &Side, prune: bool) -> Result<Valid, Failure> {
    let now = Timestamp::now().to_string();
    let next = decide::applied(old.valid.document(), new.valid.document(), prune, &now)
        .map_err(|refusal| Failure::invalid(refusal.code.as_str(), refusal.message).help(refusal.help))?;
    match validate(next, None) {
        Ok((valid, _)) => Ok(valid),
        Err(problems) => {
            let mut failure = document::refused(problems, &[]);
            failure.message = format!("`{}` cannot be applied to what is published", new.name);
            Err(failure.help("what it names may be gone or killed; see each problem"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_documents_come_from() {
        assert_eq!("server".parse(), Ok(Given::Published(None)));
        assert_eq!("server:40".parse(), Ok(Given::Published(Some(40))));
        for path in ["./server", "servers", "flags/server", "-"] {
            assert_eq!(path.parse(), Ok(Given::Path(PathBuf::from(path))));
        }
        assert!("server:new".parse::<Given>().is_err());
    }
}
