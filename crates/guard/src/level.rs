use serde::{Deserialize, Serialize};
use std::fmt;

/// How likely a guard may be to ever act on a harmless variant: above 0, at most 0.2.
///
/// Several guards of one rollout share one level: give each its part with [`Level::among`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Level(f64);

/// A level that promises nothing, or cannot be reached.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0} is no level of false alarms; write one from 0.000000001 to 0.2, such as 0.001 (one in a thousand)")]
pub struct NotALevel(pub f64);

const LEAST: f64 = 1e-9;
const MOST: f64 = 0.2;

impl Level {
    /// One in a thousand: of 1 000 guarded rollouts of harmless variants, one is rolled back.
    pub const DEFAULT: Level = Level(0.001);

    /// # Errors
    /// Where it is not from 0.000000001 to 0.2.
    pub fn new(level: f64) -> Result<Level, NotALevel> {
        if (LEAST..=MOST).contains(&level) { Ok(Level(level)) } else { Err(NotALevel(level)) }
    }

    /// The part of each of several tests that share this level, so that one of them acts falsely with at most this level.
    #[must_use]
    pub fn among(self, tests: u32) -> Level {
        Level((self.0 / f64::from(tests.max(1))).max(LEAST))
    }

    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The evidence that it takes.
    #[must_use]
    pub fn needs(self) -> Evidence {
        Evidence { ln: -libm::log(self.0) }
    }
}

impl TryFrom<f64> for Level {
    type Error = NotALevel;

    fn try_from(level: f64) -> Result<Self, NotALevel> {
        Level::new(level)
    }
}

impl From<Level> for f64 {
    fn from(level: Level) -> Self {
        level.0
    }
}

/// How much speaks against harmlessness, as a factor: 40 000 means that a harmless variant shows so much or more, at any time,
/// with a probability of at most 1 in 40 000.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Evidence {
    ln: f64,
}

impl Evidence {
    /// What one has before anything was seen.
    pub const NONE: Evidence = Evidence { ln: f64::NEG_INFINITY };

    pub(crate) fn of_ln(ln: f64) -> Evidence {
        Evidence { ln }
    }

    /// Its natural logarithm.
    #[must_use]
    pub fn ln(self) -> f64 {
        self.ln
    }

    /// Tenths of powers of ten, as weight of evidence is told: 30 is 1 in 1 000.
    #[must_use]
    pub fn decibans(self) -> f64 {
        self.ln * 10.0 / std::f64::consts::LN_10
    }

    /// Whether a level is reached.
    #[must_use]
    pub fn reaches(self, level: Level) -> bool {
        self.ln >= level.needs().ln
    }

    #[must_use]
    pub(crate) fn or_more(self, other: Evidence) -> Evidence {
        if other.ln > self.ln { other } else { self }
    }
}

/// `1 in 40 000`; less than 1 in 2 says `none`. Thousands are parted by narrow spaces.
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a rounded logarithm took away.
        let one_in = libm::exp(self.ln) * (1.0 + 1e-9);
        if one_in < 2.0 {
            return f.write_str("none");
        }
        if one_in >= 1e15 {
            return f.write_str("more than 1 in 10^15");
        }
        // Two digits are as much as anybody reads.
        let digits = libm::floor(libm::log10(one_in));
        let step = libm::pow(10.0, (digits - 1.0).max(0.0));
        // Whole, and below 10^15.
        let rounded = libm::floor(one_in / step) * step;
        write!(f, "1 in {}", Grouped(rounded as u64))
    }
}

/// A number as people read it: thousands are parted by narrow spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grouped(pub u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str("\u{202f}")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}
