//! What is wrong with a release. What is merely missing, [`super::check`] says.

use super::{Artifact, ArtifactKind, Release};
use crate::decide::unknown;
use crate::outcomes;
use crate::runbook::{Runbook, Step, What, Which};
use crate::state::State;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::Reversibility;
use downhaul_core::ids::FlagKey;
use std::collections::BTreeSet;

/// Longest text for people, in bytes, and the most entries of a list.
const TEXT: usize = 2000;
const ENTRIES: usize = 100;
/// A day, in seconds.
const DAY: u32 = 86_400;

/// What is wrong with a release in an environment: also flags that do not exist there, and metrics that can have no data.
pub fn problems(state: &State, release: &Release) -> Vec<Diagnostic> {
    let mut problems = hindrances(state, release);
    problems.extend(release.queries().filter_map(|(pointer, query)| outcomes::misplaced(state, &pointer, query)));
    problems
}

/// What keeps its runbook from being carried out. A metric without data does not: the way back is gone, and held where the
/// metric would prove it.
pub(crate) fn hindrances(state: &State, release: &Release) -> Vec<Diagnostic> {
    let mut problems = alone(release);
    for (pointer, flag) in flags(release) {
        if let Some(date) = state.flag_set.retired.get(flag) {
            let message = format!("the flag `{flag}` was retired on {date}");
            let help = "take it out of the release: no client receives it any more";
            problems.push(Diagnostic::error("unknown-flag", pointer, message).help(help));
        } else if state.flag_set.flag(flag.as_str()).is_none() {
            let refusal = unknown("flag", flag.as_str(), state.flag_set.flags.iter().map(|flag| flag.key.as_str()));
            problems.push(Diagnostic::error("unknown-flag", pointer, refusal.message).help(refusal.help));
        }
    }
    problems
}

/// What is wrong with a release, whatever the environment.
pub fn alone(release: &Release) -> Vec<Diagnostic> {
    let mut found = Found(Vec::new());
    check_artifact(&mut found, "/artifact", &release.artifact);
    if let Some(previous) = &release.previous {
        check_artifact(&mut found, "/previous", previous);
        if previous.digest == release.artifact.digest {
            let help = "name the last artifact known to be good, not the release's own";
            found.error("same-artifact", "/previous/digest", "the previous artifact is the release's own", help);
        }
    }
    let fix = release.forward_fix.as_deref().unwrap_or_default().trim();
    if release.reversibility == Reversibility::ForwardFixOnly && fix.is_empty() {
        let help = "say in `forward_fix` what to do instead of going back";
        found.error("missing-forward-fix", "/reversibility", "a `forward-fix-only` release names no forward fix", help);
    }
    found.seconds("/objective_seconds", release.objective_seconds, 1, DAY);
    found.once("/flags", release.flags.iter().map(FlagKey::as_str));
    found.once("/caches", release.caches.iter().map(|cache| cache.name.as_str()));
    found.once("/recovery", release.recovery.iter().map(|metric| metric.name.as_str()));
    for (index, cache) in release.caches.iter().enumerate() {
        found.filled(&format!("/caches/{index}/name"), &cache.name);
        found.seconds(&format!("/caches/{index}/lag_seconds"), cache.lag_seconds.unwrap_or(0), 0, 7 * DAY);
    }
    for (index, metric) in release.recovery.iter().enumerate() {
        found.filled(&format!("/recovery/{index}/name"), &metric.name);
        found.filled(&format!("/recovery/{index}/query"), &metric.query);
        found.seconds(&format!("/recovery/{index}/for_seconds"), metric.for_seconds, 0, DAY);
    }
    found.0.extend(release.queries().filter_map(|(pointer, query)| outcomes::malformed(&pointer, query)));
    for (pointer, text) in texts(release) {
        if text.len() > TEXT {
            let message = format!("the text has {} bytes, more than {TEXT}", text.len());
            found.error("too-long", &pointer, message, "put the long form behind a link");
        }
    }
    if let Some(runbook) = &release.runbook {
        check_runbook(&mut found, release, runbook);
    }
    found.0
}

struct Found(Vec<Diagnostic>);

impl Found {
    fn error(&mut self, code: &str, pointer: &str, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Diagnostic::error(code, pointer, message).help(help));
    }

    fn filled(&mut self, pointer: &str, text: &str) {
        if text.trim().is_empty() {
            self.error("empty-text", pointer, "the text says nothing", "fill it, or leave the whole entry out");
        }
    }

    fn seconds(&mut self, pointer: &str, seconds: u32, least: u32, most: u32) {
        if !(least..=most).contains(&seconds) {
            let message = format!("{seconds} s is not between {least} and {most} s");
            self.error("out-of-range", pointer, message, "give the time in seconds");
        }
    }

    /// Names that stand once, and not too many.
    fn once<'a>(&mut self, pointer: &str, names: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for (index, name) in names.enumerate() {
            if index == ENTRIES {
                let message = format!("there are more than {ENTRIES} entries");
                return self.error("too-many", pointer, message, "cut the release in parts");
            }
            if !seen.insert(name) {
                let at = format!("{pointer}/{index}");
                self.error("duplicate-value", &at, format!("`{name}` stands here twice"), "keep one");
            }
        }
    }
}

