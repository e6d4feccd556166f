//! Whether a release may be called ready: every item that is missing or stale, and what to do about it.

use super::{DataChange, Release, validate};
use crate::drill::{Drill, Outcome};
use crate::outcomes::OutcomeMetric;
use crate::release::one_way;
use crate::runbook::{What, derived};
use crate::state::State;
use crate::time;
use downhaul_core::diagnostic::Severity;
use downhaul_core::document::Reversibility;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was found outside, by those who do I/O. What is absent was not looked at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    pub artifact: Option<Reach>,
    pub previous: Option<Reach>,
    /// By the name of the recovery metric.
    pub metrics: BTreeMap<String, MetricFact>,
    /// The webhook targets that the server knows.
    pub targets: Option<Vec<String>>,
}

/// Whether an artifact is where it is said to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Reach {
    There,
    /// It answers, and has not this artifact.
    Missing {
        why: String,
    },
    /// There is something else under this reference.
    Different {
        found: String,
    },
    /// Nobody can tell: no answer, or no permission.
    Unknown {
        why: String,
    },
}

/// What a recovery metric gives now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum MetricFact {
    Value { value: f64 },
    NoData { why: String },
    Unknown { why: String },
}

/// An item that is missing or stale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// A stable kebab-case name.
    pub code: String,
    /// An error means that the release is not ready.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub severity: Severity,
    /// What it is about, such as `previous artifact` or `cache cdn`.
    pub item: String,
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Everything that is missing or stale, errors first.
pub fn check(state: &State, release: &Release, facts: &Facts, now: Timestamp) -> Vec<Finding> {
    let mut list = List(Vec::new());
    for problem in validate::problems(state, release) {
        let item = if problem.place.pointer.is_empty() { "release".to_owned() } else { problem.place.pointer };
        list.error(&problem.code, item, problem.message, problem.help.unwrap_or_default());
    }
    people(&mut list, release);
    artifacts(&mut list, release, facts);
    data(&mut list, state, release);
    flags(&mut list, state, release);
    proof(&mut list, release, facts);
    around(&mut list, release);
    runbook(&mut list, state, release, facts);
    drill(&mut list, state, release, now);
    list.0.sort_by_key(|finding| finding.severity);
    list.0
}

struct List(Vec<Finding>);

impl List {
    fn add(
        &mut self,
        severity: Severity,
        code: &str,
        item: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (code, item, message, help) = (code.to_owned(), item.into(), message.into(), help.into());
        self.0.push(Finding { code, severity, item, message, help });
    }

    fn error(&mut self, code: &str, item: impl Into<String>, message: impl Into<String>, help: impl Into<String>) {
        self.add(Severity::Error, code, item, message, help);
    }

    fn warning(&mut self, code: &str, item: impl Into<String>, message: impl Into<String>, help: impl Into<String>) {
        self.add(Severity::Warning, code, item, message, help);
    }
}

fn people(list: &mut List, release: &Release) {
    if release.owner.trim().is_empty() {
        list.error("no-owner", "owner", "nobody answers for it", "name the team in `owner`");
    }
    if release.escalation.is_none() {
        let help = "name a webhook target of the server in `escalation`, such as the one that pages";
        list.error("no-escalation", "escalation", "nobody is called where a step fails", help);
    }
}

fn artifacts(list: &mut List, release: &Release, facts: &Facts) {
    reach(list, "artifact", &facts.artifact, &release.artifact.reference);
    match &release.previous {
        Some(previous) => reach(list, "previous artifact", &facts.previous, &previous.reference),
        None if release.reversibility == Reversibility::ForwardFixOnly => {}
        None => {
            let help = "name the last artifact known to be good in `previous`; without it only the flags lead back";
            list.error("no-previous", "previous artifact", "there is none to go back to", help);
        }
    }
}

fn reach(list: &mut List, item: &str, reach: &Option<Reach>, reference: &str) {
    match reach {
        Some(Reach::There) => {}
        Some(Reach::Missing { why }) => {
            let help = "push it again, or name one that is there; keep it from being cleaned up";
            list.error("artifact-missing", item, format!("`{reference}` is not there: {why}"), help);
        }
        Some(Reach::Different { found }) => {
            let message = format!("`{reference}` is not what the release names: found {found}");
            list.error("artifact-differs", item, message, "put the digest of what was built into the release");
        }
        Some(Reach::Unknown { why }) => {
            let message = format!("nobody can tell whether `{reference}` is there: {why}");
            list.error(
                "artifact-unknown",
                item,
                message,
                "check from where it can be reached, with what it takes to sign in",
            );
        }
        None => {
            let message = format!("`{reference}` was not looked at");
            list.warning("artifact-unchecked", item, message, "run `downhaul release check` without `--offline`");
        }
    }
}

