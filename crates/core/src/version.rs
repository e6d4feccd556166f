//! Versions (SemVer 2.0, with leave to omit parts and to lead with `v`) and ranges of them.

use core::cmp::Ordering;

/// A version `v?MAJOR[.MINOR[.PATCH]][-pre][+build]`. Missing parts are 0; the build says nothing and is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version<'a> {
    pub major: u64,
    pub minor: u64,
    pub patch: u64,
    /// Dot-separated identifiers; empty for a release.
    pub pre: &'a str,
    /// How many of the three numbers were written.
    pub parts: u8,
}

impl<'a> Version<'a> {
    /// `None` if `text` is no version.
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, build) = cut(text, b'+');
        let (core, pre) = cut(text, b'-');
        if build.is_some_and(|build| !identifiers(build, false)) || pre.is_some_and(|pre| !identifiers(pre, true)) {
            return None;
        }
        let mut numbers = [0; 3];
        let mut parts = 0u8;
        for part in dotted(core) {
            *numbers.get_mut(usize::from(parts))? = number(part)?;
            parts += 1;
        }
        let [major, minor, patch] = numbers;
        Some(Version { major, minor, patch, pre: pre.unwrap_or(""), parts })
    }

    /// SemVer precedence: numbers, then a pre-release before its release, then identifier by identifier.
    pub fn precedence(&self, other: &Version<'_>) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| pre_precedence(self.pre, other.pre))
    }
}

/// What stands before the first `at`, and what after it. Smaller than the library's, which searches for any pattern.
fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == at) {
        Some(place) => (text.get(..place).unwrap_or(""), text.get(place + 1..)),
        None => (text, None),
    }
}

/// The parts between dots.
fn dotted(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let (part, after) = cut(rest?, b'.');
        rest = after;
        Some(part)
    })
}

/// Digits without a leading zero, below 2^64.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() || (text.len() > 1 && text.starts_with('0')) {
        return None;
    }
    let mut value = 0u64;
    for byte in text.bytes() {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
    }
    Some(value)
}

fn is_numeric(identifier: &str) -> bool {
    identifier.bytes().all(|byte| byte.is_ascii_digit())
}

/// Non-empty identifiers of `[0-9A-Za-z-]`; where `numbers` matter, numeric ones are numbers.
fn identifiers(text: &str, numbers: bool) -> bool {
    dotted(text).all(|identifier| {
        !identifier.is_empty()
            && identifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && (!numbers || !is_numeric(identifier) || number(identifier).is_some())
    })
}

fn pre_precedence(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (dotted(left), dotted(right));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => match (number(left), number(right)) {
                (Some(left), Some(right)) => left.cmp(&right),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => left.as_bytes().cmp(right.as_bytes()),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// A relation to one version; a range is several of these, all of which must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Relation {
    Equal = 0,
    Less = 1,
    LessOrEqual = 2,
    Greater = 3,
    GreaterOrEqual = 4,
}

impl Relation {
    /// Whether something that compares to the bound like `order` stands in this relation to it.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Relation::Equal => order == Ordering::Equal,
            Relation::Less => order == Ordering::Less,
            Relation::LessOrEqual => order != Ordering::Greater,
            Relation::Greater => order == Ordering::Greater,
            Relation::GreaterOrEqual => order != Ordering::Less,
        }
    }

    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Relation::Equal,
            1 => Relation::Less,
            2 => Relation::LessOrEqual,
            3 => Relation::Greater,
            4 => Relation::GreaterOrEqual,
            _ => return None,
        })
    }
}

#[cfg(feature = "document")]
pub use range::{Comparator, RangeError, parse_range};

#[cfg(feature = "document")]
mod range {
    use super::{Relation, Version};

