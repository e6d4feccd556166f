//! Times, in whole milliseconds since 1970-01-01T00:00:00Z, cut down (floor).

/// Milliseconds of `YYYY-MM-DDThh:mm:ss[.1-9 digits](Z or ±hh:mm)`; `None` if `text` is none such.
///
/// A double holds every such time exactly: they are below 2^53.
pub fn parse(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let (date_time, rest) = bytes.split_at_checked(19)?;
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1] = date_time else {
        return None;
    };
    let year = digits(&[y0, y1, y2, y3])?;
    let month = digits(&[m0, m1])?;
    let day = digits(&[d0, d1])?;
    let (hour, minute, second) = (digits(&[h0, h1])?, digits(&[n0, n1])?, digits(&[s0, s1])?);
    if !(1..=12).contains(&month)
        || !(1..=days_in(year, month)).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let (millis, zone) = fraction(rest)?;
    let offset = match *zone {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (digits(&[h0, h1])?, digits(&[m0, m1])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 60 + minutes;
            if sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let minutes = (days_from_epoch(year, month, day) * 24 + hour) * 60 + minute - offset;
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let time = ((minutes * 60 + second) * 1000 + millis) as f64;
    Some(time)
}

/// `value` cut down to whole milliseconds; `None` unless it is finite.
pub fn from_number(value: f64) -> Option<f64> {
    if !value.is_finite() {
        return None;
    }
    // From 2^53 on every double is whole. `floor` itself needs std.
    if value.abs() >= 9_007_199_254_740_992.0 {
        return Some(value);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "below 2^53 both ways are exact")]
    let whole = value as i64 as f64;
    Some(if whole > value { whole - 1.0 } else { whole })
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

/// Milliseconds after the dot, further digits dropped, and what follows.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', rest)) = rest.split_first() else {
        return Some((0, rest));
    };
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let (digits, zone) = rest.split_at_checked(count)?;
    let millis = (0..3).fold(0, |millis, at| millis * 10 + digits.get(at).map_or(0, |digit| i64::from(digit - b'0')));
    Some((millis, zone))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant's `days_from_civil`); 2000-03-01 is 11017.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0.0)),
            ("1969-12-31T23:59:59.9999Z", Some(-1.0)),
            ("2000-03-01T00:00:00Z", Some(951_868_800_000.0)),
            ("2026-11-24T00:00:00.123456789+01:30", Some(1_795_473_000_123.0)),
            ("0000-01-01T00:00:00Z", Some(-62_167_219_200_000.0)),
            ("9999-12-31T23:59:59.999Z", Some(253_402_300_799_999.0)),
            ("2024-02-29T12:00:00-00:00", Some(1_709_208_000_000.0)),
            ("2023-02-29T12:00:00Z", None),
            ("2024-02-29t12:00:00Z", None),
            ("2024-02-29T12:00:00z", None),
            ("2024-02-29T12:00:00", None),
            ("2024-02-29 12:00:00Z", None),
            ("2024-02-29T24:00:00Z", None),
            ("2024-02-29T12:00:60Z", None),
            ("2024-02-29T12:00:00.Z", None),
            ("2024-02-29T12:00:00.1234567890Z", None),
            ("2024-02-29T12:00:00+0100", None),
            ("2024-02-29T12:00:00+24:00", None),
            ("2024-13-01T12:00:00Z", None),
            ("2024-00-01T12:00:00Z", None),
            ("2024-02-29", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers() {
        for (value, expected) in [
            (1.9, Some(1.0)),
            (-0.1, Some(-1.0)),
            (-2.0, Some(-2.0)),
            (1e300, Some(1e300)),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(from_number(value), expected, "{value}");
        }
    }
}
