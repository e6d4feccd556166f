use yew_router::prelude::*;

/// Every address of the console. The environment stands in each, so that a link means the same to whoever opens it.
#[derive(Debug, Clone, PartialEq, Routable)]
pub enum Route {
    #[at("/")]
    Home,
    #[at("/e/:environment/flags")]
    Flags { environment: String },
    #[at("/e/:environment/flags/:key")]
    Flag { environment: String, key: String },
    #[at("/e/:environment/edit/:key")]
    Edit { environment: String, key: String },
    /// A flag that is to be made.
    #[at("/e/:environment/create")]
    Create { environment: String },
    /// Flags of another environment, to be taken over.
    #[at("/e/:environment/copy")]
    Copy { environment: String },
    /// The kill control of a flag.
    #[at("/e/:environment/kill/:key")]
    Kill { environment: String, key: String },
    #[at("/e/:environment/kills")]
    Kills { environment: String },
    /// A kill that was fired, live.
    #[at("/e/:environment/kills/:id")]
    LiveKill { environment: String, id: String },
    #[at("/e/:environment/proposals")]
    Proposals { environment: String },
    #[at("/e/:environment/proposals/:id")]
    Proposal { environment: String, id: String },
    #[at("/e/:environment/guards")]
    Guards { environment: String },
    #[at("/e/:environment/alarms")]
    Alarms { environment: String },
    #[at("/e/:environment/rollouts")]
    Rollouts { environment: String },
    /// One that was started, or [`NEW`].
    #[at("/e/:environment/rollouts/:id")]
    Rollout { environment: String, id: String },
    #[at("/e/:environment/releases")]
    Releases { environment: String },
    #[at("/e/:environment/releases/:key")]
    Release { environment: String, key: String },
    /// A rollback or a drill, live.
    #[at("/e/:environment/runs/:id")]
    Run { environment: String, id: String },
    #[at("/e/:environment/drills")]
    Drills { environment: String },
    #[at("/e/:environment/drills/:id")]
    Drill { environment: String, id: String },
    #[at("/e/:environment/fleet")]
    Fleet { environment: String },
    #[at("/e/:environment/people")]
    People { environment: String },
    #[at("/e/:environment/chart")]
    Chart { environment: String },
    /// One change.
    #[at("/e/:environment/chart/:revision")]
    ChartEntry { environment: String, revision: u64 },
    #[at("/e/:environment/xray")]
    Xray { environment: String },
    #[at("/e/:environment/segments")]
    Segments { environment: String },
    /// A segment, or one that is to be made.
    #[at("/e/:environment/segments/:key")]
    Segment { environment: String, key: String },
    #[at("/e/:environment/tenants")]
    Tenants { environment: String },
    #[at("/e/:environment/tenants/:name")]
    Tenant { environment: String, name: String },
    #[at("/e/:environment/regions")]
    Regions { environment: String },
    #[at("/e/:environment/populations")]
    Populations { environment: String },
    #[at("/e/:environment/populations/:name")]
    Population { environment: String, name: String },
    #[at("/e/:environment/settings")]
    Settings { environment: String },
    /// A part of the settings: `keys`, `clients`, `backup`, `you`.
    #[at("/e/:environment/settings/:part")]
    SettingsPart { environment: String, part: String },
    /// The first steps, from a flag to its kill.
    #[at("/e/:environment/start")]
    Start { environment: String },
    #[not_found]
    #[at("/not-found")]
    NotFound,
}

impl Route {
    /// The form that starts a rollout.
    pub fn start_rollout(environment: &str) -> Route {
        Route::Rollout { environment: environment.to_owned(), id: NEW.to_owned() }
    }

