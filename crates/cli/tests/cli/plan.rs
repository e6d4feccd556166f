//! `downhaul plan`, and `downhaul apply` of what it saved, as whole runs.

use crate::server::Server;
use crate::support::{Place, SHOP};
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::path::Path;

/// Twice as many of the first cohort.
fn ramp() -> String {
    SHOP.replace("25000", "50000").replace("75000", "50000")
}

fn pair(old: &str, new: &str) -> Place {
    let place = Place::new();
    place.write("old.json", old);
    place.write("new.json", new);
    place
}

/// The text of a flag, ready for the list of flags.
fn flag(key: &str, more: &str) -> String {
    format!(
        r#"{{ "key": "{key}", "owner": "web", "kind": "ops", "review": "2099-01-31",
          "variants": {{ "on": true, "off": false }}, "degraded": {{ "variant": "off", "meaning": "Less" }},
          "default": "off"{more} }}"#
    )
}

fn set(flags: &[String]) -> String {
    format!(r#"{{ "schema": 1, "environment": "production", "revision": 1, "flags": [{}] }}"#, flags.join(","))
}

#[test]
fn a_ramp_in_every_format() {
    let place = pair(SHOP, &ramp());
    assert_snapshot!(place.run("plan old.json new.json"), @r#"
    exit status 2
    --- out
    2 of 2 flags change; largest move: `banner`, at most 25.000 % of everyone
    from old.json to new.json

    banner  moves at most 25.000 % of everyone  by what it depends on
      `none` -> `plain` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey with salt `checkout-v2`
        where tenant is `acme`
          and region within `eu`
          and not (in segment `staff`)
        such as {"region":"eu","targetingKey":"user-1","tenant":"acme"}

    checkout-v2  moves at most 25.000 % of everyone
      `off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey
        where tenant is `acme`
          and region within `eu`
          and not (in segment `staff`)
        such as {"region":"eu","targetingKey":"user-1","tenant":"acme"}
    "#);
    assert_snapshot!(place.run("plan old.json new.json --format plain"), @r#"
    exit status 2
    --- out
    plan	changes	2 of 2 flags change; largest move: `banner`, at most 25.000 % of everyone
    flag	banner	changed	depends	0	0.25		
    transition	banner	none	plain	
    region	banner	0.25	`none` -> `plain` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey with salt `checkout-v2`	tenant is `acme` and region within `eu` and not (in segment `staff`)	{"region":"eu","targetingKey":"user-1","tenant":"acme"}
    flag	checkout-v2	changed	edited	0	0.25		
    transition	checkout-v2	off	on	
    region	checkout-v2	0.25	`off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey	tenant is `acme` and region within `eu` and not (in segment `staff`)	{"region":"eu","targetingKey":"user-1","tenant":"acme"}
    "#);
    assert_snapshot!(place.run("plan old.json new.json --format markdown"), @r#"
    exit status 2
    --- out
    ### 2 of 2 flags change; largest move: `banner`, at most 25.000 % of everyone

    From `old.json` to `new.json`.

    #### `banner` (by what it depends on)

    | what | how many |
    |---|---|
    | `` `none` -> `plain` `` | at most 25.000 % of everyone |

    <details><summary>1 region</summary>

    - `` `none` -> `plain` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey with salt `checkout-v2` ``
      - `` tenant is `acme` ``
      - `` region within `eu` ``
      - ``not (in segment `staff`)``
      - such as `{"region":"eu","targetingKey":"user-1","tenant":"acme"}`

    </details>

    #### `checkout-v2`

    | what | how many |
    |---|---|
    | `` `off` -> `on` `` | at most 25.000 % of everyone |

    <details><summary>1 region</summary>

    - `` `off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey ``
      - `` tenant is `acme` ``
      - `` region within `eu` ``
      - ``not (in segment `staff`)``
      - such as `{"region":"eu","targetingKey":"user-1","tenant":"acme"}`

    </details>
    "#);
    let run = place.run("plan old.json new.json --format json");
    assert_eq!(run.status, 2, "{run}");
    let plan = run.json();
    assert_eq!(plan["verdict"], "changes");
    assert_eq!(plan["old"]["digest"], place.run("digest old.json").done().stdout.trim());
    assert_eq!(plan["new"]["digest"], place.run("digest new.json").done().stdout.trim());
    let flag = &plan["flags"]["checkout-v2"];
    assert_eq!((&flag["moved"], &flag["of"]), (&Value::Null, &Value::Null));
    assert_eq!(flag["transitions"], json!([{ "from": "off", "to": "on", "weight": null }]));
    let region = &flag["regions"][0];
    assert_eq!(region["bucket"], json!({ "by": "targetingKey", "salt": "checkout-v2", "from": 25000, "to": 50000 }));
    assert_eq!((&region["share"], &region["from"], &region["to"]), (&json!(0.25), &json!("off"), &json!("on")));
    assert_eq!(region["when"][0], json!({ "tenant": ["acme"] }));
    // The witness is moved, as the evaluator of the same binary says.
    for (file, variant) in [("old.json", "off"), ("new.json", "on")] {
        let witness = region["witness"].to_string();
        let line = ["explain", "--flags", file, "--flag", "checkout-v2", "--format", "json", "--context", &witness];
        assert_eq!(place.run_with(line).done().json()["variant"], variant, "{file}");
    }
}

#[test]
fn nothing_changes() {
    let place = pair(SHOP, &SHOP.replace("One-page checkout", "The checkout on one page"));
    assert_snapshot!(place.run("plan old.json old.json"), @r#"
    exit status 0
    --- out
    nobody is given anything else by any of 2 flags
    from old.json to old.json
    "#);
    assert_snapshot!(place.run("plan old.json new.json"), @r#"
    exit status 0
    --- out
    nobody is given anything else by any of 2 flags
    from old.json to new.json

    edited, and nobody is given anything else by: `checkout-v2`
    "#);
    assert_snapshot!(place.run("plan old.json new.json --format plain"), @r#"
    exit status 0
    --- out
    plan	no-change	nobody is given anything else by any of 2 flags
    idle	checkout-v2
    "#);
    assert_snapshot!(place.run("plan old.json new.json --format markdown"), @r#"
    exit status 0
    --- out
    ### Nobody is given anything else by any of 2 flags

    From `old.json` to `new.json`.

    Edited, and nobody is given anything else by: `checkout-v2`.
    "#);
}

#[test]
fn every_kind_of_difference() {
    let rules = r#", "rules": [{ "when": [{ "attribute": "plan", "op": "in", "values": ["pro", "a`b|<i>\u001b[31m"] }], "serve": "on" }]"#;
    let split = |by: &str, on: u32| {
        format!(
            r#", "rules": [{{ "split": {{ "by": "{by}", "slices": [["on", {on}], ["off", {}]] }} }}]"#,
            100_000 - on
        )
    };
    let place = pair(
        &set(&[
            flag("gone", ""),
            flag("value", ""),
            flag("conditions", ""),
            flag("everyone", ""),
            flag("buckets", &split("targetingKey", 10_000)),
            flag("tenants", &split("tenant", 0)),
            flag("reasons", ""),
            flag("same", ""),
        ]),
        &set(&[
            flag("new", ""),
            flag("value", "").replace("\"off\": false", "\"off\": true"),
            flag("conditions", rules),
            flag("everyone", "").replace(r#""default": "off""#, r#""default": "on""#),
            flag("buckets", &split("targetingKey", 30_000)),
            flag("tenants", &split("tenant", 5_000)),
            flag("reasons", &rules.replace("\"serve\": \"on\"", "\"serve\": \"off\"")),
            flag("same", ""),
        ]),
    );
    assert_snapshot!(place.run("plan old.json new.json"), @r#"
    exit status 2
    --- out
    8 of 9 flags differ: 5 change, 1 is new, 1 is removed, 1 changes reasons only; largest move: `everyone`, everyone
    from old.json to new.json

    everyone  moves everyone
      `off` -> `on` for everyone
        such as {}

    value  moves everyone
      `off`: value false -> true for everyone
        such as {}

    conditions  moves an unknown part of everyone
      `off` -> `on` for all of them
        where `plan` is `pro` or `a`b|<i> [31m`
        such as {"plan":"a`b|<i>\u001b[31m"}
      1 further region keeps the variant for another reason

    tenants  moves an unknown part of everyone
      `off` -> `on` for 5.000 % of everyone, buckets 0 to 5000 by tenant
        such as {"tenant":"other-13"}

    buckets  moves 20.000 % of everyone
      `off` -> `on` for 20.000 % of everyone, buckets 10 000 to 30 000 by targetingKey
        such as {"targetingKey":"user-7"}

    gone  removed
      who asks for it gets the caller's default

    new  new
      who asks for it gets what it says, and no longer the caller's default

    reasons  reasons only
      `off` as before, STATIC -> DEFAULT for all of them
        where not (`plan` is `pro` or `a`b|<i> [31m`)
        such as {}
      `off` as before, STATIC -> TARGETING_MATCH for all of them
        where `plan` is `pro` or `a`b|<i> [31m`
        such as {"plan":"a`b|<i>\u001b[31m"}
    "#);
    assert_snapshot!(place.run("plan old.json new.json --format markdown"), @r#"
    exit status 2
    --- out
    ### 8 of 9 flags differ: 5 change, 1 is new, 1 is removed, 1 changes reasons only; largest move: `everyone`, everyone

    From `old.json` to `new.json`.

    #### `everyone`

    | what | how many |
    |---|---|
    | `` `off` -> `on` `` | everyone |

    <details><summary>1 region</summary>

    - `` `off` -> `on` for everyone ``
      - such as `{}`

    </details>

    #### `value`

    | what | how many |
    |---|---|
    | `` `off`: value false -> true `` | everyone |

    <details><summary>1 region</summary>

    - `` `off`: value false -> true for everyone ``
      - such as `{}`

    </details>

    #### `conditions`

    | what | how many |
    |---|---|
    | `` `off` -> `on` `` | an unknown part of everyone |

    <details><summary>1 region</summary>

    - `` `off` -> `on` for all of them ``
      - `` `plan` is `pro` or `a`b|<i> [31m` ``
      - such as ``{"plan":"a`b|<i>\u001b[31m"}``

    </details>

    <details><summary>1 region in which only the reason differs</summary>

    - `` `off` as before, STATIC -> DEFAULT for all of them ``
      - ``not (`plan` is `pro` or `a`b|<i> [31m`)``
      - such as `{}`

    </details>

    #### `tenants`

    | what | how many |
    |---|---|
    | `` `off` -> `on` `` | an unknown part of everyone |

    <details><summary>1 region</summary>

    - `` `off` -> `on` for 5.000 % of everyone, buckets 0 to 5000 by tenant ``
      - such as `{"tenant":"other-13"}`

    </details>

    #### `buckets`

    | what | how many |
    |---|---|
    | `` `off` -> `on` `` | 20.000 % of everyone |

    <details><summary>1 region</summary>

    - `` `off` -> `on` for 20.000 % of everyone, buckets 10 000 to 30 000 by targetingKey ``
      - such as `{"targetingKey":"user-7"}`

    </details>

    #### `gone` (removed)

    Who asks for it gets the caller's default.

    #### `new` (new)

    Who asks for it gets what it says, and no longer the caller's default.

    #### `reasons` (reasons only)

    <details><summary>2 regions in which only the reason differs</summary>

    - `` `off` as before, STATIC -> DEFAULT for all of them ``
      - ``not (`plan` is `pro` or `a`b|<i> [31m`)``
      - such as `{}`
    - `` `off` as before, STATIC -> TARGETING_MATCH for all of them ``
      - `` `plan` is `pro` or `a`b|<i> [31m` ``
      - such as ``{"plan":"a`b|<i>\u001b[31m"}``

    </details>
    "#);
    assert_snapshot!(place.run("plan old.json new.json --limit-nodes 1 --format plain"), @r#"
    exit status 2
    --- out
    plan	changes	8 of 9 flags differ: 2 change, 1 is new, 1 is removed, 4 could not be compared; largest move: `everyone`, everyone
    flag	everyone	changed	edited	1	1		
    transition	everyone	off	on	
    region	everyone	1	`off` -> `on` for everyone	everyone	{}
    flag	value	changed	edited	1	1		
    transition	value	off	off	
    region	value	1	`off`: value false -> true for everyone	everyone	{}
    flag	buckets	unknown	edited	0	1		
    flag	conditions	unknown	edited	0	1		
    flag	reasons	unknown	edited	0	1		
    flag	tenants	unknown	edited	0	1		
    flag	gone	removed	edited	0	0		
    flag	new	added	edited	0	0
    "#);
}

/// The example shop, and the same with `checkout-v2` ramped up.
fn example() -> Place {
    let place = Place::new();
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop/flags");
    for file in std::fs::read_dir(&shop).unwrap() {
        let path = file.unwrap().path();
        let (name, text) = (path.file_name().unwrap().to_str().unwrap(), std::fs::read_to_string(&path).unwrap());
        place.write(&format!("old/{name}"), &text);
        let edited = text.replace(r#"["on", 25000], ["off", 75000]"#, r#"["on", 50000], ["off", 50000]"#);
        assert_eq!(name == "checkout-v2.json", edited != text, "{name}");
        place.write(&format!("new/{name}"), edited);
    }
    place
}

#[test]
fn an_edit_of_the_example_shop() {
    let place = example();
    assert_snapshot!(place.run("plan old new"), @r#"
    exit status 2
    --- out
    1 of 18 flags changes; largest move: `checkout-v2`, at most 25.000 % of everyone
    from old to new

    checkout-v2  moves at most 25.000 % of everyone  critical
      `off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey
        where tenant is `globex` or `initech`
          and region within `europe` or `north-america`
          and `app.version` is a version `>=2.3.0 <3.0.0`
          and not (in segment `staff`)
          and not (in segment `legacy-browsers`)
          and not (`tenant.plan` is `starter` and not (region within `gb`, `ie`, `us` or `ca`))
        such as {"app.version":"2.3.0","region":"ad","targetingKey":"user-1","tenant":"globex"}
      `off` -> `on` for 20.000 % of them, buckets 25 000 to 50 000 by targetingKey and buckets 0 to 80 000 by targetingKey with salt `cart-service-v3`
        where tenant is `globex` or `initech`
          and region within `europe` or `north-america`
          and `app.version` is a version `>=2.3.0 <3.0.0`
          and `tenant.plan` is `starter`
          and not (region within `gb`, `ie`, `us` or `ca`)
          and not (in segment `staff`)
          and not (in segment `legacy-browsers`)
        such as {"app.version":"2.3.0","region":"ad","targetingKey":"user-1","tenant":"initech"}
    "#);
    assert_snapshot!(place.run("plan old new --format plain"), @r#"
    exit status 2
    --- out
    plan	changes	1 of 18 flags changes; largest move: `checkout-v2`, at most 25.000 % of everyone
    flag	checkout-v2	changed	edited	0	0.25		
    transition	checkout-v2	off	on	
    region	checkout-v2	0.25	`off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey	tenant is `globex` or `initech` and region within `europe` or `north-america` and `app.version` is a version `>=2.3.0 <3.0.0` and not (in segment `staff`) and not (in segment `legacy-browsers`) and not (`tenant.plan` is `starter` and not (region within `gb`, `ie`, `us` or `ca`))	{"app.version":"2.3.0","region":"ad","targetingKey":"user-1","tenant":"globex"}
    region	checkout-v2	0.2	`off` -> `on` for 20.000 % of them, buckets 25 000 to 50 000 by targetingKey and buckets 0 to 80 000 by targetingKey with salt `cart-service-v3`	tenant is `globex` or `initech` and region within `europe` or `north-america` and `app.version` is a version `>=2.3.0 <3.0.0` and `tenant.plan` is `starter` and not (region within `gb`, `ie`, `us` or `ca`) and not (in segment `staff`) and not (in segment `legacy-browsers`)	{"app.version":"2.3.0","region":"ad","targetingKey":"user-1","tenant":"initech"}
    "#);
    assert_snapshot!(place.run("plan old new --format markdown"), @r#"
    exit status 2
    --- out
    ### 1 of 18 flags changes; largest move: `checkout-v2`, at most 25.000 % of everyone

    From `old` to `new`.

    #### `checkout-v2` (critical)

    | what | how many |
    |---|---|
    | `` `off` -> `on` `` | at most 25.000 % of everyone |

    <details><summary>2 regions</summary>

    - `` `off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey ``
      - `` tenant is `globex` or `initech` ``
      - `` region within `europe` or `north-america` ``
      - `` `app.version` is a version `>=2.3.0 <3.0.0` ``
      - ``not (in segment `staff`)``
      - ``not (in segment `legacy-browsers`)``
      - ``not (`tenant.plan` is `starter` and not (region within `gb`, `ie`, `us` or `ca`))``
      - such as `{"app.version":"2.3.0","region":"ad","targetingKey":"user-1","tenant":"globex"}`
    - `` `off` -> `on` for 20.000 % of them, buckets 25 000 to 50 000 by targetingKey and buckets 0 to 80 000 by targetingKey with salt `cart-service-v3` ``
      - `` tenant is `globex` or `initech` ``
      - `` region within `europe` or `north-america` ``
      - `` `app.version` is a version `>=2.3.0 <3.0.0` ``
      - `` `tenant.plan` is `starter` ``
      - ``not (region within `gb`, `ie`, `us` or `ca`)``
      - ``not (in segment `staff`)``
      - ``not (in segment `legacy-browsers`)``
      - such as `{"app.version":"2.3.0","region":"ad","targetingKey":"user-1","tenant":"initech"}`

    </details>
    "#);
}

#[test]
fn a_plan_of_many_flags_is_a_screen() {
    let rule = |at: usize| {
        format!(
            r#"{{ "when": [{{ "attribute": "a", "op": "between", "values": [{at}, {}] }}],
               "split": {{ "slices": [["on", {}]] }} }}"#,
            at + 1,
            1000 * (at + 1)
        )
    };
    let rules = format!(r#", "rules": [{}]"#, (0..9).map(rule).collect::<Vec<_>>().join(","));
    let flags = |more: &str| set(&(0..25).map(|at| flag(&format!("f{at:02}"), more)).collect::<Vec<_>>());
    let place = pair(&flags(""), &flags(&rules));
    let run = place.run("plan old.json new.json");
    assert!(run.stdout.contains("\n  and 4 more regions; see --format json\n"), "{run}");
    assert!(run.stdout.contains("\nand 5 more flags; see --format json\n"), "{run}");
    assert_eq!(place.run("plan old.json new.json --format json").json()["flags"].as_object().unwrap().len(), 25);
}

#[test]
fn what_cannot_be_planned_never_looks_like_a_change() {
    let place = pair(SHOP, &SHOP.replace("\"default\": \"off\"", "\"default\": \"of\""));
    assert_snapshot!(place.run("plan old.json new.json --format plain"), @r#"
    exit status 3
    --- err
    new.json:16:18: error[unknown-variant]: flag `checkout-v2` has no variant `of` (did you mean `off`?)
    error[document-refused]: the flag set is refused: 1 error
    "#);
    assert_snapshot!(place.run("plan old.json nowhere.json"), @r#"
    exit status 1
    --- err
    error: cannot read `nowhere.json`: there is no such file

    help: check the path; it is relative to the current folder
    "#);
    assert_snapshot!(place.run("plan old.json"), @r#"
    exit status 1
    --- err
    error: the following required arguments were not provided:
      <NEW>

    Usage: downhaul plan <OLD> <NEW>

    For more information, try '--help'.
    "#);
    assert_snapshot!(place.run("plan old.json new.json --format xml --format plain"), @r#"
    exit status 1
    --- err
    error[usage]: invalid value 'xml' for '--format <FORMAT>' [possible values: human, plain, json, markdown] (For more information, try '--help'.)
    "#);
    assert_snapshot!(place.run("plan old.json old.json --prune"), @r#"
    exit status 1
    --- err
    error: `--prune` is about what is published

    help: give `server` as OLD; of files, all is compared as it stands
    "#);
    assert_snapshot!(place.run("plan - -"), @r#"
    exit status 1
    --- err
    error: only one of both flag sets and the population can come from standard input

    help: put the others into files
    "#);
    assert_snapshot!(place.run("plan old.json server:new"), @r#"
    exit status 1
    --- err
    error: invalid value 'server:new' for '<NEW>': write a past revision as `server:40`, and a file of that name as `./server:…`

    For more information, try '--help'.
    "#);
    let unreachable = place.run("plan server old.json --server http://127.0.0.1:9");
    assert_eq!(unreachable.status, 1, "{unreachable}");
    // Other verbs know nothing of Markdown, and a wrong use of theirs is what it was.
    assert_eq!(place.run("check old.json --format markdown").status, 2);
}

/// Snapshots without what differs from run to run.
fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"127\.0\.0\.1:\d+", "[address]");
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[digest]");
    settings.bind_to_scope()
}

fn served() -> (Place, Server) {
    let place = pair(SHOP, &ramp());
    let server = Server::start(&place);
    server.run(&place, "apply old.json --reason first").done();
    (place, server)
}

#[test]
fn what_was_reviewed_is_applied() {
    let _steady = steady();
    let (place, server) = served();
    let run = |line: &str| server.run(&place, line);
    assert_snapshot!(run("plan server new.json --save ramp.plan.json"), @r#"
    exit status 2
    --- out
    2 of 2 flags change; largest move: `banner`, at most 25.000 % of everyone
    from production of http://[address] at revision 1 to new.json

    banner  moves at most 25.000 % of everyone  by what it depends on
      `none` -> `plain` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey with salt `checkout-v2`
        where tenant is `acme`
          and region within `eu`
          and not (in segment `staff`)
        such as {"region":"eu","targetingKey":"user-1","tenant":"acme"}

    checkout-v2  moves at most 25.000 % of everyone
      `off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey
        where tenant is `acme`
          and region within `eu`
          and not (in segment `staff`)
        such as {"region":"eu","targetingKey":"user-1","tenant":"acme"}
    --- err
    saved as ramp.plan.json; as long as production is at revision 1: downhaul apply --plan ramp.plan.json --reason …
    "#);
    assert_snapshot!(run("apply ramp.plan.json --reason reviewed --dry-run"), @r#"
    exit status 0
    --- out
    OUTCOME  WHAT  KEY          REVISION
    changed  flag  checkout-v2
    --- err
    1 difference, 4 unchanged; nothing was changed (dry run); production is at revision 1
    "#);
    assert_snapshot!(run("apply --plan ramp.plan.json --reason reviewed"), @r#"
    exit status 0
    --- out
    OUTCOME  WHAT  KEY          REVISION
    changed  flag  checkout-v2  2
    --- err
    1 difference, 4 unchanged; applied; production is at revision 2
    "#);
    assert_snapshot!(run("plan server new.json"), @r#"
    exit status 0
    --- out
    nobody is given anything else by any of 2 flags
    from production of http://[address] at revision 2 to new.json
    "#);
    assert_snapshot!(run("plan server:1 server --format plain"), @r#"
    exit status 2
    --- out
    plan	changes	2 of 2 flags change; largest move: `banner`, at most 25.000 % of everyone
    flag	banner	changed	depends	0	0.25		
    transition	banner	none	plain	
    region	banner	0.25	`none` -> `plain` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey with salt `checkout-v2`	tenant is `acme` and region within `eu` and not (in segment `staff`)	{"region":"eu","targetingKey":"user-1","tenant":"acme"}
    flag	checkout-v2	changed	edited	0	0.25		
    transition	checkout-v2	off	on	
    region	checkout-v2	0.25	`off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey	tenant is `acme` and region within `eu` and not (in segment `staff`)	{"region":"eu","targetingKey":"user-1","tenant":"acme"}
    "#);
    assert_snapshot!(run("apply --plan ramp.plan.json --reason again"), @r#"
    exit status 2
    --- err
    error: production is at revision 2, and revision 1 was expected

    help: look at what has changed since, and plan again
    "#);
}

#[test]
fn a_plan_is_refused_once_the_server_has_moved() {
    let _steady = steady();
    let (place, server) = served();
    let run = |line: &str| server.run(&place, line);
    assert_eq!(run("plan server new.json --save ramp.plan.json").status, 2);
    run("kill checkout-v2 --reason broken").done();
    for line in ["apply --plan ramp.plan.json --reason reviewed", "apply ramp.plan.json --reason reviewed --dry-run"] {
        let refused = run(line);
        assert_eq!(refused.status, 2, "{refused}");
        assert!(refused.stderr.contains("revision 2, and revision 1 was expected"), "{refused}");
    }
    assert_eq!(run("flags --format json").done().json()["position"]["revision"], 2, "nothing was changed");
    // A kill stays, whatever is applied, so while it is in force the ramp moves nobody.
    assert_snapshot!(run("plan server new.json"), @r#"
    exit status 0
    --- out
    nobody is given anything else by any of 2 flags
    from production of http://[address] at revision 2 to new.json

    edited, and nobody is given anything else by: `checkout-v2`
    edited while killed, and what they give once restored was not compared: `checkout-v2`
    "#);

    // A server of which everything is new has the same revisions, and other documents.
    let other = Place::new();
    other.write("flags.json", SHOP.replace("\"acme\": { \"plan\": \"enterprise\" }", "\"acme\": {}"));
    let elsewhere = Server::start(&other);
    elsewhere.run(&other, "apply flags.json --reason first").done();
    let mut command = other.command(["apply", "--reason", "reviewed", "--plan"]);
    command.arg(place.path().join("ramp.plan.json"));
    command.env("DOWNHAUL_SERVER", &elsewhere.address).env("DOWNHAUL_DATA", other.path().join("data"));
    let refused = crate::support::Run::of(command, b"");
    assert_eq!(refused.status, 2, "{refused}");
    assert!(refused.stderr.contains("document digest"), "{refused}");
}

#[test]
fn a_plan_that_does_not_hold_what_was_reviewed_is_refused() {
    let _steady = steady();
    let (place, server) = served();
    let run = |line: &str| server.run(&place, line);
    assert_eq!(run("plan server new.json --save good.plan.json").status, 2);
    let good = std::fs::read_to_string(place.path().join("good.plan.json")).unwrap();
    let with = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut plan: Value = serde_json::from_str(&good).unwrap();
        change(&mut plan);
        place.write(name, plan.to_string());
    };
    with("edited.plan.json", &|plan| plan["document"]["flags"][0]["default"] = json!("on"));
    with("broken.plan.json", &|plan| plan["document"]["flags"][0]["default"] = json!(7));
    with("bare.plan.json", &|plan| drop(plan.as_object_mut().unwrap().remove("document")));
    with("newer.plan.json", &|plan| plan["plan"] = json!(2));
    with("elsewhere.plan.json", &|plan| plan["old"]["environment"] = json!("staging"));
    place.write("nonsense.plan.json", "{");
    assert_eq!(run("plan old.json new.json --save files.plan.json").status, 2);
    let refused = |name| run(&format!("apply {name}.plan.json --reason reviewed --format plain")).to_string();
    let names = ["edited", "broken", "bare", "newer", "elsewhere", "nonsense", "files"];
    assert_snapshot!(names.map(refused).concat(), @r#"
    exit status 3
    --- err
    error[plan-document]: `edited.plan.json`: the plan's document has the digest [digest], which is not the one that was planned (plan again: `downhaul plan server … --save FILE`)
    exit status 3
    --- err
    error[plan-document]: `broken.plan.json`: the plan's document cannot be read: /flags/0/default: expected a text, found a number (put it into double quotes) (plan again: `downhaul plan server … --save FILE`)
    exit status 3
    --- err
    error[plan-document]: `bare.plan.json`: the plan does not hold the new document (plan again: `downhaul plan server … --save FILE`)
    exit status 3
    --- err
    error[plan-format]: `newer.plan.json` is a plan of format 2, and this reads format 1 (plan again with this version of downhaul)
    exit status 2
    --- err
    error[plan-elsewhere]: `elsewhere.plan.json` was made for staging, and this is production (name it with `--environment staging`, or plan again: `downhaul plan server … --save FILE`)
    exit status 3
    --- err
    error[not-a-plan]: `nonsense.plan.json` is not a plan: EOF while parsing an object at line 1 column 1 (give a file that `downhaul plan --save` wrote)
    exit status 2
    --- err
    error[plan-without-base]: `files.plan.json` compares files, and says nothing about what is published (plan again: `downhaul plan server … --save FILE`)
    "#);
    assert_snapshot!(run("apply good.plan.json old.json --reason reviewed"), @r#"
    exit status 2
    --- err
    error: `good.plan.json` is a plan, and is applied by itself

    help: leave the other paths out; the plan holds the flag set
    "#);
    assert_snapshot!(run("apply good.plan.json --prune --reason reviewed"), @r#"
    exit status 2
    --- err
    error: `--prune` belongs to the plan, which says already what goes

    help: plan again with `downhaul plan server … --prune`
    "#);
    assert_snapshot!(run("apply --plan good.plan.json old.json --reason reviewed"), @r#"
    exit status 2
    --- err
    error: what is given is not what was planned in `good.plan.json`: its digest is [digest]

    help: plan again: `downhaul plan server … --save FILE`
    "#);
    run("apply --plan good.plan.json new.json --reason reviewed").done();
}

#[test]
fn a_plan_can_prune() {
    let _steady = steady();
    let (place, server) = served();
    let run = |line: &str| server.run(&place, line);
    let mut less: Value = serde_json::from_str(SHOP).unwrap();
    less["flags"].as_array_mut().unwrap().pop();
    place.write("less.json", less.to_string());
    assert_eq!(run("plan server less.json").status, 0, "what is not named stays");
    assert_snapshot!(run("plan server less.json --prune --save less.plan.json"), @r#"
    exit status 2
    --- out
    1 of 2 flags differs: 1 is removed
    from production of http://[address] at revision 1 to less.json

    banner  removed
      who asks for it gets the caller's default
    --- err
    saved as less.plan.json; as long as production is at revision 1: downhaul apply --plan less.plan.json --reason …
    "#);
    // As `retire` would be: it is of a kind that stays.
    let refused = run("apply less.plan.json --reason done --format plain");
    assert_eq!(refused.status, 2, "{refused}");
    assert!(refused.stderr.contains("error[still-in-use]"), "{refused}");
    assert!(refused.stderr.contains("(permanent)"), "{refused}");
    run("apply less.plan.json --anyway --reason done").done();
    assert_eq!(run("flags --format json").done().json()["retired"], json!(["banner"]));
}

#[test]
fn budgets() {
    let place = pair(SHOP, &ramp());
    place.write(
        "budget.json",
        r#"{ "share": 0.2, "tenants": 1, "critical_tenants": ["acme", "globex"], "regions": ["us", "eu-west"] }"#,
    );
    let run = |more: &str| place.run(&format!("plan old.json new.json --format plain {more}"));
    // A quarter of acme's people in the eu, who may be everyone or nobody.
    let (within, unknown) = (run("--budget-share 25%"), run("--budget-share 0.2"));
    assert_eq!((within.status, unknown.status), (2, 2), "{within}{unknown}");
    assert_snapshot!(place.run("plan old.json new.json --budget budget.json"), @r#"
    exit status 4
    --- out
    over budget: 2 of 2 flags change; largest move: `banner`, at most 25.000 % of everyone
    from old.json to new.json
    budget not judged: how many are moved is not known without a population, at most 25.000 %; 20.000 % may
    within budget: at most 1 tenant is touched, 1 may
    over budget: someone of tenant `acme` is given something else: `banner` goes from `none` to `plain`, such as {"region":"eu","targetingKey":"user-1","tenant":"acme"}
    within budget: nobody of tenant `globex` is given anything else, as is proved
    within budget: nobody within region `us` is given anything else, as is proved
    over budget: someone within region `eu-west` is given something else: `banner` goes from `none` to `plain`, such as {"region":"eu-west","targetingKey":"user-1","tenant":"acme"}

    banner  moves at most 25.000 % of everyone  by what it depends on
      `none` -> `plain` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey with salt `checkout-v2`
        where tenant is `acme`
          and region within `eu`
          and not (in segment `staff`)
        such as {"region":"eu","targetingKey":"user-1","tenant":"acme"}

    checkout-v2  moves at most 25.000 % of everyone
      `off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey
        where tenant is `acme`
          and region within `eu`
          and not (in segment `staff`)
        such as {"region":"eu","targetingKey":"user-1","tenant":"acme"}
    --- err
    the budget names the tenant `globex`, which neither flag set declares
    "#);
    assert_snapshot!(run("--budget budget.json --budget-share 0.3"), @r#"
    exit status 4
    --- out
    plan	over-budget	over budget: 2 of 2 flags change; largest move: `banner`, at most 25.000 % of everyone
    budget	within	share		at most 25.000 % of everyone is moved, 30.000 % may		
    budget	within	tenants		at most 1 tenant is touched, 1 may		
    budget	over	critical-tenant	acme	someone of tenant `acme` is given something else: `banner` goes from `none` to `plain`	banner	{"region":"eu","targetingKey":"user-1","tenant":"acme"}
    budget	within	critical-tenant	globex	nobody of tenant `globex` is given anything else, as is proved		
    budget	within	region	us	nobody within region `us` is given anything else, as is proved		
    budget	over	region	eu-west	someone within region `eu-west` is given something else: `banner` goes from `none` to `plain`	banner	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}
    flag	banner	changed	depends	0	0.25		
    transition	banner	none	plain	
    region	banner	0.25	`none` -> `plain` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey with salt `checkout-v2`	tenant is `acme` and region within `eu` and not (in segment `staff`)	{"region":"eu","targetingKey":"user-1","tenant":"acme"}
    flag	checkout-v2	changed	edited	0	0.25		
    transition	checkout-v2	off	on	
    region	checkout-v2	0.25	`off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey	tenant is `acme` and region within `eu` and not (in segment `staff`)	{"region":"eu","targetingKey":"user-1","tenant":"acme"}
    --- err
    the budget names the tenant `globex`, which neither flag set declares
    "#);
    assert_snapshot!(place.run("plan old.json new.json --budget budget.json --format markdown"), @r#"
    exit status 4
    --- out
    ### Over budget: 2 of 2 flags change; largest move: `banner`, at most 25.000 % of everyone

    From `old.json` to `new.json`.

    | budget | | |
    |---|---|---|
    | share | unknown | `how many are moved is not known without a population, at most 25.000 %; 20.000 % may` |
    | tenants | within | `at most 1 tenant is touched, 1 may` |
    | critical-tenant `acme` | **over** | `` someone of tenant `acme` is given something else: `banner` goes from `none` to `plain` ``, such as `{"region":"eu","targetingKey":"user-1","tenant":"acme"}` |
    | critical-tenant `globex` | within | ``nobody of tenant `globex` is given anything else, as is proved`` |
    | region `us` | within | ``nobody within region `us` is given anything else, as is proved`` |
    | region `eu-west` | **over** | `` someone within region `eu-west` is given something else: `banner` goes from `none` to `plain` ``, such as `{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}` |

    #### `banner` (by what it depends on)

    | what | how many |
    |---|---|
    | `` `none` -> `plain` `` | at most 25.000 % of everyone |

    <details><summary>1 region</summary>

    - `` `none` -> `plain` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey with salt `checkout-v2` ``
      - `` tenant is `acme` ``
      - `` region within `eu` ``
      - ``not (in segment `staff`)``
      - such as `{"region":"eu","targetingKey":"user-1","tenant":"acme"}`

    </details>

    #### `checkout-v2`

    | what | how many |
    |---|---|
    | `` `off` -> `on` `` | at most 25.000 % of everyone |

    <details><summary>1 region</summary>

    - `` `off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey ``
      - `` tenant is `acme` ``
      - `` region within `eu` ``
      - ``not (in segment `staff`)``
      - such as `{"region":"eu","targetingKey":"user-1","tenant":"acme"}`

    </details>
    --- err
    the budget names the tenant `globex`, which neither flag set declares
    "#);
    assert_eq!(run("--budget budget.json --limit-nodes 1").status, 2, "what is not proved is not over");
    assert_snapshot!(run("--budget budget.json --limit-nodes 1"), @r#"
    exit status 2
    --- out
    plan	changes	2 of 2 flags differ: 2 could not be compared; largest move: `banner`, an unknown part of everyone
    budget	unknown	share		how many are moved is not known without a population, at most 100.000 %; 20.000 % may	checkout-v2	
    budget	unknown	tenants		how many tenants are touched is not known without a population; 1 may		
    budget	unknown	critical-tenant	acme	whether anyone of tenant `acme` is given anything else could not be proved: `banner` the comparison ended at its limit of work	banner	
    budget	unknown	critical-tenant	globex	whether anyone of tenant `globex` is given anything else could not be proved: `banner` the comparison ended at its limit of work	banner	
    budget	unknown	region	us	whether anyone within region `us` is given anything else could not be proved: `banner` the comparison ended at its limit of work	banner	
    budget	unknown	region	eu-west	whether anyone within region `eu-west` is given anything else could not be proved: `banner` the comparison ended at its limit of work	banner	
    flag	banner	unknown	depends	0	1		
    flag	checkout-v2	unknown	edited	0	1
    --- err
    the budget names the tenant `globex`, which neither flag set declares
    "#);
    assert_eq!(place.run("plan old.json old.json --budget budget.json").status, 0);
}

#[test]
fn a_share_is_over_where_that_is_certain() {
    let split = |on: u32| {
        flag("f", &format!(r#", "rules": [{{ "split": {{ "slices": [["on", {on}], ["off", {}]] }} }}]"#, 100_000 - on))
    };
    let place = pair(&set(&[split(10_000)]), &set(&[split(30_000)]));
    assert_snapshot!(place.run("plan old.json new.json --budget-share 0.1 --budget-tenants 0"), @r#"
    exit status 4
    --- out
    over budget: 1 of 1 flag changes; largest move: `f`, 20.000 % of everyone
    from old.json to new.json
    over budget: at least 20.000 % of everyone is moved, 10.000 % may
    budget not judged: how many tenants are touched is not known without a population; 0 may

    f  moves 20.000 % of everyone
      `off` -> `on` for 20.000 % of everyone, buckets 10 000 to 30 000 by targetingKey
        such as {"targetingKey":"user-2"}
    "#);
    assert_eq!(place.run("plan old.json new.json --budget-share 20%").status, 2);
}

#[test]
fn regions_that_move_within_the_tree_are_judged_by_both_trees() {
    let old = SHOP.replace(r#""eu": { "eu-west": {} }, "us": {}"#, r#""eu": { "eu-west": {}, "uk": {} }, "us": {}"#);
    let new = SHOP.replace(r#""eu": { "eu-west": {} }, "us": {}"#, r#""eu": { "eu-west": {} }, "us": {}, "uk": {}"#);
    let place = pair(&old, &new);
    for (region, status) in [("eu", 4), ("uk", 4), ("eu-west", 2), ("us", 2)] {
        place.write("budget.json", format!(r#"{{ "regions": ["{region}"] }}"#));
        let run = place.run("plan old.json new.json --budget budget.json");
        assert_eq!(run.status, status, "{region}: {run}");
    }
}

#[test]
fn budgets_that_cannot_be_read() {
    let place = pair(SHOP, SHOP);
    let mut all = String::new();
    for budget in [
        r#"{ "shares": 0.1 }"#,
        r#"{ "share": 5 }"#,
        r#"{ "regions": ["nowhere"] }"#,
        r#"{ "critical_tenants": [""] }"#,
        r#"{ "critical_tenants": ["acne"] }"#,
    ] {
        place.write("budget.json", budget);
        all.push_str(&place.run("plan old.json new.json --budget budget.json --format plain").to_string());
    }
    all.push_str(&place.run("plan old.json new.json --budget-share 5 --format plain").to_string());
    assert_snapshot!(all, @r#"
    exit status 3
    --- err
    error[bad-budget]: `budget.json` cannot be read as a budget: unknown field `shares`, expected one of `share`, `tenants`, `critical_tenants`, `regions` at line 1 column 10 (write it as `{"share": 0.05, "tenants": 3, "critical_tenants": ["acme"], "regions": ["eu"]}`)
    exit status 3
    --- err
    error[bad-budget]: `budget.json` cannot be read as a budget: `share` is 5, not from 0 to 1 (write it as `{"share": 0.05, "tenants": 3, "critical_tenants": ["acme"], "regions": ["eu"]}`)
    exit status 3
    --- err
    error[unknown-region]: the budget names the region `nowhere`, which neither flag set has (name it as the region tree does)
    exit status 3
    --- err
    error[bad-budget]: `budget.json` cannot be read as a budget: `` is not a valid name: it is empty at line 1 column 26 (write it as `{"share": 0.05, "tenants": 3, "critical_tenants": ["acme"], "regions": ["eu"]}`)
    exit status 0
    --- out
    plan	no-change	nobody is given anything else by any of 2 flags
    budget	within	critical-tenant	acne	nobody of tenant `acne` is given anything else, as is proved
    --- err
    the budget names the tenant `acne`, which neither flag set declares
    exit status 1
    --- err
    error[usage]: invalid value '5' for '--budget-share <SHARE>': write a part from 0 to 1, such as `0.05`, or a percentage, such as `5%` (For more information, try '--help'.)
    "#);
}

/// Eight people, two of whom weigh more.
const PEOPLE: &str = "user,customer,place,share,age
user-1,acme,eu-west,1,20
user-2,acme,eu-west,1,30
user-3,acme,eu,2,
user-4,acme,us,1,40
user-5,globex,eu,1,50
user-6,,eu,1,60
user-16,acme,eu-west,3.5,70
user-18,acme,eu-west,1,80
";

const COLUMNS: &str = "--weight share --targeting-key user --tenant customer --region place";

#[test]
fn a_population_is_replayed() {
    let place = pair(SHOP, &ramp());
    place.write("people.csv", PEOPLE);
    let run = |more: &str| place.run(&format!("plan old.json new.json --population people.csv {COLUMNS} {more}"));
    assert_snapshot!(run("--by age"), @r#"
    exit status 2
    --- out
    2 of 2 flags change; 56.522 % of the population is moved (6.50 of 11.50); largest move: `banner`, 56.522 % (6.50 of 11.50)
    from old.json to new.json
    over people.csv: 8 rows of weight 11.50

    banner  moves 56.522 % (6.50 of 11.50)  by what it depends on
      `none` -> `plain`  ████████████░░░░░░░░  56.522 %  6.50
      by age: `70` 3.50 of 3.50, none 2 of 2, `20` 1 of 1
      by region: `eu-west` 4.50 of 6.50, `eu` 2 of 4
      by region and those within: `eu` 6.50 of 10.50 (2 directly)
      by tenant: `acme` 6.50 of 9.50
      because PREREQUISITE_FAILED -> STATIC  6.50
      `none` -> `plain` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey with salt `checkout-v2`
        where tenant is `acme`
          and region within `eu`
          and not (in segment `staff`)
        such as {"region":"eu","targetingKey":"user-1","tenant":"acme"}

    checkout-v2  moves 56.522 % (6.50 of 11.50)
      `off` -> `on`  ████████████░░░░░░░░  56.522 %  6.50
      by age: `70` 3.50 of 3.50, none 2 of 2, `20` 1 of 1
      by region: `eu-west` 4.50 of 6.50, `eu` 2 of 4
      by region and those within: `eu` 6.50 of 10.50 (2 directly)
      by tenant: `acme` 6.50 of 9.50
      because rule 2 `first cohort` -> rule 2 `first cohort`  6.50
      `off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey
        where tenant is `acme`
          and region within `eu`
          and not (in segment `staff`)
        such as {"region":"eu","targetingKey":"user-1","tenant":"acme"}
    "#);
    assert_snapshot!(run("--no-exact"), @r#"
    exit status 2
    --- out
    2 of 2 flags change; 56.522 % of the population is moved (6.50 of 11.50); largest move: `banner`, 56.522 % (6.50 of 11.50)
    from old.json to new.json
    over people.csv: 8 rows of weight 11.50

    banner  moves 56.522 % (6.50 of 11.50)  by what it depends on
      `none` -> `plain`  ████████████░░░░░░░░  56.522 %  6.50
      by region: `eu-west` 4.50 of 6.50, `eu` 2 of 4
      by region and those within: `eu` 6.50 of 10.50 (2 directly)
      by tenant: `acme` 6.50 of 9.50
      because PREREQUISITE_FAILED -> STATIC  6.50
      such as row 1 of it: {"age":"20","region":"eu-west","targetingKey":"user-1","tenant":"acme"}

    checkout-v2  moves 56.522 % (6.50 of 11.50)
      `off` -> `on`  ████████████░░░░░░░░  56.522 %  6.50
      by region: `eu-west` 4.50 of 6.50, `eu` 2 of 4
      by region and those within: `eu` 6.50 of 10.50 (2 directly)
      by tenant: `acme` 6.50 of 9.50
      because rule 2 `first cohort` -> rule 2 `first cohort`  6.50
      such as row 1 of it: {"age":"20","region":"eu-west","targetingKey":"user-1","tenant":"acme"}
    "#);
    assert_snapshot!(run("--no-exact --by age --format plain"), @r#"
    exit status 2
    --- out
    plan	changes	2 of 2 flags change; 56.522 % of the population is moved (6.50 of 11.50); largest move: `banner`, 56.522 % (6.50 of 11.50)
    population	people.csv	8	11.5	6.5
    flag	banner	changed	depends	0	1	6.5	11.5
    transition	banner	none	plain	6.5
    by	banner	age	"70"	3.5	3.5
    by	banner	age	null	2	2
    by	banner	age	"20"	1	1
    by	banner	region	"eu-west"	4.5	6.5
    by	banner	region	"eu"	2	4
    within	banner	eu		6.5	10.5	2	4
    by	banner	tenant	"acme"	6.5	9.5
    because	banner	PREREQUISITE_FAILED -> STATIC	6.5
    flag	checkout-v2	changed	edited	0	1	6.5	11.5
    transition	checkout-v2	off	on	6.5
    by	checkout-v2	age	"70"	3.5	3.5
    by	checkout-v2	age	null	2	2
    by	checkout-v2	age	"20"	1	1
    by	checkout-v2	region	"eu-west"	4.5	6.5
    by	checkout-v2	region	"eu"	2	4
    within	checkout-v2	eu		6.5	10.5	2	4
    by	checkout-v2	tenant	"acme"	6.5	9.5
    because	checkout-v2	rule 2 `first cohort` -> rule 2 `first cohort`	6.5
    "#);
    assert_snapshot!(run("--no-exact --format markdown"), @r#"
    exit status 2
    --- out
    ### 2 of 2 flags change; 56.522 % of the population is moved (6.50 of 11.50); largest move: `banner`, 56.522 % (6.50 of 11.50)

    From `old.json` to `new.json`.

    Over `people.csv`: 8 rows of weight 11.50.

    #### `banner` (by what it depends on)

    | what | how many |
    |---|---|
    | `` `none` -> `plain` `` | 56.522 % (6.50 of 11.50) |

    <details><summary>Who of the population, and why</summary>

    | of | moved | of how many |
    |---|---|---|
    | `` region `eu-west` `` | 4.50 | 6.50 |
    | `` region `eu` `` | 2 | 4 |
    | ``region `eu` and those within`` | 6.50 | 10.50 |
    | `` tenant `acme` `` | 6.50 | 9.50 |

    - `PREREQUISITE_FAILED -> STATIC`: 6.50

    </details>

    #### `checkout-v2`

    | what | how many |
    |---|---|
    | `` `off` -> `on` `` | 56.522 % (6.50 of 11.50) |

    <details><summary>Who of the population, and why</summary>

    | of | moved | of how many |
    |---|---|---|
    | `` region `eu-west` `` | 4.50 | 6.50 |
    | `` region `eu` `` | 2 | 4 |
    | ``region `eu` and those within`` | 6.50 | 10.50 |
    | `` tenant `acme` `` | 6.50 | 9.50 |

    - `` rule 2 `first cohort` -> rule 2 `first cohort` ``: 6.50

    </details>
    "#);
    // The same people, otherwise written.
    let mut lines = String::new();
    for line in PEOPLE.lines().skip(1) {
        let [key, tenant, region, share, age] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let mut person = json!({ "targetingKey": key, "region": region, "weight": share.parse::<f64>().unwrap() });
        for (name, value) in [("tenant", tenant), ("age", age)] {
            if !value.is_empty() {
                person[name] = json!(value);
            }
        }
        lines.push_str(&format!("{person}\n"));
    }
    let moved = |run: crate::support::Run| {
        let mut plan = run.json();
        plan["population"]["name"] = json!("people");
        plan
    };
    let from_columns = moved(run("--format json"));
    let line = "plan old.json new.json --format json --population";
    place.write("people.jsonl", &lines);
    assert_eq!(moved(place.run(&format!("{line} people.jsonl"))), from_columns);
    assert_eq!(moved(place.run_on(&format!("{line} -"), &lines)), from_columns);
    place.write("people.tsv", PEOPLE.replace(',', "\t"));
    assert_eq!(moved(place.run(&format!("{line} people.tsv {COLUMNS}"))), from_columns);
    place.write(
        "columns.json",
        r#"{ "targetingKey": "user", "tenant": "customer", "region": "place", "weight": "share" }"#,
    );
    assert_eq!(moved(place.run(&format!("{line} people.csv --mapping columns.json"))), from_columns);
    // Only exact: as if there were no population.
    let exact = place.run(&format!("{line} people.csv --exact")).json();
    assert_eq!((&exact["population"], &exact["flags"]["banner"]["moved"]), (&Value::Null, &Value::Null));
    // What is moved is what the evaluator of the same binary says.
    let decided = |file: &str| {
        place.run_on(&format!("eval --flags {file} --contexts - --flag checkout-v2 --format json"), &lines).json_lines()
    };
    let (old, new) = (decided("old.json"), decided("new.json"));
    let differ = old.iter().zip(&new).map(|(old, new)| old["checkout-v2"]["variant"] != new["checkout-v2"]["variant"]);
    let weights = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["weight"].as_f64().unwrap());
    let moved: f64 = differ.zip(weights).filter(|(differ, _)| *differ).map(|(_, weight)| weight).sum();
    assert!(moved > 0.0);
    assert_eq!(from_columns["flags"]["checkout-v2"]["moved"], json!(moved));
}

#[test]
fn budgets_of_a_population() {
    let place = pair(SHOP, &ramp());
    place.write("people.csv", PEOPLE);
    place.write("budget.json", r#"{ "tenants": 0, "critical_tenants": ["acme", "globex"], "regions": ["eu", "us"] }"#);
    let run = |more: &str| {
        let line = format!("plan old.json new.json --format plain --population people.csv {COLUMNS} --no-exact {more}");
        let run = place.run(&line);
        let kept = |line: &&str| line.starts_with("plan") || line.starts_with("budget");
        format!("{}\n{}\n", run.status, run.stdout.lines().filter(kept).collect::<Vec<_>>().join("\n"))
    };
    let all =
        [run("--budget budget.json"), run("--budget-share 50%"), run("--budget-share 10%"), run("--budget-tenants 1")];
    assert_snapshot!(all.concat(), @r#"
    4
    plan	over-budget	over budget: 2 of 2 flags change; 56.522 % of the population is moved (6.50 of 11.50); largest move: `banner`, 56.522 % (6.50 of 11.50)
    budget	over	tenants		1 tenant is touched, 0 may		
    budget	over	critical-tenant	acme	someone of tenant `acme` is given something else: a weight of 6.5	banner	
    budget	within	critical-tenant	globex	nobody of the population of tenant `globex` is given anything else		
    budget	over	region	eu	someone within region `eu` is given something else: a weight of 6.5	banner	
    budget	within	region	us	nobody of the population within region `us` is given anything else		
    4
    plan	over-budget	over budget: 2 of 2 flags change; 56.522 % of the population is moved (6.50 of 11.50); largest move: `banner`, 56.522 % (6.50 of 11.50)
    budget	over	share		56.522 % of the population is moved, 50.000 % may	checkout-v2	
    4
    plan	over-budget	over budget: 2 of 2 flags change; 56.522 % of the population is moved (6.50 of 11.50); largest move: `banner`, 56.522 % (6.50 of 11.50)
    budget	over	share		56.522 % of the population is moved, 10.000 % may	checkout-v2	
    2
    plan	changes	2 of 2 flags change; 56.522 % of the population is moved (6.50 of 11.50); largest move: `banner`, 56.522 % (6.50 of 11.50)
    budget	within	tenants		1 tenant is touched, 1 may
    "#);
}

#[test]
fn flags_that_come_and_go_say_what_they_give() {
    let place = pair(&set(&[flag("gone", ""), flag("stays", "")]), &set(&[flag("stays", ""), flag("new", "")]));
    place.write("people.jsonl", "{}\n{}\n");
    assert_snapshot!(place.run("plan old.json new.json --population people.jsonl"), @r#"
    exit status 2
    --- out
    2 of 3 flags differ: 1 is new, 1 is removed; nobody of the population is moved
    from old.json to new.json
    over people.jsonl: 2 rows of weight 2

    gone  removed
      who asks for it gets the caller's default
      of the population: `off` 100.000 %

    new  new
      who asks for it gets what it says, and no longer the caller's default
      of the population: `off` 100.000 %
    "#);
}

#[test]
fn populations_that_cannot_be_used() {
    let place = pair(SHOP, &ramp());
    place.write("people.csv", PEOPLE);
    place.write("people.txt", PEOPLE);
    place.write("broken.jsonl", "{\"targetingKey\": \"user-1\"}\n{\"tenant\": \n[]\n");
    place.write("people.parquet", "PAR1");
    place.write("columns.json", r#"{ "tenants": "customer" }"#);
    let mut all = String::new();
    for more in [
        "people.csv --tenant nobody",
        "people.csv --weight user",
        "people.txt",
        "nowhere.csv",
        "broken.jsonl",
        "broken.jsonl --malformed 1",
        "broken.jsonl --malformed 2 --exact",
        "broken.jsonl --malformed 2 --no-exact",
        "people.parquet",
        "people.csv --mapping columns.json",
        "people.csv --exact --no-exact",
    ] {
        let run = place.run(&format!("plan old.json new.json --format plain --population {more}"));
        let err: Vec<&str> = run.stderr.lines().collect();
        all.push_str(&format!("{more}: {}\n{}\n", run.status, err.join("\n")));
    }
    assert_snapshot!(all, @r#"
    people.csv --tenant nobody: 3
    error[population-missing-column]: `people.csv`: the mapping names the column `nobody`, which the file lacks; it has `user`, `customer`, `place`, `share`, `age` (name one that is there, or take it out of the mapping)
    people.csv --weight user: 3
    error[population-malformed]: `people.csv`: row 2, column `user`: `user-1` is no weight (a weight is a finite number that is not negative)
    people.txt: 1
    error[population-format]: what `people.txt` holds is not clear from its name (a population is .jsonl (one JSON object a line), .csv, .tsv, .parquet or .population)
    nowhere.csv: 1
    error[cannot-read]: cannot read `nowhere.csv`: there is no such file (check the path; it is relative to the current folder)
    broken.jsonl: 3
    error[population-malformed]: `broken.jsonl`: row 2: it is not JSON: EOF while parsing a value at column 11 (each line is one JSON object, such as `{"targetingKey": "user-1"}`)
    broken.jsonl --malformed 1: 3
    error[population-malformed]: `broken.jsonl`: row 3: a context is an object, not a list (and 1 malformed rows before it) (each line is one JSON object, such as `{"targetingKey": "user-1"}`)
    broken.jsonl --malformed 2 --exact: 2

    broken.jsonl --malformed 2 --no-exact: 0
    `broken.jsonl`: 2 rows left out as malformed
      row 2: it is not JSON: EOF while parsing a value at column 11
      row 3: a context is an object, not a list
    people.parquet: 3
    error[population-not-parquet]: `people.parquet`: this is not a Parquet file that can be read: EOF: Parquet file too small. Size is 4 but need 8 (write the file again; it may be cut short or damaged)
    people.csv --mapping columns.json: 3
    error[bad-mapping]: `columns.json` cannot be read as a mapping of columns: unknown field `tenants`, expected one of `targetingKey`, `tenant`, `region`, `weight`, `rename`, `drop`, `types`, `delimiter` at line 1 column 11 (write it as `{"rename": {"ver": "app.version"}, "drop": ["email"], "types": {"age": "number"}}`)
    people.csv --exact --no-exact: 1
    error[usage]: the argument '--exact' cannot be used with '--no-exact' (Usage: downhaul plan --format <FORMAT> --population <FILE> --exact <OLD> <NEW>; For more information, try '--help'.)
    "#);
    assert_eq!(place.run("plan old.json new.json --no-exact").status, 1);
    assert_eq!(place.run_on("plan - new.json --population -", SHOP).status, 1);
    place.write("nobody.jsonl", "{\"tenant\": \"globex\"}\n");
    assert_snapshot!(place.run("plan old.json new.json --population nobody.jsonl --no-exact"), @r#"
    exit status 0
    --- out
    nobody of the population is given anything else by any of 2 flags
    from old.json to new.json
    over nobody.jsonl: 1 row of weight 1

    edited, and nobody of the population is given anything else by: `checkout-v2`
    "#);
    place.write("nobody.csv", "targetingKey,tenant\n");
    let run = place.run("plan old.json new.json --population nobody.csv --budget-share 0 --no-exact --format json");
    assert_eq!((run.status, run.stdout.as_str()), (3, ""), "of nobody nothing is said: {run}");
}
