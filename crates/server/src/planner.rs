//! Plans on behalf of whoever asks: beside everything else, a few at a time, and never for long.

use crate::draft;
use crate::environment::Publication;
use crate::error::{AppError, AppResult};
use crate::metrics::Metrics;
use crate::options::ServerOptions;
use crate::populations::Kept;
use axum::http::StatusCode;
use downhaul_blast::exact::{self, compare_while};
use downhaul_blast::plan::{Budget, Found, Origin, Plan, Side, with_callers_defaults};
use downhaul_blast::population::Population;
use downhaul_blast::replay::{self, Replay, replay};
use downhaul_control::api::PlanRequest;
use downhaul_control::{Command, Refusal, decide};
use downhaul_core::check::{Checked, check};
use downhaul_core::document::FlagSet;
use downhaul_core::validate::{Valid, validate};
use jiff::Timestamp;
use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Nodes of one flag, unless someone asks for more, and the most that they may ask for.
const NODES: usize = 50_000;
const MOST_NODES: usize = 200_000;
/// Attributes by which moved weight is grouped.
const BY: usize = 8;

#[derive(Debug)]
pub(crate) struct Planner {
    places: Arc<Semaphore>,
    wait: Duration,
    time: Duration,
    metrics: Arc<Metrics>,
}

/// What is planned, over whom.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) before: Arc<Publication>,
    pub(crate) people: Option<Arc<Kept>>,
    pub(crate) budget: Option<Budget>,
    pub(crate) asked: PlanRequest,
}

impl Planner {
    pub(crate) fn new(options: &ServerOptions, metrics: Arc<Metrics>) -> Self {
        let places = Arc::new(Semaphore::new(options.plans_at_once));
        Planner { places, wait: options.plan_wait, time: options.plan_time, metrics }
    }

    /// Ends early where the caller goes away. Kills and whatever else the server does go on beside it.
    pub(crate) async fn plan(&self, work: Work) -> AppResult<Plan> {
        let turn = timeout(self.wait, Arc::clone(&self.places).acquire_owned()).await;
        let place = turn.map_err(|_| busy())?.map_err(AppError::internal)?;
        let end = Arc::new(AtomicBool::new(false));
        let _gone = EndWhenGone(Arc::clone(&end));
        let (seen, metrics) = (Arc::clone(&end), Arc::clone(&self.metrics));
        let mut running = spawn_blocking(move || {
            metrics.plans.inc();
            let plan = work.plan(&seen);
            metrics.plans.dec();
            drop(place);
            plan
        });
        let planned = match timeout(self.time, &mut running).await {
            Ok(planned) => planned,
            Err(_) => {
                end.store(true, Ordering::Relaxed);
                running.await
            }
        };
        planned.map_err(AppError::internal)?
    }
}

/// Ends the work of a caller that does not wait for it any more.
struct EndWhenGone(Arc<AtomicBool>);

impl Drop for EndWhenGone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Work {
    fn plan(&self, end: &AtomicBool) -> AppResult<Plan> {
        let asked = &self.asked;
        if asked.by.len() > BY {
            let help = "ask again for the others";
            return Err(AppError::bad_request(
                "too-many-groups",
                format!("`by` names more than {BY} attributes"),
                help,
            ));
        }
        let old = &*self.before.valid;
        let Drafted { given, effective } = self.draft()?;
        let mut plan = self.compared(&given, &effective, end)?;
        plan.base_revision = Some(old.document().revision);
        plan.prune = asked.prune;
        if let (Some(moved), Some(people)) = (&mut plan.population, &self.people) {
            let about = &people.about;
            moved.origin = Some(Origin {
                taken_at: about.taken_at.clone(),
                source: about.source.clone(),
                digest: about.digest.clone(),
            });
        }
        if let Some(budget) = &self.budget {
            // Whoever asks for a flag that is gone is moved as well, which the plan itself does not show.
            match with_callers_defaults(old.document(), effective.document()).map_err(Refusal::invalid)? {
                None => plan.keep_to(budget.clone(), old, &effective),
                Some(defaults) => {
                    let mut judged = self.compared(&given, &defaults, end)?;
                    judged.keep_to(budget.clone(), old, &defaults);
                    plan.take_judgement(judged);
                }
            }
        }
        Ok(plan)
    }

