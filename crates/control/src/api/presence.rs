use serde::{Deserialize, Serialize};

/// `PUT E/presence`: which flag a page of the console shows, told again at least every 20 s while it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PresenceRequest {
    /// Which page: 1 to 256 bytes that the page has made up.
    pub tab: String,
    /// Absent where it shows none any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// Whether the flag is being edited there.
    #[serde(default)]
    pub edits: bool,
}

/// Who has a flag open: the answer to `PUT E/presence`, and in the console's stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PresenceView {
    /// By actor and page.
    pub seats: Vec<SeatView>,
}

/// A page of the console that shows a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeatView {
    /// The opaque id.
    pub actor: String,
    /// Absent where it was erased or never known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub tab: String,
    pub flag: String,
    pub edits: bool,
    /// When the page came to the flag, or began to edit it.
    pub since: String,
}
