use super::Judge;
use super::judge::at;
use super::live::words_of_missing;
use downhaul_control::api::{GuardActView, GuardArm, GuardJudgement, GuardPoint, GuardReplay, GuardView};
use downhaul_control::guards::{GuardRecord, Slow, words_of};
use downhaul_core::document::GuardRole;
use downhaul_guard::{Arms, Evidence, Grouped, Guard as Kernel, Record, Standing};

/// The metric of guards that count what Prometheus counted.
const PROMETHEUS: &str = "prometheus";

/// Points of a course at most: as many as a picture has room for.
const POINTS: usize = 240;

/// A guard as it stands; with the course of its evidence where that is asked for.
pub(crate) fn view(judge: &Judge, length: u64, with_course: bool) -> GuardView {
    let watch = judge.watch();
    let guard = &watch.guard;
    let acted = watch.acted.as_ref().map(|acted| GuardActView {
        action: acted.action.as_str().to_owned(),
        revision: acted.touch.revision,
        at: acted.touch.at.clone(),
        reason: acted.touch.reason.clone(),
    });
    GuardView {
        flag: watch.flag.to_string(),
        name: guard.name.clone(),
        metric: if guard.prometheus.is_some() { PROMETHEUS } else { guard.metric() }.to_owned(),
        variant: guard.variant.to_string(),
        against: watch.against.clone(),
        objective: guard.objective,
        level: guard.level(),
        role: match guard.role() {
            GuardRole::Guardrail => "guardrail".to_owned(),
            GuardRole::Signal => "signal".to_owned(),
        },
        action: guard.action().as_str().to_owned(),
        dry_run: guard.is_dry_run(),
        since: watch.since.clone(),
        from: at(watch.from),
        bucket_seconds: length,
        judged: judged(judge),
        acted,
        course: with_course.then(|| match &judge.evidence(length).record {
            GuardRecord::Counts(record) => course(record),
            // Sizes of arms are kept as sums.
            GuardRecord::Arms(_) | GuardRecord::Quorum(_) => Vec::new(),
        }),
    }
}

/// The evidence after each bucket, or after each of a few at equal distances where there are more than fit.
fn course(record: &Record) -> Vec<GuardPoint> {
    let step = record.seen.len().div_ceil(POINTS).max(1);
    let last = record.seen.len();
    let mut kernel = Kernel::new(record.rules);
    let mut points = Vec::new();
    for (buckets, seen) in (1..).zip(&record.seen) {
        kernel.look(seen);
        // Counted from the end, so that the newest is always among them.
        if (last - buckets).is_multiple_of(step) {
            let (harm, against_harm) = (power(kernel.evidence()), power(kernel.against_harm()));
            points.push(GuardPoint { buckets, harm, against_harm });
        }
    }
    points
}

/// To a hundredth: more is not seen.
fn power(evidence: Evidence) -> f64 {
    (evidence.decibans().clamp(0.0, 3000.0) * 10.0).round() / 100.0
}

/// What it says of a time of the past.
pub(crate) fn replayed(judge: &Judge, length: u64) -> GuardReplay {
    let evidence = judge.evidence(length);
    GuardReplay {
        flag: judge.watch().flag.to_string(),
        guard: judge.watch().guard.name.clone(),
        from: at(judge.watch().from),
        bucket_seconds: length,
        fired: judge.has_spoken(),
        judged: judged(judge),
        record: serde_json::to_value(&evidence.record).unwrap_or_default(),
    }
}

fn judged(judge: &Judge) -> GuardJudgement {
    let standing = match judge.standing() {
        Standing::Watching => "watching",
        Standing::Suspecting { .. } => "suspecting",
        Standing::Blind { .. } => "telemetry-missing",
        Standing::Harmless => "harmless",
        Standing::Harmful | Standing::Tripped => "harmful",
        Standing::Crashing => "crashing",
        Standing::Mismatched => "sample-ratio-mismatch",
    };
    let judgement = GuardJudgement {
        standing: standing.to_owned(),
        words: words(judge),
        buckets: judge.buckets(),
        until: judge.ended(),
        evidence: judge.odds().to_string(),
        against_harm: Evidence::NONE.to_string(),
        units: 0,
        failed: 0,
        control_units: 0,
        control_failed: 0,
        instances: 0,
        slow_us: judge.slow().filter(|_| judge.watch().guard.slower_than.is_some()).and_then(Slow::microseconds),
        arms: Vec::new(),
    };
    match (judge.counting(), judge.arms()) {
        (Some((guard, instances)), _) => {
            let (treatment, control) = guard.totals();
            GuardJudgement {
                against_harm: guard.against_harm().to_string(),
                units: treatment.units(),
                failed: treatment.failed(),
                control_units: control.units(),
                control_failed: control.failed(),
                instances,
                ..judgement
            }
        }
        (None, Some((arms, _))) => GuardJudgement { arms: told(arms), instances: arms.instances.len(), ..judgement },
        (None, None) => judgement,
    }
}

