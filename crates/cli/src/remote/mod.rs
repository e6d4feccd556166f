//! Talking to a control plane over its admin API.

mod events;
mod populations;

pub(crate) use events::Events;

use crate::exit::{Exit, Failure};
use crate::input::server::{ServerArgs, Target, is_loopback};
use crate::render::counted;
use downhaul_control::api::Problem;
use downhaul_control::envelope::MEDIA_TYPE;
use downhaul_core::document::FlagSet;
use reqwest::{Method, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::time::Duration;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Longest wait for an answer that is not a stream.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// What a server calls a refusal.
const PROBLEM: &str = "application/problem+json";

/// Runs `work` to its end on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::could_not_run("cannot-start", format!("cannot start the run time: {error}")))?
        .block_on(work)
}

/// A connection to the admin API of one environment.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    http: reqwest::Client,
    target: Target,
}

impl ControlPlane {
    pub(crate) fn connect(args: &ServerArgs) -> Result<Self, Failure> {
        let target = args.target()?;
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("downhaul-cli/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT);
        if is_loopback(&target.server) {
            // A proxy of the surroundings cannot reach this machine's own address.
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| {
            Failure::could_not_run("cannot-start", format!("cannot start the HTTP client: {error}"))
        })?;
        Ok(ControlPlane { http, target })
    }

    pub(crate) fn environment(&self) -> &str {
        &self.target.environment
    }

    pub(crate) fn server(&self) -> &str {
        self.target.server.as_str().trim_end_matches('/')
    }

    /// `GET` below the environment, such as `&["flags", key]`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, String)]) -> Result<T, Failure> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.get(url).timeout(ANSWER_LIMIT);
        self.read(self.send(request).await?).await
    }

    /// What is published, or was at a revision.
    pub(crate) async fn document(&self, revision: Option<u64>) -> Result<FlagSet, Failure> {
        let query: Vec<_> = revision.iter().map(|revision| ("revision", revision.to_string())).collect();
        self.get(&["document"], &query).await
    }

    /// `GET` of a text below the environment.
    pub(crate) async fn text(&self, path: &[&str], query: &[(&str, String)]) -> Result<String, Failure> {
        let mut url = self.url(path);
        url.query_pairs_mut().extend_pairs(query);
        let response = self.send(self.http.get(url).timeout(ANSWER_LIMIT)).await?;
        response.text().await.map_err(|error| self.unreachable(&error))
    }

    /// `GET` below the environment, written piece by piece as it comes.
    pub(crate) async fn download(
        &self,
        path: &[&str],
        write: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.pieces(self.http.get(self.url(path)), write).await
    }

