use super::pending::Attempt;
use crate::error::{AppError, AppResult};
use crate::targets::{SignIn, read_answer};
use axum::http::StatusCode;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthenticationFlow, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IdTokenFields,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse, UserInfoClaims,
};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::error::Error;
use std::pin::Pin;

/// What is asked of an account: who it is, what it is called, and which groups it is in.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) subject: String,
    pub(super) name: String,
    pub(super) groups: BTreeSet<String>,
}

/// Where to send someone, and what has to fit afterwards.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) url: Url,
    pub(super) attempt: Attempt,
}

/// Whatever else a token or the provider says of an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Extra(Map<String, Value>);

impl AdditionalClaims for Extra {}

type ProviderClient = Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<
        IdTokenFields<
            Extra,
            EmptyExtraTokenFields,
            CoreGenderClaim,
            CoreJweContentEncryptionAlgorithm,
            CoreJwsSigningAlgorithm,
        >,
        CoreTokenType,
    >,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

pub(super) async fn begin(config: &SignIn) -> AppResult<Begun> {
    let client = client(config).await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scopes(config.scopes.iter().cloned().map(Scope::new))
        .set_pkce_challenge(challenge)
        .url();
    Ok(Begun { url, attempt: Attempt { state, nonce, verifier } })
}

/// Trades the code for what the provider vouches for: signed by its keys, for this client, for this attempt, not past.
pub(super) async fn end(config: &SignIn, attempt: Attempt, code: String) -> AppResult<Claims> {
    let client = client(config).await?;
    let http = http(config);
    let answer = client
        .exchange_code(AuthorizationCode::new(code))
        .map_err(AppError::internal)?
        .set_pkce_verifier(attempt.verifier)
        .request_async(&http)
        .await
        .map_err(|error| unusable(config, &error))?;
    let token = answer.id_token().ok_or_else(|| {
        let why = format!("{} sent no ID token", config.name);
        AppError::new(StatusCode::BAD_GATEWAY, "provider-unusable", why, "let the client have the scope `openid`")
    })?;
    let claims = token.claims(&client.id_token_verifier(), &attempt.nonce).map_err(|error| unusable(config, &error))?;
    let subject = claims.subject().clone();
    let mut name = first(claims.name().map(|name| name.iter().map(|(_, name)| name.as_str())));
    let mut groups = groups(claims.additional_claims(), &config.groups);
    // Where there is more to know, the provider tells it here.
    if let Ok(request) = client.user_info(answer.access_token().clone(), Some(subject.clone())) {
        let told: UserInfoClaims<Extra, CoreGenderClaim> =
            request.request_async(&http).await.map_err(|error| unusable(config, &error))?;
        name = name.or(first(told.name().map(|name| name.iter().map(|(_, name)| name.as_str()))));
        groups.extend(self::groups(told.additional_claims(), &config.groups));
    }
    let subject = subject.as_str().to_owned();
    let name: String = name.unwrap_or_else(|| subject.clone()).chars().filter(|c| !c.is_control()).take(100).collect();
    Ok(Claims { subject, name, groups })
}

fn first<'a>(names: Option<impl Iterator<Item = &'a str>>) -> Option<String> {
    names?.map(str::trim).find(|name| !name.is_empty()).map(str::to_owned)
}

/// A list of names, or one name.
fn groups(claims: &Extra, claim: &str) -> BTreeSet<String> {
    match claims.0.get(claim) {
        Some(Value::Array(all)) => all.iter().filter_map(|each| each.as_str().map(str::to_owned)).collect(),
        Some(Value::String(one)) => BTreeSet::from([one.clone()]),
        _ => BTreeSet::new(),
    }
}

/// As the provider describes itself now: its keys may have changed.
async fn client(config: &SignIn) -> AppResult<ProviderClient> {
    let issuer = IssuerUrl::new(config.issuer.clone()).map_err(AppError::internal)?;
    let known = CoreProviderMetadata::discover_async(issuer, &http(config)).await;
    let known = known.map_err(|error| unusable(config, &error))?;
    let secret = config.client_secret.clone().map(ClientSecret::new);
    let client = ProviderClient::from_provider_metadata(known, ClientId::new(config.client_id.clone()), secret);
    Ok(client.set_redirect_uri(RedirectUrl::from_url(config.return_to.clone())))
}

type Asked = Pin<Box<dyn Future<Output = Result<HttpResponse, Unreachable>> + Send>>;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unreachable(String);

/// Asks without following redirects, and only where the targets file allows.
fn http(config: &SignIn) -> impl Fn(HttpRequest) -> Asked + Send + Sync {
    let client = config.http.clone();
    move |request| {
        let client = client.clone();
        Box::pin(async move {
            let request = request.try_into().map_err(|why: reqwest::Error| Unreachable(why.to_string()))?;
            read_answer(&client, request).await.map_err(Unreachable)
        })
    }
}

fn unusable(config: &SignIn, error: &dyn Error) -> AppError {
    let mut why = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_words = next.to_string();
        if !why.contains(&next_words) {
            why = format!("{why}: {next_words}");
        }
        cause = next.source();
    }
    AppError::new(
        StatusCode::BAD_GATEWAY,
        "provider-unusable",
        format!("{} cannot be relied on now: {why}", config.name),
        "try again; meanwhile a token works, also the one in `admin-token` of the data folder",
    )
}
