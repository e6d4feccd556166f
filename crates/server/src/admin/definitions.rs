use super::flags::changed;
use super::{environment, request};
use crate::auth::admin::{Admin, By, Editor};
use crate::environment::Urgency;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{
    Changed, Problem, PutRegionsRequest, PutSegmentRequest, PutTenantRequest, RemoveDefinitionRequest,
};
use downhaul_control::{Command, Refusal, RefusalCode};
use downhaul_core::ids::{SegmentKey, TenantId};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Display;
use std::str::FromStr;

/// Create or replace a segment.
#[utoipa::path(
    put, path = "/api/v1/environments/{environment}/segments/{key}", tag = "definitions", request_body = PutSegmentRequest,
    params(("environment" = String, Path), ("key" = String, Path)),
    responses(
        (status = 200, body = Changed), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn put_segment(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path((key, segment)): Path<(String, String)>,
    Json(body): Json<PutSegmentRequest>,
) -> AppResult<Json<Changed>> {
    let PutSegmentRequest { segment: definition, reason, expected_revision } = body;
    let (name, segment) = (named::<SegmentKey>(&segment)?, read(definition, "a segment")?);
    carry_out(&state, &admin, &key, Command::PutSegment { key: name, segment }, (reason, expected_revision)).await
}

/// Remove a segment. Refused while a rule, another segment or a kill names it.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/segments/{key}/remove", tag = "definitions",
    request_body = RemoveDefinitionRequest, params(("environment" = String, Path), ("key" = String, Path)),
    responses(
        (status = 200, body = Changed), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn remove_segment(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path((key, segment)): Path<(String, String)>,
    Json(body): Json<RemoveDefinitionRequest>,
) -> AppResult<Json<Changed>> {
    let command = Command::RemoveSegment { key: named(&segment)? };
    carry_out(&state, &admin, &key, command, (body.reason, body.expected_revision)).await
}

/// Declare a tenant, or give it other attributes.
#[utoipa::path(
    put, path = "/api/v1/environments/{environment}/tenants/{tenant}", tag = "definitions", request_body = PutTenantRequest,
    params(("environment" = String, Path), ("tenant" = String, Path)),
    responses(
        (status = 200, body = Changed), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn put_tenant(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path((key, tenant)): Path<(String, String)>,
    Json(body): Json<PutTenantRequest>,
) -> AppResult<Json<Changed>> {
    let PutTenantRequest { attributes, reason, expected_revision } = body;
    let command = Command::PutTenant { tenant: named::<TenantId>(&tenant)?, attributes };
    carry_out(&state, &admin, &key, command, (reason, expected_revision)).await
}

/// Take a tenant's declaration away; contexts that name it have no declared attributes then.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/tenants/{tenant}/remove", tag = "definitions",
    request_body = RemoveDefinitionRequest, params(("environment" = String, Path), ("tenant" = String, Path)),
    responses(
        (status = 200, body = Changed), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn remove_tenant(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path((key, tenant)): Path<(String, String)>,
    Json(body): Json<RemoveDefinitionRequest>,
) -> AppResult<Json<Changed>> {
    let command = Command::RemoveTenant { tenant: named(&tenant)? };
    carry_out(&state, &admin, &key, command, (body.reason, body.expected_revision)).await
}

/// Replace the region tree. Refused while something names a region that it takes away.
#[utoipa::path(
    put, path = "/api/v1/environments/{environment}/regions", tag = "definitions", request_body = PutRegionsRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = Changed), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn put_regions(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path(key): Path<String>,
    Json(body): Json<PutRegionsRequest>,
) -> AppResult<Json<Changed>> {
    let PutRegionsRequest { regions, reason, expected_revision } = body;
    let command = Command::PutRegions { regions: read(regions, "a tree of regions")? };
    carry_out(&state, &admin, &key, command, (reason, expected_revision)).await
}

async fn carry_out(
    state: &AppState,
    admin: &Admin,
    key: &str,
    command: Command,
    (reason, expected_revision): (String, Option<u64>),
) -> AppResult<Json<Changed>> {
    let environment = environment(state, key)?;
    let request = downhaul_control::Request { expected_revision, ..request(admin, &reason, command) };
    let committed = environment.command(Urgency::Patient, move |_| Ok(request.clone())).await?;
    Ok(Json(changed(state, committed)))
}

/// The name that stands in a path.
fn named<T>(text: &str) -> AppResult<T>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|why: T::Err| {
        AppError::from(Refusal::new(RefusalCode::Invalid, why.to_string(), "give it another name"))
    })
}

fn read<T: DeserializeOwned>(value: Value, what: &str) -> AppResult<T> {
    serde_json::from_value(value).map_err(|why| {
        let help = format!("write {what} as in a document: docs/reference/document.md, `downhaul schema`");
        AppError::from(Refusal::new(RefusalCode::Invalid, why.to_string(), help))
    })
}
