//! The admin API: each handler parses, calls one function, renders.

mod alarms;
mod apply;
mod backup;
mod break_glass;
mod breakers;
mod chart;
mod client_keys;
mod definitions;
mod drills;
mod environments;
mod events;
mod flags;
mod fleet;
mod freeze;
mod guards;
pub(crate) mod health;
mod hygiene;
mod kills;
mod migrations;
pub(crate) mod names;
mod outcomes;
mod people;
mod plan;
mod policy;
mod populations;
mod presence;
mod proposals;
mod releases;
mod rollouts;
mod runs;
mod session;
mod signing_keys;
mod tokens;

pub(crate) use environments::state_at;

use crate::auth::admin::Admin;
use crate::environment::{Environment, Publication, log_failed};
use crate::error::{AppError, AppResult};
use crate::populations::SIZE_LIMIT;
use crate::router::BODY_LIMIT;
use crate::state::AppState;
use axum::extract::DefaultBodyLimit;
use downhaul_control::api::{ChangeView, Progress};
use downhaul_control::{Command, Hash, Record, Refusal, RefusalCode, Request, views};
use downhaul_store::StoreError;
use jiff::Timestamp;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    // Its bodies are the only ones that are larger.
    let populations = OpenApiRouter::new()
        .routes(routes!(populations::get, populations::put, populations::remove))
        .layer(DefaultBodyLimit::max(SIZE_LIMIT));
    OpenApiRouter::new()
        .routes(routes!(session::begin, session::get, session::end))
        .routes(routes!(backup::get))
        .routes(routes!(environments::list))
        .routes(routes!(environments::document))
        .routes(routes!(flags::list))
        .routes(routes!(flags::get, flags::put))
        .routes(routes!(flags::retire))
        .routes(routes!(hygiene::get))
        .routes(routes!(hygiene::asked))
        .routes(routes!(definitions::put_segment))
        .routes(routes!(definitions::remove_segment))
        .routes(routes!(definitions::put_tenant))
        .routes(routes!(definitions::remove_tenant))
        .routes(routes!(definitions::put_regions))
        .routes(routes!(hygiene::stale))
        .routes(routes!(apply::post))
        .routes(routes!(plan::post))
        .routes(routes!(kills::list, kills::post))
        .routes(routes!(kills::get))
        .routes(routes!(kills::restore))
        .routes(routes!(health::kill))
        .routes(routes!(alarms::list))
        .routes(routes!(alarms::acknowledge))
        .routes(routes!(alarms::silence))
        .routes(routes!(fleet::get))
        .routes(routes!(fleet::states))
        .routes(routes!(outcomes::get))
        .routes(routes!(breakers::get))
        .routes(routes!(guards::list))
        .routes(routes!(guards::replay))
        .routes(routes!(chart::list))
        .routes(routes!(chart::verify))
        .routes(routes!(chart::head::get))
        .routes(routes!(chart::proof::inclusion))
        .routes(routes!(chart::proof::consistency))
        .routes(routes!(chart::export::get))
        .routes(routes!(chart::past::show))
        .routes(routes!(chart::past::explain))
        .routes(routes!(client_keys::list, client_keys::post))
        .routes(routes!(client_keys::revoke))
        .routes(routes!(signing_keys::list, signing_keys::post))
        .routes(routes!(signing_keys::begin))
        .routes(routes!(signing_keys::revoke))
        .routes(routes!(break_glass::list, break_glass::post))
        .routes(routes!(break_glass::revoke))
        .routes(routes!(break_glass::report))
        .routes(routes!(tokens::list, tokens::post))
        .routes(routes!(tokens::revoke))
        .routes(routes!(people::list, people::post))
        .routes(routes!(people::grant_role))
        .routes(routes!(people::revoke_role))
        .routes(routes!(people::erase))
        .routes(routes!(policy::get, policy::put))
        .routes(routes!(migrations::list))
        .routes(routes!(migrations::get))
        .routes(routes!(migrations::step))
        .routes(routes!(freeze::get, freeze::begin))
        .routes(routes!(freeze::end))
        .routes(routes!(proposals::list, proposals::post))
        .routes(routes!(proposals::get))
        .routes(routes!(proposals::amend))
        .routes(routes!(proposals::approve))
        .routes(routes!(proposals::reject))
        .routes(routes!(proposals::withdraw))
        .routes(routes!(proposals::land))
        .routes(routes!(events::get))
        .routes(routes!(presence::put))
        .routes(routes!(populations::list))
        .routes(routes!(populations::content))
        .routes(routes!(populations::values))
        .routes(routes!(releases::list))
        .routes(routes!(releases::get, releases::put))
        .routes(routes!(releases::retire))
        .routes(routes!(releases::check_one))
        .routes(routes!(health::rollback, releases::rollback))
        .routes(routes!(rollouts::list, rollouts::post))
        .routes(routes!(rollouts::get))
        .routes(routes!(rollouts::approve))
        .routes(routes!(rollouts::act))
        .routes(routes!(drills::list, drills::begin))
        .routes(routes!(drills::due))
        .routes(routes!(drills::attempt))
        .routes(routes!(drills::get))
        .routes(routes!(drills::review))
        .routes(routes!(drills::heartbeat))
        .routes(routes!(runs::list))
        .routes(routes!(runs::get))
        .routes(routes!(runs::act))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .merge(populations)
}

/// The environment of a path.
pub(crate) fn environment(state: &AppState, key: &str) -> AppResult<Arc<Environment>> {
    state.environment(key).cloned().ok_or_else(|| {
        let known: Vec<_> = state.environments().map(|environment| format!("`{}`", environment.key())).collect();
        AppError::not_found(
            "unknown-environment",
            format!("there is no environment `{key}`"),
            format!("there is {}", known.join(", ")),
        )
    })
}

/// The digest of what somebody approves.
fn looked_at(digest: &str, what: &str) -> Result<Hash, Refusal> {
    digest.parse().map_err(|why| {
        let help = format!("send the `digest` of the {what} that was looked at");
        Refusal::new(RefusalCode::Invalid, format!("`digest`: {why}"), help)
    })
}

/// A command of a person, made now.
fn request(admin: &Admin, reason: &str, command: Command) -> Request {
    Request {
        command,
        actor: admin.actor().to_owned(),
        authority: admin.authority.clone(),
        reason: reason.to_owned(),
        at: Timestamp::now(),
        expected_revision: None,
        landing: None,
        evidence: None,
    }
}

/// Today in UTC.
fn today() -> String {
    downhaul_control::time::day(Timestamp::now())
}

fn change(state: &AppState, publication: &Publication, record: &Record) -> ChangeView {
    views::change(&publication.state, record, &state.actors())
}

/// The change that made a revision, as `publication` tells it.
async fn change_at(
    state: &AppState,
    environment: &Environment,
    publication: &Publication,
    revision: u64,
) -> AppResult<Option<ChangeView>> {
    let page = state.log().read(environment.key(), revision, 1).await.map_err(log_failed)?;
    let found = page.into_iter().next().map(record).transpose()?;
    Ok(found.map(|record| change(state, publication, &record)))
}

/// The progress of kills of an environment.
fn progress(environment: &Environment) -> impl Fn(&str) -> Option<Progress> + '_ {
    |kill| environment.fleet().progress(kill)
}

/// A record as it was stored.
fn record(stored: downhaul_control::verify::Stored) -> AppResult<Record> {
    let revision = stored.revision;
    Record::read(stored.bytes)
        .map_err(|why| log_failed(StoreError::Damaged(format!("revision {revision} cannot be read: {why}"))))
}
