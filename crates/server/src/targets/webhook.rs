use super::address::NOT_PUBLIC;
use super::config::Webhook;
use super::{beginning, why};
use jiff::Timestamp;

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    Accepted {
        status: u16,
    },
    /// To be tried again, after so many seconds if the target said so.
    Later {
        why: String,
        after: Option<u64>,
    },
    /// Trying again is of no use.
    Refused {
        why: String,
    },
}

/// Sends a webhook once. `id` is the same for every try.
pub(crate) async fn send(target: &Webhook, id: &str, body: &str) -> Sent {
    let now = Timestamp::now().as_second();
    let request = target
        .http
        .post(target.url.clone())
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", now.to_string())
        .header("webhook-signature", target.secret.sign(id, now, body.as_bytes()))
        .body(body.to_owned());
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => {
            let why = why(error);
            return if why == NOT_PUBLIC { Sent::Refused { why } } else { Sent::Later { why, after: None } };
        }
    };
    let status = answer.status();
    let after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let said = String::from_utf8_lossy(&beginning(answer).await.unwrap_or_default()).into_owned();
    let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
    let told = if said.is_empty() { format!("it answered {status}") } else { format!("it answered {status}: {said}") };
    match status.as_u16() {
        status @ 200..300 => Sent::Accepted { status },
        300..400 => Sent::Refused { why: format!("{told}, and redirects are not followed") },
        408 | 425 | 429 | 500.. => Sent::Later { why: told, after },
        _ => Sent::Refused { why: told },
    }
}
