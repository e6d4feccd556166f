//! `downhaul plan --xray`, as whole runs.

use crate::support::{Place, SHOP};
use insta::assert_snapshot;

fn place() -> Place {
    let place = Place::new();
    place.write("old.json", SHOP);
    place.write("new.json", SHOP.replace("25000", "50000").replace("75000", "50000"));
    place.write(
        "people.jsonl",
        r#"{ "targetingKey": "user-1", "tenant": "acme", "region": "eu-west" }
           { "targetingKey": "user-2", "tenant": "acme", "region": "eu-west" }
           { "targetingKey": "user-16", "tenant": "acme", "region": "eu" }"#,
    );
    place
}

#[test]
fn someone_who_moves_is_explained_by_both_documents() {
    let place = place();
    let run = |more: &str| place.run(&format!("plan old.json new.json --population people.jsonl {more}"));
    assert_snapshot!(run("--no-exact --xray"), @r#"
    exit status 2
    --- out
    2 of 2 flags change; 66.667 % of the population is moved (2 of 3); largest move: `banner`, 66.667 % (2 of 3)
    from old.json to new.json
    over people.jsonl: 3 rows of weight 3

    banner  moves 66.667 % (2 of 3)  by what it depends on
      `none` -> `plain`  ██████████████░░░░░░  66.667 %  2
      by region: `eu-west` 1 of 2, `eu` 1 of 1
      by region and those within: `eu` 2 of 3 (1 directly)
      by tenant: `acme` 2 of 3
      because PREREQUISITE_FAILED -> STATIC  2
      such as row 1 of it: {"region":"eu-west","targetingKey":"user-1","tenant":"acme"}
        before
          banner gives none ({}): PREREQUISITE_FAILED
            which means: No banner
          - requires checkout-v2 to be on; it is off (SPLIT)
        after
          banner gives plain ({"text":"Sale"}): STATIC
          + requires checkout-v2 to be on; it is on (SPLIT)
          + default: plain

    checkout-v2  moves 66.667 % (2 of 3)
      `off` -> `on`  ██████████████░░░░░░  66.667 %  2
      by region: `eu-west` 1 of 2, `eu` 1 of 1
      by region and those within: `eu` 2 of 3 (1 directly)
      by tenant: `acme` 2 of 3
      because rule 2 `first cohort` -> rule 2 `first cohort`  2
      such as row 1 of it: {"region":"eu-west","targetingKey":"user-1","tenant":"acme"}
        before
          checkout-v2 gives off (false): SPLIT
          - rule 1 "staff"
              - in segment `staff`
                  - staff: not listed
          + rule 2 "first cohort" gives off
              + tenant is `acme`
              + region within `eu`: eu > eu-west
              targetingKey `user-1` with salt `checkout-v2` falls into bucket 47285 of 100000
              on: 0 to below 25000
              off: 25000 to below 100000
        after
          checkout-v2 gives on (true): SPLIT
          - rule 1 "staff"
              - in segment `staff`
                  - staff: not listed
          + rule 2 "first cohort" gives on
              + tenant is `acme`
              + region within `eu`: eu > eu-west
              targetingKey `user-1` with salt `checkout-v2` falls into bucket 47285 of 100000
              on: 0 to below 50000
              off: 50000 to below 100000
    "#);
    assert_snapshot!(run("--no-exact --xray=1 --format plain"), @r#"
    exit status 2
    --- out
    plan	changes	2 of 2 flags change; 66.667 % of the population is moved (2 of 3); largest move: `banner`, 66.667 % (2 of 3)
    population	people.jsonl	3	3	2
    flag	banner	changed	depends	0	1	2	3
    transition	banner	none	plain	2
    by	banner	region	"eu-west"	1	2
    by	banner	region	"eu"	1	1
    within	banner	eu		2	3	1	1
    by	banner	tenant	"acme"	2	3
    because	banner	PREREQUISITE_FAILED -> STATIC	2
    xray	banner	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	banner gives none ({}): PREREQUISITE_FAILED
    xray	banner	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	  which means: No banner
    xray	banner	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	- requires checkout-v2 to be on; it is off (SPLIT)
    xray	banner	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	banner gives plain ({"text":"Sale"}): STATIC
    xray	banner	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	+ requires checkout-v2 to be on; it is on (SPLIT)
    xray	banner	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	+ default: plain
    flag	checkout-v2	changed	edited	0	1	2	3
    transition	checkout-v2	off	on	2
    by	checkout-v2	region	"eu-west"	1	2
    by	checkout-v2	region	"eu"	1	1
    within	checkout-v2	eu		2	3	1	1
    by	checkout-v2	tenant	"acme"	2	3
    because	checkout-v2	rule 2 `first cohort` -> rule 2 `first cohort`	2
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	checkout-v2 gives off (false): SPLIT
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	- rule 1 "staff"
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	    - in segment `staff`
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	        - staff: not listed
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	+ rule 2 "first cohort" gives off
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	    + tenant is `acme`
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	    + region within `eu`: eu > eu-west
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	    targetingKey `user-1` with salt `checkout-v2` falls into bucket 47285 of 100000
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	    on: 0 to below 25000
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	before	    off: 25000 to below 100000
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	checkout-v2 gives on (true): SPLIT
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	- rule 1 "staff"
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	    - in segment `staff`
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	        - staff: not listed
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	+ rule 2 "first cohort" gives on
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	    + tenant is `acme`
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	    + region within `eu`: eu > eu-west
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	    targetingKey `user-1` with salt `checkout-v2` falls into bucket 47285 of 100000
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	    on: 0 to below 50000
    xray	checkout-v2	{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}	after	    off: 50000 to below 100000
    "#);
    assert_snapshot!(run("--no-exact --xray=1 --format markdown"), @r#"
    exit status 2
    --- out
    ### 2 of 2 flags change; 66.667 % of the population is moved (2 of 3); largest move: `banner`, 66.667 % (2 of 3)

    From `old.json` to `new.json`.

    Over `people.jsonl`: 3 rows of weight 3.

    #### `banner` (by what it depends on)

    | what | how many |
    |---|---|
    | `` `none` -> `plain` `` | 66.667 % (2 of 3) |

    <details><summary>Who of the population, and why</summary>

    | of | moved | of how many |
    |---|---|---|
    | `` region `eu-west` `` | 1 | 2 |
    | `` region `eu` `` | 1 | 1 |
    | ``region `eu` and those within`` | 2 | 3 |
    | `` tenant `acme` `` | 2 | 3 |

    - `PREREQUISITE_FAILED -> STATIC`: 2

    </details>

    <details><summary>X-ray of an example</summary>

    `{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}` before:

    ```text
    banner gives none ({}): PREREQUISITE_FAILED
      which means: No banner
    - requires checkout-v2 to be on; it is off (SPLIT)
    ```

    `{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}` after:

    ```text
    banner gives plain ({"text":"Sale"}): STATIC
    + requires checkout-v2 to be on; it is on (SPLIT)
    + default: plain
    ```

    </details>

    #### `checkout-v2`

    | what | how many |
    |---|---|
    | `` `off` -> `on` `` | 66.667 % (2 of 3) |

    <details><summary>Who of the population, and why</summary>

    | of | moved | of how many |
    |---|---|---|
    | `` region `eu-west` `` | 1 | 2 |
    | `` region `eu` `` | 1 | 1 |
    | ``region `eu` and those within`` | 2 | 3 |
    | `` tenant `acme` `` | 2 | 3 |

    - `` rule 2 `first cohort` -> rule 2 `first cohort` ``: 2

    </details>

    <details><summary>X-ray of an example</summary>

    `{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}` before:

    ```text
    checkout-v2 gives off (false): SPLIT
    - rule 1 "staff"
        - in segment `staff`
            - staff: not listed
    + rule 2 "first cohort" gives off
        + tenant is `acme`
        + region within `eu`: eu > eu-west
        targetingKey `user-1` with salt `checkout-v2` falls into bucket 47285 of 100000
        on: 0 to below 25000
        off: 25000 to below 100000
    ```

    `{"region":"eu-west","targetingKey":"user-1","tenant":"acme"}` after:

    ```text
    checkout-v2 gives on (true): SPLIT
    - rule 1 "staff"
        - in segment `staff`
            - staff: not listed
    + rule 2 "first cohort" gives on
        + tenant is `acme`
        + region within `eu`: eu > eu-west
        targetingKey `user-1` with salt `checkout-v2` falls into bucket 47285 of 100000
        on: 0 to below 50000
        off: 50000 to below 100000
    ```

    </details>
    "#);
}

#[test]
fn without_a_population_witnesses_are_explained() {
    assert_snapshot!(place().run("plan old.json new.json --xray"), @r#"
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
      such as {"region":"eu","targetingKey":"user-1","tenant":"acme"}
        before
          banner gives none ({}): PREREQUISITE_FAILED
            which means: No banner
          - requires checkout-v2 to be on; it is off (SPLIT)
        after
          banner gives plain ({"text":"Sale"}): STATIC
          + requires checkout-v2 to be on; it is on (SPLIT)
          + default: plain

    checkout-v2  moves at most 25.000 % of everyone
      `off` -> `on` for 25.000 % of them, buckets 25 000 to 50 000 by targetingKey
        where tenant is `acme`
          and region within `eu`
          and not (in segment `staff`)
        such as {"region":"eu","targetingKey":"user-1","tenant":"acme"}
      such as {"region":"eu","targetingKey":"user-1","tenant":"acme"}
        before
          checkout-v2 gives off (false): SPLIT
          - rule 1 "staff"
              - in segment `staff`
                  - staff: not listed
          + rule 2 "first cohort" gives off
              + tenant is `acme`
              + region within `eu`
              targetingKey `user-1` with salt `checkout-v2` falls into bucket 47285 of 100000
              on: 0 to below 25000
              off: 25000 to below 100000
        after
          checkout-v2 gives on (true): SPLIT
          - rule 1 "staff"
              - in segment `staff`
                  - staff: not listed
          + rule 2 "first cohort" gives on
              + tenant is `acme`
              + region within `eu`
              targetingKey `user-1` with salt `checkout-v2` falls into bucket 47285 of 100000
              on: 0 to below 50000
              off: 50000 to below 100000
    "#);
}

#[test]
fn programs_find_both_beside_each_example() {
    let place = place();
    let run = place.run("plan old.json new.json --population people.jsonl --format json --xray=2 --save plan.json");
    let examples = &run.json()["flags"]["checkout-v2"]["examples"];
    let examples = examples.as_array().expect("a list");
    assert!(!examples.is_empty());
    for example in examples {
        assert_eq!(example["before"]["variant"], example["from"]["variant"], "{example}");
        assert_eq!(example["after"]["variant"], example["to"]["variant"], "{example}");
        assert!(!example["after"]["steps"].as_array().expect("a list").is_empty(), "{example}");
        let context = example["context"].to_string();
        let alone =
            ["explain", "--flags", "new.json", "--flag", "checkout-v2", "--format", "json", "--context", &context];
        assert_eq!(example["after"], place.run_with(alone).done().json());
    }
    let plain = place.run("plan old.json new.json --population people.jsonl --format json");
    assert!(!plain.stdout.contains("\"before\""), "{plain}");
    assert_eq!(place.run("plan old.json new.json --xray=0").status, 1);
}
