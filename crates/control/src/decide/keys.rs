use super::unknown;
use crate::api::ClientKeyRequest;
use crate::client_key::ClientKey;
use crate::command::Command;
use crate::refusal::{Refusal, RefusalCode};
use crate::secret::Secret;
use crate::state::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_core::document::ClientKind;
use serde_json::Value;

/// The command that a request asks for. `secret` is new; only its hash goes into the command.
pub fn create_key(request: &ClientKeyRequest, secret: &Secret) -> Command {
    let key = ClientKey {
        id: secret.id().to_owned(),
        name: request.name.trim().to_owned(),
        kind: request.kind,
        pinned: request.pinned.clone(),
        origins: request.origins.clone(),
        token_public_key: request.token_public_key.clone(),
        secret_hash: secret.hash(),
    };
    Command::CreateKey { key }
}

pub(super) fn check_create(state: &State, key: &ClientKey) -> Result<(), Refusal> {
    let refuse = |message: String, help: &str| Err(Refusal::new(RefusalCode::Invalid, message, help));
    if state.keys.contains_key(&key.id) {
        return Err(Refusal::new(
            RefusalCode::TakenId,
            format!("there is a client key `{}` already", key.id),
            "try again",
        ));
    }
    if key.name.is_empty() || key.name.len() > 200 {
        return refuse("the name of a client key has 1 to 200 bytes".to_owned(), "say where the key will be used");
    }
    if key.kind == ClientKind::Browser && key.origins.is_empty() {
        let help = "name the origins of the pages, such as `https://shop.example`; `*` allows any";
        return refuse("a browser key needs the origins that may use it".to_owned(), help);
    }
    if key.kind != ClientKind::Browser && !key.origins.is_empty() {
        return refuse("only browser keys have origins".to_owned(), "leave `origins` out");
    }
    if let Some(origin) = key.origins.iter().find(|origin| !is_origin(origin)) {
        let help = "write scheme, host and port if there is one, without a path: `https://shop.example`";
        return refuse(format!("`{origin}` is not an origin"), help);
    }
    if let Some((name, _)) = key.pinned.iter().find(|(_, value)| !is_scalar(value)) {
        let help = "pin texts, numbers and booleans";
        return refuse(format!("the pinned attribute `{name}` is not a text, number or boolean"), help);
    }
    if let Some(name) = key.pinned.keys().find(|name| name.is_empty() || name.starts_with("tenant.")) {
        let help = "pin `tenant`; its declared attributes follow from it";
        return refuse(format!("the attribute `{name}` cannot be pinned"), help);
    }
    let public_key = key.token_public_key.as_deref().map(|text| STANDARD.decode(text).map_or(0, |bytes| bytes.len()));
    if public_key.is_some_and(|length| length != 32) {
        return refuse("`token_public_key` is not an Ed25519 public key".to_owned(), "give the 32 bytes in base64");
    }
    Ok(())
}

pub(super) fn check_revoke(state: &State, id: &str) -> Result<(), Refusal> {
    let Some(key) = state.keys.get(id) else {
        return Err(unknown("client key", id, state.keys.keys().map(String::as_str)));
    };
    match &key.revoked {
        None => Ok(()),
        Some(touch) => Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("the client key `{id}` was revoked already, at {} by {}", touch.at, touch.actor),
            "there is nothing left to do",
        )),
    }
}

fn is_origin(text: &str) -> bool {
    let is_host = |host: &str| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', '*']);
    text == "*" || text.split_once("://").is_some_and(|(scheme, host)| is_host(scheme) && is_host(host))
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_))
}