fn told(arms: &Arms) -> Vec<GuardArm> {
    let Some((stage, units)) = arms.told() else { return Vec::new() };
    let arms = stage.arms.iter().zip(&stage.shares).zip(units);
    arms.map(|((variant, share), units)| GuardArm { variant: variant.clone(), share: *share, units }).collect()
}

/// `would have fired at …`, as it is
fn fired(judge: &Judge) -> &'static str {
    match (&judge.watch().acted, judge.watch().guard.is_dry_run()) {
        (Some(_), _) => "fired",
        (None, true) => "would have fired",
        (None, false) => "fires",
    }
}

/// `would have fired at …: evidence of harm 1 in 40 000; 30 of 200 failed with on, 38 of 3 800 with off`
fn words(judge: &Judge) -> String {
    let found = found(judge);
    match judge.standing() {
        Standing::Harmful | Standing::Mismatched | Standing::Tripped | Standing::Crashing if !found.is_empty() => {
            format!("{} at {}: {found}", fired(judge), judge.ended())
        }
        _ => found,
    }
}

/// The same without when it acts on it; empty for a guard that counts nothing.
pub(crate) fn found(judge: &Judge) -> String {
    match (judge.counting(), judge.arms()) {
        (Some((guard, _)), _) => found_by_counts(judge, guard),
        (None, Some((arms, is_known))) => found_of_arms(judge, arms, is_known),
        (None, None) => String::new(),
    }
}

fn found_by_counts(judge: &Judge, guard: &Kernel) -> String {
    let watch = judge.watch();
    let ((treatment, control), odds) = (guard.totals(), guard.evidence());
    let mut words = match judge.standing() {
        Standing::Harmful | Standing::Mismatched | Standing::Tripped => format!("evidence of harm {odds}"),
        Standing::Crashing => "most units fail, and there is nobody to compare with".to_owned(),
        Standing::Suspecting { .. } => {
            format!("suspects harm, evidence {odds}, from too few failures or instances to act on")
        }
        Standing::Blind { buckets } => {
            let of = words_of_missing(&judge.missing());
            format!("telemetry is missing: nothing was told of {of} in the last {buckets} buckets")
        }
        Standing::Harmless => format!("shown to be harmless, evidence {}", guard.against_harm()),
        Standing::Watching if let Some(why) = judge.has_problem() => format!("cannot read on: {why}"),
        Standing::Watching if let Some((known, needed)) = judge.slow().and_then(Slow::learnt) => {
            let against = watch.against.as_deref().unwrap_or_default();
            format!("learns what is slow: {known} of {needed} timed outcomes of `{against}` are known")
        }
        Standing::Watching => format!("watching: evidence of harm {odds}, against it {}", guard.against_harm()),
    };
    words.push_str(&format!(
        "; with `{}` {} of {} failed",
        watch.guard.variant,
        Grouped(treatment.failed()),
        Grouped(treatment.units())
    ));
    if let Some(against) = &watch.against {
        words.push_str(&format!(", with `{against}` {} of {}", Grouped(control.failed()), Grouped(control.units())));
    }
    words
}

fn found_of_arms(judge: &Judge, arms: &Arms, is_known: bool) -> String {
    let mut words = match judge.standing() {
        Standing::Mismatched => format!("the arms are not as the split says, evidence {}", arms.evidence()),
        _ if !is_known => {
            "watching nothing: it cannot be said how large the arms should be while no percentage of everyone is rolled out"
                .to_owned()
        }
        _ => format!("watching: evidence that the arms are not as the split says {}", arms.evidence()),
    };
    match arms.shortest() {
        Some(short) => words.push_str(&format!("; {}", words_of(&short))),
        None if is_known => words.push_str("; no new units were told of yet"),
        None => {}
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_guard::{Bucket, Counts, Rules, Seen};

    fn record(buckets: usize) -> Record {
        let arm = |units, failed| Counts::new(units, failed).unwrap_or(Counts::NONE);
        let bucket = Bucket { treatment: arm(100, 3), control: arm(900, 9) };
        Record { rules: Rules::DEFAULT, seen: vec![Seen { bucket, instances: 2 }; buckets] }
    }

    #[test]
    fn a_course_ends_at_the_newest_bucket_and_fits() {
        for (buckets, points, first) in
            [(0, 0, None), (1, 1, Some(1)), (240, 240, Some(1)), (241, 121, Some(1)), (2880, 240, Some(12))]
        {
            let course = course(&record(buckets));
            assert_eq!((course.len(), course.first().map(|point| point.buckets)), (points, first), "of {buckets}");
            assert!(course.last().is_none_or(|last| last.buckets == buckets));
            assert!(course.iter().map(|point| point.harm).is_sorted(), "the most that ever spoke for it");
        }
        let kernel = record(40).replay();
        assert_eq!(course(&record(40)).last().map(|last| last.harm), Some(power(kernel.evidence())));
        assert_eq!(power(Evidence::NONE), 0.0);
    }
}
