//! What evaluation answers.

use crate::program::NONE;

/// One flag, decided for one context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Number of the variant within the flag.
    pub variant: u16,
    pub reason: Reason,
    pub cause: Cause,
    /// Number of the rule in the document, or [`NONE`].
    pub rule: u32,
    /// Number of the kill in the kill set, or [`NONE`].
    pub kill: u32,
}

impl Decision {
    pub fn rule(&self) -> Option<u32> {
        (self.rule != NONE).then_some(self.rule)
    }

    pub fn kill(&self) -> Option<u32> {
        (self.kill != NONE).then_some(self.kill)
    }
}

/// OpenFeature's reasons, and `PREREQUISITE_FAILED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    Static = 0,
    Default = 1,
    TargetingMatch = 2,
    Split = 3,
    Disabled = 4,
    Stale = 5,
    PrerequisiteFailed = 6,
    Error = 7,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Static => "STATIC",
            Reason::Default => "DEFAULT",
            Reason::TargetingMatch => "TARGETING_MATCH",
            Reason::Split => "SPLIT",
            Reason::Disabled => "DISABLED",
            Reason::Stale => "STALE",
            Reason::PrerequisiteFailed => "PREREQUISITE_FAILED",
            Reason::Error => "ERROR",
        }
    }

    /// Whether rules and default decided: nothing before them, such as a kill, turned the flag off.
    #[cfg(feature = "document")]
    pub(crate) fn is_by_rules(self) -> bool {
        matches!(self, Reason::Static | Reason::Default | Reason::TargetingMatch | Reason::Split)
    }

    /// The code of a reason that rules and defaults may give.
    #[cfg(feature = "document")]
    pub(crate) fn as_decided(self) -> u32 {
        match self {
            Reason::Default => 1,
            Reason::TargetingMatch => 2,
            Reason::Split => 3,
            _ => 0,
        }
    }

    /// What rules and defaults may give.
    pub(crate) fn decided(code: u32) -> Self {
        match code {
            1 => Reason::Default,
            2 => Reason::TargetingMatch,
            3 => Reason::Split,
            _ => Reason::Static,
        }
    }
}

/// Why a flag is off, for the decision's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    None = 0,
    Kill = 1,
    Stale = 2,
    Breaker = 3,
    CrashLoop = 4,
}

impl Cause {
    /// `None` for [`Cause::None`].
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Cause::None => None,
            Cause::Kill => Some("kill"),
            Cause::Stale => Some("stale"),
            Cause::Breaker => Some("breaker"),
            Cause::CrashLoop => Some("crash-loop"),
        }
    }

    /// The cause of an override, by its code.
    pub fn from_code(code: u8) -> Self {
        match code {
            1 => Cause::Kill,
            2 => Cause::Stale,
            3 => Cause::Breaker,
            4 => Cause::CrashLoop,
            _ => Cause::None,
        }
    }
}

/// OpenFeature's error codes, as far as evaluation gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    FlagNotFound,
    TypeMismatch,
    TargetingKeyMissing,
    InvalidContext,
    ParseError,
    ProviderNotReady,
    General,
}

impl ErrorCode {
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorCode::FlagNotFound => "FLAG_NOT_FOUND",
            ErrorCode::TypeMismatch => "TYPE_MISMATCH",
            ErrorCode::TargetingKeyMissing => "TARGETING_KEY_MISSING",
            ErrorCode::InvalidContext => "INVALID_CONTEXT",
            ErrorCode::ParseError => "PARSE_ERROR",
            ErrorCode::ProviderNotReady => "PROVIDER_NOT_READY",
            ErrorCode::General => "GENERAL",
        }
    }
}