fn data(list: &mut List, state: &State, release: &Release) {
    let forward_only = release.reversibility == Reversibility::ForwardFixOnly;
    match release.data_change {
        None => {
            let help =
                "say in `data_change` what it does to stored data: `none additive dual-write new-only irreversible`";
            list.error("data-unclassified", "data change", "it is not classified", help);
        }
        Some(DataChange::NewOnly | DataChange::Irreversible) if !forward_only => {
            let help = "make it `forward-fix-only` with its `forward_fix`, or write both forms";
            let message = "what it writes cannot be read by the previous artifact, and it claims to be `rollback-safe`";
            list.error("data-one-way", "data change", message, help);
        }
        Some(DataChange::None) if !release.migrations.is_empty() => {
            let message = "it needs migrations and claims to change no data";
            list.warning("data-contradiction", "data change", message, "classify what the migrations do");
        }
        Some(_) => {}
    }
    let claims_safe = release.reversibility == Reversibility::RollbackSafe;
    for each in one_way(state, release).into_iter().filter(|each| claims_safe && each.data_is_gone) {
        if !release.flags.contains(&each.flag) {
            let message = format!("{}, and the release claims to be `rollback-safe`", each.why);
            list.error("flag-one-way", format!("migration {}", each.flag), message, "make both say the same");
        }
    }
    for migration in release.migrations.iter().filter(|migration| migration.note.trim().is_empty()) {
        let help = "say in its `note` what the previous artifact makes of the data after it";
        list.warning(
            "migration-silent",
            format!("migration {}", migration.name),
            "nobody says whether going back is safe",
            help,
        );
    }
}

fn flags(list: &mut List, state: &State, release: &Release) {
    if release.flags.is_empty() {
        let help = "put the feature behind a flag, and name it in `flags`: a kill takes less than a second";
        list.warning("no-flags", "flags", "no flag turns it off", help);
    }
    for key in &release.flags {
        let Some(flag) = state.flag_set.flag(key.as_str()) else { continue };
        if flag.reversibility == Reversibility::ForwardFixOnly && release.reversibility == Reversibility::RollbackSafe {
            let message = "the flag is `forward-fix-only`, and the release claims to be `rollback-safe`";
            list.error("flag-one-way", format!("flag {key}"), message, "make both say the same");
        }
        let outside: Vec<String> = state
            .degrades_with(key.as_str())
            .into_iter()
            .filter(|other| !release.flags.contains(other))
            .map(|other| format!("`{other}`"))
            .collect();
        if !outside.is_empty() {
            let message = format!("killing it also degrades {}", outside.join(", "));
            list.warning(
                "degrades-others",
                format!("flag {key}"),
                message,
                "tell their owners, or kill a smaller flag",
            );
        }
    }
}

fn proof(list: &mut List, release: &Release, facts: &Facts) {
    if release.recovery.is_empty() {
        let help = "name in `recovery` a query whose value says that users are well again";
        list.error("no-recovery-metric", "recovery metric", "nothing proves that a rollback has worked", help);
    }
    for metric in &release.recovery {
        let item = format!("recovery metric {}", metric.name);
        if metric.for_seconds > release.objective_seconds {
            let message = format!(
                "it has to hold for {} s, longer than the objective of {} s",
                metric.for_seconds, release.objective_seconds
            );
            list.error(
                "objective-too-short",
                item.clone(),
                message,
                "let it hold for less, or give a longer objective",
            );
        }
        match facts.metrics.get(&metric.name) {
            Some(MetricFact::Value { .. }) => {}
            Some(MetricFact::NoData { why }) => {
                let help = match OutcomeMetric::of_query(&metric.query) {
                    Some(Ok(outcomes)) => format!(
                        "count outcomes in the application and see `downhaul outcomes {}`; a metric without data proves nothing",
                        outcomes.flag
                    ),
                    _ => "run the query in Prometheus; a metric without data proves nothing".to_owned(),
                };
                list.error("metric-without-data", item, format!("it gives no number now: {why}"), help);
            }
            Some(MetricFact::Unknown { why }) => {
                list.error(
                    "metric-unknown",
                    item,
                    format!("it could not be asked: {why}"),
                    "see that the server reaches Prometheus",
                );
            }
            None => {
                list.warning(
                    "metric-unchecked",
                    item,
                    "it was not asked",
                    "check against a server that knows Prometheus",
                );
            }
        }
    }
}

