//! Releases by the command line: written, checked against a registry, put and shown.

use crate::outside::{Asked, Outside};
use crate::server::Server;
use crate::support::{Place, SHOP};
use insta::assert_snapshot;

fn digest(digit: &str) -> String {
    format!("sha256:{}", digit.repeat(64))
}

/// A release whose artifacts lie at an OCI registry.
pub(crate) fn release(registry: &str) -> String {
    format!(
        "key: checkout-2.4.1
description: one-page checkout
owner: payments
artifact: {{ kind: oci, reference: '{registry}/shop/checkout:2.4.1', digest: '{}' }}
previous: {{ kind: oci, reference: '{registry}/shop/checkout:2.4.0', digest: '{}' }}
data_change: additive
flags: [checkout-v2, banner]
recovery:
  - {{ name: reachable, query: 'max(up)', condition: '>= 1', for_seconds: 2 }}
redeploy: deploy
escalation: {{ target: pager, contact: payments on duty }}
",
        digest("a"),
        digest("b")
    )
}

/// As the distribution specification has it: manifests by digest, behind a token.
fn registry() -> Outside {
    Outside::start(|asked: &Asked| {
        let is = |part: &str| asked.line.contains(part);
        if is("/token") {
            assert!(is("service=registry") && is("scope=repository"), "{}", asked.line);
            return (200, vec![("content-type", "application/json".to_owned())], r#"{"token":"let-me-in"}"#.to_owned());
        }
        assert!(asked.line.starts_with("HEAD /v2/shop/checkout/manifests/sha256:"), "{}", asked.line);
        assert!(asked.header("accept").unwrap().contains("application/vnd.oci.image.manifest.v1+json"));
        if asked.header("authorization") != Some("Bearer let-me-in") {
            let host = asked.header("host").unwrap();
            let challenge = format!(
                "Bearer realm=\"http://{host}/token\",service=\"registry\",scope=\"repository:shop/checkout:pull\""
            );
            return (401, vec![("www-authenticate", challenge)], String::new());
        }
        match asked.line.rsplit('/').next().unwrap() {
            there if there == digest("a") => (200, vec![("docker-content-digest", digest("a"))], String::new()),
            other if other == digest("c") => (200, vec![("docker-content-digest", digest("d"))], String::new()),
            _ => (404, Vec::new(), String::new()),
        }
    })
}

fn shop() -> (Place, Server) {
    let place = Place::new();
    place.write("flags.json", SHOP);
    let server = Server::start(&place);
    server.run(&place, "apply flags.json --reason first").done();
    (place, server)
}

fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"127\.0\.0\.1:\d+", "[address]");
    settings.add_filter(r"[abcd]{64}", "[digest]");
    settings.bind_to_scope()
}

