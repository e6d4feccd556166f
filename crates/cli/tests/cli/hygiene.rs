//! Flags that nobody needs: listed, and retired with care.

use crate::server::Server;
use crate::support::{Place, Run, SHOP};
use insta::assert_snapshot;

struct Shop {
    place: Place,
    server: Server,
}

impl Shop {
    /// `old` has expired and gives everyone the same; nothing else does.
    fn new() -> Shop {
        let place = Place::new();
        let server = Server::start(&place);
        let old = r#"{ "key": "old", "owner": "web|shop", "kind": "release", "expires": "2026-01-31",
            "clients": ["server"], "variants": { "on": true, "off": false },
            "degraded": { "variant": "off", "meaning": "As before" }, "default": "on" },
            { "key": "banner", "#;
        place.write("flags.json", SHOP.replace(r#"{ "key": "banner", "#, old));
        let shop = Shop { place, server };
        shop.run("apply flags.json --reason first").done();
        shop
    }

    fn run(&self, line: &str) -> Run {
        self.server.run(&self.place, line)
    }
}

#[test]
fn flags_to_look_at_for_people_pipelines_and_programs() {
    let shop = Shop::new();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d+ days ago", "[days] days ago");
    let _steady = settings.bind_to_scope();
    assert_snapshot!(shop.run("stale"), @"
    exit status 2
    --- out
    FLAG  OWNER     WHY                                     WHAT TO DO
    old   web|shop  it expired on 2026-01-31, [days] days ago  retire it, or give it a later date and say why
    --- err
    1 finding in production; allowed are 30 days without being asked for, and 30 days of one variant
    no client tells which flags it asks for, so that those not asked for are not known
    ");
    assert_snapshot!(shop.run("stale --days 90 --format markdown"), @r"
    exit status 2
    --- out
    **Flags to look at in production: 1 finding**

    | flag | owner | why | what to do |
    |---|---|---|---|
    | `old` | web\|shop | it expired on 2026-01-31, [days] days ago | retire it, or give it a later date and say why |
    --- err
    1 finding in production; allowed are 90 days without being asked for, and 90 days of one variant
    no client tells which flags it asks for, so that those not asked for are not known
    ");
    let page = shop.run("stale --format json").json();
    assert_eq!((&page["stale"][0]["kind"], &page["idle_days"]), (&"expired".into(), &30.into()));
    shop.run("retire old --reason tidy").done();
    let none = shop.run("stale --format plain");
    assert_eq!((none.status, none.stdout.as_str()), (0, ""), "{none}");
    assert_eq!(shop.run("stale --days 0").status, 2);
}

#[test]
fn a_flag_is_not_retired_while_something_counts_on_it() {
    let shop = Shop::new();
    shop.place.write("src/page.ts", "if (flags.boolean(\"old\", false)) show();\nlog('old');\n");
    shop.place.write("src/data.bin", "\0old\0");
    assert_snapshot!(shop.run("retire old --refs src --dry-run"), @"
    exit status 2
    --- out
    `old` is not to be retired yet in production (revision 1)
    now:    on for everyone
    then:   everyone gets `on` now; whoever still asks for it gets the default of the call, and its key is never used again: that default should say the same
    first:  code refers to it at src/page.ts:1:20, src/page.ts:2:6 (in-code): take it out of the code first: `downhaul refs` shows every place
    --- err
    skipped src/data.bin: it is binary
    no server client tells which flags it asks for: whether one asks for this is not known
    nothing was changed (dry run)
    ");
    assert_snapshot!(shop.run("retire old --refs src --reason tidy"), @"
    exit status 2
    --- err
    skipped src/data.bin: it is binary
    error: `old` is not to be retired yet: code refers to it at src/page.ts:1:20, src/page.ts:2:6 (in-code)

    help: mend that first; whoever knows better says so with `--anyway`, and why in the reason
    ");
    let refused = shop.run("retire checkout-v2 --reason tidy --anyway --format plain");
    assert_snapshot!(refused, @"
    exit status 2
    --- err
    error[still-in-use]: `checkout-v2` is not to be retired yet: it is required by `banner` (still-required) (retire them first, or take `checkout-v2` out of their `requires`)
    ");
    let banner = shop.run("retire banner --dry-run --format json");
    let codes: Vec<_> =
        banner.json()["obstacles"].as_array().unwrap().iter().map(|each| each["code"].clone()).collect();
    assert_eq!((banner.status, codes), (2, vec!["permanent".into(), "serves-several".into()]));
    let missing = shop.run("retire old --format plain");
    assert!(missing.status == 2 && missing.stderr.contains("missing-reason"), "{missing}");
    let since = shop.run("retire old --reason tidy --since 0 --format plain");
    assert!(since.status == 2 && since.stderr.contains("changed-since"), "{since}");
    assert_snapshot!(shop.run("retire old --refs src --reason only-a-log-line --anyway --since 1"), @"
    exit status 0
    --- out
    retired `old` in production, revision 2
    --- err
    skipped src/data.bin: it is binary
    everyone gets `on` now; whoever still asks for it gets the default of the call, and its key is never used again: that default should say the same
    ");
}
