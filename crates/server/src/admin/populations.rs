use super::environment;
use crate::auth::admin::{Admin, By, Editor};
use crate::environment::{Environment, population_of};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path, Query};
use crate::populations::{self, Form, Provenance, Upload};
use crate::replica::Message;
use crate::state::AppState;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use downhaul_blast::population::{AttributeValues, Mapping};
use downhaul_control::api::{
    AttributeView, POPULATION_MEDIA_TYPE, PopulationContentQuery, PopulationName, PopulationPut, PopulationValues,
    PopulationView, Populations, Problem, PutPopulationQuery, ValueView,
};
use downhaul_control::time;
use jiff::Timestamp;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Values of an attribute that are shown.
const VALUES: usize = 12;
/// Longest words for where a population comes from, in bytes.
const SOURCE_LIMIT: usize = 500;

/// Populations, the one that is used where none is named, and who put and removed what.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/populations", tag = "populations",
    params(("environment" = String, Path)),
    responses((status = 200, body = Populations), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<Populations>> {
    let environment = environment(&state, &key)?;
    environment.save_live().await?;
    let populations = environment.populations();
    let mut journal = populations.journal().await?;
    for event in &mut journal {
        name_of(&state, &mut event.by);
    }
    let views = populations.list().await?;
    Ok(Json(Populations {
        default: default_of(&environment, &views),
        populations: views.into_iter().map(|view| named(&state, view)).collect(),
        journal,
    }))
}

/// A population, without its rows.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/populations/{name}", tag = "populations",
    params(("environment" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = PopulationView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, name)): Path<(String, String)>,
) -> AppResult<Json<PopulationView>> {
    let environment = environment(&state, &key)?;
    environment.save_live().await?;
    Ok(Json(named(&state, environment.populations().about(&found(&name)?).await?)))
}

