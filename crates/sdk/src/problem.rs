use downhaul_control::break_glass::Refused;
use downhaul_control::envelope::EnvelopeError;
use std::fmt;

/// Something was refused or failed, and the client goes on with what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub code: ProblemCode,
    pub message: String,
    /// What to do about it.
    pub help: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// What a client can find wrong. The control plane is told of it, and lists it in the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemCode {
    EnvelopeMalformed,
    SignatureInvalid,
    DigestMismatch,
    OtherEnvironment,
    OtherAudience,
    RevisionLower,
    /// Two programs were signed under one revision.
    Equivocation,
    ProgramRefused,
    /// What was kept on disk can't be read, or nothing can be kept there.
    StoreFailed,
    /// The client key is refused.
    Unauthorized,
    ConnectionFailed,
    /// An address of the second path does not answer, or gives what is no kill object.
    SecondPathFailed,
    /// A kill that is signed by a key that the environment does not, or no longer, name for that.
    BreakGlassRefused,
}

impl ProblemCode {
    pub fn as_str(self) -> &'static str {
        match self {
            ProblemCode::EnvelopeMalformed => "envelope-malformed",
            ProblemCode::SignatureInvalid => "signature-invalid",
            ProblemCode::DigestMismatch => "digest-mismatch",
            ProblemCode::OtherEnvironment => "other-environment",
            ProblemCode::OtherAudience => "other-audience",
            ProblemCode::RevisionLower => "revision-lower",
            ProblemCode::Equivocation => "equivocation",
            ProblemCode::ProgramRefused => "program-refused",
            ProblemCode::StoreFailed => "store-failed",
            ProblemCode::Unauthorized => "unauthorized",
            ProblemCode::ConnectionFailed => "connection-failed",
            ProblemCode::SecondPathFailed => "second-path-failed",
            ProblemCode::BreakGlassRefused => "break-glass-refused",
        }
    }

    pub(crate) fn problem(self, message: impl Into<String>, help: &'static str) -> Problem {
        Problem { code: self, message: message.into(), help }
    }
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an envelope was not taken over, or not all of it.
pub(crate) fn refused(error: EnvelopeError) -> Problem {
    let (code, help) = match error {
        EnvelopeError::Malformed => {
            (ProblemCode::EnvelopeMalformed, "something between here and the control plane changes answers")
        }
        EnvelopeError::SignatureInvalid => (
            ProblemCode::SignatureInvalid,
            "the envelope is forged, or its key is not among the pinned ones: compare them with the environment's signing keys",
        ),
        EnvelopeError::DigestMismatch => {
            (ProblemCode::DigestMismatch, "something between here and the control plane changes answers")
        }
        EnvelopeError::OtherEnvironment => (ProblemCode::OtherEnvironment, "check the client key and `environment`"),
        EnvelopeError::OtherAudience => (
            ProblemCode::OtherAudience,
            "kind and context must agree with what the client key pins and the context token says",
        ),
        EnvelopeError::RevisionLower => {
            (ProblemCode::RevisionLower, "an old answer, or a control plane restored without raising its epoch")
        }
        EnvelopeError::Equivocation => (
            ProblemCode::Equivocation,
            "two different programs were signed under one position: tell whoever runs the control plane",
        ),
        EnvelopeError::ProgramRefused => (
            ProblemCode::ProgramRefused,
            "this client is older than what the control plane sends; kills are applied all the same",
        ),
    };
    code.problem(error.to_string(), help)
}

impl From<Refused> for Problem {
    fn from(error: Refused) -> Problem {
        match error {
            Refused::Envelope(error) => refused(error),
            error => ProblemCode::BreakGlassRefused.problem(
                error.to_string(),
                "see `downhaul break-glass list` for the keys in force; take the file away once its kills are over",
            ),
        }
    }
}