    async fn pieces(
        &self,
        request: reqwest::RequestBuilder,
        mut write: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut response = self.send(request).await?;
        while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            write(&piece)?;
        }
        Ok(())
    }

    /// `GET` of what is about no environment, written piece by piece as it comes.
    pub(crate) async fn download_of_all(
        &self,
        path: &[&str],
        write: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.pieces(self.http.get(self.root(path)), write).await
    }

    /// `POST` below the environment.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, Failure> {
        let request = self.http.post(self.url(path)).json(body).timeout(ANSWER_LIMIT);
        self.read(self.send(request).await?).await
    }

    /// `POST` below the environment of bytes as they are.
    pub(crate) async fn post_bytes<T: DeserializeOwned>(&self, path: &[&str], body: Vec<u8>) -> Result<T, Failure> {
        let request = self.http.post(self.url(path)).header("content-type", MEDIA_TYPE).body(body);
        self.read(self.send(request.timeout(ANSWER_LIMIT)).await?).await
    }

    /// `POST` below the environment of what needs no body; nor is the answer's read.
    pub(crate) async fn post_nothing(&self, path: &[&str]) -> Result<(), Failure> {
        self.send(self.http.post(self.url(path)).timeout(ANSWER_LIMIT)).await.map(|_| ())
    }

    /// `PUT` below the environment.
    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, Failure> {
        let request = self.http.put(self.url(path)).json(body).timeout(ANSWER_LIMIT);
        self.read(self.send(request).await?).await
    }

    /// `DELETE` below the environment; the answer's body is not read.
    pub(crate) async fn delete(&self, path: &[&str]) -> Result<(), Failure> {
        self.send(self.http.request(Method::DELETE, self.url(path)).timeout(ANSWER_LIMIT)).await.map(|_| ())
    }

    /// The live events of the environment.
    pub(crate) async fn events(&self) -> Result<Events, Failure> {
        let request = self.http.get(self.url(&["events"])).header("accept", "text/event-stream");
        Ok(Events::new(self.send(request).await?, self.server().to_owned()))
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.root(&["environments", &self.target.environment]);
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        url
    }

    fn root(&self, path: &[&str]) -> Url {
        let mut url = self.target.server.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        url
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, Failure> {
        let request = match &self.target.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(self.refusal(response).await) }
    }

    /// `GET` of a health check below the environment: whether it is good, and why.
    pub(crate) async fn check<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Failure> {
        let mut request = self.http.get(self.url(path)).timeout(ANSWER_LIMIT);
        if let Some(token) = &self.target.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let is_problem = response.headers().get("content-type").is_some_and(|kind| kind == PROBLEM);
        match response.status() {
            StatusCode::SERVICE_UNAVAILABLE if !is_problem => self.read(response).await,
            status if status.is_success() => self.read(response).await,
            _ => Err(self.refusal(response).await),
        }
    }

    async fn read<T: DeserializeOwned>(&self, response: Response) -> Result<T, Failure> {
        let body = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&body).map_err(|error| {
            Failure::could_not_run(
                "answer-malformed",
                format!("cannot read the answer of `{}`: {error}", self.server()),
            )
            .help("the control plane and this command line may be of different versions; compare `downhaul --version`")
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let failure = |why: &str| {
            Failure::could_not_run(
                "unreachable",
                format!("no answer from the control plane at `{}`: {why}", self.server()),
            )
        };
        if error.is_timeout() {
            return failure("it took too long").help("check that it runs and can be reached from here, then try again");
        }
        failure(&root_cause(error))
            .help("start it with `downhaul serve`, or name the right one with `--server` or `DOWNHAUL_SERVER`")
    }

    /// What the server said, as a failure of this run.
    async fn refusal(&self, response: Response) -> Failure {
        let status = response.status();
        let body = response.bytes().await.unwrap_or_default();
        let Ok(problem) = serde_json::from_slice::<Problem>(&body) else {
            let server = self.server();
            return Failure::could_not_run(
                "answer-malformed",
                format!("`{server}` answered {status}, not as a control plane"),
            )
            .help("check the address given with `--server` or `DOWNHAUL_SERVER`");
        };
        let mut failure = match status {
            _ if !problem.diagnostics.is_empty() => Failure::invalid(&problem.code, problem.detail),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE => {
                Failure::invalid(&problem.code, problem.detail)
            }
            _ if status.is_server_error() => Failure::could_not_run(&problem.code, problem.detail),
            _ => Failure::refused(&problem.code, problem.detail),
        };
        failure.status = Some(status.as_u16());
        debug_assert_ne!(failure.exit, Exit::Done);
        if !problem.diagnostics.is_empty() {
            // Each says what to do; together they only need counting.
            let errors = problem.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
            failure.message = format!("refused, and nothing was changed: {}", counted(errors, "error"));
            failure.diagnostics = problem.diagnostics;
            return failure;
        }
        if status == StatusCode::UNAUTHORIZED && problem.code == "not-signed-in" {
            return failure.help(match self.target.token {
                Some(_) => {
                    "the token is not one of this control plane's; its own is in `admin-token` of its data folder"
                }
                None => {
                    "give a token with `--token` or `DOWNHAUL_TOKEN`; the first was shown when the control plane first started"
                }
            });
        }
        if problem.help.is_empty() { failure } else { failure.help(problem.help) }
    }
}

/// The innermost cause, such as `connection refused`, which names what a person can act on.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let text = cause.to_string().to_lowercase();
    match text.split_once(" (os error") {
        Some((before, _)) => before.to_owned(),
        None => text,
    }
}
