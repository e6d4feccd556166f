//! Times in words. Times are milliseconds since the epoch; `offset` is the minutes that local time is ahead of UTC.

use super::calendar::{Day, Moment, instant};

/// `0:04` and `.2`: minutes, seconds, tenths of a stopwatch; hours from one on.
pub fn stopwatch(elapsed_ms: f64) -> (String, String) {
    let tenths = (elapsed_ms.max(0.0) / 100.0) as u64;
    let (seconds, tenth) = (tenths / 10, tenths % 10);
    let (minutes, second) = (seconds / 60, seconds % 60);
    let text = match minutes / 60 {
        0 => format!("{minutes}:{second:02}"),
        hours => format!("{hours}:{:02}:{second:02}", minutes % 60),
    };
    (text, format!(".{tenth}"))
}

/// `3.4 ms`, `84 ms`, `0.62 s`, `12 s`, `3:12`.
pub fn duration(ms: f64) -> String {
    match ms {
        _ if ms < 9.95 => {
            let text = format!("{ms:.1}");
            format!("{}\u{202F}ms", text.strip_suffix(".0").unwrap_or(&text))
        }
        _ if ms < 99.5 => format!("{ms:.0}\u{202F}ms"),
        _ if ms < 9_995.0 => format!("{:.2}\u{202F}s", ms / 1000.0),
        _ if ms < 59_500.0 => format!("{:.0}\u{202F}s", ms / 1000.0),
        _ => stopwatch(ms).0,
    }
}

/// `just now`, `24 s ago`, `3 min ago`, `2 h ago`, `11 days ago`.
pub fn ago(ms: f64) -> String {
    let text = age(ms);
    if text.is_empty() { "just now".to_owned() } else { format!("{text} ago") }
}

/// `24 s`, `3 min`, `2 h`, `11 days`; empty below a second.
pub fn age(ms: f64) -> String {
    let seconds = (ms.max(0.0) / 1000.0) as u64;
    match seconds {
        0 => String::new(),
        1..60 => format!("{seconds}\u{202F}s"),
        60..3600 => format!("{}\u{202F}min", seconds / 60),
        3600..172_800 => format!("{}\u{202F}h", seconds / 3600),
        _ => format!("{}\u{202F}days", seconds / 86_400),
    }
}

/// Milliseconds since the epoch of an RFC 3339 text.
pub fn parse(text: &str) -> Option<f64> {
    instant(text).map(|at| at as f64)
}

/// Epoch milliseconds as RFC 3339 in UTC.
pub fn text(at: f64) -> String {
    Moment::of(at as i64).map(|at| at.to_string()).unwrap_or_default()
}

/// `20:14:07`, local.
pub fn clock(at: f64, offset: i32) -> String {
    civil(at, offset).map(|at| format!("{:02}:{:02}:{:02}", at.hour, at.minute, at.second)).unwrap_or_default()
}

/// `20:14`, local.
pub fn hour(at: f64, offset: i32) -> String {
    civil(at, offset).map(|at| format!("{:02}:{:02}", at.hour, at.minute)).unwrap_or_default()
}

/// `12 Nov`, with the year when it is not this one.
pub fn day(at: f64, now: f64, offset: i32) -> String {
    match (civil(at, offset), civil(now, offset)) {
        (Some(at), Some(now)) => date(at.day, now.day),
        (Some(_) | None, _) => String::new(),
    }
}

/// `Today, Monday 23 November`, `Sunday 22 November`, with the year when it is not this one.
pub fn heading(at: f64, now: f64, offset: i32) -> String {
    let (Some(at), Some(now)) = (civil(at, offset), civil(now, offset)) else { return String::new() };
    let text = format!("{} {} {}", at.day.weekday(), at.day.day, at.day.month_name());
    match () {
        () if at.day == now.day => format!("Today, {text}"),
        () if at.day.year == now.day.year => text,
        () => format!("{text} {}", at.day.year),
    }
}

/// `2026-11-26`, in UTC.
pub fn iso_day(at: f64) -> String {
    civil(at, 0).map(|at| at.day.to_string()).unwrap_or_default()
}

/// The date so many days after a time, as in a document.
pub fn days_later(at: f64, days: u32) -> String {
    iso_day(at + f64::from(days) * 86_400_000.0)
}

/// A date of the document, `YYYY-MM-DD`, and how far off it is: (`31 Jan 2027`, `in 69 days`).
pub fn until(text: &str, now: f64, offset: i32) -> (String, String) {
    let (Some(at), Some(now)) = (Day::parse(text), civil(now, offset)) else {
        return (text.to_owned(), String::new());
    };
    let days = at.number() - now.day.number();
    let distance = match days {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        -1 => "1 day over".to_owned(),
        2.. => format!("in {days} days"),
        _ => format!("{} days over", -days),
    };
    (date(at, now.day), distance)
}

fn date(at: Day, now: Day) -> String {
    let text = format!("{} {}", at.day, at.month_short());
    if at.year == now.year { text } else { format!("{text} {}", at.year) }
}

fn civil(at: f64, offset: i32) -> Option<Moment> {
    Moment::of(at as i64 + i64::from(offset) * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace('\u{202F}', " ")
    }

    #[test]
    fn stopwatches() {
        for (ms, text) in [(0.0, "0:00.0"), (4_249.0, "0:04.2"), (192_000.0, "3:12.0"), (3_725_000.0, "1:02:05.0")] {
            let (whole, tenth) = stopwatch(ms);
            assert_eq!(format!("{whole}{tenth}"), text);
        }
    }

    #[test]
    fn durations_round_into_the_next_unit() {
        for (ms, text) in [
            (0.0, "0 ms"),
            (4.0, "4 ms"),
            (3.42, "3.4 ms"),
            (9.99, "10 ms"),
            (84.4, "84 ms"),
            (99.6, "0.10 s"),
            (620.0, "0.62 s"),
            (9_999.0, "10 s"),
            (59_700.0, "0:59"),
            (192_000.0, "3:12"),
        ] {
            assert_eq!(plain(&duration(ms)), text);
        }
    }

    #[test]
    fn ages() {
        for (ms, text) in [
            (-5.0, "just now"),
            (900.0, "just now"),
            (24_000.0, "24 s ago"),
            (180_000.0, "3 min ago"),
            (172_799_000.0, "47 h ago"),
            (950_400_000.0, "11 days ago"),
        ] {
            assert_eq!(plain(&ago(ms)), text);
        }
    }

    #[test]
    fn dates_name_the_year_only_when_it_is_another() {
        let now = parse("2026-11-23T23:30:00Z").unwrap();
        assert_eq!(day(parse("2026-11-12T10:00:00Z").unwrap(), now, 0), "12 Nov");
        assert_eq!(day(parse("2025-11-12T10:00:00Z").unwrap(), now, 0), "12 Nov 2025");
        assert_eq!(until("2027-01-31", now, 0), ("31 Jan 2027".to_owned(), "in 69 days".to_owned()));
        assert_eq!(until("2027-01-31", now, 60), ("31 Jan 2027".to_owned(), "in 68 days".to_owned()));
        assert_eq!(until("2026-11-11", now, 0), ("11 Nov".to_owned(), "12 days over".to_owned()));
        assert_eq!(until("not a date", now, 0), ("not a date".to_owned(), String::new()));
        assert_eq!(heading(now, now, 0), "Today, Monday 23 November");
        assert_eq!(heading(now, now, 60), "Today, Tuesday 24 November");
        assert_eq!(clock(now, 60), "00:30:00");
        assert_eq!(text(now), "2026-11-23T23:30:00Z");
    }
}
