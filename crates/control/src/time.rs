use jiff::Timestamp;

/// A time as the protocol writes it: RFC 3339 in UTC with milliseconds.
pub fn to_text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The day of a time in UTC, `YYYY-MM-DD`.
pub fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// The time that [`to_text`] wrote; any other form is refused, so that a record has one form only.
pub fn from_text(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    (to_text(time) == text).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_only() {
        let time = from_text("2026-11-23T20:00:00.120Z").expect("the form that is written");
        assert_eq!(to_text(time), "2026-11-23T20:00:00.120Z");
        assert_eq!(day(time), "2026-11-23");
        for other in ["2026-11-23T20:00:00Z", "2026-11-23T20:00:00.1200Z", "2026-11-23T21:00:00.120+01:00", "now"] {
            assert_eq!(from_text(other), None, "{other}");
        }
    }
}
