use crate::exit::Failure;
use downhaul_control::time;
use jiff::{SignedDuration, Timestamp};
use std::str::FromStr;

/// When something ends, as a person says it: `30d`, `2026-12-31T00:00:00Z`, `never`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expiry {
    Days(u32),
    At(Timestamp),
    Never,
}

impl FromStr for Expiry {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Expiry, &'static str> {
        if text == "never" {
            return Ok(Expiry::Never);
        }
        if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse().ok()).filter(|days| *days > 0) {
            return Ok(Expiry::Days(days));
        }
        let at = text.parse().map(Expiry::At);
        at.map_err(|_| "write days as `30d`, a time as `2026-12-31T00:00:00Z`, or `never`")
    }
}

impl Expiry {
    /// As the API takes it.
    pub(crate) fn at(&self, now: Timestamp) -> Result<Option<String>, Failure> {
        let at = match self {
            Expiry::Never => return Ok(None),
            Expiry::At(at) => *at,
            Expiry::Days(days) => now.checked_add(SignedDuration::from_hours(24 * i64::from(*days))).map_err(|_| {
                Failure::refused("too-far", format!("{days} days from now are beyond the end of the calendar"))
                    .help("give fewer days, or `never`")
            })?,
        };
        Ok(Some(time::to_text(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_times_and_never() {
        let now: Timestamp = "2026-11-23T20:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Expiry>().unwrap().at(now).unwrap();
        assert_eq!(at("30d").as_deref(), Some("2026-12-23T20:00:00.000Z"));
        assert_eq!(at("2026-12-31T01:00:00+01:00").as_deref(), Some("2026-12-31T00:00:00.000Z"));
        assert_eq!(at("never"), None);
        for bad in ["", "0d", "d", "-1d", "30", "30h", "tomorrow", "2026-12-31"] {
            assert!(bad.parse::<Expiry>().is_err(), "{bad}");
        }
        assert!("4000000000d".parse::<Expiry>().unwrap().at(now).is_err());
    }
}
