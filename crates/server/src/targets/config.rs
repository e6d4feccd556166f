use super::address::{NOT_PUBLIC, is_public};
use super::mail::{Mail, Security};
use downhaul_control::alarms::When;
use downhaul_control::api::Role;
use downhaul_control::webhook::WebhookSecret;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::read::{self, Format};
use lettre::message::Mailbox;
use lettre::transport::smtp::client::Certificate;
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Whom the server asks, from its targets file.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    pub(crate) prometheus: Option<Prometheus>,
    pub(crate) otlp: Option<Otlp>,
    /// By name.
    pub(crate) webhooks: BTreeMap<String, Webhook>,
    /// By name; no name of a webhook.
    pub(crate) mail: BTreeMap<String, Mail>,
    /// Where targets reach this server, to call back, and people after a sign-in.
    pub(crate) public_url: Option<Url>,
    pub(crate) sign_in: Option<SignIn>,
    /// Where what break-glass keys have signed is looked for.
    pub(crate) kill_files: Vec<KillFile>,
}

/// A file on a static host or a relay.
#[derive(Debug, Clone)]
pub(crate) struct KillFile {
    pub(crate) url: Url,
    pub(crate) http: reqwest::Client,
}

/// With whom people sign in (OpenID Connect).
#[derive(Debug, Clone)]
pub(crate) struct SignIn {
    /// For people.
    pub(crate) name: String,
    /// Exactly as the provider writes it.
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<String>,
    /// Besides `openid`.
    pub(crate) scopes: Vec<String>,
    /// The claim that names groups.
    pub(crate) groups: String,
    pub(crate) roles: Vec<GroupRole>,
    /// Where the provider sends people back to.
    pub(crate) return_to: Url,
    pub(crate) http: reqwest::Client,
}

/// What members of a group are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupRole {
    pub(crate) group: String,
    pub(crate) environment: String,
    pub(crate) role: Role,
}

#[derive(Debug, Clone)]
pub(crate) struct Prometheus {
    pub(crate) url: Url,
    pub(crate) bearer: Option<String>,
    pub(crate) http: reqwest::Client,
}

/// A collector of OpenTelemetry, which is told what clients told.
#[derive(Debug, Clone)]
pub(crate) struct Otlp {
    /// Of its metrics.
    pub(crate) url: Url,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) every: Duration,
    pub(crate) http: reqwest::Client,
}

#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) url: Url,
    pub(crate) secret: WebhookSecret,
    /// When it is told of alarms, if at all.
    pub(crate) alarms: Option<When>,
    pub(crate) http: reqwest::Client,
}

/// Why a targets file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TargetsError {
    #[error("cannot read `{}`: {why}", path.display())]
    File { path: PathBuf, why: std::io::Error },
    #[error("others may read `{}`, and it holds secrets", .0.display())]
    Open(PathBuf),
    #[error("`{}` is not a targets file: {problem}", path.display())]
    Invalid { path: PathBuf, problem: Box<Diagnostic> },
}

impl TargetsError {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            TargetsError::File { .. } => "name a file that this user may read with `--targets`".to_owned(),
            TargetsError::Open(path) => format!("chmod 600 {}", path.display()),
            TargetsError::Invalid { problem, .. } => problem.help.clone().unwrap_or_default(),
        }
    }
}

