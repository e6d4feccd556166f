//! Whether a kill helped, by how often it works with each variant.

use super::radius::percent;
use super::text::kill as text;
use downhaul_control::api::{OutcomeView, Trust};

/// What clients counted of one variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    pub variant: String,
    pub ok: u64,
    pub failed: u64,
    pub last_seconds: u64,
    /// Some of it is what pages say, whose keys anyone can read.
    pub is_claimed: bool,
}

impl Arm {
    pub fn total(&self) -> u64 {
        self.ok.saturating_add(self.failed)
    }

    /// From 0 to 1.
    pub fn share(&self) -> f64 {
        if self.total() == 0 { 0.0 } else { self.failed as f64 / self.total() as f64 }
    }

    fn add(&mut self, other: &Arm) {
        self.ok = self.ok.saturating_add(other.ok);
        self.failed = self.failed.saturating_add(other.failed);
        self.last_seconds = self.last_seconds.min(other.last_seconds);
        self.is_claimed |= other.is_claimed;
    }
}

/// Each variant once, as all kinds of clients told of it.
pub fn arms(outcomes: &[OutcomeView]) -> Vec<Arm> {
    let mut arms: Vec<Arm> = Vec::new();
    for view in outcomes {
        let arm = Arm {
            variant: view.variant.clone(),
            ok: view.ok,
            failed: view.failed,
            last_seconds: view.last_seconds,
            is_claimed: view.trust == Trust::Claimed,
        };
        match arms.iter_mut().find(|known| known.variant == arm.variant) {
            Some(known) => known.add(&arm),
            None => arms.push(arm),
        }
    }
    arms
}

/// In one sentence; fewer than `least` outcomes say nothing.
pub fn verdict(arms: &[Arm], degraded: &str, least: u64) -> String {
    let now = arms.iter().find(|arm| arm.variant == degraded);
    let mut others = arms.iter().filter(|arm| arm.variant != degraded);
    let before = others.next().cloned().map(|first| {
        others.fold(first, |mut all, arm| {
            all.add(arm);
            all
        })
    });
    match (now, before) {
        (None, None) => text::NO_CLIENT_COUNTS_WHETHER_IT_WORKS.to_owned(),
        (None, Some(_)) => text::nothing_is_told_of_degraded_yet(&degraded),
        (Some(now), _) if now.total() < least => text::too_few_of_degraded_to_say(&now.total(), &degraded, &least),
        (Some(now), Some(before)) if before.total() >= least => {
            let (fails, failed) = (percent(now.share()), percent(before.share()));
            if now.share() < before.share() {
                text::it_helps_of_degraded_fails_of_others_failed(&fails, &degraded, &failed)
            } else {
                text::it_does_not_help_of_degraded_fails(&fails, &degraded, &failed)
            }
        }
        (Some(now), _) => text::of_degraded_fails_nothing_to_compare(&percent(now.share()), &degraded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(variant: &str, ok: u64, failed: u64) -> Arm {
        Arm { variant: variant.to_owned(), ok, failed, last_seconds: 3, is_claimed: false }
    }

    #[test]
    fn whether_it_helped() {
        for (arms, begins) in [
            (vec![], "No client counts"),
            (vec![arm("on", 90, 10)], "Nothing is told of off yet"),
            (vec![arm("off", 3, 0), arm("on", 90, 10)], "Too few"),
            (vec![arm("off", 99, 1), arm("on", 90, 10)], "It helps"),
            (vec![arm("off", 80, 20), arm("on", 90, 10)], "It does not help"),
            (vec![arm("off", 90, 10), arm("on", 90, 10)], "It does not help"),
            (vec![arm("off", 99, 1)], "Of off"),
            (vec![arm("off", 99, 1), arm("on", 1, 0)], "Of off"),
            // Both others together.
            (vec![arm("off", 95, 5), arm("a", 8, 2), arm("b", 90, 10)], "It helps"),
        ] {
            let said = verdict(&arms, "off", 20);
            assert!(said.starts_with(begins), "{arms:?}: {said}");
        }
    }
}
