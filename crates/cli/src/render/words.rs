use downhaul_control::api::Role;
use downhaul_core::document::ClientKind;

/// As in documents.
pub(crate) fn kind_word(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Browser => "browser",
        ClientKind::Edge => "edge",
        ClientKind::Server => "server",
    }
}

/// `editor, operator`
pub(crate) fn role_words(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

/// `1 flag`, `3 flags`.
pub(crate) fn counted(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{} {one}s", grouped(count)),
    }
}

/// Thousands are parted by a narrow no-break space from five digits on.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202F}');
        }
        text.push(digit);
    }
    text
}

/// `8.4 ms`, `62 ms`, `0.62 s`, `3:12`.
pub(crate) fn milliseconds(value: f64) -> String {
    let seconds = value / 1000.0;
    if value < 10.0 {
        format!("{value:.1} ms")
    } else if value < 100.0 {
        format!("{value:.0} ms")
    } else if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else if seconds < 60.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0}:{:02.0}", (seconds / 60.0).floor(), (seconds % 60.0).floor())
    }
}

/// `12 s ago`.
pub(crate) fn ago(milliseconds: u64) -> String {
    match milliseconds / 1000 {
        0 => "now".to_owned(),
        seconds @ 1..60 => format!("{seconds} s ago"),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h ago", seconds / 3600),
        seconds => format!("{} d ago", seconds / 86_400),
    }
}

/// `part` of `whole`, such as `25 %`.
pub(crate) fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    #[expect(clippy::cast_precision_loss, reason = "a share for reading, not for deciding")]
    let share = part as f64 * 100.0 / whole as f64;
    if share > 0.0 && share < 10.0 && share.fract() != 0.0 { format!("{share:.1} %") } else { format!("{share:.0} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_in_words() {
        assert_eq!(counted(1, "flag"), "1 flag");
        assert_eq!(counted(0, "flag"), "0 flags");
        assert_eq!(grouped(9999), "9999");
        assert_eq!(grouped(52_700), "52\u{202F}700");
        assert_eq!(grouped(1_000_000), "1\u{202F}000\u{202F}000");
        for (value, text) in [
            (8.44, "8.4 ms"),
            (62.2, "62 ms"),
            (620.0, "0.62 s"),
            (12_300.0, "12 s"),
            (192_000.0, "3:12"),
            (60_500.0, "1:00"),
        ] {
            assert_eq!(milliseconds(value), text);
        }
        assert_eq!(percent(1, 4), "25 %");
        assert_eq!(percent(1, 40), "2.5 %");
        assert_eq!(percent(0, 0), "0 %");
        assert_eq!(ago(999), "now");
        assert_eq!(ago(61_000), "1 min ago");
    }
}
