//! Letters by SMTP.

use super::Sent;
use super::address::{NOT_PUBLIC, is_public};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// For one try, from looking the name up to the last answer.
const LIMIT: Duration = Duration::from_secs(20);

/// A mail server, and whom it writes to.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) server: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    /// An authority of one's own, which is believed beside those of the system.
    pub(crate) ca: Option<Certificate>,
    pub(crate) credentials: Option<(String, String)>,
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
    /// When it is told of alarms, if at all.
    pub(crate) alarms: Option<downhaul_control::alarms::When>,
    pub(crate) allow_private: bool,
}

/// How the way to the server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS before anything is told; never without.
    StartTls,
    /// None, within one's own network.
    None,
}

/// What is written.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    /// The same for every try, so that a reader's program shows it once.
    pub(crate) id: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) text: &'a str,
}

/// Writes a letter once.
pub(crate) async fn mail(target: &Mail, letter: &Letter<'_>) -> Sent {
    match timeout(LIMIT, send(target, letter)).await {
        Ok(sent) => sent,
        Err(_) => Sent::Later { why: format!("no answer within {} s", LIMIT.as_secs()), after: None },
    }
}

async fn send(target: &Mail, letter: &Letter<'_>) -> Sent {
    let message = match message(target, letter) {
        Ok(message) => message,
        Err(error) => return Sent::Refused { why: error.to_string() },
    };
    let found = match tokio::net::lookup_host((target.server.as_str(), target.port)).await {
        Ok(found) => found.collect::<Vec<SocketAddr>>(),
        Err(error) => return Sent::Later { why: format!("{} is not found: {error}", target.server), after: None },
    };
    // The address that is looked at is the one that is connected to.
    let allowed = |address: &&SocketAddr| target.allow_private || is_public(address.ip());
    let addresses: Vec<&SocketAddr> = found.iter().filter(allowed).collect();
    if addresses.is_empty() {
        return Sent::Refused { why: NOT_PUBLIC.to_owned() };
    }
    let mut last = Sent::Later { why: "no address answers".to_owned(), after: None };
    for address in addresses {
        last = match over(target, address, message.clone()).await {
            Ok(()) => return Sent::Accepted { status: 250 },
            Err(error) if error.is_permanent() => return Sent::Refused { why: error.to_string() },
            Err(error) => Sent::Later { why: why(&error), after: None },
        };
    }
    last
}

async fn over(target: &Mail, address: &SocketAddr, message: Message) -> Result<(), lettre::transport::smtp::Error> {
    let tls = |wrap: fn(TlsParameters) -> Tls| {
        let mut tls = TlsParameters::builder(target.server.clone());
        if let Some(ca) = &target.ca {
            tls = tls.add_root_certificate(ca.clone());
        }
        tls.build().map(wrap)
    };
    let tls = match target.security {
        Security::Tls => tls(Tls::Wrapper)?,
        Security::StartTls => tls(Tls::Required)?,
        Security::None => Tls::None,
    };
    let host = address.ip().to_string();
    let mut transport =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(target.port).tls(tls).timeout(Some(LIMIT));
    if let Some((user, password)) = &target.credentials {
        transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
    }
    transport.build().send(message).await.map(drop)
}

fn message(target: &Mail, letter: &Letter<'_>) -> Result<Message, lettre::error::Error> {
    let one_line: String = letter.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    let domain = target.from.email.domain();
    let mut message = Message::builder()
        .from(target.from.clone())
        .subject(one_line)
        .message_id(Some(format!("<{}@{domain}>", letter.id)))
        .header(ContentType::TEXT_PLAIN);
    for to in &target.to {
        message = message.to(to.clone());
    }
    message.body(letter.text.to_owned())
}

/// With what it comes from: lettre names only the kind.
fn why(error: &lettre::transport::smtp::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let text = next.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = next.source();
    }
    words
}
