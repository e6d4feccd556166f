use super::{change, environment, progress, record, request, today};
use crate::auth::admin::{Admin, By, Editor};
use crate::draft;
use crate::environment::{Committed, Environment, Urgency, log_failed};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{Changed, FlagPage, FlagView, Problem, PutFlagRequest, RetireFlagRequest};
use downhaul_control::{Command, Refusal, RefusalCode, views};
use downhaul_core::ids::FlagKey;

/// All flags, with their state.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/flags", tag = "flags", params(("environment" = String, Path)),
    responses((status = 200, body = FlagPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<FlagPage>> {
    Ok(Json(views::flags(&environment(&state, &key)?.current().state, &today())))
}

/// A flag.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/flags/{key}", tag = "flags",
    params(("environment" = String, Path), ("key" = String, Path)),
    responses((status = 200, body = FlagView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, flag)): Path<(String, String)>,
) -> AppResult<Json<FlagView>> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    let touched =
        flag.parse::<FlagKey>().ok().and_then(|key| current.state.touched.get(&key).map(|touch| touch.revision));
    let last = match touched {
        Some(revision) => {
            let page = state.log().read(environment.key(), revision, 1).await.map_err(log_failed)?;
            page.into_iter().next().map(record).transpose()?
        }
        None => None,
    };
    let progress = progress(&environment);
    let view = views::flag(&current.state, &flag, &today(), &state.actors(), last.as_ref(), progress);
    view.map(Json).ok_or_else(|| unknown(&current.state.flag_set, &flag))
}

/// Create or replace a flag.
#[utoipa::path(
    put, path = "/api/v1/environments/{environment}/flags/{key}", tag = "flags", request_body = PutFlagRequest,
    params(("environment" = String, Path), ("key" = String, Path)),
    responses(
        (status = 200, body = Changed), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn put(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path((key, flag)): Path<(String, String)>,
    Json(body): Json<PutFlagRequest>,
) -> AppResult<Json<Changed>> {
    let environment = environment(&state, &key)?;
    let definition = draft::flag(body.flag)?;
    if definition.key.as_str() != flag {
        let message = format!("the flag in the body has the key `{}`, the path `{flag}`", definition.key);
        return Err(Refusal::new(RefusalCode::Invalid, message, "send the flag to the path of its own key").into());
    }
    let command = Command::PutFlag { flag: Box::new(definition) };
    let request = downhaul_control::Request {
        expected_revision: body.expected_revision,
        ..request(&admin, &body.reason, command)
    };
    let committed = environment.command(Urgency::Patient, move |_| Ok(request.clone())).await?;
    Ok(Json(changed(&state, committed)))
}

/// Retire a flag; its key is never used again. Refused while something counts on it, unless `anyway` sets that aside.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/flags/{key}/retire", tag = "flags", request_body = RetireFlagRequest,
    params(("environment" = String, Path), ("key" = String, Path)),
    responses(
        (status = 200, body = Changed), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn retire(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path((key, flag)): Path<(String, String)>,
    Json(body): Json<RetireFlagRequest>,
) -> AppResult<Json<Changed>> {
    let environment = environment(&state, &key)?;
    let parsed = flag.parse().map_err(|_| unknown(&environment.current().state.flag_set, &flag))?;
    super::hygiene::judged(&environment, &flag).await?.check(&flag, body.anyway)?;
    let request = downhaul_control::Request {
        expected_revision: body.expected_revision,
        ..request(&admin, &body.reason, Command::RetireFlag { key: parsed })
    };
    let committed = environment.command(Urgency::Patient, move |_| Ok(request.clone())).await?;
    Ok(Json(changed(&state, committed)))
}

pub(super) fn changed(state: &AppState, committed: Committed) -> Changed {
    let Committed { publication, record, warnings } = committed;
    Changed {
        position: publication.position(),
        change: record.map(|record| change(state, &publication, &record)),
        warnings,
    }
}

/// Whether what is asked for of one flag can be: there is such a flag, or none is named.
pub(super) fn known(environment: &Environment, flag: Option<&str>) -> AppResult<()> {
    let current = environment.current();
    let flags = &current.state.flag_set;
    match flag {
        Some(flag) if flags.flag(flag).is_none() => Err(unknown(flags, flag)),
        _ => Ok(()),
    }
}

pub(super) fn unknown(flag_set: &downhaul_core::document::FlagSet, flag: &str) -> AppError {
    let help = if flag_set.retired.contains_key(flag) {
        "it was retired; its changes are in the chart"
    } else {
        "list the flags to see which there are"
    };
    AppError::not_found("unknown-flag", format!("there is no flag `{flag}`"), help)
}
