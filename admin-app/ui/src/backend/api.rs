//! One function per request of the admin API; what is asked for again and again is a [`Get`](super::Get).

mod approvals;
mod definitions;
mod drills;
mod people;
mod populations;
mod releases;
mod rollouts;
mod settings;

use crate::words::text::backend as text;
pub use approvals::{ProposalView, approve, close_proposal, land, proposal, proposals};
pub use definitions::{
    plan_command, policy_view, propose_definition, propose_removal, put_definition, remove_definition,
};
pub use drills::{call_drill, drill, drills, drills_due, heartbeat, review_drill};
pub use people::{add_person, change_role, create_token, people, revoke_token, tokens};
pub use populations::{population_values, populations_kept, put_population, remove_population};
pub use releases::{act_on_run, check_release, release, releases, roll_back, run, runs};
pub use rollouts::{act_on_rollout, approve_stage, propose_rollout, rollout, rollouts, start_rollout};
pub use settings::{
    act_on_signing_key, asked, client_keys, flag, freeze, make_client_key, make_signing_key, revoke_client_key,
    set_freeze, signing_keys,
};

use super::{Failure, Get, Handle, Method, Request};
use crate::state::friction::Policy;
use crate::state::history::Part;
use downhaul_blast::plan::Plan;
use downhaul_control::api::{
    AcknowledgeAlarmRequest, AlarmPage, AlarmView, BreakerPage, Changed, ChartPage, FlagPage, FleetStates, FleetView,
    GuardPage, KillPage, KillRequest, KillView, OutcomePage, PolicyView, Populations, PresenceRequest, PresenceView,
    ProposalSummary, PutFlagRequest, RestoreReport, RestoreRequest, RetireFlagRequest, SessionRequest, SignInView,
    VerifyReport, Whoami,
};
use downhaul_core::document::FlagSet;
use downhaul_core::read;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::rc::Rc;

pub async fn who_am_i(backend: &Handle) -> Result<Whoami, Failure> {
    get(backend, "/api/v1/session".to_owned()).await
}

pub async fn sign_in(backend: &Handle, token: String) -> Result<Whoami, Failure> {
    post(backend, "/api/v1/session".to_owned(), &SessionRequest { token }).await
}

/// With whom one can sign in besides with a token.
pub async fn sign_in_with(backend: &Handle) -> Result<SignInView, Failure> {
    get(backend, "/sign-in/v1".to_owned()).await
}

pub async fn sign_out(backend: &Handle) -> Result<(), Failure> {
    let request = Request { method: Method::Delete, path: "/api/v1/session".to_owned(), body: None };
    backend.request(request).await.map(|_| ())
}

/// For [`read_flags`].
pub async fn flags(backend: &Handle, environment: &str) -> Result<String, Failure> {
    text(backend, within(environment, "flags")).await
}

pub fn read_flags(text: String) -> Result<FlagPage, Failure> {
    parsed(text)
}

/// The flag set as a document, for [`read_document`].
pub async fn document(backend: &Handle, environment: &str) -> Result<String, Failure> {
    text(backend, within(environment, "document")).await
}

/// The same as it was.
pub async fn document_at(backend: &Handle, environment: &str, revision: u64) -> Result<FlagSet, Failure> {
    let text = text(backend, within(environment, &format!("document?revision={revision}"))).await?;
    read_document(&text)
}

/// Read by the core itself.
pub fn read_document(text: &str) -> Result<FlagSet, Failure> {
    match read::flag_set(text, read::Format::Json) {
        Ok((flag_set, _warnings)) => Ok(flag_set),
        Err(problems) => Err(Failure::Unreadable(
            problems.first().map_or_else(|| text::NOT_A_FLAG_SET.to_owned(), ToString::to_string),
        )),
    }
}

pub async fn kills(backend: &Handle, environment: &str) -> Result<KillPage, Failure> {
    get(backend, within(environment, "kills")).await
}

pub async fn kill(backend: &Handle, environment: &str, id: &str) -> Result<KillView, Failure> {
    get(backend, within(environment, &format!("kills/{}", encoded(id)))).await
}

pub async fn fire(backend: &Handle, environment: &str, kill: &KillRequest) -> Result<KillView, Failure> {
    post(backend, within(environment, "kills"), kill).await
}

pub async fn restore(backend: &Handle, environment: &str, id: &str, reason: String) -> Result<RestoreReport, Failure> {
    post(backend, within(environment, &format!("kills/{}/restore", encoded(id))), &RestoreRequest { reason }).await
}

