use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What somebody found worth saying about a run that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// An opaque id.
    pub by: String,
    pub at: Timestamp,
    pub about: ReviewAbout,
    /// The step, from 0.
    pub step: Option<usize>,
    pub note: String,
}

/// What a review is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReviewAbout {
    /// A step that was hard to understand.
    ConfusingStep,
    /// A step that does not do what it should.
    WrongStep,
    /// Something that had to be done and is no step.
    MissingStep,
    /// Somebody could not do what they had to.
    MissingPermission,
    #[default]
    Other,
}

impl ReviewAbout {
    pub fn as_str(self) -> &'static str {
        match self {
            ReviewAbout::ConfusingStep => "confusing-step",
            ReviewAbout::WrongStep => "wrong-step",
            ReviewAbout::MissingStep => "missing-step",
            ReviewAbout::MissingPermission => "missing-permission",
            ReviewAbout::Other => "other",
        }
    }
}