    /// What is found of what is there now and `new`; `given` is the draft as it is named.
    fn compared(&self, given: &FlagSet, new: &Valid, end: &AtomicBool) -> AppResult<Plan> {
        let old = &*self.before.valid;
        let replay = self.people.as_ref().map(|people| self.replay(people, new, end)).transpose()?;
        let nodes = self.asked.nodes.unwrap_or(NODES).min(MOST_NODES);
        let exact = self.asked.exact.then(|| {
            let go_on = || !end.load(Ordering::Relaxed);
            (compare_while(old, new, &exact::Options { nodes }, &go_on), nodes)
        });
        let name = format!("{} at revision {}", old.document().environment, old.document().revision);
        let side = |name: &str, document: &FlagSet| Side::of(name, document).map_err(AppError::internal);
        let found = Found { old: old.document(), new: new.document(), exact, replay };
        Ok(Plan::new(side(&name, old.document())?, side("draft", given)?, found))
    }

    /// What there would be.
    fn draft(&self) -> AppResult<Drafted> {
        let PlanRequest { sources, prune, flag, commands, expected_revision, expected_digest, .. } = &self.asked;
        decide::check_base(&self.before.state, *expected_revision, expected_digest.as_deref())?;
        let now = self.before.valid.document();
        let at = downhaul_control::time::to_text(Timestamp::now());
        let (given, next) = match (sources.is_empty(), flag, commands.is_empty()) {
            (false, None, true) => {
                let Checked { valid, diagnostics } = check(&draft::sources(sources.clone()), None);
                let document = valid.ok_or_else(|| Refusal::invalid(diagnostics))?.into_document();
                let next = decide::applied(now, &document, *prune, &at)?;
                (Some(document), next)
            }
            (true, Some(flag), true) => {
                let put = Command::PutFlag { flag: Box::new(draft::flag(flag.clone())?) };
                (None, decide::drafted(&self.before.state, std::slice::from_ref(&put), &at)?)
            }
            (true, None, false) => (None, decide::drafted(&self.before.state, commands, &at)?),
            _ => {
                let help = "give exactly one of them: files as `apply` takes them, a flag, or definitions";
                return Err(AppError::bad_request(
                    "no-draft",
                    "the draft is one of `sources`, `flag` and `commands`",
                    help,
                ));
            }
        };
        let (effective, _) = validate(next, None).map_err(Refusal::invalid)?;
        Ok(Drafted { given: given.unwrap_or_else(|| effective.document().clone()), effective })
    }

    fn replay(&self, people: &Kept, new: &Valid, end: &AtomicBool) -> AppResult<(Replay, String)> {
        let rows = self.asked.rows.map_or(usize::MAX, |rows| usize::try_from(rows).unwrap_or(usize::MAX));
        let population: Cow<'_, Population> = if rows < people.population.rows() {
            Cow::Owned(people.population.sample(rows))
        } else {
            Cow::Borrowed(&people.population)
        };
        let options = replay::Options {
            by: self.asked.by.clone(),
            now: self.asked.now.clone(),
            threads: Some(NonZeroUsize::MIN),
            ..replay::Options::default()
        };
        let replayed = replay(&self.before.valid, new, &population, &options, &mut |_| {}, end);
        let replayed = replayed.map_err(|_| too_long())?;
        Ok((replayed, format!("server:{}", people.about.name)))
    }
}

/// A draft.
struct Drafted {
    /// The document as it was given; of flags and commands what there would be.
    given: FlagSet,
    /// What there would be.
    effective: Valid,
}

fn busy() -> AppError {
    AppError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "plans-busy",
        "as many plans are being made as may be at the same time",
        "try again in a moment, or plan on your own machine: `downhaul plan server FILE`",
    )
    .retry_after(1)
}

fn too_long() -> AppError {
    AppError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "plan-too-long",
        "the replay did not end within the time that a plan may take",
        "ask for a sample of the population with `rows`, or plan on your own machine: `downhaul plan server FILE`",
    )
}
