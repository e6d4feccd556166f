use crate::client::Client;
use crate::context::Context;
use crate::keys::read_key;
use crate::second_path::{self, Place};
use downhaul_control::envelope::PublicKey;
use downhaul_core::document::ClientKind;
use reqwest::Url;
use reqwest::header::HeaderValue;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How a client is set up; [`Client::start`] takes it.
#[derive(Clone)]
#[must_use = "a client is made of it by `Client::start`"]
pub struct Options {
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) kind: ClientKind,
    pub(crate) context: Context,
    pub(crate) environment: Option<String>,
    pub(crate) public_keys: Option<Vec<String>>,
    pub(crate) keep_in: Option<PathBuf>,
    pub(crate) bootstrap: Option<Vec<u8>>,
    pub(crate) release: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) context_token: Option<String>,
    pub(crate) stale_after: Option<Duration>,
    pub(crate) ready_timeout: Duration,
    pub(crate) polls: bool,
    pub(crate) http: Option<reqwest::Client>,
    pub(crate) second_path: Vec<Place>,
    pub(crate) second_path_every: Duration,
}

impl Options {
    /// `url` is where the control plane is (`https://flags.example.com`), `key` a client key that it has made.
    pub fn new(url: impl Into<String>, key: impl Into<String>) -> Options {
        Options {
            url: url.into(),
            key: key.into(),
            kind: ClientKind::Server,
            context: Context::default(),
            environment: None,
            public_keys: None,
            keep_in: None,
            bootstrap: None,
            release: None,
            region: None,
            context_token: None,
            stale_after: None,
            ready_timeout: Duration::from_secs(5),
            polls: false,
            http: None,
            second_path: Vec::new(),
            second_path_every: second_path::EVERY,
        }
    }

    /// The kind of the client key. Default: `server`.
    pub fn kind(mut self, kind: ClientKind) -> Options {
        self.kind = kind;
        self
    }

    /// Who the process itself is, for what it decides without a request. Default: nobody.
    pub fn context(mut self, context: Context) -> Options {
        self.context = context;
        self
    }

    /// Refuse flag sets of any other environment. Default: that of the first one accepted.
    pub fn environment(mut self, environment: impl Into<String>) -> Options {
        self.environment = Some(environment.into());
        self
    }

    /// Trust these only: base64 of 32 bytes each. Default: those that the control plane names over its own connection.
    pub fn public_keys<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Options {
        self.public_keys = Some(keys.into_iter().map(Into::into).collect());
        self
    }

    /// A folder where the last flag set is kept, so that the next start needs no control plane. It is made if it is not
    /// there; what is written there is readable by its owner alone. Default: nothing is kept.
    pub fn keep_in(mut self, folder: impl Into<PathBuf>) -> Options {
        self.keep_in = Some(folder.into());
        self
    }

    /// The answer of `GET /client/v1/flag-set`, brought along with the release: what counts until anything else is there.
    /// Its signature is checked like any other's, so [`Options::public_keys`] are needed beside it.
    pub fn bootstrap(mut self, envelope: impl Into<Vec<u8>>) -> Options {
        self.bootstrap = Some(envelope.into());
        self
    }

    /// The application's release, shown in the fleet: `shop 2.4.1`.
    pub fn release(mut self, release: impl Into<String>) -> Options {
        self.release = Some(release.into());
        self
    }

    /// Where this instance runs, shown in the fleet.
    pub fn region(mut self, region: impl Into<String>) -> Options {
        self.region = Some(region.into());
        self
    }

    /// A JWT that says for whom the flag set is to be made.
    pub fn context_token(mut self, token: impl Into<String>) -> Options {
        self.context_token = Some(token.into());
        self
    }

    /// Silence after which flags with `on_stale: degraded` degrade. Default: what the control plane says, 45 s.
    pub fn stale_after(mut self, silence: Duration) -> Options {
        self.stale_after = Some(silence);
        self
    }

    /// [`Client::ready`] gives up after this long. Default: 5 s.
    pub fn ready_timeout(mut self, timeout: Duration) -> Options {
        self.ready_timeout = timeout;
        self
    }

