use crate::policy::Quorum;
use crate::release::Condition as Bound;
use downhaul_core::bucket::BUCKETS;
use downhaul_core::document::Condition;
use downhaul_core::ids::{FlagKey, Salt, VariantKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A staged rollout, as people write it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// The flag. It has to exist.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub flag: FlagKey,
    /// The variant that people are given.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub variant: VariantKey,
    /// For people: what it is about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The attribute that percentages go by; unless given that of the flag's first split, else `targetingKey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The salt that percentages go by; unless given that of the flag's first split, else the flag's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub salt: Option<Salt>,
    /// The name of the rule of the flag before which the cohorts are looked at: rules above it keep deciding first. Unless
    /// given they are looked at before the first rule that has no conditions, else after all rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// In order, 1 to 100.
    pub stages: Vec<Stage>,
}

/// A cohort that is added to those before it, and what has to be before the next one is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The cohort: conditions as in a rule, of which all have to hold; none means everyone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<serde_json::Value>"))]
    pub when: Vec<Condition>,
    /// How many of these, above 0 and at most 100, with at most three decimals; 100 unless given.
    #[serde(default, skip_serializing_if = "Percent::is_all")]
    #[cfg_attr(feature = "schema", schemars(with = "f64", range(min = 0.001, max = 100)))]
    pub percent: Percent,
    /// For how long it stays at this stage before the next, in seconds; at most 2592000, which is 30 days.
    #[cfg_attr(feature = "schema", schemars(range(max = 2_592_000)))]
    pub bake_seconds: u32,
    /// How many people other than the author have to approve before it is entered; 0 unless given, at most 10.
    #[serde(default, skip_serializing_if = "is_none_asked")]
    #[cfg_attr(feature = "schema", schemars(with = "u32", range(max = 10)))]
    pub approvals: Quorum<0>,
    /// What has to hold before it is left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
}

/// A query to Prometheus or for outcomes, and what its result has to be, for how long, before a stage is left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Gate {
    pub name: String,
    /// PromQL that gives one number, or the share of outcomes that failed: `outcomes of checkout-v2=on over 60s`.
    pub query: String,
    /// `<`, `<=`, `>`, `>=` or `==` and a number, such as `< 0.01`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub condition: Bound,
    /// For how many seconds it has to hold without a gap; 0 unless given, at most 86400.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(range(max = 86_400)))]
    pub for_seconds: u32,
}

/// A part of people in hundred-thousandths, above nothing; written in percent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

/// The number is no such part.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a percentage above 0 and at most 100 with at most three decimals")]
pub struct NotAPercentage(f64);

impl Percent {
    /// Everyone.
    pub const ALL: Percent = Percent(BUCKETS);

    /// In buckets of a split.
    pub fn buckets(self) -> u32 {
        self.0
    }

    pub fn is_all(&self) -> bool {
        *self == Percent::ALL
    }

    fn number(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl TryFrom<f64> for Percent {
    type Error = NotAPercentage;

    fn try_from(number: f64) -> Result<Percent, NotAPercentage> {
        let thousandths = (number * 1000.0).round();
        // What is written with three decimals comes back the same.
        #[expect(clippy::float_cmp, reason = "the same text gives the same number")]
        let is_exact = thousandths / 1000.0 == number;
        if !is_exact || !(1.0..=f64::from(BUCKETS)).contains(&thousandths) {
            return Err(NotAPercentage(number));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be from 1 to 100 000")]
        Ok(Percent(thousandths as u32))
    }
}

impl Default for Percent {
    fn default() -> Percent {
        Percent::ALL
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.number())
    }
}

impl fmt::Debug for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A whole number is written without a fraction, as people write it.
        if self.0.is_multiple_of(1000) {
            serializer.serialize_u32(self.0 / 1000)
        } else {
            serializer.serialize_f64(self.number())
        }
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Percent, D::Error> {
        Percent::try_from(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_none_asked(quorum: &Quorum<0>) -> bool {
    quorum.get() == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(seconds: &u32) -> bool {
    *seconds == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn percentages() {
        for (written, buckets) in [
            (json!(100), 100_000),
            (json!(5), 5000),
            (json!(0.1), 100),
            (json!(33.333), 33_333),
            (json!(0.001), 1),
            (json!(2.5), 2500),
            (json!(100.0), 100_000),
        ] {
            let read: Percent = serde_json::from_value(written.clone()).unwrap();
            assert_eq!(read.buckets(), buckets, "{written}");
            let again: Percent = serde_json::from_value(serde_json::to_value(read).unwrap()).unwrap();
            assert_eq!(again, read);
        }
        for buckets in 1..=BUCKETS {
            let percent = Percent(buckets);
            assert_eq!(Percent::try_from(percent.number()), Ok(percent));
        }
        for wrong in [json!(0), json!(-1), json!(100.001), json!(0.0001), json!(1.23456), json!("5")] {
            assert!(serde_json::from_value::<Percent>(wrong.clone()).is_err(), "{wrong}");
        }
        assert_eq!(Percent(2500).to_string(), "2.5 %");
    }
}