/// The rows of a population in its binary form: all of them, or a sample that is the same each time.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/populations/{name}/content", tag = "populations",
    params(("environment" = String, Path), ("name" = String, Path), PopulationContentQuery),
    responses(
        (status = 200, description = "the binary form, see docs/reference/population-format.md", content_type = "application/vnd.downhaul.population", body = Vec<u8>),
        (status = 401, body = Problem), (status = 404, body = Problem),
    )
)]
pub(crate) async fn content(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, name)): Path<(String, String)>,
    Query(query): Query<PopulationContentQuery>,
) -> AppResult<([(HeaderName, String); 3], Vec<u8>)> {
    let environment = environment(&state, &key)?;
    environment.save_live().await?;
    let (populations, name) = (environment.populations(), found(&name)?);
    let (tag, bytes) = match query.rows {
        None => {
            let (about, bytes) = populations.content(&name).await?;
            (about.digest, bytes)
        }
        Some(rows) => {
            let kept = populations.get(&name).await?;
            let tag = format!("{}.{rows}", kept.about.digest);
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            let sampled = spawn_blocking(move || kept.population.to_sample_bytes(rows));
            (tag, sampled.await.map_err(AppError::internal)?)
        }
    };
    let headers = [
        (header::CONTENT_TYPE, POPULATION_MEDIA_TYPE.to_owned()),
        (header::ETAG, format!("\"{tag}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, bytes))
}

/// What the rows of a population have, attribute by attribute: how many, and the values of the greatest weight.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/populations/{name}/values", tag = "populations",
    params(("environment" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = PopulationValues), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn values(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, name)): Path<(String, String)>,
) -> AppResult<Json<PopulationValues>> {
    let environment = environment(&state, &key)?;
    environment.save_live().await?;
    let kept = environment.populations().get(&found(&name)?).await?;
    let (rows, weight, name) = (kept.about.rows, kept.about.weight, kept.about.name.clone());
    let values = spawn_blocking(move || kept.population.values(VALUES)).await.map_err(AppError::internal)?;
    let attributes = values.into_iter().map(attribute).collect();
    Ok(Json(PopulationValues { name, rows, weight, attributes }))
}

fn attribute(found: AttributeValues) -> AttributeView {
    let AttributeValues { attribute, rows, weight, distinct, greatest } = found;
    // Who someone is tells nothing about the others.
    let shown = if attribute == "targetingKey" { Vec::new() } else { greatest };
    let values = shown.into_iter().map(|(value, weight)| ValueView { value, weight }).collect();
    AttributeView { attribute, rows, weight, distinct: distinct as u64, values }
}

/// Keep a population, in place of the one of this name: all of it or nothing. It is no change of the flag set.
#[utoipa::path(
    put, path = "/api/v1/environments/{environment}/populations/{name}", tag = "populations",
    params(("environment" = String, Path), ("name" = String, Path), PutPopulationQuery),
    request_body(content((Vec<u8> = "application/vnd.downhaul.population"), (String = "text/csv"), (String = "application/x-ndjson"), (Vec<u8> = "application/vnd.apache.parquet"))),
    responses(
        (status = 200, body = PopulationPut), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn put(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path((key, name)): Path<(String, String)>,
    Query(query): Query<PutPopulationQuery>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> AppResult<Json<PopulationPut>> {
    let environment = environment(&state, &key)?;
    let name: PopulationName = name.parse().map_err(|why: downhaul_control::api::NotAPopulationName| {
        AppError::bad_request("population-name", why.to_string(), "give it another name, such as `2026-11`")
    })?;
    if name.is_live() {
        return Err(AppError::new(
            StatusCode::CONFLICT,
            "population-reserved",
            "`live` is what clients' acknowledgements make up",
            "give the population another name",
        ));
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = Form::of(content_type)?;
    let upload = Upload {
        form,
        mapping: mapping(&query, form)?,
        malformed: query.malformed.unwrap_or_default(),
        body: body.map_err(refuse_body)?,
    };
    let put_at = time::to_text(Timestamp::now());
    let provenance = Provenance {
        name,
        source: source(query.source)?,
        taken_at: query.taken_at.as_deref().map(taken_at).transpose()?.unwrap_or_else(|| put_at.clone()),
        put_at,
        put_by: admin.actor().to_owned(),
    };
    let (population, report) = upload.read().await?;
    let view = environment.populations().put(population, provenance).await?;
    tracing::info!(environment = %environment.key(), population = %view.name, rows = view.rows, "population put");
    Ok(Json(PopulationPut {
        population: named(&state, view),
        left_out: report.problems.iter().map(ToString::to_string).collect(),
        malformed: report.malformed,
    }))
}

/// Remove a population. The journal keeps who did.
#[utoipa::path(
    delete, path = "/api/v1/environments/{environment}/populations/{name}", tag = "populations",
    params(("environment" = String, Path), ("name" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn remove(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path((key, name)): Path<(String, String)>,
) -> AppResult<StatusCode> {
    let environment = environment(&state, &key)?;
    let name = found(&name)?;
    if name.is_live() {
        environment.save_live().await?;
        environment.live().forget();
        environment.tell(|| Message::ForgetLive { environment: environment.key().to_string() });
    }
    let at = time::to_text(Timestamp::now());
    environment.populations().remove(&name, at, admin.actor().to_owned()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The population that is used where none is named.
pub(super) fn default_of(environment: &Arc<Environment>, views: &[PopulationView]) -> Option<String> {
    let name = population_of(&environment.current().state)?;
    views.iter().find(|view| view.name == name).map(|view| view.name.to_string())
}

/// What no population can be called does not exist.
pub(super) fn found(name: &str) -> AppResult<PopulationName> {
    name.parse().map_err(|_| populations::unknown(name))
}

fn named(state: &AppState, mut view: PopulationView) -> PopulationView {
    name_of(state, &mut view.put_by);
    view
}

/// The actor's name if it is known, else its id stays.
fn name_of(state: &AppState, actor: &mut String) {
    if let Some(name) = state.actors().get(actor) {
        actor.clone_from(name);
    }
}

fn mapping(query: &PutPopulationQuery, form: Form) -> AppResult<Mapping> {
    let Some(text) = &query.mapping else { return Ok(Mapping::default()) };
    if form == Form::Binary {
        let help = "the columns of the binary form are attributes already: leave `mapping` out";
        return Err(AppError::bad_request("bad-mapping", "the binary form takes no mapping", help));
    }
    serde_json::from_str(text).map_err(|error| {
        let help = "write it as `{\"weight\": \"share\", \"rename\": {\"ver\": \"app.version\"}}`, percent-encoded";
        AppError::bad_request("bad-mapping", format!("`mapping` cannot be read: {error}"), help)
    })
}

fn source(source: Option<String>) -> AppResult<String> {
    let source = source.unwrap_or_else(|| "uploaded".to_owned());
    if source.len() > SOURCE_LIMIT || source.chars().any(char::is_control) {
        let detail = format!("`source` is longer than {SOURCE_LIMIT} bytes, or has control characters");
        return Err(AppError::bad_request("malformed-query", detail, "say in a few words where it comes from"));
    }
    Ok(source)
}

/// A time or a day, as a time.
fn taken_at(text: &str) -> AppResult<String> {
    let midnight = || format!("{text}T00:00:00Z").parse::<Timestamp>();
    let time = text.parse::<Timestamp>().or_else(|_| midnight()).ok();
    time.map(time::to_text).ok_or_else(|| {
        let help = "write it as `2026-11-25T20:00:00Z` or `2026-11-25`";
        AppError::bad_request("malformed-query", format!("`taken_at` is neither a time nor a date: `{text}`"), help)
    })
}

fn refuse_body(rejection: BytesRejection) -> AppError {
    if rejection.status() != StatusCode::PAYLOAD_TOO_LARGE {
        return rejection.into();
    }
    AppError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "population-too-large",
        format!("the body is larger than {} MiB", populations::SIZE_LIMIT / (1024 * 1024)),
        "send Parquet or the binary form, which are smaller, or a sample: `downhaul population put NAME FILE --sample 100000`",
    )
}