    /// One relation of a range, with `^` and `~` already spelled out.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Comparator<'a> {
        pub relation: Relation,
        pub version: Version<'a>,
    }

    /// Why a text is no range, and what to write.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RangeError {
        pub message: String,
        pub help: String,
    }

    /// Comparators parted by single spaces, each `= < <= > >= ^ ~` (none means `=`) directly followed by a version.
    ///
    /// `^1.4` becomes `>=1.4.0 <2.0.0-0`: `0` is the lowest pre-release, so the bound lies below its own pre-releases.
    ///
    /// # Errors
    /// The first comparator that cannot be read, or that npm reads otherwise.
    pub fn parse_range(text: &str) -> Result<Vec<Comparator<'_>>, RangeError> {
        let mut comparators = Vec::new();
        for part in text.split(' ') {
            comparator(part, text, &mut comparators)?;
        }
        Ok(comparators)
    }

    fn comparator<'a>(part: &'a str, whole: &str, into: &mut Vec<Comparator<'a>>) -> Result<(), RangeError> {
        // Two-character operators first.
        const OPERATORS: [(&str, Relation); 5] = [
            ("<=", Relation::LessOrEqual),
            (">=", Relation::GreaterOrEqual),
            ("<", Relation::Less),
            (">", Relation::Greater),
            ("=", Relation::Equal),
        ];
        if part.is_empty() {
            return Err(RangeError {
                message: if whole.is_empty() {
                    "a version range is empty".into()
                } else {
                    format!("`{whole}` has a space too many")
                },
                help: "part comparators by single spaces, such as `>=2.3.0 <3.0.0`".into(),
            });
        }
        if let Some(version) = part.strip_prefix('^') {
            let low = version_in(version, whole)?;
            if low.major == 0 && low.minor == 0 && low.parts < 3 {
                let npm = if low.parts == 1 { "1.0.0" } else { "0.1.0" };
                return Err(ambiguous(
                    part,
                    &format!("npm reads it as `>=0.0.0 <{npm}`, the missing parts as 0 give `>=0.0.0 <0.0.1`"),
                ));
            }
            let high = match (low.major, low.minor) {
                (0, 0) => above(low.major, low.minor, Some(low.patch)),
                (0, _) => above(low.major, low.minor, None),
                _ => low.major.checked_add(1).map(|major| lowest(major, 0, 0)),
            };
            push_between(low, high, into);
        } else if let Some(version) = part.strip_prefix('~') {
            let low = version_in(version, whole)?;
            if low.parts < 2 {
                let (major, next) = (low.major, low.major.saturating_add(1));
                return Err(ambiguous(
                    part,
                    &format!(
                        "npm reads it as `>={major}.0.0 <{next}.0.0`, the missing parts as 0 give `>={major}.0.0 <{major}.1.0`"
                    ),
                ));
            }
            push_between(low, above(low.major, low.minor, None), into);
        } else {
            let (relation, rest) = OPERATORS
                .iter()
                .find_map(|(sign, relation)| part.strip_prefix(sign).map(|rest| (*relation, rest)))
                .unwrap_or((Relation::Equal, part));
            into.push(Comparator { relation, version: version_in(rest, whole)? });
        }
        Ok(())
    }

    fn version_in<'a>(text: &'a str, whole: &str) -> Result<Version<'a>, RangeError> {
        Version::parse(text).ok_or_else(|| RangeError {
            message: format!("`{text}` in the range `{whole}` is not a version"),
            help: "write comparators directly before versions and part them by single spaces, such as `>=2.3.0 <3.0.0`"
                .into(),
        })
    }

    fn ambiguous(part: &str, readings: &str) -> RangeError {
        RangeError {
            message: format!("`{part}` can be read in two ways"),
            help: format!("{readings}: write the one that you mean"),
        }
    }

    fn push_between<'a>(low: Version<'a>, high: Option<Version<'a>>, into: &mut Vec<Comparator<'a>>) {
        into.push(Comparator { relation: Relation::GreaterOrEqual, version: low });
        // Without a next number there is nothing above: numbers end below 2^64.
        if let Some(version) = high {
            into.push(Comparator { relation: Relation::Less, version });
        }
    }

    /// The lowest version after everything that begins with these numbers.
    fn above(major: u64, minor: u64, patch: Option<u64>) -> Option<Version<'static>> {
        if let Some(patch) = patch.and_then(|patch| patch.checked_add(1)) {
            return Some(lowest(major, minor, patch));
        }
        match minor.checked_add(1) {
            Some(minor) => Some(lowest(major, minor, 0)),
            None => major.checked_add(1).map(|major| lowest(major, 0, 0)),
        }
    }

    fn lowest(major: u64, minor: u64, patch: u64) -> Version<'static> {
        Version { major, minor, patch, pre: "0", parts: 3 }
    }
}

#[cfg(feature = "document")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for good in
            ["1", "1.2", "1.2.3", "v1.2.3", "0.0.0", "1-rc.1", "1.2.3-0a.b--c+001", "18446744073709551615.0.0", "1+x"]
        {
            assert!(Version::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "v",
            "V1",
            "vv1",
            "01.0.0",
            "1.",
            ".1",
            "1.2.3.4",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3-a..b",
            "1.2.3+",
            " 1.2.3",
            "1.2.3 ",
            "18446744073709551616",
            "1.2.3-é",
            "1.x",
            "-1",
            "+1",
            "1.2.3+a+b",
            "1.0.0-18446744073709551616",
        ] {
            assert!(Version::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn precedence_of_the_specification() {
        let ascending = [
            "1.0.0-0",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.1.0",
            "2",
            "10.0.0",
        ];
        for (i, left) in ascending.iter().enumerate() {
            for (j, right) in ascending.iter().enumerate() {
                let order = Version::parse(left).unwrap().precedence(&Version::parse(right).unwrap());
                assert_eq!(order, i.cmp(&j), "{left} {right}");
            }
        }
    }

    fn within(range: &str, version: &str) -> bool {
        let version = Version::parse(version).unwrap();
        parse_range(range).unwrap().iter().all(|each| each.relation.holds(version.precedence(&each.version)))
    }

    #[test]
    fn ranges() {
        for (range, version, expected) in [
            (">=2.3.0 <3.0.0", "2.9", true),
            (">=2.3.0 <3.0.0", "3.0.0-rc.1", true),
            ("^1.4", "2.0.0-rc.1", false),
            ("^1.4", "2.0.0-0", false),
            ("^1.4", "1.4.0", true),
            ("^1.4", "1.4.0-rc.1", false),
            ("^1", "1.99.0", true),
            ("^0.2.3", "0.2.9", true),
            ("^0.2.3", "0.3.0-a", false),
            ("^0.0.3", "0.0.3", true),
            ("^0.0.3", "0.0.4-0", false),
            ("~1.2", "1.2.99", true),
            ("~1.2.3", "1.3.0-0", false),
            ("1.2.3", "v1.2.3+build", true),
            ("=1.2", "1.2.0", true),
            ("^18446744073709551615", "18446744073709551615.9.9", true),
        ] {
            assert_eq!(within(range, version), expected, "{range} {version}");
        }
        for bad in ["", " ", ">= 1.0.0", "1.0.0  2.0.0", "^0", "^0.0", "~1", "~0", "1.x", ">1 ", "||", "!1", "^"] {
            assert!(parse_range(bad).is_err(), "{bad}");
        }
        assert!(parse_range("^0").unwrap_err().help.contains("<1.0.0"));
    }
}
