use super::super::environment;
use crate::auth::admin::Admin;
use crate::environment::{Environment, log_failed};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_control::Hash;
use downhaul_control::api::{ChartHead, Problem};
use downhaul_control::chart::{NoteKey, NoteSigner, SignedHead, TreeHead, origin};
use std::ops::Range;

/// The chart's newest head, signed: what to witness elsewhere.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/chart/head", tag = "chart", params(("environment" = String, Path)),
    responses(
        (status = 200, body = ChartHead), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<ChartHead>> {
    let environment = environment(&state, &key)?;
    let head = newest(&state, &environment).await?;
    Ok(Json(ChartHead {
        origin: head.head().origin.clone(),
        size: head.head().size,
        root: STANDARD.encode(head.head().root.as_bytes()),
        note: head.as_str().to_owned(),
        key: signer(&state, &environment).key().to_string(),
    }))
}

/// Signs a head of all changes, and keeps it.
///
/// INVARIANT: a head that does not extend the one that was signed before is never signed.
pub(super) async fn newest(state: &AppState, environment: &Environment) -> AppResult<SignedHead> {
    let _held = environment.signing.lock().await;
    let size = environment.chart().tree().size();
    let before = kept(state, environment).await?;
    if let Some(before) = &before {
        let is_extended =
            before.head().size <= size && { root(state, environment, before.head().size).await? == before.head().root };
        if !is_extended {
            return Err(AppError::new(
                StatusCode::CONFLICT,
                "chart-forked",
                format!("the chart does not extend the head of {} changes that was signed before", before.head().size),
                "keep the data folder as it is, run `downhaul chart verify`, and compare with a head witnessed elsewhere",
            ));
        }
    }
    match before.filter(|before| before.head().size == size) {
        Some(before) => Ok(before),
        None => {
            let head = of_size(state, environment, size).await?;
            let kept = state.log().put_setting(&setting(environment), head.as_str().as_bytes()).await;
            kept.map_err(log_failed)?;
            Ok(head)
        }
    }
}

/// A signed head of the first `size` changes. It is of the same tree as every other, so nothing is kept of it.
pub(super) async fn of_size(state: &AppState, environment: &Environment, size: u64) -> AppResult<SignedHead> {
    let root = root(state, environment, size).await?;
    let signer = signer(state, environment);
    Ok(TreeHead { origin: signer.key().name().to_owned(), size, root }.sign(&signer))
}

/// The head that was signed last.
pub(super) async fn kept(state: &AppState, environment: &Environment) -> AppResult<Option<SignedHead>> {
    let text = state.log().setting(&setting(environment)).await.map_err(log_failed)?;
    let head = text.and_then(|text| String::from_utf8(text).ok()?.parse::<SignedHead>().ok());
    let current = environment.current();
    let origin = origin(state.log().epoch(), environment.key().as_str());
    let keys = state.issuer().past_and_present(&current.state);
    // Of a log that was restored under another epoch, or of a key that was never ours, nothing was promised.
    Ok(head.filter(|head| {
        let mut keys = keys.iter().filter_map(|key| key.public());
        keys.any(|key| head.verify(&NoteKey::of(&origin, &key)).is_ok())
    }))
}

/// Root of the tree of the first `size` changes.
async fn root(state: &AppState, environment: &Environment, size: u64) -> AppResult<Hash> {
    let whole = 0..size;
    let roots = roots(state, environment, std::slice::from_ref(&whole)).await?;
    roots.into_iter().next().ok_or_else(|| AppError::internal("the tree of the chart has no root"))
}

/// Roots of subtrees of the chart, as they occur in proofs.
pub(super) async fn roots(state: &AppState, environment: &Environment, ranges: &[Range<u64>]) -> AppResult<Vec<Hash>> {
    let tiles = environment.chart().tree().tiles(ranges);
    let leaves = downhaul_store::leaves(state.log(), environment.key(), &tiles).await.map_err(log_failed)?;
    let chart = environment.chart();
    let roots: Option<Vec<Hash>> = ranges.iter().map(|range| chart.tree().range_root(range, &leaves)).collect();
    roots.ok_or_else(|| AppError::internal(format!("the tree of the chart lacks one of {ranges:?}")))
}

fn signer(state: &AppState, environment: &Environment) -> NoteSigner {
    state.issuer().note_signer(&environment.current().state, &origin(state.log().epoch(), environment.key().as_str()))
}

fn setting(environment: &Environment) -> String {
    format!("chart-head/{}", environment.key())
}
