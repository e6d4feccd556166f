use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a number is compared with, such as `< 0.01`. Its text is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    text: String,
    comparison: Comparison,
    bound: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
}

/// The text is no comparison.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a condition: write `<`, `<=`, `>`, `>=` or `==` and a number, such as `< 0.01`")]
pub struct NotACondition(String);

impl Condition {
    /// Whether it holds for a value; never for one that is not a number.
    pub fn holds(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::Below => value < self.bound,
            Comparison::AtMost => value <= self.bound,
            Comparison::Above => value > self.bound,
            Comparison::AtLeast => value >= self.bound,
            #[expect(clippy::float_cmp, reason = "whoever writes `== 0` means zero")]
            Comparison::Equal => value == self.bound,
        }
    }
}

impl FromStr for Condition {
    type Err = NotACondition;

    fn from_str(text: &str) -> Result<Condition, NotACondition> {
        let refuse = || NotACondition(text.chars().take(80).collect());
        let trimmed = text.trim();
        // The longer signs first: `<=` begins with `<`.
        let signs = [
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("==", Comparison::Equal),
            ("<", Comparison::Below),
            (">", Comparison::Above),
        ];
        let found = signs.into_iter().find_map(|(sign, comparison)| Some((comparison, trimmed.strip_prefix(sign)?)));
        let (comparison, number) = found.ok_or_else(refuse)?;
        let bound: f64 = number.trim().parse().map_err(|_| refuse())?;
        if !bound.is_finite() {
            return Err(refuse());
        }
        Ok(Condition { text: trimmed.to_owned(), comparison, bound })
    }
}

impl TryFrom<String> for Condition {
    type Error = NotACondition;

    fn try_from(text: String) -> Result<Condition, NotACondition> {
        text.parse()
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> String {
        condition.text
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons() {
        for (text, value, holds) in [
            ("< 0.01", 0.009, true),
            ("< 0.01", 0.01, false),
            ("<=0.01", 0.01, true),
            (" > 1e3 ", 1001.0, true),
            (">= -2", -2.0, true),
            ("== 0", 0.0, true),
            ("== 0", f64::NAN, false),
            ("< 1", f64::NAN, false),
        ] {
            assert_eq!(text.parse::<Condition>().map(|condition| condition.holds(value)), Ok(holds), "{text} {value}");
        }
        for text in ["", "0.01", "< ", "<> 2", "= 2", "< x", "< inf", "< NaN"] {
            assert_eq!(text.parse::<Condition>(), Err(NotACondition(text.to_owned())));
        }
    }
}