    pub fn environment(&self) -> Option<&str> {
        match self {
            Route::Flags { environment }
            | Route::Flag { environment, .. }
            | Route::Edit { environment, .. }
            | Route::Create { environment }
            | Route::Copy { environment }
            | Route::Kill { environment, .. }
            | Route::Kills { environment }
            | Route::LiveKill { environment, .. }
            | Route::Proposals { environment }
            | Route::Proposal { environment, .. }
            | Route::Guards { environment }
            | Route::Alarms { environment }
            | Route::Rollouts { environment }
            | Route::Rollout { environment, .. }
            | Route::Releases { environment }
            | Route::Segments { environment }
            | Route::Segment { environment, .. }
            | Route::Tenants { environment }
            | Route::Tenant { environment, .. }
            | Route::Regions { environment }
            | Route::Populations { environment }
            | Route::Population { environment, .. }
            | Route::Settings { environment }
            | Route::SettingsPart { environment, .. }
            | Route::Start { environment }
            | Route::Release { environment, .. }
            | Route::Run { environment, .. }
            | Route::Drills { environment }
            | Route::Drill { environment, .. }
            | Route::Fleet { environment }
            | Route::People { environment }
            | Route::Chart { environment }
            | Route::ChartEntry { environment, .. }
            | Route::Xray { environment } => Some(environment),
            Route::Home | Route::NotFound => None,
        }
    }

    /// The kill control of the flag that is looked at.
    pub fn kill_control(&self) -> Option<Route> {
        match self {
            Route::Flag { environment, key } | Route::Edit { environment, key } | Route::Kill { environment, key } => {
                Some(Route::Kill { environment: environment.clone(), key: key.clone() })
            }
            _ => None,
        }
    }

    /// The same kind of page in another environment.
    #[must_use]
    pub fn in_environment(&self, environment: &str) -> Route {
        let environment = environment.to_owned();
        match self {
            Route::Flag { key, .. } => Route::Flag { environment, key: key.clone() },
            Route::Edit { key, .. } => Route::Edit { environment, key: key.clone() },
            Route::Create { .. } => Route::Create { environment },
            Route::Copy { .. } => Route::Copy { environment },
            Route::Kill { key, .. } => Route::Kill { environment, key: key.clone() },
            // The id of a kill, a proposal, a rollout or a run means nothing elsewhere.
            Route::Kills { .. } | Route::LiveKill { .. } => Route::Kills { environment },
            Route::Proposals { .. } | Route::Proposal { .. } => Route::Proposals { environment },
            Route::Guards { .. } => Route::Guards { environment },
            Route::Alarms { .. } => Route::Alarms { environment },
            Route::Rollouts { .. } | Route::Rollout { .. } => Route::Rollouts { environment },
            Route::Release { key, .. } => Route::Release { environment, key: key.clone() },
            Route::Releases { .. } | Route::Run { .. } => Route::Releases { environment },
            Route::Drills { .. } | Route::Drill { .. } => Route::Drills { environment },
            Route::Fleet { .. } => Route::Fleet { environment },
            Route::People { .. } => Route::People { environment },
            // Each environment has a chart of its own.
            Route::Chart { .. } | Route::ChartEntry { .. } => Route::Chart { environment },
            Route::Xray { .. } => Route::Xray { environment },
            Route::Segments { .. } => Route::Segments { environment },
            Route::Segment { key, .. } => Route::Segment { environment, key: key.clone() },
            Route::Tenants { .. } => Route::Tenants { environment },
            Route::Tenant { name, .. } => Route::Tenant { environment, name: name.clone() },
            Route::Regions { .. } => Route::Regions { environment },
            Route::Populations { .. } => Route::Populations { environment },
            Route::Population { name, .. } => Route::Population { environment, name: name.clone() },
            Route::Settings { .. } => Route::Settings { environment },
            Route::SettingsPart { part, .. } => Route::SettingsPart { environment, part: part.clone() },
            Route::Start { .. } => Route::Start { environment },
            Route::Home | Route::Flags { .. } | Route::NotFound => Route::Flags { environment },
        }
    }
}

/// In the place of a rollout's id: one that is to be started. No rollout is called so.
pub const NEW: &str = "new";

/// The query of the address under which a rollout is started.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct StartRolloutQuery {
    /// To be chosen unless given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub flag: String,
}

/// The query of the address under which a flag is made.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct CreateQuery {
    /// The flag to begin with, if it is to be like another.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub like: String,
}

/// The query of the address under which flags are copied.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct CopyQuery {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
}

/// The query of the X-ray's address.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct XrayQuery {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub flag: String,
    /// JSON.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// The revision that is looked back to; now unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}
