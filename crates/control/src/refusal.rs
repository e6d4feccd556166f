use crate::api::Problem;
use downhaul_core::diagnostic::Diagnostic;

/// Why a command was not accepted, and what to do about it. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: RefusalCode,
    /// One line, lower case, no final stop.
    pub message: String,
    pub help: String,
    /// Where a document is at fault.
    pub diagnostics: Vec<Diagnostic>,
}

/// Codes that callers act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    /// The flag set that would result is not valid.
    Invalid,
    MissingReason,
    UnknownFlag,
    UnknownKill,
    UnknownKey,
    UnknownName,
    UnknownRelease,
    UnknownRun,
    UnknownProposal,
    UnknownRollout,
    /// The flag, kill or key is retired, restored or revoked already.
    AlreadyDone,
    /// The flag's key was retired and is never used again.
    RetiredKey,
    /// The id of a kill or key is taken.
    TakenId,
    ValueTypeFixed,
    /// A kill is in force on it.
    StillKilled,
    StillRequired,
    /// Something counts on a flag that is to be retired.
    StillInUse,
    ChangedSince,
    TooManyKills,
    /// Nothing changes but by kills and restores, until the freeze is lifted.
    Frozen,
    /// The policy asks others about it.
    NeedsApproval,
    /// The policy lets nobody approve what they wrote themselves.
    SelfApproval,
    TooManyProposals,
    /// The policy names it.
    NamedByPolicy,
    /// The release is being rolled back already.
    RunActive,
    /// A rollout of the flag goes on.
    RolloutActive,
    /// The run or rollout is past it, or not there yet.
    NotNow,
    /// The token that asks was made nowhere, or in another environment.
    UnknownToken,
    TokenExpired,
    TokenRevoked,
    /// Whoever asks has not the role that it takes.
    NotPermitted,
    /// Nobody would be admin of the environment any more.
    LastAdmin,
    /// A data change goes one step at a time, and not back from `contract`.
    PhaseOrder,
    /// A step takes someone's word for what has been done.
    MissingEvidence,
    /// Clients are not where a step needs them.
    FleetBehind,
    /// A connected release needs the old shape of the data, or may.
    OldShapeNeeded,
    /// Clients have counted that the two shapes of the data are not the same.
    DataDiffers,
    /// Not a fault of the one who asked.
    Internal,
}

impl RefusalCode {
    pub fn as_str(self) -> &'static str {
        match self {
            RefusalCode::Invalid => "invalid",
            RefusalCode::MissingReason => "missing-reason",
            RefusalCode::UnknownFlag => "unknown-flag",
            RefusalCode::UnknownKill => "unknown-kill",
            RefusalCode::UnknownKey => "unknown-key",
            RefusalCode::UnknownName => "unknown-name",
            RefusalCode::UnknownRelease => "unknown-release",
            RefusalCode::UnknownRun => "unknown-run",
            RefusalCode::UnknownProposal => "unknown-proposal",
            RefusalCode::UnknownRollout => "unknown-rollout",
            RefusalCode::AlreadyDone => "already-done",
            RefusalCode::RetiredKey => "retired-key",
            RefusalCode::TakenId => "taken-id",
            RefusalCode::ValueTypeFixed => "value-type-fixed",
            RefusalCode::StillKilled => "still-killed",
            RefusalCode::StillRequired => "still-required",
            RefusalCode::StillInUse => "still-in-use",
            RefusalCode::ChangedSince => "changed-since",
            RefusalCode::TooManyKills => "too-many-kills",
            RefusalCode::Frozen => "frozen",
            RefusalCode::NeedsApproval => "needs-approval",
            RefusalCode::SelfApproval => "self-approval",
            RefusalCode::TooManyProposals => "too-many-proposals",
            RefusalCode::NamedByPolicy => "named-by-policy",
            RefusalCode::RunActive => "run-active",
            RefusalCode::RolloutActive => "rollout-active",
            RefusalCode::NotNow => "not-now",
            RefusalCode::UnknownToken => "unknown-token",
            RefusalCode::TokenExpired => "token-expired",
            RefusalCode::TokenRevoked => "token-revoked",
            RefusalCode::NotPermitted => "not-permitted",
            RefusalCode::LastAdmin => "last-admin",
            RefusalCode::PhaseOrder => "phase-order",
            RefusalCode::MissingEvidence => "missing-evidence",
            RefusalCode::FleetBehind => "fleet-behind",
            RefusalCode::OldShapeNeeded => "old-shape-needed",
            RefusalCode::DataDiffers => "data-differs",
            RefusalCode::Internal => "internal",
        }
    }

    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self {
            RefusalCode::UnknownFlag
            | RefusalCode::UnknownKill
            | RefusalCode::UnknownKey
            | RefusalCode::UnknownName
            | RefusalCode::UnknownRelease
            | RefusalCode::UnknownRun
            | RefusalCode::UnknownProposal
            | RefusalCode::UnknownRollout => 404,
            RefusalCode::AlreadyDone
            | RefusalCode::RetiredKey
            | RefusalCode::TakenId
            | RefusalCode::ValueTypeFixed
            | RefusalCode::StillKilled
            | RefusalCode::StillRequired
            | RefusalCode::StillInUse
            | RefusalCode::ChangedSince
            | RefusalCode::TooManyKills
            | RefusalCode::Frozen
            | RefusalCode::NeedsApproval
            | RefusalCode::TooManyProposals
            | RefusalCode::NamedByPolicy
            | RefusalCode::RunActive
            | RefusalCode::RolloutActive
            | RefusalCode::NotNow
            | RefusalCode::PhaseOrder
            | RefusalCode::MissingEvidence
            | RefusalCode::FleetBehind
            | RefusalCode::OldShapeNeeded
            | RefusalCode::DataDiffers
            | RefusalCode::LastAdmin => 409,
            RefusalCode::UnknownToken | RefusalCode::TokenExpired | RefusalCode::TokenRevoked => 401,
            RefusalCode::NotPermitted | RefusalCode::SelfApproval => 403,
            RefusalCode::Invalid | RefusalCode::MissingReason => 422,
            RefusalCode::Internal => 500,
        }
    }
}

impl Refusal {
    pub fn new(code: RefusalCode, message: impl Into<String>, help: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into(), help: help.into(), diagnostics: Vec::new() }
    }

    /// From what is wrong with a document; the first error gives the message.
    pub fn invalid(diagnostics: Vec<Diagnostic>) -> Refusal {
        let first = diagnostics.iter().find(|diagnostic| diagnostic.is_error());
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let mut message = first.map_or_else(|| "the document is not valid".to_owned(), ToString::to_string);
        if errors > 1 {
            message = format!("{message} (and {} more)", errors - 1);
        }
        let help = first.and_then(|diagnostic| diagnostic.help.clone()).unwrap_or_default();
        Refusal { code: RefusalCode::Invalid, message, help, diagnostics }
    }

    pub fn to_problem(&self) -> Problem {
        let title = match self.code.status() {
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not found",
            409 => "Conflict",
            422 => "Refused",
            _ => "Internal error",
        };
        let mut problem = Problem::new(self.code.status(), title, self.code.as_str(), &self.message, &self.help);
        problem.diagnostics.clone_from(&self.diagnostics);
        problem
    }
}
