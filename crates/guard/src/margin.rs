use serde::{Deserialize, Serialize};

/// How much worse a variant may be and still be called harmless: a failure rate of at most `relative` times that of control,
/// plus `absolute`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Margin {
    relative: f64,
    absolute: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    relative: f64,
    absolute: f64,
}

/// A margin without meaning.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotAMargin {
    #[error("the relative margin is {0}; write a factor from 1 to 10, such as 1.1 for ten per cent more failures")]
    Relative(f64),
    #[error("the absolute margin is {0}; write a share from 0 to 0.5, such as 0.0005 for five more failures in 10 000")]
    Absolute(f64),
}

impl Margin {
    /// Ten per cent more, and five more in 10 000.
    pub const DEFAULT: Margin = Margin { relative: 1.1, absolute: 0.0005 };
    /// No worse at all.
    pub const NONE: Margin = Margin { relative: 1.0, absolute: 0.0 };

    /// # Errors
    /// Where `relative` is not from 1 to 10, or `absolute` not from 0 to 0.5.
    pub fn new(relative: f64, absolute: f64) -> Result<Margin, NotAMargin> {
        match () {
            () if !(1.0..=10.0).contains(&relative) => Err(NotAMargin::Relative(relative)),
            () if !(0.0..=0.5).contains(&absolute) => Err(NotAMargin::Absolute(absolute)),
            () => Ok(Margin { relative, absolute }),
        }
    }

    #[must_use]
    pub fn relative(self) -> f64 {
        self.relative
    }

    #[must_use]
    pub fn absolute(self) -> f64 {
        self.absolute
    }
}

impl TryFrom<Written> for Margin {
    type Error = NotAMargin;

    fn try_from(written: Written) -> Result<Self, NotAMargin> {
        Margin::new(written.relative, written.absolute)
    }
}

impl From<Margin> for Written {
    fn from(margin: Margin) -> Self {
        Written { relative: margin.relative, absolute: margin.absolute }
    }
}