fn check_artifact(found: &mut Found, pointer: &str, artifact: &Artifact) {
    let digits = artifact.digest.strip_prefix("sha256:").unwrap_or_default();
    let is_digest = digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_digest {
        let message = format!("`{}` is not a digest", artifact.digest);
        let help = "write `sha256:` and 64 lower-case hexadecimal digits, as `sha256sum` and registries print them";
        found.error("malformed-digest", &format!("{pointer}/digest"), message, help);
    }
    let reference = artifact.reference.as_str();
    let is_plain = !reference.is_empty()
        && reference.len() <= TEXT
        && reference.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'`'));
    let (is_right, help) = match artifact.kind {
        ArtifactKind::Http => {
            let rest = reference.strip_prefix("https://").or_else(|| reference.strip_prefix("http://"));
            let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
            (!host.is_empty() && !host.contains('@'), "write a URL without user and password: `https://…`")
        }
        ArtifactKind::Oci => {
            (oci_parts(reference).is_some(), "write registry and repository, such as `ghcr.io/shop/checkout:2.4.1`")
        }
    };
    if !(is_plain && is_right) {
        let message = format!("`{}` is not the reference of such an artifact", shortened(reference));
        found.error("malformed-reference", &format!("{pointer}/reference"), message, help);
    }
}

/// Registry and repository of an OCI reference, without tag and digest.
pub fn oci_parts(reference: &str) -> Option<(&str, &str)> {
    let (registry, rest) = reference.split_once('/')?;
    let is_registry = registry.contains(['.', ':']) || registry == "localhost";
    let repository = rest.split('@').next()?;
    let repository = match repository.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => repository,
    };
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
    };
    (is_registry && repository.split('/').all(part)).then_some((registry, repository))
}

fn check_runbook(found: &mut Found, release: &Release, runbook: &Runbook) {
    found.seconds("/runbook/limit_seconds", runbook.limit_seconds, 1, DAY);
    if runbook.steps.is_empty() || runbook.steps.len() > ENTRIES {
        let message = format!("a runbook has 1 to {ENTRIES} steps");
        found.error(
            "steps",
            "/runbook/steps",
            message,
            "leave `runbook` out for the one that follows from the release",
        );
    }
    for (index, step) in runbook.steps.iter().enumerate() {
        check_step(found, release, &format!("/runbook/steps/{index}"), step);
    }
    for (index, stop) in runbook.stop.iter().enumerate() {
        found.filled(&format!("/runbook/stop/{index}/name"), &stop.name);
        found.filled(&format!("/runbook/stop/{index}/query"), &stop.query);
    }
}

fn check_step(found: &mut Found, release: &Release, pointer: &str, step: &Step) {
    found.seconds(&format!("{pointer}/limit_seconds"), step.limit_seconds, 1, DAY);
    match &step.what {
        What::Kill(flags) | What::Restore(flags) => {
            let pointer = format!("{pointer}/{}", step.kind());
            if flags.is_empty() {
                found.error("empty-list", &pointer, "the step names no flag", "name at least one");
            }
            found.once(&pointer, flags.iter().map(FlagKey::as_str));
        }
        What::Redeploy { artifact: Which::Previous, .. } if release.previous.is_none() => {
            let help = "name the last artifact known to be good in `previous`";
            found.error("no-previous", pointer, "the step puts back the previous artifact, and there is none", help);
        }
        What::Wait { seconds } if *seconds >= step.limit_seconds => {
            let message = format!("the step waits {seconds} s and may take {} s", step.limit_seconds);
            found.error("limit-too-short", pointer, message, "give it a `limit_seconds` above what it waits");
        }
        What::Verify { metric } => {
            if let Some(known) = release.metric(metric) {
                if known.for_seconds >= step.limit_seconds {
                    let message = format!(
                        "`{metric}` has to hold for {} s, and the step may take {} s",
                        known.for_seconds, step.limit_seconds
                    );
                    found.error("limit-too-short", pointer, message, "give it a `limit_seconds` above that");
                }
            } else {
                let refusal =
                    unknown("recovery metric", metric, release.recovery.iter().map(|each| each.name.as_str()));
                found.error("unknown-metric", &format!("{pointer}/verify"), refusal.message, refusal.help);
            }
        }
        What::Manual(instructions) => found.filled(&format!("{pointer}/manual"), instructions),
        What::Redeploy { .. } | What::Wait { .. } | What::Purge { .. } | What::Escalate { .. } => {}
    }
    if step.target().is_some_and(|target| target.trim().is_empty()) {
        found.error("empty-text", pointer, "the step names no webhook target", "name one of the server's targets");
    }
}

/// The flags that it names, with their places.
fn flags(release: &Release) -> impl Iterator<Item = (String, &FlagKey)> {
    let own = release.flags.iter().enumerate().map(|(index, flag)| (format!("/flags/{index}"), flag));
    let steps = release.runbook.iter().flat_map(|runbook| runbook.steps.iter().enumerate());
    let of_steps = steps.flat_map(|(step, of)| {
        let flags = match &of.what {
            What::Kill(flags) | What::Restore(flags) => flags.as_slice(),
            _ => &[],
        };
        let pointer = move |index: usize| format!("/runbook/steps/{step}/{}/{index}", of.kind());
        flags.iter().enumerate().map(move |(index, flag)| (pointer(index), flag))
    });
    own.chain(of_steps)
}

/// Texts that people write, with their places.
fn texts(release: &Release) -> impl Iterator<Item = (String, &str)> {
    let own = [("/description", release.description.as_str()), ("/owner", release.owner.as_str())];
    let fix = release.forward_fix.as_deref().map(|text| ("/forward_fix", text));
    let own = own.into_iter().chain(fix).map(|(pointer, text)| (pointer.to_owned(), text));
    own.chain(release.queries())
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
