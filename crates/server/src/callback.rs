use crate::environment::Urgency;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use downhaul_control::api::Problem;
use downhaul_control::runbook::RunEvent;
use downhaul_control::webhook::CallBack;
use downhaul_control::{Command, Request};
use jiff::Timestamp;
use serde::Deserialize;

/// What is kept of what a target says, in characters.
const DETAIL: usize = 500;

/// `POST /callback/v1/{token}`.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallBackRequest {
    status: CallBackStatus,
    /// For people; the first 500 characters are kept.
    #[serde(default)]
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum CallBackStatus {
    Done,
    Failed,
}

/// A webhook target says that it is done, or that it failed. The token in the address is the permission, and works once.
#[utoipa::path(
    post, path = "/callback/v1/{token}", tag = "runs", request_body = CallBackRequest, params(("token" = String, Path)),
    security(()),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    Path(token): Path<String>,
    Json(body): Json<CallBackRequest>,
) -> AppResult<StatusCode> {
    let unknown = || {
        let help = "use the `callback_url` of the webhook as it is";
        AppError::not_found("unknown-callback", "nothing waits for this call-back", help)
    };
    let call = CallBack::of_token(&token, state.token_root()).ok_or_else(unknown)?;
    let environment = state.environment(&call.environment).ok_or_else(unknown)?;
    let detail: String = body.detail.chars().filter(|c| !c.is_control()).take(DETAIL).collect();
    let ok = body.status == CallBackStatus::Done;
    let event = RunEvent::CalledBack { step: call.step, attempt: call.attempt, ok, detail };
    let command = Command::Run { run: call.run, event: Box::new(event) };
    let request =
        move |_: &downhaul_control::State| Ok(Request::by_server(command.clone(), "system", "", Timestamp::now()));
    environment.command(Urgency::Urgent, request).await?;
    Ok(StatusCode::NO_CONTENT)
}
