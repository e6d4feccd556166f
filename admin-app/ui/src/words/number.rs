/// Thousands by a narrow no-break space: `10 000`.
pub fn count(value: impl TryInto<u64>) -> String {
    let digits = value.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push('\u{202F}');
        }
        text.push(digit);
    }
    text
}

/// What is not known is an en dash.
pub fn or_dash<T>(known: Option<T>, words: impl FnOnce(T) -> String) -> String {
    known.map_or_else(|| "–".to_owned(), words)
}

/// `1 client`, `2 clients`.
pub fn counted(value: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(value as u64), if value == 1 { one } else { many })
}

/// Hundred-thousandths as per cent: `25 %`, `0.001 %`.
pub fn share(width: u32) -> String {
    let (whole, rest) = (width / 1000, width % 1000);
    if rest == 0 {
        return format!("{whole}\u{202F}%");
    }
    let fraction = format!("{rest:03}");
    format!("{whole}.{}\u{202F}%", fraction.trim_end_matches('0'))
}

/// `a of b` in per cent, never rounded up to 100 nor down to 0.
pub fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    let percent = 100.0 * part as f64 / whole as f64;
    match part {
        0 => 0.0,
        _ if part >= whole => 100.0,
        _ => percent.clamp(0.1, 99.9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_narrow_spaces() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1\u{202F}000"), (1_234_567, "1\u{202F}234\u{202F}567")] {
            assert_eq!(count(value as u64), text);
        }
    }

    #[test]
    fn what_is_not_known_is_not_nothing() {
        assert_eq!((or_dash(None::<u64>, count).as_str(), or_dash(Some(0_u64), count).as_str()), ("–", "0"));
    }

    #[test]
    fn shares() {
        for (width, text) in [(0, "0 %"), (25_000, "25 %"), (12_500, "12.5 %"), (1, "0.001 %"), (100_000, "100 %")] {
            assert_eq!(share(width).replace('\u{202F}', " "), text);
        }
    }

    #[test]
    fn ratios_do_not_round_to_the_ends() {
        assert_eq!(ratio(0, 0), 0.0);
        assert_eq!(ratio(1, 100_000), 0.1);
        assert_eq!(ratio(99_999, 100_000), 99.9);
        assert_eq!(ratio(5, 5), 100.0);
    }
}
