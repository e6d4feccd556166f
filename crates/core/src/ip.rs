//! Addresses and blocks of addresses.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address: its family and its bits, an IPv4 address in the low 32. An IPv4-mapped IPv6 address reads as IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    pub family: Family,
    pub bits: u128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Family {
    V4 = 4,
    V6 = 6,
}

impl Family {
    /// How many bits an address of this family has.
    pub fn width(self) -> u8 {
        match self {
            Family::V4 => 32,
            Family::V6 => 128,
        }
    }
}

impl Address {
    /// Dotted decimal without leading zeros, or IPv6 without a zone.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        if let Some(bits) = read_v4(text) {
            return Some(Address { family: Family::V4, bits: u128::from(bits) });
        }
        let bits = read_v6(text)?;
        // ::ffff:0:0/96
        if bits >> 32 == 0xFFFF {
            return Some(Address { family: Family::V4, bits: bits & 0xFFFF_FFFF });
        }
        Some(Address { family: Family::V6, bits })
    }

    /// For people.
    pub fn to_ip(self) -> IpAddr {
        match self.family {
            #[expect(clippy::cast_possible_truncation, reason = "an IPv4 address has 32 bits")]
            Family::V4 => IpAddr::V4(Ipv4Addr::from(self.bits as u32)),
            Family::V6 => IpAddr::V6(Ipv6Addr::from(self.bits)),
        }
    }
}

// The library's readers build a backtracking parser, which is 3 KB of the evaluation module; a test compares with them.

fn read_v4(text: &[u8]) -> Option<u32> {
    let mut bits = 0u32;
    let mut count = 0;
    for part in text.split(|byte| *byte == b'.') {
        let leading_zero = part.len() > 1 && part.first() == Some(&b'0');
        if part.is_empty() || part.len() > 3 || leading_zero {
            return None;
        }
        let value = number(part, 10)?;
        count += 1;
        if value > 255 || count > 4 {
            return None;
        }
        bits = bits << 8 | value;
    }
    (count == 4).then_some(bits)
}

fn read_v6(text: &[u8]) -> Option<u128> {
    let gap = text.windows(2).position(|pair| pair == b"::");
    let (before, after) = match gap {
        Some(at) => (text.get(..at)?, text.get(at + 2..)?),
        None => (text, &[][..]),
    };
    let (high, high_count) = groups(before, gap.is_none())?;
    let (low, low_count) = groups(after, true)?;
    let count = high_count + low_count;
    match gap {
        None => (count == 8).then_some(high),
        // The gap stands for one group at least.
        Some(_) if count > 7 => None,
        Some(_) => Some(high.checked_shl(16 * (8 - high_count)).unwrap_or(0) | low),
    }
}

/// Groups of four digits parted by colons, and how many; an IPv4 address may stand for the last two where `at_end`.
fn groups(text: &[u8], at_end: bool) -> Option<(u128, u32)> {
    if text.is_empty() {
        return Some((0, 0));
    }
    let mut bits = 0u128;
    let mut count = 0;
    let mut parts = text.split(|byte| *byte == b':').peekable();
    while let Some(part) = parts.next() {
        if at_end && parts.peek().is_none() && part.contains(&b'.') {
            bits = bits << 32 | u128::from(read_v4(part)?);
            count += 2;
        } else {
            if part.is_empty() || part.len() > 4 {
                return None;
            }
            bits = bits << 16 | u128::from(number(part, 16)?);
            count += 1;
        }
        if count > 8 {
            return None;
        }
    }
    Some((bits, count))
}

/// A few digits.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    digits.iter().try_fold(0, |value, byte| Some(value * radix + char::from(*byte).to_digit(radix)?))
}

/// All addresses whose first `prefix` bits are those of `network`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub network: Address,
    /// At most the family's width.
    pub prefix: u8,
}

impl Block {
    pub fn contains(&self, address: Address) -> bool {
        address.family == self.network.family && address.bits & self.mask() == self.network.bits
    }

    /// The network's bits, set.
    pub fn mask(&self) -> u128 {
        let width = self.network.family.width();
        let all = u128::MAX.checked_shr(128 - u32::from(width)).unwrap_or(0);
        let hosts = u32::from(width.saturating_sub(self.prefix));
        all & u128::MAX.checked_shl(hosts).unwrap_or(0)
    }
}

#[cfg(feature = "document")]
pub use block::{BlockError, parse_block};

