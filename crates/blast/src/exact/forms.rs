//! Texts that read as the same kind of version, time or address and are written otherwise.

use super::family::Family;
use downhaul_core::ip::{Address, Family as IpFamily};
use downhaul_core::version::Version;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Ways to write a value, and some like it that may lie between the same borders: who takes one looks at it again.
///
/// `hints`: what conditions look for in texts.
pub(super) fn of(family: &Family, hints: &BTreeSet<String>) -> Vec<String> {
    match family {
        Family::Version(version) => versions(version, hints),
        Family::Time(_) => times(family),
        Family::Addresses(address) => addresses(*address),
        Family::Other { .. } | Family::Around(_) | Family::Integers(..) => Vec::new(),
    }
}

/// Hints that are put into versions.
const HINTS: usize = 24;

fn versions(version: &str, hints: &BTreeSet<String>) -> Vec<String> {
    let Some(parsed) = Version::parse(version) else { return Vec::new() };
    let Version { major, minor, patch, pre, .. } = parsed;
    let of = |major: u64, minor: u64, patch: u64| format!("{major}.{minor}.{patch}");
    let mut cores = vec![(major, minor, patch)];
    // Near ones, most of which lie between the same borders.
    for more in [1, 2, 5] {
        cores.push((major, minor, patch.saturating_add(more)));
        cores.push((major, minor.saturating_add(more), 0));
        cores.push((major.saturating_add(more), 0, 0));
    }
    let mut written: Vec<String> = Vec::new();
    if !pre.is_empty() {
        let core = of(major, minor, patch);
        written.extend([format!("{core}-{pre}"), format!("{core}-{pre}.1"), format!("{core}-{pre}.a")]);
    }
    for (major, minor, patch) in cores {
        written.push(of(major, minor, patch));
        match (minor, patch) {
            (0, 0) => {
                written.extend([format!("{major}"), format!("{major}.0"), format!("{major}-a"), format!("{major}-1")])
            }
            (_, 0) => {
                written.extend([format!("{major}.{minor}"), format!("{major}.{minor}-a"), format!("{major}.{minor}-1")])
            }
            _ => {}
        }
    }
    let mut texts = Vec::new();
    for version in written {
        let builds = ["1", "a", "A", "-"].into_iter().chain(hints.iter().take(HINTS).map(String::as_str));
        texts.extend(builds.map(|build| format!("{version}+{build}")));
        texts.push(format!("v{version}"));
        texts.push(format!("v{version}+1"));
        texts.push(version);
    }
    texts
}

fn times(family: &Family) -> Vec<String> {
    let mut texts: Vec<String> = [0, 1, 999_999].into_iter().filter_map(|number| written(family, number)).collect();
    if let Family::Time(millis) = family {
        for (zone, minutes) in [("+00:00", 0.0), ("+01:00", 60.0), ("-11:30", -690.0), ("+23:59", 1439.0)] {
            // The same moment by another clock, and moments that lie further off.
            for further in [0.0, 1000.0, 86_400_000.0, -86_400_000.0, 31_557_600_000.0, -31_557_600_000.0] {
                let local = Family::Time(millis + minutes * 60_000.0 + further);
                let local = [0, 7].into_iter().filter_map(|number| written(&local, number));
                texts.extend(local.filter_map(|text| Some(format!("{}{zone}", text.strip_suffix('Z')?))));
            }
        }
    }
    texts
}

fn written(family: &Family, number: u32) -> Option<String> {
    family.nth(number)?.as_str().map(str::to_owned)
}

fn addresses(address: Address) -> Vec<String> {
    let mut texts = Vec::new();
    for more in [0, 1, 0x0A, 0xABCD, 0x01_0000, 0x0A0B_0C0D] {
        let Some(bits) = address.bits.checked_add(more) else { continue };
        let whole = match (address.family, u32::try_from(bits)) {
            (IpFamily::V4, Ok(bits)) => {
                let dotted = Ipv4Addr::from_bits(bits);
                texts.extend([dotted.to_string(), format!("::ffff:{dotted}"), format!("::FFFF:{dotted}")]);
                dotted.to_ipv6_mapped()
            }
            (IpFamily::V4, Err(_)) => continue,
            (IpFamily::V6, _) => {
                texts.push(Ipv6Addr::from_bits(bits).to_string());
                Ipv6Addr::from_bits(bits)
            }
        };
        let groups = whole.segments();
        let joined = |of: &dyn Fn(&u16) -> String| groups.iter().map(of).collect::<Vec<_>>().join(":");
        texts.push(joined(&|group| format!("{group:x}")));
        texts.push(joined(&|group| format!("{group:04x}")));
        texts.push(joined(&|group| format!("{group:04X}")));
        if let [0, 0, 0, 0, 0, 0xFFFF, high, low] = groups {
            texts.push(format!("::ffff:{high:x}:{low:x}"));
            texts.push(format!("::FFFF:{high:X}:{low:X}"));
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_core::time;

    #[test]
    fn all_are_read_as_what_they_are() {
        let hints = BTreeSet::from(["pro".to_owned(), "\u{e9}".to_owned()]);
        for version in ["0.0.0-0", "2.3.0", "2.3.0-rc.1", "18446744073709551615.0.0"] {
            let texts = of(&Family::Version(version.to_owned()), &hints);
            assert!(texts.iter().filter(|text| Version::parse(text).is_none()).all(|text| text.contains('\u{e9}')));
            assert!(texts.len() > 100, "{texts:?}");
        }
        let times = of(&Family::Time(1_767_225_600_000.0), &hints);
        assert!(times.iter().all(|text| time::parse(text).is_some()), "{times:?}");
        assert!(times.contains(&"2026-01-01T01:00:00+01:00".to_owned()), "{times:?}");
        for address in ["10.0.0.0", "2001:db8::", "255.255.255.255"] {
            let texts = of(&Family::Addresses(Address::parse(address).unwrap()), &hints);
            assert!(texts.iter().all(|text| Address::parse(text).is_some()), "{texts:?}");
            assert_eq!(Address::parse(&texts[0]), Address::parse(address));
        }
    }
}
