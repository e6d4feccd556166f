use crate::exit::{Exit, Failure};
use crate::input::context::Known;
use crate::render::{Format, Output};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Longest life of a token, in seconds: a month. Beyond that a pinned key is the right means.
const LONGEST_LIFE: u64 = 31 * 86_400;

/// Make a context token for trying out, as your back end would
#[derive(Debug, clap::Args)]
#[command(after_help = "A client sends it as `Downhaul-Context-Token`; what it carries chooses which rules leave.")]
pub(crate) struct Args {
    /// The token secret of a client key, as `downhaul keys create` showed it
    #[arg(long, value_name = "SECRET", env = "DOWNHAUL_TOKEN_SECRET", hide_env_values = true)]
    key: String,
    /// What the token vouches for, such as `tenant=acme` (repeatable)
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<Known>,
    /// The targetingKey that it vouches for
    #[arg(long, value_name = "TEXT")]
    targeting_key: Option<String>,
    /// Seconds until it expires
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=LONGEST_LIFE))]
    expires_in: u64,
    /// Environment that it is for
    #[arg(
        long,
        value_name = "KEY",
        env = "DOWNHAUL_ENVIRONMENT",
        hide_env_values = true,
        default_value = "production"
    )]
    environment: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    attributes: Map<String, Value>,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
    let claims = Claims {
        aud: &args.environment,
        exp: now.saturating_add(args.expires_in),
        sub: args.targeting_key.as_deref(),
        attributes: args.attributes.iter().map(|known| (known.name.clone(), known.value.clone())).collect(),
    };
    let key = EncodingKey::from_secret(args.key.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
        .map_err(|error| Failure::could_not_run("cannot-sign", format!("cannot sign the token: {error}")))?;
    match output.format {
        Format::Json => output.json(&json!({ "token": token, "expires": claims.exp, "claims": claims }))?,
        Format::Human | Format::Plain => output.line(token)?,
    }
    Ok(Exit::Done)
}
