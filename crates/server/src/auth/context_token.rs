use crate::auth::claimed;
use crate::error::{AppError, AppResult};
use axum::http::{HeaderName, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use downhaul_control::{ClientKey, ContextClaims};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

pub(crate) const HEADER: HeaderName = HeaderName::from_static("downhaul-context-token");

/// Clocks of two machines may be this far apart.
const LEEWAY_SECONDS: u64 = 30;

/// Checks a context token: signed for this key, for this environment, not past its end.
pub(crate) fn check(token: &str, key: &ClientKey, token_secret: &str, environment: &str) -> AppResult<ContextClaims> {
    if token.len() > claimed::SIZE_LIMIT {
        return Err(refused("it is larger than 16 KiB", "put fewer attributes into it"));
    }
    let (algorithm, decoding) = match &key.token_public_key {
        None => (Algorithm::HS256, DecodingKey::from_secret(token_secret.as_bytes())),
        Some(public) => (Algorithm::EdDSA, ed25519(public)?),
    };
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY_SECONDS;
    validation.validate_nbf = true;
    validation.set_audience(&[environment]);
    validation.set_required_spec_claims(&["exp", "aud"]);
    let claims = decode::<ContextClaims>(token, &decoding, &validation)
        .map_err(|error| explain(&error, algorithm, environment))?
        .claims;
    match claims.attributes.iter().find(|(name, value)| key.pinned.get(*name).is_some_and(|pinned| pinned != *value)) {
        Some((name, _)) => Err(refused(
            &format!("it gives `{name}` another value than the client key pins"),
            "use a key without this pin, or leave the attribute out of the token",
        )),
        None => Ok(claims),
    }
}

fn ed25519(public: &str) -> AppResult<DecodingKey> {
    let bytes = STANDARD.decode(public).map_err(AppError::internal)?;
    DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(bytes)).map_err(AppError::internal)
}

fn explain(error: &jsonwebtoken::errors::Error, algorithm: Algorithm, environment: &str) -> AppError {
    match error.kind() {
        ErrorKind::ExpiredSignature => refused("it has expired", "ask your back end for a new one"),
        ErrorKind::InvalidAudience => {
            refused("it is for another environment", &format!("sign it with `aud` set to `{environment}`"))
        }
        ErrorKind::MissingRequiredClaim(claim) => {
            refused(&format!("it has no `{claim}`"), "sign it with `aud` and `exp`")
        }
        ErrorKind::InvalidSignature => {
            refused("its signature is wrong", "sign it with the token secret of this client key")
        }
        ErrorKind::InvalidAlgorithm => {
            refused("it is signed by another algorithm", &format!("sign it with {algorithm:?}"))
        }
        _ => refused("it cannot be read", "send a JWT with `aud`, `exp` and `attributes`"),
    }
}

fn refused(why: &str, help: &str) -> AppError {
    AppError::new(
        StatusCode::UNAUTHORIZED,
        "context-token-invalid",
        format!("the context token is refused: {why}"),
        help,
    )
}
