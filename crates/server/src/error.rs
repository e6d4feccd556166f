use axum::Json;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use downhaul_control::Refusal;
use downhaul_control::api::Problem;
use std::fmt;

/// An error as a client sees it: problem JSON.
///
/// [`IntoResponse`] has no side effect; the problem and its cause travel in the response's extensions, and a layer logs
/// them (see [`crate::trace`]).
#[derive(Debug)]
pub(crate) struct AppError {
    problem: Box<Problem>,
    /// For the log only.
    cause: Option<String>,
    retry_after: Option<u32>,
}

/// What the log is told of an error.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    pub(crate) code: String,
    pub(crate) detail: String,
    pub(crate) cause: Option<String>,
}

/// The problem itself, for a layer that calls people by their names.
#[derive(Debug, Clone)]
pub(crate) struct Told(pub(crate) Box<Problem>);

pub(crate) type AppResult<T> = Result<T, AppError>;

impl AppError {
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>, help: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        AppError {
            problem: Box::new(Problem::new(status.as_u16(), title, code, detail, help)),
            cause: None,
            retry_after: None,
        }
    }

    pub(crate) fn bad_request(code: &str, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail, help)
    }

    pub(crate) fn not_found(code: &str, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail, help)
    }

    pub(crate) fn forbidden(code: &str, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail, help)
    }

    /// Something that the caller can do nothing about; `cause` goes to the log.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        let help = "try again; if it stays, look for the request id in the server's log";
        let mut error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server could not do this", help);
        error.cause = Some(cause.to_string());
        error
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.problem.status
    }

    pub(crate) fn code(&self) -> &str {
        &self.problem.code
    }

    pub(crate) fn detail(&self) -> &str {
        &self.problem.detail
    }

    pub(crate) fn help(&self) -> &str {
        &self.problem.help
    }

    /// What the log is told of it.
    pub(crate) fn logged(self) -> Logged {
        Logged { code: self.problem.code, detail: self.problem.detail, cause: self.cause }
    }

    #[must_use]
    pub(crate) fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Seconds after which to try again.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        let mut problem = refusal.to_problem();
        if problem.help.is_empty() {
            problem.help =
                "mend what `diagnostics` names and send it again; `downhaul check` finds the same".to_owned();
        }
        AppError { problem: Box::new(problem), cause: None, retry_after: None }
    }
}

impl From<JsonRejection> for AppError {
    fn from(rejection: JsonRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return too_large();
        }
        let help = "see /api/docs for what this request takes";
        AppError::new(rejection.status(), "malformed-body", one_line(&rejection.body_text()), help)
    }
}

impl From<QueryRejection> for AppError {
    fn from(rejection: QueryRejection) -> Self {
        let help = "see /api/docs for what this request takes";
        AppError::bad_request("malformed-query", one_line(&rejection.body_text()), help)
    }
}

impl From<PathRejection> for AppError {
    fn from(rejection: PathRejection) -> Self {
        AppError::bad_request(
            "malformed-path",
            one_line(&rejection.body_text()),
            "percent-encode each part of the path",
        )
    }
}

impl From<BytesRejection> for AppError {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return too_large();
        }
        AppError::bad_request("malformed-body", one_line(&rejection.body_text()), "send the request again")
    }
}

fn too_large() -> AppError {
    let limit = crate::router::BODY_LIMIT / (1024 * 1024);
    AppError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body-too-large",
        format!("the body is larger than {limit} MiB"),
        "apply fewer files at a time; a flag set holds at most 32 MiB",
    )
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let logged = Logged { code: self.problem.code.clone(), detail: self.problem.detail.clone(), cause: self.cause };
        let mut response = (status, Json(&self.problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(logged);
        response.extensions_mut().insert(Told(self.problem));
        response
    }
}