    /// Never holds a stream: asks, and is answered when there is something new. Default: the stream, and polls while there is none.
    pub fn poll(mut self) -> Options {
        self.polls = true;
        self
    }

    /// What requests are made with, for proxies and certificates of one's own.
    pub fn http(mut self, client: reqwest::Client) -> Options {
        self.http = Some(client);
        self
    }

    /// A second path for kills: another address of the control plane, or a relay, that is asked every 5 s for the kills alone,
    /// also while the stream is well. It is sent the client key. May be given several times. Default: none.
    pub fn kill_relay(mut self, url: impl Into<String>) -> Options {
        self.second_path.push(Place::Relay(url.into()));
        self
    }

    /// A second path for kills: a file on any static host, which holds what `GET /client/v1/kills` answered or what
    /// `downhaul break-glass kill` wrote. It is sent nothing. May be given several times. Default: none.
    pub fn kill_file(mut self, url: impl Into<String>) -> Options {
        self.second_path.push(Place::File(url.into()));
        self
    }

    /// How often each address of the second path is asked, a fifth more or less. Default: every 5 s.
    pub fn kill_poll(mut self, every: Duration) -> Options {
        self.second_path_every = every;
        self
    }

    /// What can be known to be wrong before anything is sent.
    pub(crate) fn check(&self) -> Result<Option<Vec<PublicKey>>, StartError> {
        let url = Url::parse(&self.url).map_err(|_| StartError::Url(self.url.clone()))?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err(StartError::Url(self.url.clone()));
        }
        for place in &self.second_path {
            let (Place::Relay(text) | Place::File(text)) = place;
            let fits = |url: &Url| {
                let whole = matches!(place, Place::File(_)) || (url.query().is_none() && url.fragment().is_none());
                matches!(url.scheme(), "http" | "https") && whole
            };
            if !Url::parse(text).as_ref().is_ok_and(fits) {
                return Err(StartError::SecondPath(text.clone()));
            }
        }
        if self.key.is_empty() || HeaderValue::from_str(&self.key).is_err() {
            return Err(StartError::Key);
        }
        if self.context_token.as_ref().is_some_and(|token| HeaderValue::from_str(token).is_err()) {
            return Err(StartError::ContextToken);
        }
        if self.kind == ClientKind::Browser {
            return Err(StartError::Browser);
        }
        let Some(keys) = &self.public_keys else { return Ok(None) };
        if keys.is_empty() {
            return Err(StartError::NoPublicKeys);
        }
        let read = |text: &String| read_key(text).ok_or_else(|| StartError::PublicKey(text.clone()));
        keys.iter().map(read).collect::<Result<_, _>>().map(Some)
    }

    /// As [`Client::start`].
    ///
    /// # Errors
    /// See there.
    pub fn start(self) -> Result<Client, StartError> {
        Client::start(self)
    }
}

/// Without the key.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("url", &self.url).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why a client can't begin: something in its options, never the control plane.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    #[error("`{0}` is no address of a control plane: write it as `https://flags.example.com`")]
    Url(String),
    #[error("`{0}` is no address for a second path: write it as `https://kills.example.net/production.kills`")]
    SecondPath(String),
    #[error("the client key is empty or holds what no header can: copy it again, it begins with `dhk_`")]
    Key,
    #[error("the context token holds what no header can")]
    ContextToken,
    #[error("a process is no browser: make a client key of the kind `server` or `edge`")]
    Browser,
    #[error("`{0}` is no public key: give the base64 of its 32 bytes, as the signing keys of the environment show it")]
    PublicKey(String),
    #[error(
        "`public_keys` names none, and nothing could be trusted: leave it out to trust those that the control plane names"
    )]
    NoPublicKeys,
    #[error("a client needs a tokio runtime: start it within one, with time and I/O enabled")]
    NoRuntime,
    #[error("the HTTP client can't be made: {0}")]
    Http(#[from] reqwest::Error),
}
