//! Names that are right by construction: the only way to one is through its check.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    Empty,
    /// More bytes than allowed; the limit.
    TooLong(usize),
    /// The first character that may not stand there, and its byte offset.
    Character(char, usize),
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Empty => write!(f, "it is empty"),
            NameError::TooLong(limit) => write!(f, "it is longer than {limit} bytes"),
            NameError::Character(c, at) if c.is_control() || is_bidi_override(*c) => {
                write!(f, "U+{:04X} at byte {at} is not allowed", u32::from(*c))
            }
            NameError::Character(c, at) => write!(f, "`{c}` at byte {at} is not allowed"),
        }
    }
}

impl core::error::Error for NameError {}

/// Longest key of a flag, variant, segment or region, in bytes.
pub const KEY_LIMIT: usize = 128;
/// Longest tenant or salt, in bytes.
pub const TEXT_LIMIT: usize = 256;

/// `[A-Za-z0-9][A-Za-z0-9._/@:-]{0,127}`
fn check_key(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    for (at, c) in text.char_indices() {
        let allowed = c.is_ascii_alphanumeric() || (at > 0 && matches!(c, '.' | '_' | '/' | '@' | ':' | '-'));
        if !allowed {
            return Err(NameError::Character(c, at));
        }
    }
    if text.len() > KEY_LIMIT {
        return Err(NameError::TooLong(KEY_LIMIT));
    }
    Ok(())
}

/// 1 to 256 bytes without control or bidirectional-override characters.
fn check_text(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > TEXT_LIMIT {
        return Err(NameError::TooLong(TEXT_LIMIT));
    }
    match text.char_indices().find(|(_, c)| c.is_control() || is_bidi_override(*c)) {
        Some((at, c)) => Err(NameError::Character(c, at)),
        None => Ok(()),
    }
}

/// Characters that reorder text on screen, so that what is read is not what is compared.
fn is_bidi_override(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The checked text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Stands in a document that is refused anyway, where a name could not be read. Only the reader may call it.
            #[cfg(feature = "document")]
            pub(crate) fn stand_in() -> Self {
                Self(String::from("?"))
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                $check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl core::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        #[cfg(feature = "document")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        #[cfg(feature = "document")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(|why| {
                    serde::de::Error::custom(alloc::format!("`{text}` is not a valid name: {why}"))
                })
            }
        }
    };
}

name!(
    /// The key of a flag. Never reused: a retired flag leaves a tombstone.
    FlagKey, check_key
);
name!(
    /// The key of one of a flag's variants.
    VariantKey, check_key
);
name!(
    /// The key of a segment.
    SegmentKey, check_key
);
name!(
    /// The name of a region, once in the whole tree.
    RegionKey, check_key
);
name!(
    /// The key of an environment.
    EnvironmentKey, check_key
);
name!(
    /// A tenant. Tenants are open: one that no document declares has no attributes.
    TenantId, check_text
);
name!(
    /// The salt of a split. Flags that share one share buckets.
    Salt, check_text
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_texts() {
        for good in ["a", "checkout-v2", "a/b@c:d_e.f", "9"] {
            assert!(good.parse::<FlagKey>().is_ok(), "{good}");
        }
        assert_eq!("".parse::<FlagKey>(), Err(NameError::Empty));
        assert_eq!("-a".parse::<FlagKey>(), Err(NameError::Character('-', 0)));
        assert_eq!("a b".parse::<FlagKey>(), Err(NameError::Character(' ', 1)));
        assert_eq!("a".repeat(129).parse::<FlagKey>(), Err(NameError::TooLong(128)));
        assert!("Ünïcode tenant".parse::<TenantId>().is_ok());
        assert_eq!("a\u{202E}b".parse::<TenantId>(), Err(NameError::Character('\u{202E}', 1)));
        assert_eq!("é".repeat(129).parse::<TenantId>(), Err(NameError::TooLong(256)));
    }
}
