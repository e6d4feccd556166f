//! Webhooks as [Standard Webhooks](https://www.standardwebhooks.com) signs them, and the tokens of their call-backs.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// What a webhook target and this server both know. 24 to 64 bytes; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

/// The text is no secret of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is `whsec_` and 24 to 64 bytes in base64")]
pub struct NotAWebhookSecret;

impl WebhookSecret {
    /// Reads `whsec_` and base64.
    pub fn parse(text: &str) -> Result<WebhookSecret, NotAWebhookSecret> {
        let bytes = text.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok()).ok_or(NotAWebhookSecret)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(NotAWebhookSecret);
        }
        Ok(WebhookSecret(bytes))
    }

    /// The header `webhook-signature` of a body sent under an id at a time, in seconds since 1970.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let seconds = seconds.to_string();
        let signature = hmac(&self.0, &[id.as_bytes(), b".", seconds.as_bytes(), b".", body]);
        format!("v1,{}", STANDARD.encode(signature))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// Which attempt of which step of which run a call-back is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallBack {
    pub environment: String,
    pub run: u64,
    pub step: usize,
    pub attempt: u32,
}

impl CallBack {
    /// The token in the address that a target calls back. Only the holder of `root` can make it; it works once, since a
    /// step ends once.
    pub fn token(&self, root: &[u8; 32]) -> String {
        let CallBack { environment, run, step, attempt } = self;
        let named = format!("{environment}\n{run}\n{step}\n{attempt}");
        let proof = hmac(root, &[PURPOSE, named.as_bytes()]);
        format!("{}.{}", URL_SAFE_NO_PAD.encode(named), URL_SAFE_NO_PAD.encode(proof))
    }

    /// Reads a token that [`CallBack::token`] made with this root.
    pub fn of_token(token: &str, root: &[u8; 32]) -> Option<CallBack> {
        let (named, proof) = token.split_once('.')?;
        let named = URL_SAFE_NO_PAD.decode(named).ok()?;
        let proof = URL_SAFE_NO_PAD.decode(proof).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(root).ok()?;
        mac.update(PURPOSE);
        mac.update(&named);
        mac.verify_slice(&proof).ok()?;
        let named = String::from_utf8(named).ok()?;
        let mut parts = named.split('\n');
        let environment = parts.next()?.to_owned();
        let (run, step) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let attempt = parts.next()?.parse().ok()?;
        Some(CallBack { environment, run, step, attempt })
    }
}

/// Keeps these proofs apart from others that the same root makes.
const PURPOSE: &[u8] = b"downhaul call-back 1\0";

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification and of its reference libraries.
    #[test]
    fn signature_of_the_specification() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(!format!("{secret:?}").contains("MfKQ"));
        for bad in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA", "whsec_!"] {
            assert_eq!(WebhookSecret::parse(bad), Err(NotAWebhookSecret), "{bad}");
        }
    }

    #[test]
    fn a_token_is_for_one_attempt_and_cannot_be_made_up() {
        let root = [7; 32];
        let call = CallBack { environment: "production".to_owned(), run: 7, step: 1, attempt: 2 };
        let token = call.token(&root);
        assert_eq!(CallBack::of_token(&token, &root), Some(call.clone()));
        assert_eq!(CallBack::of_token(&token, &[8; 32]), None);
        let (_, proof) = token.split_once('.').expect("two parts");
        let forged = URL_SAFE_NO_PAD.encode("production\n7\n2\n2");
        assert_eq!(CallBack::of_token(&format!("{forged}.{proof}"), &root), None);
        for bad in ["", ".", "x", "x.y"] {
            assert_eq!(CallBack::of_token(bad, &root), None, "{bad}");
        }
    }
}
