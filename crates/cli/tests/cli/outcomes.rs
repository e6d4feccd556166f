//! How what a flag decides of goes, as people and programs see it.

use crate::server::Server;
use crate::support::{Place, Run, SHOP};
use insta::assert_snapshot;
use serde_json::{Value, json};

struct Shop {
    place: Place,
    server: Server,
}

impl Shop {
    fn new() -> Shop {
        let place = Place::new();
        place.write("flags.json", SHOP);
        let server = Server::start(&place);
        server.run(&place, "apply flags.json --reason first").done();
        Shop { place, server }
    }

    fn run(&self, line: &str) -> Run {
        self.server.run(&self.place, line)
    }

    /// A client of this kind tells of outcomes.
    fn told(&self, kind: &str, counts: &Value) {
        let origin = if kind == "browser" { " --origin https://shop.example" } else { "" };
        let key = self.run(&format!("keys create shop --kind {kind}{origin} --format json")).done().json();
        let body = json!({
            "instance": "i-1", "position": { "epoch": 1, "revision": 1, "kill_revision": 0 }, "state": "live", "sdk": "test/1",
            "outcomes": [{ "sequence": 1, "from_ms": 0, "to_ms": 0, "counts": counts }],
        });
        let request = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = request.post(format!("{}/client/v1/acknowledge", self.server.address));
        let request = request.bearer_auth(key["key"].as_str().unwrap()).json(&body);
        let request = if kind == "browser" { request.header("origin", "https://shop.example") } else { request };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let status = runtime.block_on(request.send()).unwrap().status();
        assert_eq!(status, 204);
    }
}

fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"(now|\d+ (s|min) ago)\n", "[ago]\n");
    settings.add_filter(r"began \d+ s ago", "began [ago]");
    settings.bind_to_scope()
}

#[test]
fn outcomes_for_people_scripts_and_programs() {
    let _steady = steady();
    let shop = Shop::new();
    assert_snapshot!(shop.run("outcomes"), @"
    exit status 0
    --- err
    no data: no client told of an outcome within the last 5 min in production; applications count them with `downhaul/outcomes`
    the server began [ago], and counts do not outlive it
    ");
    shop.told(
        "server",
        &json!([
            { "flag": "checkout-v2", "variant": "on", "ok": 903, "failed": 97 },
            { "flag": "checkout-v2", "variant": "off", "ok": 412, "failed": 2 },
            { "flag": "chekout", "variant": "on", "ok": 1 },
        ]),
    );
    shop.told("browser", &json!([{ "flag": "checkout-v2", "variant": "on", "ok": 12 }]));
    assert_snapshot!(shop.run("outcomes checkout-v2 --last 90s"), @"
    exit status 0
    --- out
    FLAG         VARIANT  TOLD BY  OK   FAILED  SHARE  LAST
    checkout-v2  off      server   412  2       0.5 %  [ago]
    checkout-v2  on       browser  12   0       0 %    [ago]
    checkout-v2  on       server   903  97      9.7 %  [ago]
    --- err
    outcomes of `checkout-v2` of the last 90 s in production
    the server began [ago], and counts do not outlive it
    what browsers tell, anybody with their key can claim: metrics count it only `with browsers`
    passed over since the server began: 1 of unknown flags or variants
    ");
    assert_snapshot!(shop.run("outcomes banner --format plain"), @"
    exit status 0
    --- err
    no data: no client told of an outcome of `banner` within the last 5 min in production; applications count them with `downhaul/outcomes`
    the server began [ago], and counts do not outlive it
    passed over since the server began: 1 of unknown flags or variants
    ");
    let page = shop.run("outcomes --format json").done().json();
    assert_eq!(page["outcomes"][2]["share"], 0.097);
    assert_eq!((&page["least"], &page["seconds"]), (&json!(20), &json!(300)));
    assert_snapshot!(shop.run("outcomes chekout-v2"), @"
    exit status 2
    --- err
    error: there is no flag `chekout-v2`

    help: list the flags to see which there are
    ");
    assert_snapshot!(shop.run("outcomes --last 1h"), @"
    exit status 2
    --- err
    error: invalid value '1h' for '--last <TIME>': write seconds as `90s`, minutes as `5m`

    For more information, try '--help'.
    ");
}

#[test]
fn a_metric_of_outcomes_is_checked_where_it_is_written() {
    let shop = Shop::new();
    let digest = "a".repeat(64);
    let release = format!(
        "key: shop-2.4.1\nartifact: {{ kind: oci, reference: 'ghcr.io/shop/shop:2.4.1', digest: 'sha256:{digest}' }}\nflags: [checkout-v2]\nrecovery:\n  - {{ name: fails, query: outcomes of checkout-v2 over 5m, condition: '< 0.02' }}\n"
    );
    shop.place.write("release.yaml", &release);
    assert_snapshot!(shop.run("release plan release.yaml"), @"
    exit status 3
    --- err
    error[malformed-metric]

      × `outcomes of checkout-v2 over 5m` is no metric of outcomes
       ╭─[release.yaml:5:27]
     4 │ recovery:
     5 │   - { name: fails, query: outcomes of checkout-v2 over 5m, condition: '< 0.02' }
       ·                           ───────────────────────────────
       ╰────
      help: write `outcomes of FLAG over 60s`, or `FLAG=VARIANT` for one variant; from 15s to 900s;
            `with browsers` at its end where what they claim is to count

    error: `release.yaml` is not a release
    ");
    shop.place.write("release.yaml", release.replace("5m", "300s"));
    let planned = shop.run("release plan release.yaml");
    assert!(planned.stdout.contains("outcomes of checkout-v2 over 300s"), "{planned}");
}
