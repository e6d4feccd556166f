use crate::state::Touch;
use crate::telemetry::Quorum;
use downhaul_core::document::GuardAction;
use downhaul_core::ids::FlagKey;
use downhaul_guard::{Arms, Record, Short, Standing};
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
    /// Where it is a quantile of control that says what is slow: how long that takes, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_us: Option<u64>,
    /// What it said after the last bucket.
    pub said: Standing,
    /// The evidence of harm, such as `1 in 40 000`.
    pub odds: String,
    pub record: GuardRecord,
}

/// The counts, by what was watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GuardRecord {
    /// What went wrong, bucket by bucket.
    Counts(Record),
    /// How large the arms were, in all.
    Arms(Arms),
    /// How many clients' breakers were open.
    Quorum(Quorum),
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
        let evidence = match &self.record {
            GuardRecord::Counts(record) => self.check_counts(&of, record)?,
            GuardRecord::Arms(arms) => self.check_arms(&of, arms)?,
            GuardRecord::Quorum(quorum) if quorum.is_reached() && self.said == Standing::Tripped => quorum.odds(),
            GuardRecord::Quorum(quorum) => {
                return Err(format!("{of} would not have tripped: {}", quorum.words()));
            }
        };
        let odds = &self.odds;
        if evidence == *odds {
            Ok(())
        } else {
            Err(format!("{of} has evidence {evidence} by its counts, and {odds} is recorded"))
        }
    }

    fn check_counts(&self, of: &str, record: &Record) -> Result<String, String> {
        record.rules.check().map_err(|why| format!("{of}: {why}"))?;
        let said = self.said;
        let last = record.seen.len().saturating_sub(1);
        match record.harmful_at() {
            Some((at, harm)) if at == last && harm == said => Ok(record.replay().evidence().to_string()),
            Some((at, harm)) if harm == said => {
                Err(format!("{of} would have spoken after bucket {} already, and not after {}", at + 1, last + 1))
            }
            Some((_, harm)) => Err(format!("{of} says {harm:?} by its counts, and {said:?} is recorded")),
            None => Err(format!("{of} shows no harm by its counts, and {said:?} is recorded")),
        }
    }

    fn check_arms(&self, of: &str, arms: &Arms) -> Result<String, String> {
        arms.check().map_err(|why| format!("{of}: {why}"))?;
        let said = self.said;
        match (arms.is_mismatched(), said) {
            (true, Standing::Mismatched) => Ok(arms.evidence().to_string()),
            (true, _) => Err(format!("{of} says Mismatched by its counts, and {said:?} is recorded")),
            (false, _) => Err(format!("{of} shows arms of the right size by its counts, and {said:?} is recorded")),
        }
    }

    /// In words, for the reason of a change: of at most `most` bytes.
    pub fn words(&self, variant: &str, most: usize) -> String {
        let (short, long) = match &self.record {
            GuardRecord::Counts(record) => self.words_of_counts(record, variant),
            GuardRecord::Arms(arms) => {
                let short = format!("guard {}: the arms are not as the split says, {}", self.guard, self.odds);
                let long = arms.shortest().map_or_else(|| short.clone(), |arm| format!("{short}; {}", words_of(&arm)));
                (short, long)
            }
            GuardRecord::Quorum(quorum) => {
                let short = format!("fleet breaker of {variant}: {} instances open", self.odds);
                (short, format!("fleet breaker of `{variant}`: {}", quorum.words()))
            }
        };
        match (long.len() <= most, short.len() <= most) {
            (true, _) => long,
            (false, true) => short,
            // Names are ASCII.
            (false, false) => format!("guard {}", self.guard).chars().take(most).collect(),
        }
    }

    fn words_of_counts(&self, record: &Record, variant: &str) -> (String, String) {
        let (treatment, control) = record.replay().totals();
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
        (short, long)
    }
}

/// ``of 5000 units `on` has 212, and 5 % should be 250``
pub fn words_of(short: &Short<'_>) -> String {
    let Short { arm, share, units, all } = short;
    #[expect(clippy::cast_precision_loss, reason = "a number to read")]
    let should = (*all as f64 * share).round();
    // Shares are whole thousandths of a per cent.
    format!("of {all} units `{arm}` has {units}, and {} % should be {should}", (share * 100_000.0).round() / 1000.0)
}
