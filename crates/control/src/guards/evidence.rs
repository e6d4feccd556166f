use crate::state::Touch;
use downhaul_core::document::GuardAction;
use downhaul_core::ids::FlagKey;
use downhaul_guard::{Record, Standing};
use serde::{Deserialize, Serialize};

/// What a guard was shown, and what it said: kept with the change that it made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardEvidence {
    pub flag: FlagKey,
    pub guard: String,
    /// What the guard asks for. The change is what could be done.
    pub action: GuardAction,
    /// When its first bucket began, RFC 3339; the others follow without a gap.
    pub from: String,
    pub bucket_seconds: u32,
    /// What it said after the last bucket.
    pub said: Standing,
    /// The evidence of harm, such as `1 in 40 000`.
    pub odds: String,
    pub record: Record,
}

/// What a guard last did.
#[derive(Debug, Clone, PartialEq)]
pub struct Acted {
    pub action: GuardAction,
    pub touch: Touch,
}

impl GuardEvidence {
    /// Decides again what the guard decided.
    ///
    /// # Errors
    /// In words, what does not follow from the counts.
    pub fn check(&self) -> Result<(), String> {
        let of = format!("guard `{}` of `{}`", self.guard, self.flag);
        self.record.rules.check().map_err(|why| format!("{of}: {why}"))?;
        let (said, odds) = (self.said, &self.odds);
        let last = self.record.seen.len().saturating_sub(1);
        match self.record.harmful_at() {
            Some((at, harm)) if at == last && harm == said => {}
            Some((at, harm)) if harm == said => {
                return Err(format!(
                    "{of} would have spoken after bucket {} already, and not after {}",
                    at + 1,
                    last + 1
                ));
            }
            Some((_, harm)) => return Err(format!("{of} says {harm:?} by its counts, and {said:?} is recorded")),
            None => return Err(format!("{of} shows no harm by its counts, and {said:?} is recorded")),
        }
        let evidence = self.record.replay().evidence().to_string();
        if evidence == *odds {
            Ok(())
        } else {
            Err(format!("{of} has evidence {evidence} by its counts, and {odds} is recorded"))
        }
    }

    /// In words, for the reason of a change: of at most `most` bytes.
    pub fn words(&self, variant: &str, most: usize) -> String {
        let guard = self.record.replay();
        let (treatment, control) = guard.totals();
        let harm = match self.said {
            Standing::Crashing => "most units fail".to_owned(),
            _ => format!("evidence of harm {}", self.odds),
        };
        let short = format!("guard {}: {harm}", self.guard);
        let mut long =
            format!("guard {}: {harm}; `{variant}` {} of {} failed", self.guard, treatment.failed(), treatment.units());
        if control.units() > 0 {
            long.push_str(&format!(", else {} of {}", control.failed(), control.units()));
        }
        match (long.len() <= most, short.len() <= most) {
            (true, _) => long,
            (false, true) => short,
            // Names are ASCII.
            (false, false) => format!("guard {}", self.guard).chars().take(most).collect(),
        }
    }
}
