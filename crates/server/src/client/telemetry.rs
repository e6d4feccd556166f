use crate::client::caller::Caller;
use crate::error::{AppError, AppResult};
use crate::extract::Json;
use crate::listener::ClientAddress;
use crate::state::AppState;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use downhaul_control::api::{Problem, TelemetryAnswer, TelemetryBatch};
use downhaul_control::outcomes::Teller;
use downhaul_control::telemetry;
use flate2::read::GzDecoder;
use std::borrow::Cow;
use std::io::Read as _;

/// Bytes of a batch, as they travel and unpacked.
const PACKED: usize = 64 * 1024;
const UNPACKED: usize = 1024 * 1024;
/// What an instance has counted of the use of flags.
#[utoipa::path(
    post, path = "/client/v1/telemetry", tag = "client", request_body = TelemetryBatch,
    security(("client_key" = [])),
    responses(
        (status = 200, body = TelemetryAnswer), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem),
    )
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    ConnectInfo(ClientAddress(address)): ConnectInfo<ClientAddress>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> AppResult<Json<TelemetryAnswer>> {
    // The router lets no more than that come.
    let body = body.map_err(|_| too_large(PACKED))?;
    let text = unpacked(&headers, &body)?;
    let batch: TelemetryBatch = serde_json::from_slice(&text).map_err(|why| malformed(why.to_string()))?;
    telemetry::check(&batch).map_err(|why| malformed(why.to_string()))?;
    let address = address.to_string();
    let teller = Teller { key: &caller.key.id, kind: caller.key.kind, instance: &batch.instance, address: &address };
    let current = caller.environment.current();
    let ignored = caller
        .environment
        .telemetry()
        .take(&teller, &batch, &current.state, caller.environment.minutes())
        .map_err(|why| {
            let help = "nothing is lost: the client sends it again later";
            AppError::new(StatusCode::TOO_MANY_REQUESTS, "too-much-telemetry", why.to_string(), help).retry_after(30)
        })?;
    state.metrics().telemetry(caller.environment.key().as_str(), caller.key.kind, &ignored);
    let asked = &current.state.policy.telemetry;
    Ok(Json(TelemetryAnswer { share: asked.share, period_seconds: asked.period_seconds.get() }))
}

/// Never more than [`UNPACKED`], whatever it claims to be.
fn unpacked<'b>(headers: &HeaderMap, body: &'b [u8]) -> AppResult<Cow<'b, [u8]>> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?"));
    match encoding {
        None | Some("identity") => Ok(Cow::Borrowed(body)),
        Some("gzip") => {
            let mut text = Vec::new();
            let limit = UNPACKED as u64 + 1;
            let read = GzDecoder::new(body).take(limit).read_to_end(&mut text);
            read.map_err(|_| malformed("the body is not what `content-encoding` says".to_owned()))?;
            if text.len() > UNPACKED { Err(too_large(UNPACKED)) } else { Ok(Cow::Owned(text)) }
        }
        Some(other) => Err(AppError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "encoding-unknown",
            format!("a body in `{other}` cannot be read"),
            "send it with `content-encoding: gzip`, or as it is",
        )),
    }
}

fn too_large(limit: usize) -> AppError {
    let message = format!("the batch has more than {limit} bytes");
    AppError::new(StatusCode::PAYLOAD_TOO_LARGE, "telemetry-too-large", message, "send fewer buckets at a time")
}

fn malformed(why: String) -> AppError {
    let help = "docs/reference/telemetry.md says what a batch holds";
    AppError::new(StatusCode::UNPROCESSABLE_ENTITY, "telemetry-malformed", why, help)
}