/// What is wrong, and who has it.
pub fn alarms(environment: &str) -> Get<AlarmPage> {
    Get::new(within(environment, "alarms"))
}

pub async fn acknowledge_alarm(backend: &Handle, environment: &str, id: &str) -> Result<AlarmView, Failure> {
    let path = within(environment, &format!("alarms/{}/acknowledge", encoded(id)));
    post(backend, path, &AcknowledgeAlarmRequest::default()).await
}

/// What is not the same for all clients, or not as it should be.
pub fn fleet_states(environment: &str) -> Get<FleetStates> {
    Get::new(within(environment, "fleet/states"))
}

/// What the circuit breakers of clients do.
pub fn breakers(environment: &str) -> Get<BreakerPage> {
    Get::new(within(environment, "breakers"))
}

/// The guards of an environment, or of one flag, with the course of their evidence.
pub fn guards(environment: &str, flag: Option<&str>) -> Get<GuardPage> {
    let of = flag.map(|flag| format!("&flag={}", encoded(flag))).unwrap_or_default();
    Get::new(within(environment, &format!("guards?course=true{of}")))
}

/// Of that, the flag of each flag and variant that has one that is open. Every page shows how many these are, and to read the
/// whole of it is more than what comes first has room for.
pub async fn open_breakers(backend: &Handle, environment: &str) -> Result<Rc<[String]>, Failure> {
    let page: Value = get(backend, within(environment, "breakers")).await?;
    let views = page.get("breakers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let number = |view: &Value, state: &str| view.get(state).and_then(Value::as_u64).unwrap_or_default();
    let mut open: Vec<_> = views
        .iter()
        .filter(|view| number(view, "open") + number(view, "half_open") > 0)
        .map(|view| (view.get("flag"), view.get("variant")))
        .collect();
    // The kinds of clients of one stand beside each other.
    open.dedup();
    Ok(open.into_iter().filter_map(|(flag, _)| Some(flag?.as_str()?.to_owned())).collect())
}

pub async fn fleet(backend: &Handle, environment: &str) -> Result<FleetView, Failure> {
    get(backend, within(environment, "fleet")).await
}

/// Changes, newest first.
pub async fn chart(
    backend: &Handle,
    environment: &str,
    before: Option<u64>,
    limit: u32,
    wanted: &Part,
) -> Result<ChartPage, Failure> {
    let mut path = format!("{}?limit={limit}", within(environment, "chart"));
    if let Some(before) = before {
        path.push_str(&format!("&before={before}"));
    }
    if let Some(flag) = &wanted.flag {
        path.push_str(&format!("&flag={}", encoded(flag)));
    }
    if wanted.by_people {
        path.push_str("&automatic=false");
    }
    get(backend, path).await
}

pub async fn verify(backend: &Handle, environment: &str) -> Result<VerifyReport, Failure> {
    get(backend, within(environment, "chart/verify")).await
}

/// Creates or replaces a flag.
pub async fn put_flag(
    backend: &Handle,
    environment: &str,
    key: &str,
    request: &PutFlagRequest,
) -> Result<Changed, Failure> {
    send(backend, Method::Put, within(environment, &format!("flags/{}", encoded(key))), request).await
}

pub async fn retire_flag(
    backend: &Handle,
    environment: &str,
    key: &str,
    request: &RetireFlagRequest,
) -> Result<Changed, Failure> {
    post(backend, within(environment, &format!("flags/{}/retire", encoded(key))), request).await
}

/// Proposes a flag for others to approve. `base` is the revision that the draft was begun at.
pub async fn propose(
    backend: &Handle,
    environment: &str,
    flag: &Value,
    reason: &str,
    base: u64,
) -> Result<Proposed, Failure> {
    let draft = json!({ "flag": flag, "reason": reason, "base": base });
    post(backend, within(environment, "proposals"), &draft).await
}

/// What clients counted of a flag lately.
pub fn outcomes(environment: &str, flag: &str) -> Get<OutcomePage> {
    Get::new(within(environment, &format!("outcomes?flag={}", encoded(flag))))
}

/// Has others decide whether a flag is retired.
pub async fn propose_retirement(
    backend: &Handle,
    environment: &str,
    key: &str,
    reason: &str,
    base: u64,
) -> Result<Proposed, Failure> {
    let draft = json!({ "commands": [{ "type": "retire-flag", "key": key }], "reason": reason, "base": base });
    post(backend, within(environment, "proposals"), &draft).await
}

/// Has others decide whether a kill is taken back.
pub async fn propose_restore(backend: &Handle, environment: &str, id: &str, reason: &str) -> Result<Proposed, Failure> {
    post(backend, within(environment, "proposals"), &json!({ "restore": id, "reason": reason })).await
}

/// Of a proposal, what its author has to know. The whole view has the command in it, and with it every command there is,
/// which would be a third of this program.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Proposed {
    pub proposal: ProposalSummary,
    pub now: Option<Asking>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Asking {
    pub quorum: u32,
}

/// Whom a flag would move, worked out by the server over its default population.
pub async fn plan(backend: &Handle, environment: &str, flag: &str) -> Result<Plan, Failure> {
    let flag: Value = serde_json::from_str(flag).map_err(|error| Failure::Unreadable(error.to_string()))?;
    post(backend, within(environment, "plan"), &json!({ "flag": flag, "exact": false })).await
}

/// Whom these definitions would move here together, over the default population.
pub async fn plan_flags(backend: &Handle, environment: &str, flags: Vec<Value>) -> Result<Plan, Failure> {
    let commands: Vec<Value> = flags.into_iter().map(|flag| json!({ "type": "put-flag", "flag": flag })).collect();
    post(backend, within(environment, "plan"), &json!({ "commands": commands, "exact": false })).await
}

pub async fn policy(backend: &Handle, environment: &str) -> Result<Policy, Failure> {
    let view: PolicyView = get(backend, within(environment, "policy")).await?;
    serde_json::from_value(view.policy).map_err(|error| Failure::Unreadable(error.to_string()))
}

pub async fn populations(backend: &Handle, environment: &str) -> Result<Populations, Failure> {
    get(backend, within(environment, "populations")).await
}

/// A sample of a population in its binary form, the same each time.
pub async fn sample(backend: &Handle, environment: &str, name: &str, rows: u64) -> Result<Vec<u8>, Failure> {
    let path = format!("populations/{}/content?rows={rows}", encoded(name));
    backend.bytes(within(environment, &path)).await
}

/// The path of a whole population in its binary form.
pub fn population(environment: &str, name: &str) -> String {
    within(environment, &format!("populations/{}/content", encoded(name)))
}

/// Says which flag this page shows.
pub async fn tell_presence(
    backend: &Handle,
    environment: &str,
    told: &PresenceRequest,
) -> Result<PresenceView, Failure> {
    send(backend, Method::Put, within(environment, "presence"), told).await
}

/// Says that this page shows no flag any more, while it is being left.
pub fn take_leave(backend: &Handle, environment: &str, tab: String) {
    let told = PresenceRequest { tab, flag: None, edits: false };
    if let Ok(body) = serde_json::to_string(&told) {
        let path = within(environment, "presence");
        backend.leave_word(Request { method: Method::Put, path, body: Some(body) });
    }
}

/// The path of an environment's stream.
pub fn events(environment: &str) -> String {
    within(environment, "events")
}

/// Where the whole chart is as a file, and what that is called.
pub fn chart_file(environment: &str) -> (String, String) {
    (within(environment, "chart/export"), format!("chart-{environment}.jsonl"))
}

/// Where a backup of every environment is, as a file.
pub const BACKUP: &str = "/api/v1/backup";

pub fn within(environment: &str, path: &str) -> String {
    format!("/api/v1/environments/{}/{path}", encoded(environment))
}

async fn get<T: DeserializeOwned>(backend: &Handle, path: String) -> Result<T, Failure> {
    parsed(text(backend, path).await?)
}

async fn text(backend: &Handle, path: String) -> Result<String, Failure> {
    backend.request(Request { method: Method::Get, path, body: None }).await
}

async fn post<T: DeserializeOwned>(backend: &Handle, path: String, body: &impl Serialize) -> Result<T, Failure> {
    send(backend, Method::Post, path, body).await
}

async fn send<T: DeserializeOwned>(
    backend: &Handle,
    method: Method,
    path: String,
    body: &impl Serialize,
) -> Result<T, Failure> {
    let body = serde_json::to_string(body).map_err(|error| Failure::Unreadable(error.to_string()))?;
    parsed(backend.request(Request { method, path, body: Some(body) }).await?)
}

fn parsed<T: DeserializeOwned>(body: String) -> Result<T, Failure> {
    serde_json::from_str(&body).map_err(|error| Failure::Unreadable(error.to_string()))
}

/// One part of a path or query: everything but RFC 3986's unreserved characters as `%XX`.
pub fn encoded(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_slashes_stay_one_part() {
        assert_eq!(within("production", &format!("kills/{}", encoded("a/b@c d"))), {
            "/api/v1/environments/production/kills/a%2Fb%40c%20d"
        });
        assert_eq!(encoded("é"), "%C3%A9");
    }
}