#[cfg(feature = "document")]
mod block {
    use super::{Address, Block, Family};
    use core::net::Ipv6Addr;

    /// Why a text is no block, and what to write.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct BlockError {
        pub message: String,
        pub help: String,
    }

    /// `address/prefix` with host bits zero, or one address.
    ///
    /// # Errors
    /// Not an address, a prefix that does not fit, or host bits set (the help has the corrected block).
    pub fn parse_block(text: &str) -> Result<Block, BlockError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let Some(network) = Address::parse(address) else {
            return Err(BlockError {
                message: format!("`{address}` is not an IP address"),
                help:
                    "write dotted decimal without leading zeros, such as `10.0.0.0/8`, or IPv6, such as `2001:db8::/32`"
                        .into(),
            });
        };
        let width = network.family.width();
        let Some(prefix) = prefix else {
            return Ok(Block { network, prefix: width });
        };
        // A mapped address is written with the prefix of its IPv6 form.
        let mapped = network.family == Family::V4 && address.parse::<Ipv6Addr>().is_ok();
        let (least, most) = if mapped { (96, 128) } else { (0, width) };
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let plain = digits && (prefix.len() == 1 || !prefix.starts_with('0'));
        let prefix = match prefix.parse::<u8>() {
            Ok(value) if plain && (least..=most).contains(&value) => value - least,
            _ => {
                return Err(BlockError {
                    message: format!("`{prefix}` is not a prefix length of `{address}`"),
                    help: format!("a whole number from {least} to {most}"),
                });
            }
        };
        let block = Block { network, prefix };
        let corrected = Address { family: network.family, bits: network.bits & block.mask() };
        if corrected != network {
            return Err(BlockError {
                message: format!("`{text}` has host bits set"),
                help: format!("write `{}/{prefix}`, or one address without a prefix", corrected.to_ip()),
            });
        }
        Ok(block)
    }
}

#[cfg(feature = "document")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_blocks() {
        for (block, address, expected) in [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "::1", true),
            ("::/0", "1.2.3.4", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("1.2.3.4", "1.2.3.4", true),
            ("1.2.3.4/32", "1.2.3.5", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("::1/128", "0:0:0:0:0:0:0:1", true),
        ] {
            let held = parse_block(block).unwrap().contains(Address::parse(address).unwrap());
            assert_eq!(held, expected, "{block} {address}");
        }
        for bad in
            ["", "1.2.3", "01.2.3.4", "1.2.3.4 ", "fe80::1%eth0", "1.2.3.256", "::g", "0x1.2.3.4", "1.2.3.4/8", "[::1]"]
        {
            assert!(Address::parse(bad).is_none(), "{bad}");
        }
        for bad in [
            "10.0.0.1/8",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "::/129",
            "::ffff:10.0.0.0/8",
            "x",
            "::1/64",
        ] {
            assert!(parse_block(bad).is_err(), "{bad}");
        }
        assert!(parse_block("10.1.2.3/8").unwrap_err().help.contains("`10.0.0.0/8`"));
    }

    fn of_the_library(text: &str) -> Option<Address> {
        let address: IpAddr = text.parse().ok()?;
        Some(match address.to_canonical() {
            IpAddr::V4(address) => Address { family: Family::V4, bits: u128::from(u32::from(address)) },
            IpAddr::V6(address) => Address { family: Family::V6, bits: u128::from(address) },
        })
    }

    proptest::proptest! {
        #[test]
        fn the_library_reads_the_same(text in "[0-9a-fA-F:.]{0,24}", bits in proptest::num::u128::ANY, keep in proptest::num::u128::ANY) {
            proptest::prop_assert_eq!(Address::parse(&text), of_the_library(&text));
            // Written by the library, with runs of zeros.
            let written = Ipv6Addr::from(bits & keep & keep.rotate_left(48)).to_string();
            proptest::prop_assert_eq!(Address::parse(&written), of_the_library(&written));
        }

        #[test]
        fn the_library_reads_pieces_the_same(pieces in proptest::collection::vec(proptest::sample::select(&["::", ":", ".", "1", "0", "ffff", "12345", "1.2.3.4", "255", "256", "01", "%1", "g"][..]), 0..10)) {
            let text = pieces.concat();
            proptest::prop_assert_eq!(Address::parse(&text), of_the_library(&text), "{}", text);
        }
    }
}
