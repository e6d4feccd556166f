use super::Checker;
use crate::diagnostic::Diagnostic;
use crate::read::{At, shortened};
use crate::time;

/// A real date, written `YYYY-MM-DD`.
pub(super) fn check_date(checker: &mut Checker<'_>, date: &str, at: At<'_>) {
    if !is_date(date) {
        let message = format!("`{}` is not a date", shortened(date));
        checker.error(
            "bad-date",
            at,
            message,
            "write `YYYY-MM-DD`, such as `2027-01-31`, and a day that the month has",
        );
    }
}

/// A date that calls for attention once it is past.
pub(super) fn check_due(checker: &mut Checker<'_>, date: &str, at: At<'_>, passed: &str, help: &str) {
    check_date(checker, date, at);
    if is_date(date) && checker.today.is_some_and(|today| is_date(today) && date < today) {
        let message = format!("{passed} {}", in_words(date));
        checker.report(Diagnostic::warning("date-passed", at.pointer(), message).help(help));
    }
}

/// A time as conditions compare it.
pub(super) fn check_time(checker: &mut Checker<'_>, text: &str, at: At<'_>) {
    if time::parse(text).is_none() {
        let message = format!("`{}` is not a time", shortened(text));
        checker.error("bad-time", at, message, TIME_HELP);
    }
}

pub(super) const TIME_HELP: &str =
    "write `YYYY-MM-DDThh:mm:ss` with `Z` or an offset, such as `2026-11-23T20:00:00Z` or `2026-11-23T21:00:00+01:00`";

fn is_date(text: &str) -> bool {
    text.len() == 10 && time::parse(&format!("{text}T00:00:00Z")).is_some()
}

/// `31 January 2027` for `2027-01-31`.
pub(super) fn in_words(date: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else {
        return shortened(date);
    };
    let name = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    match name {
        Some(name) if is_date(date) => format!("{} {name} {year}", day.trim_start_matches('0')),
        _ => shortened(date),
    }
}
