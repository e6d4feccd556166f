//! Endless kinds of values, by example: what is tried when a witness has to fall into certain buckets.

use downhaul_core::ip::{Address, Family as IpFamily};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Values of one kind, numbered. Not every one need be of the same class: who takes one looks at it again.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Family {
    /// Texts that no condition knows.
    Other { stem: &'static str },
    /// A version, with any build.
    Version(String),
    /// A time, with any further digits of its second.
    Time(f64),
    /// Addresses from this one on.
    Addresses(Address),
    /// A text, and texts like it.
    Around(String),
    /// Whole numbers, from and to.
    Integers(i64, i64),
}

impl Family {
    /// The value with this number; `None` after the last.
    pub(crate) fn nth(&self, number: u32) -> Option<Value> {
        match self {
            Family::Other { stem } => Some(Value::from(format!("{stem}-{}", u64::from(number) + 1))),
            Family::Version(version) if number == 0 => Some(Value::from(version.clone())),
            Family::Version(version) => Some(Value::from(format!("{version}+{number}"))),
            Family::Time(millis) => time_text(*millis, number).map(Value::from),
            Family::Addresses(first) => address_text(*first, number).map(Value::from),
            Family::Around(text) => Some(Value::from(around(text, number))),
            Family::Integers(from, to) => {
                let value = from.checked_add(i64::from(number))?;
                (value <= *to).then(|| Value::from(value))
            }
        }
    }

    /// The first value that is none of `known`, which are classes of their own.
    pub(crate) fn example(&self, known: &BTreeSet<String>) -> Option<Value> {
        let is_new = |value: &Value| value.as_str().is_none_or(|text| !known.contains(text));
        (0..10_000).map_while(|number| self.nth(number)).find(is_new)
    }
}

/// Like `text` but for a number put in at one of its ends or between: what begins, ends or holds something still does, mostly.
fn around(text: &str, number: u32) -> String {
    if number == 0 {
        return text.to_owned();
    }
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let places = u32::try_from(ends.len()).unwrap_or(u32::MAX);
    let number = number - 1;
    let (place, filler) = (number % places, number / places);
    // In turn letters and digits, since a pattern may want either.
    let filler = if filler.is_multiple_of(2) { letters(filler / 2) } else { (filler / 2).to_string() };
    // From the end: most texts are told apart by how they begin.
    let at = ends.iter().rev().nth(place as usize).copied().unwrap_or(text.len());
    let (before, after) = text.split_at(at);
    format!("{before}{filler}{after}")
}

/// `a` to `z`, then `aa` and on.
fn letters(mut number: u32) -> String {
    let mut text = String::new();
    loop {
        text.push(char::from(b'a' + u8::try_from(number % 26).unwrap_or(0)));
        number /= 26;
        if number == 0 {
            return text;
        }
        number -= 1;
    }
}

/// RFC 3339; `number` fills the digits after the milliseconds, which evaluation cuts off.
fn time_text(millis: f64, number: u32) -> Option<String> {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number below 2^53")]
    let whole = (millis.abs() < 9e15 && millis.fract() == 0.0).then_some(millis as i64)?;
    let (seconds, fraction) = (whole.div_euclid(1000), whole.rem_euclid(1000));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    if !(0..=9999).contains(&year) || number > 999_999 {
        return None;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let start = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    Some(match (fraction, number) {
        (0, 0) => format!("{start}Z"),
        (fraction, 0) => format!("{start}.{fraction:03}Z"),
        (fraction, number) => format!("{start}.{fraction:03}{number:06}Z"),
    })
}

/// Year, month and day of days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn address_text(first: Address, number: u32) -> Option<String> {
    let bits = first.bits.checked_add(u128::from(number))?;
    match first.family {
        IpFamily::V4 => Some(Ipv4Addr::from_bits(u32::try_from(bits).ok()?).to_string()),
        IpFamily::V6 => Some(Ipv6Addr::from_bits(bits).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_core::time;

    #[test]
    fn times_are_read_as_they_were_meant() {
        for millis in [0.0, -1.0, 1_767_225_600_000.0, 951_782_400_123.0, -62_167_219_200_000.0, 253_402_300_799_999.0]
        {
            for number in [0, 1, 999_999] {
                let text = time_text(millis, number).unwrap();
                assert_eq!(time::parse(&text), Some(millis), "{text}");
            }
        }
        assert_eq!(time_text(1e16, 0), None);
        assert_eq!(time_text(253_402_300_800_000.0, 0), None, "the year 10000");
    }

    #[test]
    fn texts_like_a_text() {
        let made: Vec<String> = (0..9).map(|number| around("ab", number)).collect();
        assert_eq!(made, ["ab", "aba", "aab", "aab", "ab0", "a0b", "0ab", "abb", "abb"]);
        assert_eq!(letters(25), "z");
        assert_eq!(letters(26), "aa");
    }

    #[test]
    fn a_known_value_is_no_example() {
        let known = BTreeSet::from(["other-1".to_owned(), "1.2.3".to_owned()]);
        assert_eq!(Family::Other { stem: "other" }.example(&known), Some(Value::from("other-2")));
        assert_eq!(Family::Version("1.2.3".to_owned()).example(&known), Some(Value::from("1.2.3+1")));
        assert_eq!(Family::Integers(5, 6).nth(2), None);
    }
}
