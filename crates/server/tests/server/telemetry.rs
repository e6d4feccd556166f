//! What clients tell of the use of flags, from the batch to what is shown of it.

use crate::support::{Served, document, flag};
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::io::Write as _;

async fn served() -> (Served, String) {
    let served = Served::new().await;
    let mut guarded = flag("recommendations");
    guarded["breaker"] = json!({});
    served.apply(&document(&[guarded, flag("other")])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    (served, key)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

async fn send(served: &Served, key: &str, encoding: Option<&str>, body: Vec<u8>) -> (StatusCode, Value) {
    let mut request = served.http.post(served.url("/client/v1/telemetry")).bearer_auth(key);
    request = request.header(header::CONTENT_TYPE, "application/json");
    if let Some(encoding) = encoding {
        request = request.header(header::CONTENT_ENCODING, encoding);
    }
    let answer = request.body(body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

fn batch(number: u64) -> Value {
    json!({
        "telemetry": 1, "instance": "i-1", "batch": number, "sdk": "test/1", "share": 1, "new-member": true,
        "buckets": [{
            "from_ms": 60_000, "to_ms": 0,
            "exposures": [
                { "flag": "recommendations", "variant": "off", "reason": "DISABLED", "cause": "breaker", "count": 3 },
                { "flag": "gone", "variant": "on", "reason": "STATIC", "count": 3 },
            ],
            "outcomes": [{
                "name": "checkout.pay", "count": 3, "failed": 1,
                "latency": { "count": 3, "sum_ms": 33.0, "buckets": [[63, 1], [95, 2]] },
            }],
            "guards": [{
                "flag": "recommendations", "variant": "on", "ok": 10, "failed": 4, "timed_out": 1, "degraded": 7,
                "moves": [{ "from": "closed", "to": "open", "cause": "consecutive", "count": 1 }],
            }],
        }],
        "breakers": [{ "flag": "recommendations", "variant": "on", "state": "open", "cause": "consecutive" }],
    })
}

#[tokio::test]
async fn a_batch_is_counted_once_and_shown_to_people_and_to_prometheus() {
    let (served, key) = served().await;
    let packed = gzip(batch(1).to_string().as_bytes());
    for _ in 0..2 {
        let (status, answer) = send(&served, &key, Some("gzip"), packed.clone()).await;
        assert_eq!((status, answer), (StatusCode::OK, json!({ "share": 1.0, "period_seconds": 60 })));
    }
    let page = served.get("/breakers?flag=recommendations").await;
    let shown = &page["breakers"][0];
    for (member, expected) in [
        ("flag", json!("recommendations")),
        ("variant", json!("on")),
        ("kind", json!("server")),
        ("trust", json!("trusted")),
        ("instances", json!(1)),
        ("open", json!(1)),
        ("open_share", json!(1.0)),
        ("ok", json!(10)),
        ("failed", json!(5)),
        ("degraded", json!(7)),
        ("opened", json!(1)),
    ] {
        assert_eq!(shown[member], expected, "{member} in {page:#}");
    }
    assert_eq!((&page["ignored"]["repeated"], &page["ignored"]["unknown"]), (&json!(1), &json!(1)));
    assert_eq!(served.get("/breakers?flag=other").await["breakers"], json!([]));

    let figures = served.http.get(served.url("/metrics")).bearer_auth(&served.admin_token).send().await.unwrap();
    let figures = figures.text().await.unwrap();
    for line in [
        r#"downhaul_exposures_total{environment="production",flag="recommendations",variant="off",reason="DISABLED",cause="breaker",kind="server"} 3"#,
        r#"downhaul_named_outcomes_total{environment="production",name="checkout.pay",flag="",variant="",kind="server",outcome="failed"} 1"#,
        r#"downhaul_named_outcome_duration_seconds_sum{environment="production",name="checkout.pay",flag="",variant="",kind="server"} 0.033"#,
        r#"downhaul_named_outcome_duration_seconds_count{environment="production",name="checkout.pay",flag="",variant="",kind="server"} 3"#,
        r#"downhaul_guarded_calls_total{environment="production",flag="recommendations",variant="on",kind="server",outcome="degraded"} 7"#,
        r#"downhaul_breaker_openings_total{environment="production",flag="recommendations",variant="on",kind="server"} 1"#,
        r#"downhaul_breaker_instances{environment="production",flag="recommendations",variant="on",kind="server",state="open"} 1"#,
        r#"downhaul_telemetry_ignored_total{environment="production",kind="server",why="repeated"} 1"#,
    ] {
        assert!(figures.lines().any(|found| found == line), "{line}\n{figures}");
    }
    // 1 ms and twice 16 ms, by doublings of 8 microseconds.
    let bucket = |le: &str| {
        let labels = r#"le="LE",environment="production",name="checkout.pay",flag="",variant="",kind="server""#;
        let line = format!("downhaul_named_outcome_duration_seconds_bucket{{{}}} ", labels.replace("LE", le));
        figures.lines().find_map(|found| found.strip_prefix(&line)).map(str::to_owned)
    };
    assert_eq!(
        ["0.000512", "0.001024", "0.016384", "+Inf"].map(bucket),
        ["0", "1", "3", "3"].map(|n| Some(n.to_owned()))
    );

    // Nobody sees it without a token.
    let open = served.http.get(served.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(!open.contains("recommendations") && !open.contains("checkout.pay"), "{open}");
}

#[tokio::test]
async fn what_is_no_batch_is_refused_and_counts_for_nothing() {
    let (served, key) = served().await;
    let with = |pointer: &str, value: Value| {
        let mut batch = batch(1);
        *batch.pointer_mut(pointer).unwrap() = value;
        batch.to_string().into_bytes()
    };
    let bomb = gzip(&vec![b' '; 8 * 1024 * 1024]);
    assert!(bomb.len() < 64 * 1024);
    for (encoding, body, status, code) in [
        (None, b"{".to_vec(), 422, "telemetry-malformed"),
        (None, with("/share", json!(0)), 422, "telemetry-malformed"),
        (None, with("/buckets/0/guards/0/ok", json!(-1)), 422, "telemetry-malformed"),
        (None, with("/buckets/0/guards/0/ok", json!(1.5)), 422, "telemetry-malformed"),
        (None, batch(1).to_string().replace("33.0", "1e999").into_bytes(), 422, "telemetry-malformed"),
        (None, batch(1).to_string().replace("33.0", "NaN").into_bytes(), 422, "telemetry-malformed"),
        (Some("gzip"), batch(1).to_string().into_bytes(), 422, "telemetry-malformed"),
        (Some("br"), b"x".to_vec(), 415, "encoding-unknown"),
        (None, vec![b' '; 64 * 1024 + 1], 413, "telemetry-too-large"),
        (Some("gzip"), bomb, 413, "telemetry-too-large"),
    ] {
        let (found, problem) = send(&served, &key, encoding, body).await;
        assert_eq!((found.as_u16(), &problem["code"]), (status, &json!(code)), "{problem}");
        assert!(problem["help"].as_str().is_some_and(|help| !help.is_empty()), "{problem}");
    }
    assert_eq!(send(&served, "dhk_nobody", None, batch(1).to_string().into_bytes()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(served.get("/breakers").await["breakers"], json!([]));
    for (query, code) in [("?minutes=0", "malformed-minutes"), ("?minutes=61", "malformed-minutes")] {
        let (status, problem) = served.admin(Method::GET, &format!("/breakers{query}"), None).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!(code)));
    }
    assert_eq!(served.admin(Method::GET, "/breakers?flag=recomendations", None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whoever_floods_is_put_off_and_the_others_go_on() {
    let (served, key) = served().await;
    let (page, _) = served.key(json!({ "kind": "browser" })).await;
    let flood = |number: u64| {
        let outcomes: Vec<Value> = (0..500).map(|each| json!({ "name": format!("n{each}"), "count": 1 })).collect();
        let buckets = json!([{ "from_ms": 1, "to_ms": 0, "outcomes": outcomes }]);
        json!({ "telemetry": 1, "instance": "tab", "batch": number, "buckets": buckets }).to_string()
    };
    let mut refused = None;
    // Its limit is that of five seconds.
    for number in 1..=50 {
        let request = served.http.post(served.url("/client/v1/telemetry")).bearer_auth(&page);
        let answer = request.header(header::ORIGIN, "https://shop.example").body(flood(number)).send().await.unwrap();
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers().contains_key(header::RETRY_AFTER));
            refused = Some(number);
            break;
        }
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert!(refused.is_some(), "nothing was refused");
    assert_eq!(send(&served, &key, None, batch(1).to_string().into_bytes()).await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_envelope_carries_the_breakers_of_its_flags() {
    let (served, key) = served().await;
    let url = served.url("/client/v1/flag-set?formats=1");
    let answer = served.http.get(url).bearer_auth(&key).send().await.unwrap();
    let bytes = answer.bytes().await.unwrap();
    let length = u32::from_le_bytes(bytes[76..80].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[80..80 + length]).unwrap();
    assert_eq!(header["breakers"]["recommendations"]["fallback"], json!("off"), "{header:#}");
    assert_eq!(header["breakers"].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn a_page_of_another_origin_may_send_it_packed() {
    let (served, _) = served().await;
    served.key(json!({ "kind": "browser" })).await;
    let request = served.http.request(Method::OPTIONS, served.url("/client/v1/telemetry"));
    let answer = request.header(header::ORIGIN, "https://shop.example").send().await.unwrap();
    let allowed = answer.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
    assert!(allowed.split(", ").any(|each| each == "content-encoding"), "{allowed}");
}

#[tokio::test]
async fn a_collector_of_opentelemetry_is_sent_the_same_counts() {
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    let take = move |headers: axum::http::HeaderMap, axum::Json(body): axum::Json<Value>| async move {
        let token = headers.get("x-token").map(|value| value.to_str().unwrap().to_owned());
        let _ = told.send((token, body));
        axum::Json(json!({ "partialSuccess": {} }))
    };
    let router = axum::Router::new().route("/v1/metrics", axum::routing::post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let otlp = json!({ "url": format!("http://{address}"), "headers": { "x-token": "t" }, "every_seconds": 1, "allow_private": true });
    let targets =
        downhaul_server::Targets::of(&json!({ "otlp": otlp }).to_string(), downhaul_core::read::Format::Json).unwrap();
    let served = Served::with(|options| options.targets = targets).await;
    let mut guarded = flag("recommendations");
    guarded["breaker"] = json!({});
    served.apply(&document(&[guarded])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    assert_eq!(send(&served, &key, None, batch(1).to_string().into_bytes()).await.0, StatusCode::OK);
    let exported = async {
        loop {
            let (token, body) = tells.recv().await.unwrap();
            assert_eq!(token.as_deref(), Some("t"));
            let resource = &body["resourceMetrics"][0];
            assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "downhaul");
            let metrics = resource["scopeMetrics"][0]["metrics"].as_array().unwrap().clone();
            if !metrics.is_empty() {
                break metrics;
            }
        }
    };
    let metrics = tokio::time::timeout(std::time::Duration::from_secs(30), exported).await.unwrap();
    let metric = |name: &str| {
        metrics.iter().find(|metric| metric["name"] == name).unwrap_or_else(|| panic!("{name}: {metrics:#?}"))
    };
    let exposures = &metric("downhaul.exposures")["sum"];
    assert_eq!((&exposures["isMonotonic"], &exposures["aggregationTemporality"]), (&json!(true), &json!(2)));
    let point = &exposures["dataPoints"][0];
    assert_eq!(point["asInt"], "3");
    let attributes: Vec<(&str, &str)> = point["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| (each["key"].as_str().unwrap(), each["value"]["stringValue"].as_str().unwrap()))
        .collect();
    assert_eq!(
        attributes,
        [
            ("feature_flag.provider.name", "downhaul"),
            ("feature_flag.set.id", "production"),
            ("feature_flag.key", "recommendations"),
            ("feature_flag.result.variant", "off"),
            ("downhaul.client.kind", "server"),
            ("feature_flag.result.reason", "disabled"),
            ("downhaul.cause", "breaker"),
        ]
    );
    let duration = &metric("downhaul.outcome.duration")["histogram"]["dataPoints"][0];
    assert_eq!((&duration["count"], &duration["sum"]), (&json!("3"), &json!(0.033)));
    let [counts, bounds] = ["bucketCounts", "explicitBounds"].map(|member| duration[member].as_array().unwrap().len());
    assert_eq!(counts, bounds + 1);
    assert_eq!(metric("downhaul.guarded_calls")["sum"]["dataPoints"].as_array().unwrap().len(), 3);
    assert!(metric("downhaul.breaker.instances")["gauge"]["dataPoints"].as_array().unwrap().len() == 6);
    for (wrong, place) in [
        (json!({ "url": "ftp://x" }), "/otlp/url"),
        (json!({ "url": "http://x", "headers": { "a b": "c" } }), "/otlp/headers"),
        (json!({ "url": "http://x", "every_seconds": 0 }), "/otlp/every_seconds"),
    ] {
        let text = json!({ "otlp": wrong }).to_string();
        let problem = downhaul_server::Targets::of(&text, downhaul_core::read::Format::Json).unwrap_err();
        assert_eq!(problem.place.pointer, place, "{problem:?}");
    }
}
