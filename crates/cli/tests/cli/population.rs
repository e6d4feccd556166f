//! Populations that the control plane keeps, from the first `put` to the plan that uses them unasked.

use crate::server::Server;
use crate::support::{Place, SHOP};
use insta::assert_snapshot;
use serde_json::json;

fn steady() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(
        r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d[1-9]Z|2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d[1-9]|[1-9]\d)\dZ",
        "[time]",
    );
    settings.add_filter(r"127\.0\.0\.1:\d+", "[address]");
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[digest]");
    settings.bind_to_scope()
}

const PEOPLE: &str = "id,tenant,region,ver,visits
user-1,acme,eu-west,2.4.1,3
user-2,acme,eu-west,2.3.0,1.5
user-3,globex,us,2.4.1,4
user-4,globex,eu-west,,2
user-7,,us,2.4.1,1
";
const COLUMNS: &str = "--targeting-key id --weight visits --mapping mapping.json";

/// The shop on a server, its people beside it, and a draft that serves everyone of acme.
fn shop() -> (Place, Server) {
    let place = Place::new();
    place.write("flags.json", SHOP);
    place.write("draft.json", SHOP.replace(r#"["on", 25000], ["off", 75000]"#, r#"["on", 100000]"#));
    place.write("people.csv", PEOPLE);
    place.write("mapping.json", r#"{ "rename": { "ver": "app.version" } }"#);
    let server = Server::start(&place);
    server.run(&place, "apply flags.json --reason first").done();
    (place, server)
}

#[test]
fn people_are_put_shown_got_and_removed() {
    let _steady = steady();
    let (place, server) = shop();
    let run = |line: &str| server.run(&place, line);
    assert_snapshot!(run("population list"), @r#"
    exit status 0
    --- out
    POPULATION  ROWS  WEIGHT  TAKEN  SOURCE  PUT BY  PUT AT
    --- err
    0 populations in production; none is used unless named
    "#);
    let put = format!("population put default people.csv {COLUMNS} --taken-at 2026-11-01");
    assert_snapshot!(run(&put), @r#"
    exit status 0
    --- out
    population: default
    source: people.csv
    taken: 2026-11-01T00:00:00.000Z
    rows: 5
    weight: 11.50
    attributes: targetingKey tenant region app.version
    size: 195 bytes
    digest: [digest]
    put: [time] by admin
    "#);
    assert_snapshot!(run("population list --journal"), @r#"
    exit status 0
    --- out
    POPULATION  ROWS  WEIGHT  TAKEN                     SOURCE      PUT BY  PUT AT
    default     5     11.50   2026-11-01T00:00:00.000Z  people.csv  admin   [time]

    AT                        BY     WHAT  POPULATION  DIGEST
    [time]  admin  put   default     [digest]
    --- err
    1 population in production; where none is named, `default` is used
    "#);
    // What is written is what was put, and `plan` reads it.
    assert_snapshot!(run("population get default --out people.population"), @r#"
    exit status 0
    --- out
    wrote 5 rows of `default` to people.population
    "#);
    let digest = run("population show default --format json").done().json()["digest"].clone();
    run("population put copy people.population").done();
    assert_eq!(run("population show copy --format json").done().json()["digest"], digest);
    let plan = |population: &str| {
        let line = format!("plan flags.json draft.json --no-exact --format json --population {population}");
        let mut plan = run(&line).json();
        plan["population"]["name"] = json!("");
        plan
    };
    assert_eq!(plan("people.population"), plan(&format!("people.csv {COLUMNS}")));

    let sampled = run("population put few people.csv --targeting-key id --weight visits --sample 2 --format json");
    let sampled = sampled.done().json();
    assert_eq!((&sampled["rows"], &sampled["drawn_from"]["rows"]), (&json!(2), &json!(5)));
    assert_snapshot!(run("population remove copy"), @r#"
    exit status 0
    --- out
    removed `copy` in production
    "#);
    assert_snapshot!(run("population show copy"), @r#"
    exit status 2
    --- err
    error: there is no population `copy`

    help: see which there are: `downhaul population list`
    "#);
    assert_eq!(run("chart --format json").done().json_lines().len(), 1, "no change by any of it");
}

#[test]
fn a_plan_uses_the_default_population_without_being_asked() {
    let _steady = steady();
    let (place, server) = shop();
    let run = |line: &str| server.run(&place, line);
    // There is none yet.
    assert_eq!(run("plan server draft.json --format json").json()["population"], json!(null));
    run(&format!("population put default people.csv {COLUMNS} --taken-at 2026-11-01")).done();
    assert_snapshot!(run("plan server draft.json --no-exact"), @r#"
    exit status 2
    --- out
    2 of 2 flags change; 39.130 % of the population is moved (4.50 of 11.50); largest move: `banner`, 39.130 % (4.50 of 11.50)
    from production of http://[address] at revision 1 to draft.json
    over server:default: 5 rows of weight 11.50; taken 2026-11-01 from people.csv

    banner  moves 39.130 % (4.50 of 11.50)  by what it depends on
      `none` -> `plain`  ████████░░░░░░░░░░░░  39.130 %  4.50
      by region: `eu-west` 4.50 of 6.50
      by region and those within: `eu` 4.50 of 6.50 (0 directly)
      by tenant: `acme` 4.50 of 4.50
      because PREREQUISITE_FAILED -> STATIC  4.50
      such as row 1 of it: {"app.version":"2.4.1","region":"eu-west","targetingKey":"user-1","tenant":"acme"}

    checkout-v2  moves 39.130 % (4.50 of 11.50)
      `off` -> `on`  ████████░░░░░░░░░░░░  39.130 %  4.50
      by region: `eu-west` 4.50 of 6.50
      by region and those within: `eu` 4.50 of 6.50 (0 directly)
      by tenant: `acme` 4.50 of 4.50
      because rule 2 `first cohort` -> rule 2 `first cohort`  4.50
      such as row 1 of it: {"app.version":"2.4.1","region":"eu-west","targetingKey":"user-1","tenant":"acme"}
    "#);
    let named = run("plan server draft.json --population server:default --format json");
    let unasked = run("plan server draft.json --format json");
    assert_eq!(named.json(), unasked.json());
    assert_eq!(unasked.json()["population"]["origin"]["source"], "people.csv");
    // Two files are about no environment, so about nobody of it, unless someone says so.
    assert_eq!(run("plan flags.json draft.json --format json").json()["population"], json!(null));
    let given = run("plan flags.json draft.json --population server:default --format json").json();
    assert_eq!(given["population"], unasked.json()["population"]);
    for without in ["--no-population", "--exact"] {
        let plan = run(&format!("plan server draft.json --format json {without}")).json();
        assert_eq!(plan["population"], json!(null), "{without}");
    }
    // The other document is not looked at before it is known to be there.
    assert_eq!(run("plan server draft.json --budget-share 0.1").status, 4, "half of its weight is moved");
}

#[test]
fn what_cannot_be_put_is_refused() {
    let _steady = steady();
    let (place, server) = shop();
    place.write("broken.population", "DHS1....");
    let mut all = String::new();
    for line in [
        "population put live people.csv",
        "population put default nobody.csv",
        "population put default broken.population",
        "population put default broken.population --weight visits",
        "population put default people.csv --weight nothing",
        "population put default people.csv --taken-at yesterday",
        "population put -- -x people.csv",
        "population get default --out people.csv",
        "population get default --out people.population",
        "population remove default",
        "plan server draft.json --population server:nobody",
        "plan server draft.json --weight visits",
        "plan server draft.json --by app.version",
        "plan server draft.json --no-exact",
        "plan server draft.json --no-population --population people.csv",
    ] {
        let run = server.run(&place, line);
        let said = run.stderr.lines().filter(|line| !line.is_empty()).take(2).collect::<Vec<_>>().join("\n  ");
        all.push_str(&format!("{line}: {}\n  {said}\n", run.status));
    }
    assert_snapshot!(all, @r#"
    population put live people.csv: 2
      error: `live` is what clients' acknowledgements make up
      help: give the population another name
    population put default nobody.csv: 1
      error: cannot read `nobody.csv`: there is no such file
      help: check the path; it is relative to the current folder
    population put default broken.population: 3
      error: `broken.population`: this is not a sample of a population: it was damaged on its way
      help: fetch it again from where it came
    population put default broken.population --weight visits: 2
      error: the columns of `broken.population` are attributes already
      help: leave the options for columns out
    population put default people.csv --weight nothing: 3
      error: `people.csv`: the mapping names the column `nothing`, which the file lacks; it has `id`, `tenant`, `region`, `ver`, `visits`
      help: name one that is there, or take it out of the mapping
    population put default people.csv --taken-at yesterday: 3
      error: `taken_at` is neither a time nor a date: `yesterday`
      help: write it as `2026-11-25T20:00:00Z` or `2026-11-25`
    population put -- -x people.csv: 2
      error: invalid value '-x' for '<NAME>': a population's name is 1 to 128 letters, digits and `._/@:-`, and begins with a letter or digit
      For more information, try '--help'.
    population get default --out people.csv: 2
      error: `people.csv` does not say that it holds the binary form
      help: let its name end in `.population`, so that `plan --population` knows it
    population get default --out people.population: 2
      error: there is no population `default`
      help: see which there are: `downhaul population list`
    population remove default: 2
      error: there is no population `default`
      help: see which there are: `downhaul population list`
    plan server draft.json --population server:nobody: 1
      error: there is no population `nobody`
      help: see which there are: `downhaul population list`
    plan server draft.json --weight visits: 1
      error: options for columns are about a file
      help: name it with `--population FILE`; what the control plane keeps has attributes already
    plan server draft.json --by app.version: 1
      error: `--by` is about a population, and there is none
      help: give one with `--population FILE`, or keep one with `downhaul population put default FILE`
    plan server draft.json --no-exact: 1
      error: `--no-exact` is about a population, and there is none
      help: give one with `--population FILE`, or keep one with `downhaul population put default FILE`
    plan server draft.json --no-population --population people.csv: 1
      error: the argument '--no-population' cannot be used with '--population <FILE>'
      Usage: downhaul plan --no-population --server <URL> <OLD> <NEW>
    "#);
    assert!(!place.path().join("people.population").exists(), "nothing half-written");
    assert_eq!(server.run(&place, "population list --format json").done().json()["populations"], json!([]));
}
