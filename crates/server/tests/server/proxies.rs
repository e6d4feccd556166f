//! Behind a proxy that is trusted, limits count by the client's address.

use crate::support::{Served, document, flag};
use reqwest::{Response, StatusCode};
use serde_json::json;

/// A stream that comes from the loopback, and says whom it is for.
async fn stream(served: &Served, key: &str, forwarded: &[&str]) -> Response {
    let mut request = served.client("/client/v1/stream?formats=1", key);
    for value in forwarded {
        request = request.header("x-forwarded-for", *value);
    }
    request.send().await.unwrap()
}

async fn with_one_stream_per_address(trusted: &[&str]) -> (Served, String) {
    let served = Served::with(|options| {
        options.streams_per_address = 1;
        options.trusted_proxies = trusted.iter().map(|net| net.parse().unwrap()).collect();
    })
    .await;
    served.apply(&document(&[flag("a")])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    (served, key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_client_behind_a_trusted_proxy_has_a_limit_of_its_own() {
    let (served, key) = with_one_stream_per_address(&["127.0.0.1/32", "10.0.0.0/8"]).await;
    let first = stream(&served, &key, &["198.51.100.1"]).await;
    assert_eq!(first.status(), StatusCode::OK);
    let second = stream(&served, &key, &["198.51.100.2, 10.0.0.7"]).await;
    assert_eq!(second.status(), StatusCode::OK, "another client");
    for forwarded in [&["198.51.100.1"][..], &["192.0.2.9, 198.51.100.1"], &["192.0.2.9", "198.51.100.1, 10.0.0.7"]] {
        let again = stream(&served, &key, forwarded).await;
        assert_eq!(again.status(), StatusCode::TOO_MANY_REQUESTS, "{forwarded:?}: what it invents is passed over");
    }
    drop(first);
    let said = json!({
        "instance": "i-1", "state": "live", "sdk": "test/1", "position": { "epoch": 1, "revision": 1, "kill_revision": 0 },
    });
    let answer = served.http.post(served.url("/client/v1/acknowledge")).bearer_auth(&key).json(&said);
    assert_eq!(answer.header("x-forwarded-for", "198.51.100.1").send().await.unwrap().status(), StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_is_believed() {
    for trusted in [&[][..], &["10.0.0.0/8"]] {
        let (served, key) = with_one_stream_per_address(trusted).await;
        let first = stream(&served, &key, &["198.51.100.1"]).await;
        assert_eq!(first.status(), StatusCode::OK);
        let second = stream(&served, &key, &["198.51.100.2"]).await;
        assert_eq!(second.status(), StatusCode::TOO_MANY_REQUESTS, "both come from the loopback");
    }
}