impl Targets {
    /// Reads a targets file, which only its owner may read.
    ///
    /// # Errors
    /// It cannot be read, others may read it, or something in it is wrong: the error names the place.
    pub fn read(path: &Path) -> Result<Targets, TargetsError> {
        let failed = |why| TargetsError::File { path: path.to_owned(), why };
        if !is_private(path).map_err(failed)? {
            return Err(TargetsError::Open(path.to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        Targets::of(&text, Format::of_name(&path.to_string_lossy()))
            .map_err(|problem| TargetsError::Invalid { path: path.to_owned(), problem })
    }

    /// As the text of a targets file says.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn of(text: &str, format: Format) -> Result<Targets, Box<Diagnostic>> {
        let read = read::other(text, format, |json| match of_json(json) {
            Ok(targets) => (Some(targets), Vec::new()),
            Err(problem) => (None, vec![*problem]),
        });
        let first = |problems: Vec<Diagnostic>| problems.into_iter().find(Diagnostic::is_error);
        read.map(|(targets, _)| targets).map_err(|problems| {
            Box::new(first(problems).unwrap_or_else(|| Diagnostic::error("malformed-targets", "", "it cannot be read")))
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    public_url: Option<String>,
    #[serde(default)]
    prometheus: Option<PrometheusText>,
    #[serde(default)]
    otlp: Option<OtlpText>,
    #[serde(default)]
    webhooks: BTreeMap<String, WebhookText>,
    #[serde(default)]
    mail: BTreeMap<String, MailText>,
    #[serde(default)]
    sign_in: Option<SignInText>,
    #[serde(default)]
    kill_files: Vec<KillFileText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KillFileText {
    url: String,
    #[serde(default)]
    allow_private: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInText {
    name: String,
    issuer: String,
    client_id: String,
    #[serde(default)]
    client_secret: Option<String>,
    #[serde(default = "profile")]
    scopes: Vec<String>,
    #[serde(default = "groups")]
    groups: String,
    #[serde(default)]
    roles: Vec<GroupRole>,
    #[serde(default)]
    allow_private: bool,
}

fn profile() -> Vec<String> {
    vec!["profile".to_owned()]
}

fn groups() -> String {
    "groups".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrometheusText {
    url: String,
    #[serde(default)]
    bearer_token: Option<String>,
    #[serde(default)]
    allow_private: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtlpText {
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default = "minute")]
    every_seconds: u64,
    #[serde(default)]
    allow_private: bool,
}

fn minute() -> u64 {
    60
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookText {
    url: String,
    secret: String,
    #[serde(default)]
    alarms: Alarms,
    #[serde(default)]
    allow_private: bool,
}

/// `true`, `false`, or `{ "after_minutes": 10 }`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Alarms {
    AtOnce(bool),
    Later(Later),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    after_minutes: u32,
}

impl Default for Alarms {
    fn default() -> Alarms {
        Alarms::AtOnce(false)
    }
}

impl From<Alarms> for Option<When> {
    fn from(alarms: Alarms) -> Option<When> {
        match alarms {
            Alarms::AtOnce(is_told) => is_told.then_some(When::AtOnce),
            Alarms::Later(Later { after_minutes }) => Some(When::Unacknowledged(after_minutes)),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MailText {
    server: String,
    #[serde(default)]
    port: Option<u16>,
    /// `starttls` unless given, `tls`, or `none`.
    #[serde(default)]
    security: SecurityText,
    /// A file in PEM, or such certificates themselves.
    #[serde(default)]
    ca: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    password: Option<String>,
    /// The variable of the environment that holds it.
    #[serde(default)]
    password_env: Option<String>,
    from: String,
    to: Vec<String>,
    #[serde(default)]
    alarms: Alarms,
    #[serde(default)]
    allow_private: bool,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
enum SecurityText {
    #[default]
    StartTls,
    Tls,
    None,
}

fn of_json(json: &Value) -> Result<Targets, Box<Diagnostic>> {
    let file: File = serde_json::from_value(json.clone()).map_err(|error| {
        problem("", "malformed-targets", error.to_string(), "see docs/reference/release.md for what it holds")
    })?;
    let mut targets = Targets::default();
    if let Some(text) = &file.public_url {
        targets.public_url = Some(url("/public_url", text, true)?);
    }
    if let Some(text) = file.prometheus {
        targets.prometheus = Some(Prometheus {
            url: url("/prometheus/url", &text.url, text.allow_private)?,
            bearer: text.bearer_token,
            http: http(text.allow_private)?,
        });
    }
    if let Some(text) = file.otlp {
        targets.otlp = Some(otlp(text)?);
    }
    for (name, text) in file.webhooks {
        let at = |field: &str| format!("/webhooks/{}/{field}", name.replace('~', "~0").replace('/', "~1"));
        let secret = WebhookSecret::parse(&text.secret).map_err(|why| {
            let help = "make one with `echo whsec_$(openssl rand -base64 32)`, and give it to the target too";
            problem(&at("secret"), "malformed-secret", why.to_string(), help)
        })?;
        let (url, http) = (url(&at("url"), &text.url, text.allow_private)?, http(text.allow_private)?);
        targets.webhooks.insert(name, Webhook { url, secret, alarms: text.alarms.into(), http });
    }
    for (name, text) in file.mail {
        let at = |field: &str| format!("/mail/{}/{field}", name.replace('~', "~0").replace('/', "~1"));
        if targets.webhooks.contains_key(&name) {
            let help = "give each target a name of its own";
            return Err(problem(&at(""), "taken-name", format!("`{name}` is a webhook already"), help));
        }
        let mail = mail(text, at)?;
        targets.mail.insert(name, mail);
    }
    for (number, text) in file.kill_files.into_iter().enumerate() {
        let url = url(&format!("/kill_files/{number}/url"), &text.url, text.allow_private)?;
        targets.kill_files.push(KillFile { url, http: http(text.allow_private)? });
    }
    if let Some(text) = file.sign_in {
        targets.sign_in = Some(sign_in(text, targets.public_url.as_ref())?);
    }
    Ok(targets)
}

fn mail(text: MailText, at: impl Fn(&str) -> String) -> Result<Mail, Box<Diagnostic>> {
    let mailbox = |field: &str, text: &str| {
        text.parse::<Mailbox>().map_err(|why| {
            let help = "write an address, such as `Downhaul <alarms@shop.example>`";
            problem(&at(field), "malformed-address", format!("`{text}`: {why}"), help)
        })
    };
    let from = mailbox("from", &text.from)?;
    let to = text.to.iter().map(|to| mailbox("to", to)).collect::<Result<Vec<Mailbox>, _>>()?;
    if to.is_empty() {
        return Err(problem(&at("to"), "malformed-address", "nobody is written to".to_owned(), "name one at least"));
    }
    let literal = text.server.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    if !text.allow_private && literal.is_some_and(|address| !is_public(address)) {
        let help = "give it `allow_private: true` if the server is to reach into your own network";
        return Err(problem(&at("server"), "private-address", NOT_PUBLIC.to_owned(), help));
    }
    let (security, port) = match text.security {
        SecurityText::StartTls => (Security::StartTls, 587),
        SecurityText::Tls => (Security::Tls, 465),
        SecurityText::None if text.allow_private => (Security::None, 25),
        SecurityText::None => {
            let help =
                "write `starttls` or `tls`; `none` is for servers of your own network, with `allow_private: true`";
            return Err(problem(&at("security"), "in-the-clear", "letters would go in the clear".to_owned(), help));
        }
    };
    let password = match (text.password, &text.password_env) {
        (Some(password), _) => Some(password),
        (None, Some(name)) => Some(std::env::var(name).map_err(|_| {
            let help = "set it where the server is started, or write `password` into this file";
            problem(&at("password_env"), "missing-password", format!("`{name}` is not set"), help)
        })?),
        (None, None) => None,
    };
    let credentials = match (text.user, password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        _ => {
            let help = "give `user` with `password` or `password_env`, or none of them";
            return Err(problem(
                &at("user"),
                "missing-password",
                "one of user and password is missing".to_owned(),
                help,
            ));
        }
    };
    Ok(Mail {
        server: text.server,
        port: text.port.unwrap_or(port),
        security,
        ca: text.ca.map(|ca| authority(&ca).map_err(|why| problem(&at("ca"), "malformed-ca", why, CA))).transpose()?,
        credentials,
        from,
        to,
        alarms: text.alarms.into(),
        allow_private: text.allow_private,
    })
}

const CA: &str = "name a file with certificates in PEM, which begin with `-----BEGIN CERTIFICATE-----`";

fn authority(text: &str) -> Result<Certificate, String> {
    let pem = if text.contains("-----BEGIN") {
        text.as_bytes().to_vec()
    } else {
        std::fs::read(text).map_err(|error| format!("`{text}`: {error}"))?
    };
    if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        return Err("there is no certificate in it".to_owned());
    }
    Certificate::from_pem(&pem).map_err(|error| error.to_string())
}

fn otlp(text: OtlpText) -> Result<Otlp, Box<Diagnostic>> {
    let mut url = url("/otlp/url", &text.url, text.allow_private)?;
    // As exporters do: the address of a collector, to which the signal is added, or the whole of it.
    if !url.path().ends_with("/v1/metrics")
        && let Ok(mut segments) = url.path_segments_mut()
    {
        segments.pop_if_empty().extend(["v1", "metrics"]);
    }
    for (name, value) in &text.headers {
        let is_name = HeaderName::from_bytes(name.as_bytes()).is_ok();
        if !is_name || HeaderValue::from_str(value).is_err() {
            let help = "write a name and a value of an HTTP header, such as `authorization: Bearer …`";
            let message = format!("`{name}` is no header that can be sent");
            return Err(problem("/otlp/headers", "malformed-header", message, help));
        }
    }
    if !(1..=3600).contains(&text.every_seconds) {
        let message = format!("{} s are not from 1 to 3600", text.every_seconds);
        return Err(problem("/otlp/every_seconds", "malformed-time", message, "write 60 for once a minute"));
    }
    let (headers, every) = (text.headers, Duration::from_secs(text.every_seconds));
    Ok(Otlp { url, headers, every, http: http(text.allow_private)? })
}

fn sign_in(text: SignInText, public_url: Option<&Url>) -> Result<SignIn, Box<Diagnostic>> {
    let issuer = url("/sign_in/issuer", &text.issuer, text.allow_private)?;
    // What is signed is only as good as where the keys come from.
    if issuer.scheme() != "https" && !text.allow_private {
        let help = "write `https://`; `http://` is for providers of your own network, with `allow_private: true`";
        return Err(problem(
            "/sign_in/issuer",
            "malformed-url",
            "the keys of the provider would come in the clear".to_owned(),
            help,
        ));
    }
    let Some(public_url) = public_url else {
        let help = "say under which address browsers reach this server, such as `public_url: https://flags.example`";
        return Err(problem(
            "/public_url",
            "missing-url",
            "a sign-in has to come back to this server".to_owned(),
            help,
        ));
    };
    let mut return_to = public_url.clone();
    return_to.set_path(crate::sign_in::RETURN);
    Ok(SignIn {
        name: text.name,
        issuer: text.issuer,
        client_id: text.client_id,
        client_secret: text.client_secret,
        scopes: text.scopes,
        groups: text.groups,
        roles: text.roles,
        return_to,
        http: http(text.allow_private)?,
    })
}

fn url(pointer: &str, text: &str, allow_private: bool) -> Result<Url, Box<Diagnostic>> {
    let help = "write `http://` or `https://`, host, and port and path if there are any";
    let parsed = text.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = parsed else {
        return Err(problem(pointer, "malformed-url", "it is no URL of a server".to_owned(), help));
    };
    // A name is looked at when it is connected to; an address can be looked at now, and is not looked up then.
    let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
    if !allow_private && literal.is_some_and(|address| !is_public(address)) {
        let help = "give it `allow_private: true` if the server is to reach into your own network";
        return Err(problem(pointer, "private-address", NOT_PUBLIC.to_owned(), help));
    }
    Ok(url)
}

fn http(allow_private: bool) -> Result<reqwest::Client, Box<Diagnostic>> {
    super::client(allow_private)
        .map_err(|error| problem("", "no-client", error.to_string(), "look at the system's certificates"))
}

fn problem(pointer: &str, code: &str, message: String, help: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(code, pointer, message).help(help))
}

#[cfg(unix)]
fn is_private(path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(path: &Path) -> std::io::Result<bool> {
    std::fs::metadata(path).map(|_| true)
}
