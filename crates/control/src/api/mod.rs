//! What the control plane, the console and the command line say to each other: one type per request and response.
//!
//! Times are RFC 3339 in UTC with milliseconds, as text; digests are lower-case hexadecimal.
//! Types here are plain data for both sides; nothing in them has been checked except where a type says so.

mod alarms;
mod break_glass;
mod budget;
mod chart;
mod client;
mod definitions;
mod drills;
mod flags;
mod fleet;
mod fleet_state;
mod guards;
mod health;
mod hygiene;
mod keys;
mod kills;
mod migrations;
mod ofrep;
mod outcomes;
mod people;
mod plan;
mod policy;
mod populations;
mod presence;
mod problem;
mod proposals;
mod releases;
mod rollouts;
mod runs;
mod session;
mod signing_keys;
mod stream;
mod telemetry;

pub use alarms::{
    AcknowledgeAlarmRequest, AlarmActView, AlarmPage, AlarmView, SilenceAlarmRequest, SilenceView, ToldView,
};
pub use break_glass::{
    BreakGlassKeyPage, BreakGlassKeyRequest, BreakGlassKeyView, BreakGlassReport, BreakGlassRevokeRequest,
    BreakGlassStanding,
};
pub use budget::{BudgetFinding, BudgetVerdict, JudgedBy};
pub use chart::{
    ChangeDetail, ChangeView, ChartHead, ChartPage, ChartQuery, ConsistencyQuery, Edit, ExplainRequest,
    ExplainResponse, Fault, Impact, LandedView, Move, ProofQuery, VerifyQuery, VerifyReport, VerifyStatus,
};
pub use client::{
    Acknowledgement, Attributes, ClientState, FlagSetQuery, NotAPosition, Position, PublicKey, PublicKeys,
    SampledContext, Sampling, Transport,
};
pub use definitions::{PutRegionsRequest, PutSegmentRequest, PutTenantRequest, RemoveDefinitionRequest};
pub use drills::{
    BeatView, DrillAttemptRequest, DrillKind, DrillPage, DrillQuery, DrillRequest, DrillView, DrillsDue, DueView,
    HeartbeatView, LastDrill, ReviewRequest, ReviewView, SubjectView, WithinView,
};
pub use flags::{
    Applied, ApplyItem, ApplyReport, ApplyRequest, Changed, DocumentQuery, EnvironmentView, Environments, FlagPage,
    FlagState, FlagSummary, FlagView, PutFlagRequest, RetireFlagRequest, RetireRequest, Source,
};
pub use fleet::{FleetGroup, FleetView, InstanceView, Trust};
pub use fleet_state::{FleetPart, FleetState, FleetStateKind, FleetStates};
pub use guards::{
    GuardActView, GuardArm, GuardJudgement, GuardPage, GuardPoint, GuardQuery, GuardReplay, GuardReplayQuery, GuardView,
};
pub use health::{HealthCheck, KillStatus, RollbackStatus};
pub use hygiene::{AskedBy, AskedView, ObstacleView, RetirementView, StalePage, StaleQuery, StaleView};
pub use keys::{ClientKeyCreated, ClientKeyRequest, ClientKeyView, ClientKeys};
pub use kills::{
    KillPage, KillRequest, KillScope, KillView, Progress, RegionProgress, RestoreReport, RestoreRequest, Restored,
    Split, Straggler,
};
pub use migrations::{
    CallCounts, MigrationFleet, MigrationPage, MigrationRelease, MigrationStepRequest, MigrationTally, MigrationView,
    MigrationWay, Obstacle, PhaseCounts,
};
pub use ofrep::{OfrepFailure, OfrepFlag, OfrepFlags, OfrepMetadata, OfrepSetMetadata};
pub use outcomes::{IgnoredOutcomes, OutcomeCount, OutcomePage, OutcomeQuery, OutcomeReport, OutcomeView};
pub use people::{
    People, PersonRequest, PersonView, RoleRequest, TokenCreated, TokenRequest, TokenRevocation, TokenView, Tokens,
};
pub use plan::PlanRequest;
pub use policy::{FreezeRequest, FreezeView, Frozen, PolicyView, PutPolicyRequest};
pub use populations::{
    AttributeView, DrawnFrom, LiveSample, NotAPopulationName, POPULATION_MEDIA_TYPE, PopulationAct,
    PopulationContentQuery, PopulationEvent, PopulationName, PopulationPut, PopulationValues, PopulationView,
    Populations, PutPopulationQuery, ValueView,
};
pub use presence::{PresenceRequest, PresenceView, SeatView};
pub use problem::Problem;
pub use proposals::{
    ActView, ApprovalView, ApproveRequest, Blocked, ConflictView, DraftRequest, GroundView, MigrationDraft,
    ProposalActRequest, ProposalNow, ProposalPage, ProposalStatus, ProposalSummary, ProposalView,
};
pub use releases::{
    CheckReleaseRequest, KillStep, OneWayView, PlannedStep, PutReleaseRequest, ReleasePage, ReleaseReport,
    ReleaseSummary, ReleaseView, RollbackRequest,
};
pub use rollouts::{
    ApproveStageRequest, EnteredView, GateView, HeldView, RolloutAct, RolloutActRequest, RolloutPage, RolloutStanding,
    RolloutSummary, RolloutView, StageApproval, StageView, StartRolloutRequest,
};
pub use runs::{CallView, RunAct, RunActRequest, RunKillView, RunPage, RunStepView, RunView};
pub use session::{NotARole, Role, SessionRequest, SignInView, Whoami};
pub use signing_keys::{SigningKeyActRequest, SigningKeyPage, SigningKeyRequest, SigningKeyStanding, SigningKeyView};
pub use stream::{ByeEvent, ConsoleEvent, HelloEvent, PatchEvent, PatchOp, PingEvent, Within};
pub use telemetry::{
    BreakerMove, BreakerPage, BreakerQuery, BreakerReport, BreakerState, BreakerView, Exposure, FleetBreakerView,
    GuardReport, IgnoredTelemetry, LatencyReport, NamedOutcome, PanicView, TelemetryAnswer, TelemetryBatch,
    TelemetryBucket, WithheldView,
};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}
