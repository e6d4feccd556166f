//! People, their roles, and tokens.

use super::{encoded, post, within};
use crate::backend::{Failure, Get, Handle};
use downhaul_control::api::{
    People, PersonRequest, PersonView, RoleRequest, TokenCreated, TokenRequest, TokenRevocation, TokenView, Tokens,
};

pub fn people(environment: &str) -> Get<People> {
    Get::new(within(environment, "people"))
}

pub fn tokens(environment: &str) -> Get<Tokens> {
    Get::new(within(environment, "tokens"))
}

pub async fn add_person(backend: Handle, environment: String, person: PersonRequest) -> Result<PersonView, Failure> {
    post(&backend, within(&environment, "people"), &person).await
}

/// `grant` or `revoke`.
pub async fn change_role(
    backend: Handle,
    environment: String,
    actor: String,
    act: &'static str,
    role: RoleRequest,
) -> Result<PersonView, Failure> {
    post(&backend, within(&environment, &format!("people/{}/{act}", encoded(&actor))), &role).await
}

pub async fn create_token(backend: Handle, environment: String, token: TokenRequest) -> Result<TokenCreated, Failure> {
    post(&backend, within(&environment, "tokens"), &token).await
}

pub async fn revoke_token(
    backend: Handle,
    environment: String,
    id: String,
    reason: String,
) -> Result<TokenView, Failure> {
    post(&backend, within(&environment, &format!("tokens/{}/revoke", encoded(&id))), &TokenRevocation { reason }).await
}
