use super::{Runbook, Step, What, Which};
use crate::release::{Release, kill_order, one_way};
use crate::state::State;
use downhaul_core::document::Reversibility;

/// Longest wait for every client to be dark, in seconds.
const DARK_SECONDS: u32 = 120;

/// The runbook of a release: its own, else the one that follows from it. Flags to kill are put in order.
pub fn derived(state: &State, release: &Release) -> Runbook {
    let mut runbook = release.runbook.clone().unwrap_or_else(|| plain(state, release));
    for step in &mut runbook.steps {
        if let What::Kill(flags) = &mut step.what {
            *flags = kill_order(state, flags);
        }
    }
    runbook
}

/// First the fastest: kill. Then what was before it is put back, and what may still serve the new is emptied or waited
/// for. Last the proof.
fn plain(state: &State, release: &Release) -> Runbook {
    let mut steps = Vec::new();
    if !release.flags.is_empty() {
        let kill = Step::new(What::Kill(release.flags.clone()), "every live client is dark");
        steps.push(Step { limit_seconds: DARK_SECONDS, ..kill });
    }
    let one_way = one_way(state, release);
    steps.extend(one_way.iter().map(|each| {
        let instructions =
            format!("`{}` is forward-fix-only: {}; forward fix: {}", each.flag, each.why, each.fix_words());
        Step::new(What::Manual(instructions), format!("the fix of {} is out", each.flag))
    }));
    let jobs = release.jobs.iter().filter(|job| !job.on_rollback.is_empty());
    steps.extend(jobs.map(|job| {
        let instructions = format!("{}: {}", job.name, job.on_rollback);
        Step::new(What::Manual(instructions), format!("{} does no harm", job.name))
    }));
    match release.reversibility {
        // What needs the old shape of the data would find nothing.
        Reversibility::RollbackSafe if one_way.iter().any(|each| each.data_is_gone) => {}
        Reversibility::RollbackSafe => steps.extend(redeploy(release)),
        Reversibility::ForwardFixOnly => {
            let fix = release.forward_fix.clone().unwrap_or_default();
            let instructions = format!("the previous artifact must not be put back; forward fix: {fix}");
            steps.push(Step::new(What::Manual(instructions), "the fix is out"));
        }
    }
    steps.extend(release.caches.iter().filter_map(|cache| {
        let target = cache.purge.clone()?;
        let what = What::Purge { target, cache: cache.name.clone() };
        Some(Step::new(what, format!("{} is empty", cache.name)))
    }));
    // One that is purged may lag too, but those that are not are the ones to wait for.
    let lagging = release.caches.iter().filter(|cache| cache.purge.is_none());
    let lag = lagging.filter_map(|cache| cache.lag_seconds).max().unwrap_or(0);
    if lag > 0 {
        let wait = Step::new(What::Wait { seconds: lag }, "no cache serves what was before");
        steps.push(Step { limit_seconds: lag.saturating_add(60), ..wait });
    }
    steps.extend(release.recovery.iter().map(|metric| {
        let what = What::Verify { metric: metric.name.clone() };
        let expect = format!("{} {} for {} s", metric.name, metric.condition, metric.for_seconds);
        let limit = release.objective_seconds.max(metric.for_seconds.saturating_mul(2)).saturating_add(60);
        Step { limit_seconds: limit, ..Step::new(what, expect) }
    }));
    let limits: u32 = steps.iter().fold(0, |sum, step| sum.saturating_add(step.limit_seconds));
    Runbook { steps, limit_seconds: limits.clamp(3600, 86_400), stop: Vec::new() }
}

fn redeploy(release: &Release) -> Option<Step> {
    let previous = release.previous.as_ref()?;
    let step = match release.redeploy.clone() {
        Some(target) => {
            let what = What::Redeploy { target, artifact: Which::Previous };
            Step::new(what, format!("{} is out", previous.reference))
        }
        None => {
            let instructions = format!("deploy {}", previous.words());
            Step::new(What::Manual(instructions), format!("{} is out", previous.reference))
        }
    };
    Some(Step { limit_seconds: 900, ..step })
}
