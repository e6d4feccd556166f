use crate::drill::{Phases, Trend};
use crate::runbook::{Named, Pace, ReviewAbout};
use serde::{Deserialize, Serialize};

/// `GET E/drills`, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrillPage {
    pub drills: Vec<DrillView>,
    /// Of the same drills.
    pub trend: Trend,
}

/// `GET E/drills`: of one release or flag alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct DrillQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Drills that killed this flag, of whatever release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
}

/// What a drill has shown: all of it from the events of its run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrillView {
    /// Id of its run, such as `r-7`.
    pub run: String,
    #[serde(flatten)]
    pub subject: SubjectView,
    pub reason: String,
    pub began: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Who called it, or reported that it was tried: the name if it is known, else the opaque id.
    pub by: String,
    /// When it was tried, where nobody was let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<String>,
    /// Who decided to go back; absent where nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_by: Option<String>,
    /// Who wrote the release or flag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Whether nobody who ran it is its author; absent where nobody ran it or the author is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub independent: Option<bool>,
    /// `under-way passed failed`
    pub outcome: String,
    /// Why it has failed.
    pub reasons: Vec<String>,
    pub phases: Phases,
    /// Clients whose acknowledgements were waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<u64>,
    /// From the commit of the last kill to the last acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowest_ms: Option<f64>,
    pub objective_seconds: u32,
    /// Whether its total is within the objective; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_objective: Option<bool>,
    pub reviews: Vec<ReviewView>,
}

/// What a run is about: exactly one of both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjectView {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
}

impl SubjectView {
    /// The key of the one or the other.
    pub fn key(&self) -> &str {
        self.release.as_deref().or(self.flag.as_deref()).unwrap_or_default()
    }
}

/// What somebody said of a drill once it was over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewView {
    pub by: String,
    pub at: String,
    pub about: ReviewAbout,
    /// The step, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    pub note: String,
}

/// `POST E/drills`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DrillRequest {
    /// Key of a release, or of a flag.
    pub name: String,
    /// Unless given, the release of this name, and where there is none, the flag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<DrillKind>,
    pub reason: String,
    /// `straight` unless given.
    #[serde(default)]
    pub pace: Pace,
}

/// What a drill is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DrillKind {
    Release,
    Flag,
}

impl DrillKind {
    /// The release or flag of this name; either where nothing is said.
    pub fn named(kind: Option<DrillKind>, name: &str) -> Named {
        let name = name.to_owned();
        match kind {
            Some(DrillKind::Release) => Named::Release(name),
            Some(DrillKind::Flag) => Named::Flag(name),
            None => Named::Either(name),
        }
    }
}

/// `POST E/drills/attempts`: a drill that was tried, and whoever was to run it was not let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DrillAttemptRequest {
    /// Key of a release, or of a flag.
    pub name: String,
    /// Unless given, the release of this name, and where there is none, the flag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<DrillKind>,
    /// RFC 3339; when it was tried.
    pub tried: String,
    /// What the answer was.
    pub why: String,
}

/// `POST E/drills/{id}/review`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewRequest {
    pub note: String,
    /// `other` unless given.
    #[serde(default)]
    pub about: ReviewAbout,
    /// The step, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
}

/// `GET E/drills/due`: what should be rehearsed, the most urgent first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrillsDue {
    /// Days after which a drill no longer counts.
    pub days: u32,
    pub subjects: Vec<DueView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DueView {
    #[serde(flatten)]
    pub subject: SubjectView,
    pub owner: String,
    pub due: bool,
    /// Why, where it is due.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Whole days since the last drill that passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastDrill>,
    /// The last one that others than the author ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_independent: Option<LastDrill>,
}

/// A drill that passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LastDrill {
    pub run: String,
    pub at: String,
    /// Who ran it.
    pub by: String,
    /// Whether nobody who ran it was its author.
    pub independent: bool,
}

/// `GET E/heartbeat`: how long kills take, as a flag shows that is killed and restored by itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeartbeatView {
    /// The flag; absent where the policy names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_seconds: Option<u32>,
    /// Why there is no beat now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// The newest first: at most 100, since the control plane started.
    pub beats: Vec<BeatView>,
    /// Over the acknowledgements of these beats, from the commit of each kill; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowest_ms: Option<f64>,
    /// How many of these acknowledgements came after how long, ascending; the last bound has all of them.
    #[serde(default)]
    pub distribution: Vec<WithinView>,
}

/// So many within so long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithinView {
    pub ms: f64,
    pub acknowledgements: usize,
}

/// A kill of the heartbeat flag, and who had it when it was restored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BeatView {
    pub kill: String,
    pub at: String,
    /// Clients that had acknowledged.
    pub dark: usize,
    /// Clients that were live and had not, or were lost in between.
    pub missing: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowest_ms: Option<f64>,
}
