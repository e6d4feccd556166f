use super::Judge;
use super::judge::at;
use downhaul_control::api::{GuardActView, GuardJudgement, GuardPoint, GuardReplay, GuardView};
use downhaul_core::document::{Guard, GuardRole};
use downhaul_guard::{Counts, Evidence, Guard as Kernel, Record, Standing};

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
        metric: guard.metric().to_owned(),
        variant: guard.variant.to_string(),
        against: watch.against.clone(),
        objective: guard.objective,
        level: guard.level.unwrap_or(Guard::LEVEL),
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
        course: with_course.then(|| course(&judge.evidence(length).record)),
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
        fired: judge.is_harmful(),
        judged: judged(judge),
        record: serde_json::to_value(&evidence.record).unwrap_or_default(),
    }
}

fn judged(judge: &Judge) -> GuardJudgement {
    let (treatment, control) = judge.guard().totals();
    let standing = match judge.standing() {
        Standing::Watching => "watching",
        Standing::Suspecting { .. } => "suspecting",
        Standing::Blind { .. } => "blind",
        Standing::Harmless => "harmless",
        Standing::Harmful => "harmful",
        Standing::Crashing => "crashing",
    };
    GuardJudgement {
        standing: standing.to_owned(),
        words: words(judge, treatment, control),
        buckets: judge.buckets(),
        until: judge.ended(),
        evidence: judge.guard().evidence().to_string(),
        against_harm: judge.guard().against_harm().to_string(),
        units: treatment.units(),
        failed: treatment.failed(),
        control_units: control.units(),
        control_failed: control.failed(),
        instances: judge.instances(),
    }
}

/// `would have fired at …: evidence of harm 1 in 40 000; 30 of 200 failed with on, 38 of 3800 with off`
fn words(judge: &Judge, treatment: Counts, control: Counts) -> String {
    let watch = judge.watch();
    let odds = judge.guard().evidence();
    let fired = match (&watch.acted, watch.guard.is_dry_run()) {
        (Some(_), _) => "fired",
        (None, true) => "would have fired",
        (None, false) => "fires",
    };
    let mut words = match judge.standing() {
        Standing::Harmful => format!("{fired} at {}: evidence of harm {odds}", judge.ended()),
        Standing::Crashing => {
            format!("{fired} at {}: most units fail, and there is nobody to compare with", judge.ended())
        }
        Standing::Suspecting { .. } => {
            format!("suspects harm, evidence {odds}, from too few failures or instances to act on")
        }
        Standing::Blind { buckets } => format!("was told nothing to compare in the last {buckets} buckets"),
        Standing::Harmless => format!("shown to be harmless, evidence {}", judge.guard().against_harm()),
        Standing::Watching => format!("watching: evidence of harm {odds}, against it {}", judge.guard().against_harm()),
    };
    words.push_str(&format!("; with `{}` {} of {} failed", watch.guard.variant, treatment.failed(), treatment.units()));
    if let Some(against) = &watch.against {
        words.push_str(&format!(", with `{against}` {} of {}", control.failed(), control.units()));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_guard::{Bucket, Rules, Seen};

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
