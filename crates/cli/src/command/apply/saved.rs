//! Applying a saved plan: exactly what was reviewed, to exactly what it was reviewed for.

use super::Args;
use crate::exit::Failure;
use crate::input::sources::Text;
use crate::input::{document, sources};
use crate::render::Output;
use downhaul_blast::plan::{FORMAT, Plan, Verdict};
use downhaul_control::api::{ApplyRequest, Source};
use downhaul_core::seal::document_digest;
use std::path::{Path, PathBuf};

/// The plan that is to be applied, if it is one.
pub(super) fn named(args: &Args) -> Result<Option<&Path>, Failure> {
    let is_plan = |path: &&PathBuf| path.to_str().is_some_and(|path| path.ends_with(".plan.json"));
    let path = match (&args.plan, args.paths.as_slice()) {
        (Some(path), _) => path,
        (None, [path]) if is_plan(&path) => path,
        (None, paths) => match paths.iter().find(is_plan) {
            Some(plan) => {
                let message = format!("`{}` is a plan, and is applied by itself", plan.display());
                return Err(Failure::refused("plan-beside-files", message)
                    .help("leave the other paths out; the plan holds the flag set"));
            }
            None => return Ok(None),
        },
    };
    if args.prune {
        return Err(Failure::refused("prune-planned", "`--prune` belongs to the plan, which says already what goes")
            .help("plan again with `downhaul plan server … --prune`"));
    }
    Ok(Some(path))
}

/// What was reviewed, to be applied to what it was reviewed for.
pub(super) fn request(args: &Args, path: &Path, output: &Output) -> Result<(Vec<Text>, ApplyRequest), Failure> {
    let name = path.display();
    let again = "plan again: `downhaul plan server … --save FILE`";
    let plan = read_plan(path)?;
    let Some(revision) = plan.base_revision else {
        let message = format!("`{name}` compares files, and says nothing about what is published");
        return Err(Failure::refused("plan-without-base", message).help(again));
    };
    let environment = args.server.target()?.environment;
    if environment != plan.old.environment {
        let message = format!("`{name}` was made for {}, and this is {environment}", plan.old.environment);
        return Err(Failure::refused("plan-elsewhere", message)
            .help(format!("name it with `--environment {}`, or {again}", plan.old.environment)));
    }
    let document =
        plan.document().map_err(|why| Failure::invalid("plan-document", format!("`{name}`: {why}")).help(again))?;
    // The digest was compared: these are the paths that were planned, or the run ends here.
    if !args.paths.is_empty() && args.plan.is_some() {
        let given = document::load(&args.paths)?;
        let digest = document_digest(given.valid.document()).map_err(|error| unreadable_plan(path, &error))?;
        if digest != plan.new.digest {
            let message = format!("what is given is not what was planned in `{name}`: its digest is {digest}");
            return Err(Failure::refused("not-as-planned", message).help(again));
        }
    }
    if plan.verdict == Verdict::OverBudget {
        output.note(format!("`{name}` is over its budget, as was reviewed"));
    }
    let text = serde_json::to_string(&document).map_err(|error| unreadable_plan(path, &error))?;
    let source = Source { name: format!("{name} (document)"), text };
    let texts = vec![Text { name: source.name.clone(), bytes: source.text.clone().into_bytes() }];
    let request = ApplyRequest {
        sources: vec![source],
        reason: args.reason.clone(),
        prune: plan.prune,
        anyway: args.anyway,
        dry_run: args.dry_run,
        expected_revision: Some(revision),
        expected_digest: Some(plan.old.digest),
    };
    Ok((texts, request))
}

fn read_plan(path: &Path) -> Result<Plan, Failure> {
    #[derive(serde::Deserialize)]
    struct Version {
        plan: u32,
    }
    let text = sources::read_file(path)?;
    let unreadable = |error| unreadable_plan(path, &error);
    // Another version's plan may look like anything else.
    let version: Version = serde_json::from_slice(&text.bytes).map_err(unreadable)?;
    if version.plan != FORMAT {
        let message =
            format!("`{}` is a plan of format {}, and this reads format {FORMAT}", path.display(), version.plan);
        return Err(Failure::invalid("plan-format", message).help("plan again with this version of downhaul"));
    }
    serde_json::from_slice(&text.bytes).map_err(unreadable)
}

fn unreadable_plan(path: &Path, error: &serde_json::Error) -> Failure {
    Failure::invalid("not-a-plan", format!("`{}` is not a plan: {error}", path.display()))
        .help("give a file that `downhaul plan --save` wrote")
}
