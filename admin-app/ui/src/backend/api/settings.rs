//! Keys, and the freeze.

use super::{encoded, post, within};
use crate::backend::{Failure, Get, Handle, Method, Request};
use downhaul_control::api::{
    AskedView, ClientKeyCreated, ClientKeyRequest, ClientKeys, FlagView, FreezeRequest, FreezeView,
    SigningKeyActRequest, SigningKeyPage, SigningKeyRequest, SigningKeyView,
};

pub fn freeze(environment: &str) -> Get<FreezeView> {
    Get::new(within(environment, "freeze"))
}

/// `freeze` or `unfreeze`.
pub async fn set_freeze(
    backend: Handle,
    environment: String,
    act: &'static str,
    reason: String,
) -> Result<FreezeView, Failure> {
    post(&backend, within(&environment, act), &FreezeRequest { reason }).await
}

pub fn signing_keys(environment: &str) -> Get<SigningKeyPage> {
    Get::new(within(environment, "signing-keys"))
}

/// Makes one, which clients believe from then on.
pub async fn make_signing_key(backend: Handle, environment: String, reason: String) -> Result<SigningKeyView, Failure> {
    let request = SigningKeyRequest { public_key: None, signs: false, reason };
    post(&backend, within(&environment, "signing-keys"), &request).await
}

/// `use` or `revoke`.
pub async fn act_on_signing_key(
    backend: Handle,
    environment: String,
    id: String,
    act: &'static str,
    reason: String,
) -> Result<SigningKeyView, Failure> {
    let path = format!("signing-keys/{}/{act}", encoded(&id));
    post(&backend, within(&environment, &path), &SigningKeyActRequest { reason }).await
}

pub fn client_keys(environment: &str) -> Get<ClientKeys> {
    Get::new(within(environment, "client-keys"))
}

pub async fn make_client_key(
    backend: Handle,
    environment: String,
    request: ClientKeyRequest,
) -> Result<ClientKeyCreated, Failure> {
    post(&backend, within(&environment, "client-keys"), &request).await
}

pub async fn revoke_client_key(backend: Handle, environment: String, id: String) -> Result<(), Failure> {
    let path = within(&environment, &format!("client-keys/{}", encoded(&id)));
    backend.request(Request { method: Method::Delete, path, body: None }).await.map(|_| ())
}

/// A flag with its last drill.
pub fn flag(environment: &str, key: &str) -> Get<FlagView> {
    Get::new(within(environment, &format!("flags/{}", encoded(key))))
}

/// Whether applications ask for a flag.
pub fn asked(environment: &str, key: &str) -> Get<AskedView> {
    Get::new(within(environment, &format!("flags/{}/asked", encoded(key))))
}
