//! Days and times of the Gregorian calendar. The page needs no time zones, parsers of every notation nor their errors, which
//! would be a tenth of what it downloads; a library holds this against its own in the tests.

const DAY_MS: i64 = 86_400_000;
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
const WEEKDAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// A day, from the year 0 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub year: i64,
    /// From 1, as the day is.
    pub month: i64,
    pub day: i64,
}

impl Day {
    /// `days` after 1 January 1970.
    pub fn of(days: i64) -> Option<Self> {
        // Years that begin in March, so that a leap day is the last of its year; eras of 400 such years are all alike.
        let shifted = days + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (0..=9999).contains(&year).then_some(Day { year, month, day })
    }

    /// Days after 1 January 1970.
    pub fn number(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let shifted_month = (self.month + 9) % 12;
        let of_year = (153 * shifted_month + 2) / 5 + self.day - 1;
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
        era * 146_097 + of_era - 719_468
    }

    /// `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let [a, b, c, d, b'-', e, f, b'-', g, h] = *bytes else { return None };
        let day = Day { year: number(&[a, b, c, d])?, month: number(&[e, f])?, day: number(&[g, h])? };
        // The thirtieth of February is another day, and so no day.
        ((1..=12).contains(&day.month) && Day::of(day.number()) == Some(day)).then_some(day)
    }

    pub fn month_name(self) -> &'static str {
        usize::try_from(self.month - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default()
    }

    /// `Nov`.
    pub fn month_short(self) -> &'static str {
        self.month_name().get(..3).unwrap_or_default()
    }

    pub fn weekday(self) -> &'static str {
        let at = usize::try_from(self.number().rem_euclid(7)).unwrap_or_default();
        WEEKDAYS.get(at).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A time of a day, in UTC or wherever it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub day: Day,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub millisecond: i64,
}

impl Moment {
    /// Of milliseconds since the epoch.
    pub fn of(ms: i64) -> Option<Self> {
        let (days, of_day) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
        let day = Day::of(days)?;
        let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
        Some(Moment { day, hour, minute, second: of_day / 1000 % 60, millisecond: of_day % 1000 })
    }
}

/// As RFC 3339 in UTC.
impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}T{:02}:{:02}:{:02}", self.day, self.hour, self.minute, self.second)?;
        if self.millisecond > 0 {
            let digits = format!("{:03}", self.millisecond);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

/// Milliseconds since the epoch of an RFC 3339 text.
pub fn instant(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let [a, b, b':', c, d, b':', e, g] = *clock.as_bytes() else { return None };
    let (hour, minute, second) = (number(&[a, b])?, number(&[c, d])?, number(&[e, g])?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (milliseconds, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|each: char| !each.is_ascii_digit())?;
            let (digits, zone) = rest.split_at_checked(end)?;
            let first = digits.get(..digits.len().min(3)).filter(|_| (1..=9).contains(&digits.len()))?;
            (number(format!("{first:0<3}").as_bytes())?, zone)
        }
        None => (0, rest),
    };
    let ahead = match zone.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), a, b, b':', c, d] => {
            let minutes = number(&[*a, *b])? * 60 + number(&[*c, *d])?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    // A leap second is the last of its minute.
    let seconds = (hour * 60 + minute - ahead) * 60 + second.min(59);
    Some(Day::parse(date)?.number() * DAY_MS + seconds * 1000 + milliseconds)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_the_library_has_it(ms in -62_167_219_200_000i64..253_402_207_200_000) {
            let theirs = jiff::Timestamp::from_millisecond(ms).unwrap();
            let civil = jiff::tz::Offset::UTC.to_datetime(theirs);
            let own = Moment::of(ms).unwrap();
            prop_assert_eq!(own.to_string(), theirs.to_string());
            prop_assert_eq!(own.day.to_string(), civil.date().to_string());
            prop_assert_eq!(format!("{} {} {}", own.day.weekday(), own.day.month_name(), own.day.month_short()), civil.strftime("%A %B %b").to_string());
            prop_assert_eq!(Day::parse(&civil.date().to_string()), Some(own.day));
            prop_assert_eq!(instant(&theirs.to_string()), Some(ms));
        }

        #[test]
        fn texts_are_read_as_the_library_reads_them(day in "[0-9]{4}-[01][0-9]-[0-3][0-9]", clock in "[0-2][0-9]:[0-6][0-9]:[0-5][0-9]", fraction in "(\\.[0-9]{1,9})?", zone in "(Z|[+-][01][0-9]:[0-5][0-9])") {
            prop_assert_eq!(Day::parse(&day).map(|day| day.to_string()), day.parse::<jiff::civil::Date>().ok().map(|day| day.to_string()));
            let text = format!("{day}T{clock}{fraction}{zone}");
            let theirs = text.parse::<jiff::Timestamp>().ok().map(|at| at.as_nanosecond().div_euclid(1_000_000) as i64);
            prop_assert_eq!(instant(&text), theirs, "{}", text);
        }

        #[test]
        fn nothing_makes_it_panic(text in ".{0,40}") {
            let _ = (Day::parse(&text), instant(&text));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026-11-26",
            "2026-11-26T10:00:00",
            "2026-11-26T24:00:00Z",
            "2026-02-30T10:00:00Z",
            "2026-11-26T10:00:00.Z",
            "２026-11-26T10:00:00Z",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
