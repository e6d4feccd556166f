use super::config::Otlp;
use super::{beginning, why};
use serde_json::Value;

/// What became of one export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exported {
    Taken,
    /// The next export says it again, as counts are since the beginning.
    Not(String),
}

/// Sends metrics by OTLP over HTTP, as JSON.
pub(crate) async fn export(collector: &Otlp, body: &Value) -> Exported {
    let mut request = collector.http.post(collector.url.clone()).header("content-type", "application/json");
    for (name, value) in &collector.headers {
        request = request.header(name, value);
    }
    let answer = match request.body(body.to_string()).send().await {
        Ok(answer) => answer,
        Err(error) => return Exported::Not(format!("the collector does not answer: {}", why(error))),
    };
    let status = answer.status();
    let said = beginning(answer).await.unwrap_or_default();
    if !status.is_success() {
        let said: String = String::from_utf8_lossy(&said).chars().take(200).collect();
        return Exported::Not(format!("the collector answers {status}: {said}"));
    }
    let partial = serde_json::from_slice::<Value>(&said).unwrap_or_default();
    let rejected = partial.pointer("/partialSuccess/rejectedDataPoints").unwrap_or(&Value::Null);
    let rejected = rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or(0);
    if rejected > 0 {
        return Exported::Not(format!("the collector refuses {rejected} of the points"));
    }
    Exported::Taken
}