fn around(list: &mut List, release: &Release) {
    for cache in &release.caches {
        let item = format!("cache {}", cache.name);
        if cache.lag_seconds.is_none() {
            let help = "say in `lag_seconds` for how long it may serve what was before";
            list.error("cache-lag-unknown", item.clone(), "nobody knows how long it lags", help);
        }
        if cache.purge.is_none() && cache.lag_seconds.is_some_and(|lag| lag > release.objective_seconds) {
            let message = "it lags longer than the objective, and nothing empties it";
            list.error("cache-too-slow", item, message, "name in `purge` the webhook target that empties it");
        }
    }
    for job in release.jobs.iter().filter(|job| job.on_rollback.trim().is_empty()) {
        let help = "say in `on_rollback` what a person does with it";
        list.error("job-unplanned", format!("job {}", job.name), "nobody says what happens to it in a rollback", help);
    }
}

fn runbook(list: &mut List, state: &State, release: &Release, facts: &Facts) {
    let runbook = derived(state, release);
    if runbook.steps.is_empty() {
        let help = "name flags, a previous artifact or a recovery metric, or write a `runbook`";
        list.error("no-runbook", "runbook", "it has no steps", help);
    }
    if !release.recovery.is_empty() && !runbook.steps.iter().any(|step| matches!(step.what, What::Verify { .. })) {
        let help = "end it with a `verify` step";
        list.error("runbook-without-proof", "runbook", "no step verifies that it has worked", help);
    }
    let targets = facts
        .targets
        .iter()
        .flat_map(|known| release.targets().into_iter().filter(move |target| !known.iter().any(|each| each == target)));
    for target in targets {
        let help = "name it in the server's targets file (`downhaul serve --targets`), or use one that is there";
        list.error("unknown-target", format!("webhook target {target}"), "the server does not know it", help);
    }
}

fn drill(list: &mut List, state: &State, release: &Release, now: Timestamp) {
    let (key, days) = (release.key.as_str(), state.policy.drill_days);
    let help = format!("rehearse it with `downhaul drill {key}`; a way back that was never gone is a guess");
    let newest = Drill::all(&state.releases).find(|drill| drill.run.subject.is_release(key));
    if let Some((drill, Outcome::Failed(reasons))) = newest.map(|drill| (drill, drill.outcome())) {
        let message = format!("the newest drill ({}) has failed: {}", drill.run.id(), reasons.join("; "));
        list.warning("drill-failed", "drill", message, "mend what it has shown, and rehearse again");
    }
    let Some(drill) = state.releases.last_drill(key) else {
        let message = if newest.is_none() { "it was never rehearsed" } else { "no drill of it has passed" };
        return list.warning("never-drilled", "drill", message, help);
    };
    let age = now.duration_since(drill.run.began).as_secs() / 86_400;
    if age > i64::from(days.get()) {
        let message =
            format!("the last drill was on {}, {age} days ago; {days} are allowed", time::day(drill.run.began));
        list.warning("drill-stale", "drill", message, help);
    }
    if drill.run.subject.release() != Some(release) {
        let help = "rehearse it as it is now";
        list.warning("drill-of-other", "drill", "the release has changed since its last drill", help);
    }
    if state.releases.last_independent_drill(key).is_none() {
        let help = "let somebody who did not write it run the next drill";
        list.warning("drill-by-author", "drill", "nobody but its author has rehearsed it", help);
    }
    let (took, objective) = (drill.phases().total_ms.unwrap_or(0), u64::from(release.objective_seconds) * 1000);
    if took > objective {
        let message =
            format!("the last drill took {} s; the objective is {} s", took / 1000, release.objective_seconds);
        list.warning("drill-too-slow", "drill", message, "shorten the way back, or give a longer objective");
    }
    if drill.clients() == Some(0) {
        let message = "no client was connected in the last drill, so that nobody knows how long disabling takes";
        list.warning("drill-without-clients", "drill", message, "rehearse where clients are connected");
    }
}