#[test]
fn a_release_is_planned_put_shown_and_retired() {
    let _steady = steady();
    let (place, server) = shop();
    place.write("release.yaml", release("ghcr.io"));
    let run = |line: &str| server.run(&place, line);
    assert_snapshot!(run("release plan release.yaml"), @r"
    exit status 0
    --- out
    release    checkout-2.4.1
    brings     one-page checkout
    artifact   ghcr.io/shop/checkout:2.4.1 sha256:[digest]
    previous   ghcr.io/shop/checkout:2.4.0 sha256:[digest]
    flags      banner, then checkout-v2
    recovery   reachable: max(up) >= 1 for 2 s
    objective  300 s
    going back is enough
    owner      payments; escalates to payments on duty
    last drill never

    the way back
      1. kill `banner`, then `checkout-v2` (at most 120 s; expect: every live client is dark)
      2. redeploy the previous artifact by `deploy` (at most 900 s; expect: ghcr.io/shop/checkout:2.4.0 is out)
      3. verify `reachable` (at most 360 s; expect: reachable >= 1 for 2 s)
         without `banner`: No banner
         without `checkout-v2`: Old three-page checkout; gift cards cannot be used
    ");
    assert_snapshot!(run("release list"), @r"
    exit status 0
    --- err
    0 releases in production at revision 1
    ");
    assert_snapshot!(run("release put release.yaml --reason checkout"), @r"
    exit status 0
    --- out
    put `checkout-2.4.1` in production, revision 2
    --- err
    look at it: downhaul release check checkout-2.4.1, downhaul release show checkout-2.4.1
    ");
    assert_snapshot!(run("release put release.yaml --reason again"), @r"
    exit status 0
    --- out
    `checkout-2.4.1` in production is so already
    --- err
    look at it: downhaul release check checkout-2.4.1, downhaul release show checkout-2.4.1
    ");
    assert_snapshot!(run("release list"), @r"
    exit status 0
    --- out
    RELEASE         STATE  FLAGS               OWNER     LAST DRILL  PUT                       BY
    checkout-2.4.1  live   checkout-v2 banner  payments  never       [time]  admin
    --- err
    1 release in production at revision 2
    ");
    assert_snapshot!(run("release show checkout-2.4.1"), @r"
    exit status 0
    --- out
    release    checkout-2.4.1
    brings     one-page checkout
    artifact   ghcr.io/shop/checkout:2.4.1 sha256:[digest]
    previous   ghcr.io/shop/checkout:2.4.0 sha256:[digest]
    flags      banner, then checkout-v2
    recovery   reachable: max(up) >= 1 for 2 s
    objective  300 s
    going back is enough
    owner      payments; escalates to payments on duty
    last drill never

    the way back
      1. kill `banner`, then `checkout-v2` (at most 120 s; expect: every live client is dark)
      2. redeploy the previous artifact by `deploy` (at most 900 s; expect: ghcr.io/shop/checkout:2.4.0 is out)
      3. verify `reachable` (at most 360 s; expect: reachable >= 1 for 2 s)
         without `banner`: No banner
         without `checkout-v2`: Old three-page checkout; gift cards cannot be used
    ");
    assert_snapshot!(run("release show chekout"), @r"
    exit status 2
    --- err
    error: there is no release `chekout`

    help: there is `checkout-2.4.1`
    ");
    assert_snapshot!(run("release retire checkout-2.4.1 --reason gone"), @r"
    exit status 0
    --- out
    retired `checkout-2.4.1` in production, revision 3
    ");
    assert_snapshot!(run("release put release.yaml --reason back"), @r"
    exit status 2
    --- err
    error: the release `checkout-2.4.1` was retired at [time], and a key is never used again

    help: give the release another key, such as one with the next version
    ");
    assert_snapshot!(run("release plan"), @r"
    exit status 2
    --- err
    error: there is no terminal to ask questions at

    help: name a file: `downhaul release plan FILE`; its form is that of `downhaul schema release`
    ");
}

#[test]
fn what_is_wrong_with_a_release_is_shown_in_its_file() {
    let _steady = steady();
    let (place, server) = shop();
    place.write("wrong.yaml", release("ghcr.io").replace(">= 1", "about 1"));
    assert_snapshot!(server.run(&place, "release put wrong.yaml --reason r"), @r"
    exit status 3
    --- err
    error[malformed-release]

      × `about 1` is not a condition: write `<`, `<=`, `>`, `>=` or `==` and a number, such as `<
      │ 0.01`
        ╭─[wrong.yaml:9:53]
      8 │ recovery:
      9 │   - { name: reachable, query: 'max(up)', condition: 'about 1', for_seconds: 2 }
        ·                                                     ─────────
     10 │ redeploy: deploy
        ╰────
      help: see docs/reference/release.md, or `downhaul schema release` for an editor

    error: `wrong.yaml` is not a release
    ");
    place.write("unknown.yaml", release("ghcr.io").replace("checkout-v2, banner", "chekout-v2"));
    assert_snapshot!(server.run(&place, "release put unknown.yaml --reason r --format plain"), @r"
    exit status 3
    --- err
    /flags/0: error[unknown-flag]: there is no flag `chekout-v2` (did you mean `checkout-v2`?)
    error[invalid]: refused, and nothing was changed: 1 error
    ");
}

#[test]
fn check_asks_the_registry_and_says_what_is_missing() {
    let _steady = steady();
    let (place, server) = shop();
    let registry = registry();
    place.write("release.yaml", release(&registry.address));
    let checked = server.run(&place, "release check release.yaml");
    assert_eq!(checked.status, 4, "{checked}");
    assert_snapshot!(checked, @r"
    exit status 4
    --- out
    missing  previous artifact: `[address]/shop/checkout:2.4.0` is not there: the answer is 404 Not Found
             push it again, or name one that is there; keep it from being cleaned up
    missing  recovery metric reachable: it could not be asked: the server knows no Prometheus; name it in the targets file
             see that the server reaches Prometheus
    missing  webhook target deploy: the server does not know it
             name it in the server's targets file (`downhaul serve --targets`), or use one that is there
    missing  webhook target pager: the server does not know it
             name it in the server's targets file (`downhaul serve --targets`), or use one that is there
    look at  drill: it was never rehearsed
             rehearse it with `downhaul drill checkout-2.4.1`; a way back that was never gone is a guess
    --- err
    `checkout-2.4.1` is not ready: 4 errors, 1 warning
    ");
    assert_eq!(registry.asked().len(), 6, "each artifact: refused, a token, then asked");

    place.write("other.yaml", release(&registry.address).replace(&digest("b"), &digest("c")));
    let plain = server.run(&place, "release check other.yaml --format plain");
    let differs = plain.stdout.lines().find(|line| line.contains("artifact-differs")).unwrap();
    assert!(differs.contains(&digest("d")), "{plain}");
    let offline = server.run(&place, "release check release.yaml --offline --format json").json();
    let codes: Vec<&str> =
        offline["findings"].as_array().unwrap().iter().map(|each| each["code"].as_str().unwrap()).collect();
    assert_eq!(
        codes,
        [
            "metric-unknown",
            "unknown-target",
            "unknown-target",
            "artifact-unchecked",
            "artifact-unchecked",
            "never-drilled"
        ]
    );
}

/// A file is fetched and hashed, unless its server says the digest by itself.
#[test]
fn a_file_is_what_its_bytes_are() {
    const BYTES: &str = "the shop, 2.4.1";
    // SHA-256 of these bytes.
    const HEX: &str = "ddbbc2c213f7c26e85b6361224523ccf2826c104aea22563f1f5e6a53cb3adb6";
    const BASE64: &str = "3bvCwhP3wm6FtjYSJFI8zygmwQSuoiVj8fXmpTyzrbY=";
    let (place, server) = shop();
    let files = Outside::start(|asked: &Asked| {
        let is = |part: &str| asked.line.contains(part);
        let digest = |base64: &str| vec![("repr-digest", format!("sha-512=:AAAA:, sha-256=:{base64}:"))];
        match () {
            () if is("/gone") => (404, Vec::new(), String::new()),
            () if is("/told.") => (200, digest(BASE64), String::new()),
            () if is("/told-other") => (200, digest("LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE="), String::new()),
            () if asked.line.starts_with("HEAD") => (200, Vec::new(), String::new()),
            () if is("/edited") => (200, Vec::new(), format!("{BYTES}!")),
            () => (200, Vec::new(), BYTES.to_owned()),
        }
    });
    let check = |path: &str, more: &str| {
        let release = format!(
            "key: checkout-2.4.1\nowner: payments\ndata_change: none\nflags: [checkout-v2]\n\
             artifact: {{ kind: http, reference: 'http://{}/{path}', digest: 'sha256:{HEX}' }}\n",
            files.address
        );
        place.write("release.yaml", release);
        let run = server.run(&place, &format!("release check release.yaml --format plain {more}"));
        let of_artifact = run.stdout.lines().find(|line| line.contains("\tartifact\t"));
        let code = of_artifact.map(|line| line.split('\t').nth(1).unwrap().to_owned());
        (code.unwrap_or_default(), run)
    };
    for (path, code) in [
        ("shop.tgz", ""),
        ("edited.tgz", "artifact-differs"),
        ("gone.tgz", "artifact-missing"),
        ("told.tgz", ""),
        ("told-other.tgz", "artifact-differs"),
    ] {
        let (found, run) = check(path, "");
        assert_eq!(found, code, "{path}: {run}");
    }
    let fetched = files.asked().iter().filter(|asked| asked.line.starts_with("GET")).count();
    assert_eq!(fetched, 2, "where the server says the digest, nothing is fetched");
    let (found, run) = check("edited.tgz", "--no-fetch");
    assert_eq!(found, "", "{run}");
    assert!(run.stderr.contains("its digest was not compared"), "{run}");
}

#[test]
fn the_schema_of_a_release_says_what_the_reader_takes() {
    let place = Place::new();
    let schema = place.run("schema release").done().json();
    let properties = schema["properties"].as_object().unwrap();
    for key in ["key", "artifact", "previous", "flags", "recovery", "runbook", "forward_fix"] {
        assert!(properties.contains_key(key), "{key}");
    }
    assert_eq!(schema["required"], serde_json::json!(["key", "artifact"]));
    assert_eq!(schema["additionalProperties"], false);
    assert!(schema["$defs"]["Step"]["properties"]["redeploy"].is_object(), "{schema:#}");
}
