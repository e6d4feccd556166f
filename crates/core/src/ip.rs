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
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Self::v4(address));
        }
        let address = text.parse::<Ipv6Addr>().ok()?;
        Some(match address.to_ipv4_mapped() {
            Some(address) => Self::v4(address),
            None => Address { family: Family::V6, bits: u128::from(address) },
        })
    }

    fn v4(address: Ipv4Addr) -> Self {
        Address { family: Family::V4, bits: u128::from(u32::from(address)) }
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
}
