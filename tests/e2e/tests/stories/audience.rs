//! Segments, tenants, regions, and the populations over which their changes are worked out.

use anyhow::Result;
use downhaul_e2e::screens::{Draft, Populations, Regions, Review, Segments, Tenants};
use downhaul_e2e::{Browser, Console, Stack};
use serde_json::json;

/// Thirty people of acme and ten of ours.
fn people() -> String {
    let line = |number: usize| {
        let domain = if number < 10 { "example.com" } else { "acme.test" };
        json!({ "targetingKey": format!("user-{number}"), "tenant": "acme", "region": "de", "email": format!("p{number}@{domain}") })
            .to_string()
    };
    (0..40).map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_segment_is_changed_and_who_that_moves_is_seen_before() -> Result<()> {
    let stack = Stack::start().await?;
    let file = stack.data.path().join("people.jsonl");
    std::fs::write(&file, people())?;
    stack.downhaul(&["population", "put", "default", &file.display().to_string()]).await?;
    let editor = stack.person("Vera", "viewer").await?;
    let (browser, second) = (Browser::start().await?, Browser::start().await?);
    let console = Console::open(&browser, &stack).await?;
    let segments = Segments::open(&console).await?;
    segments.has("staff").await?;
    browser.accessible("the segments").await?;
    let segment = segments.choose("staff").await?;
    segment.is_used().await?;
    let why = segment.why_not_remove().await?;
    assert!(why.contains("Take it out there first"), "{why}");
    browser.accessible("a segment").await?;

    // Everyone of acme is one of us now.
    segment.condition(1, "@acme.test").await?;
    let moved = segment.moved().await?;
    let draft = json!({ "description": "Our own people", "include": ["user-7"], "exclude": ["user-9"],
        "when": [{ "attribute": "email", "op": "ends_with", "values": ["@example.com", "@acme.test"] }] });
    let command = json!({ "type": "put-segment", "key": "staff", "segment": draft });
    let plan = stack.admin("POST", "/plan", Some(json!({ "commands": [command] }))).await?;
    assert_eq!(moved, plan["population"]["moved"].as_f64().unwrap_or(-1.0), "{plan}");
    browser.accessible("a segment with its radius").await?;
    browser.picture("console-segment").await?;

    // What is wrong stands beside its field, as the core says it.
    segment.add_region(2, "atlantis").await?;
    segment.has_problem("unknown-region").await?;
    Review::is_out_of_reach(&console).await?;
    segment.remove_condition(2).await?;

    // The draft survives a reload; a reason is asked, and the name where a critical flag moves many.
    segment.reload().await?;
    segment.moved().await?;
    let review = Review::open(&console).await?;
    let said = review.difference().await?;
    assert!(said.contains("@acme.test"), "{said}");
    review.because("acme joins us").await?;
    review.name_if_asked("staff").await?;
    review.publish().await?;
    segments.has("staff").await?;
    let now = stack.admin("GET", "/document", None).await?;
    assert_eq!(now["segments"]["staff"], draft);

    let visitor = Console::open_as(&second, &stack, &editor).await?;
    Segments::open_one(&visitor, "staff").await?;
    let why = Draft::of(&visitor).why_not().await?;
    assert!(why.contains("Only an editor or admin may do this"), "{why}");
    Ok(())
}

#[tokio::test]
async fn tenants_are_declared_and_regions_that_are_used_stay() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let tenants = Tenants::open(&console).await?;
    tenants.has("acme").await?;
    browser.accessible("the tenants").await?;
    let tenant = tenants.declare("Tyrell Ltd").await?;
    tenant.add_attribute("plan", "starter").await?;
    browser.accessible("a tenant").await?;
    tenant.radius_is_known().await?;
    // No population says how many people a tenant's attributes move, and they reach a critical flag.
    let review = Review::open(&console).await?;
    review.because("a new customer").await?;
    review.name("Tyrell Ltd").await?;
    review.publish().await?;
    let now = stack.admin("GET", "/document", None).await?;
    assert_eq!(now["tenants"]["Tyrell Ltd"], json!({ "plan": "starter" }));
    tenants.choose("Tyrell Ltd").await?.remove("they left").await?;
    tenants.has_not("Tyrell Ltd", "acme").await?;

    let regions = Regions::open(&console).await?;
    regions.has("europe").await?;
    browser.accessible("the regions").await?;
    regions.remove("europe").await?;
    let draft = Draft::of(&console);
    let problems = draft.problems().await?;
    assert!(problems.contains("There is no region"), "{problems}");
    Review::is_out_of_reach(&console).await?;
    draft.undo().await?;
    regions.add("europe", "balkans").await?;
    regions.definition().radius_is_known().await?;
    let review = Review::open(&console).await?;
    let said = review.difference().await?;
    review.because("a region of its own").await?;
    review.name("regions").await?;
    review.publish().await?;
    assert!(said.contains("balkans") && said.contains("europe"), "{said}");
    browser.picture("console-regions").await?;
    Ok(())
}

#[tokio::test]
async fn a_population_is_put_from_the_page_looked_at_and_removed() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let populations = Populations::open(&console).await?;
    browser.accessible("no population").await?;
    let (good, bad) = (stack.data.path().join("people.jsonl"), stack.data.path().join("bad.csv"));
    std::fs::write(&good, people())?;
    std::fs::write(&bad, "tenant,region\nacme\n")?;

    populations.put(&bad, "failed").await?;
    assert!(!populations.why_refused().await?.is_empty(), "why is said");
    populations.put(&good, "done").await?;
    populations.has_rows("default", 40).await?;
    populations.lacks("app.version").await?;
    browser.accessible("the populations").await?;
    browser.picture("console-populations").await?;

    populations.choose("default").await?;
    let tenant = populations.values("tenant").await?;
    assert!(tenant.contains("acme") && tenant.contains("40"), "{tenant}");
    let keys = populations.values("targetingKey").await?;
    assert!(!keys.contains("user-1"), "nobody is named: {keys}");
    browser.accessible("a population").await?;
    let effect = populations.remove("default").await?;
    assert!(effect.contains("Blast radii are worked out over it"), "{effect}");
    Ok(())
}
