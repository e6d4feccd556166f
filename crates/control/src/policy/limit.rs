use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A whole number from `LEAST` to `MOST`; `DEFAULT` where nobody says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limit<const LEAST: u32, const MOST: u32, const DEFAULT: u32>(u32);

/// The number is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{found} is not a whole number from {least} to {most}")]
pub struct OutOfRange {
    found: i128,
    least: u32,
    most: u32,
}

impl<const LEAST: u32, const MOST: u32, const DEFAULT: u32> Limit<LEAST, MOST, DEFAULT> {
    /// What is taken where nothing is said.
    pub const DEFAULT: Self = Self(DEFAULT);
    pub const LEAST: u32 = LEAST;
    pub const MOST: u32 = MOST;

    pub fn get(self) -> u32 {
        self.0
    }

    /// The number as a size.
    pub fn size(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const LEAST: u32, const MOST: u32, const DEFAULT: u32> TryFrom<u32> for Limit<LEAST, MOST, DEFAULT> {
    type Error = OutOfRange;

    fn try_from(number: u32) -> Result<Self, OutOfRange> {
        let refused = OutOfRange { found: number.into(), least: LEAST, most: MOST };
        if (LEAST..=MOST).contains(&number) { Ok(Self(number)) } else { Err(refused) }
    }
}

impl<const LEAST: u32, const MOST: u32, const DEFAULT: u32> Default for Limit<LEAST, MOST, DEFAULT> {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl<const LEAST: u32, const MOST: u32, const DEFAULT: u32> fmt::Debug for Limit<LEAST, MOST, DEFAULT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const LEAST: u32, const MOST: u32, const DEFAULT: u32> fmt::Display for Limit<LEAST, MOST, DEFAULT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<const LEAST: u32, const MOST: u32, const DEFAULT: u32> Serialize for Limit<LEAST, MOST, DEFAULT> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de, const LEAST: u32, const MOST: u32, const DEFAULT: u32> Deserialize<'de> for Limit<LEAST, MOST, DEFAULT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = i64::deserialize(deserializer)?;
        let refused = OutOfRange { found: found.into(), least: LEAST, most: MOST };
        u32::try_from(found)
            .ok()
            .and_then(|number| Self::try_from(number).ok())
            .ok_or(refused)
            .map_err(serde::de::Error::custom)
    }
}
