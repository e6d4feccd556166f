//! Segments, tenants, regions, and the populations over which their changes are worked out.

use anyhow::Result;
use downhaul_e2e::{Browser, Console, Stack};
use serde_json::{Value, json};

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
    console.page("/segments").await?;
    browser.shown("[data-test=segment-staff] a").await?;
    browser.accessible("the segments").await?;
    browser.shown("[data-test=segment-staff] a").await?.click().await?;
    browser.shown("[data-test=used-by]:not([data-count='0'])").await?;
    let why = console.why_not("remove").await?;
    assert!(why.contains("Take it out there first"), "{why}");
    browser.accessible("a segment").await?;

    // Everyone of acme is one of us now.
    console.write("segment-condition-1-value", "@acme.test").await?;
    let settled = "const panel = document.querySelector('[data-test=radius]'); return panel.dataset.state === 'current' && Number(panel.querySelector('[data-test=moved]').dataset.flags) > 0";
    browser.until("a radius of this draft", settled).await?;
    let moved = browser.marked("moved").await?.attr("data-moved").await?.unwrap_or_default();
    let draft = json!({ "description": "Our own people", "include": ["user-7"], "exclude": ["user-9"],
        "when": [{ "attribute": "email", "op": "ends_with", "values": ["@example.com", "@acme.test"] }] });
    let command = json!({ "type": "put-segment", "key": "staff", "segment": draft });
    let plan = stack.admin("POST", "/plan", Some(json!({ "commands": [command] }))).await?;
    assert_eq!(moved.parse::<f64>()?, plan["population"]["moved"].as_f64().unwrap_or(-1.0), "{plan}");
    browser.accessible("a segment with its radius").await?;
    browser.picture("console-segment").await?;

    // What is wrong stands beside its field, as the core says it.
    console.click("segment-condition-add-region").await?;
    let field = browser.marked("segment-condition-2-value").await?;
    field.send_keys("atlantis").await?;
    browser.shown("[data-code=unknown-region]").await?;
    browser.shown("[data-test=review-open][aria-disabled=true]").await?;
    console.click("segment-condition-2-remove").await?;

    // The draft survives a reload; a reason is asked, and the name where a critical flag moves many.
    browser.driver.refresh().await?;
    console.click("resume-go-on").await?;
    browser.until("a radius of this draft", settled).await?;
    console.click("review-open").await?;
    let said = browser.marked("difference").await?.text().await?;
    assert!(said.contains("@acme.test"), "{said}");
    console.write("publish-reason", "acme joins us").await?;
    if browser.driver.execute("return !!document.querySelector('[data-test=publish-key]')", vec![]).await?.json()
        == &Value::Bool(true)
    {
        console.write("publish-key", "staff").await?;
    }
    console.click("publish").await?;
    browser.marked("segment-staff").await?;
    let now = stack.admin("GET", "/document", None).await?;
    assert_eq!(now["segments"]["staff"], draft);

    let visitor = Console::open_as(&second, &stack, &editor).await?;
    visitor.page("/segments/staff").await?;
    let why = second.marked("definition-why-not").await?.text().await?;
    assert!(why.contains("Only an editor or admin may do this"), "{why}");
    Ok(())
}

#[tokio::test]
async fn tenants_are_declared_and_regions_that_are_used_stay() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    console.page("/tenants").await?;
    browser.marked("tenant-acme").await?;
    browser.accessible("the tenants").await?;
    console.write("new-name", "Tyrell Ltd").await?;
    console.click("new-go").await?;
    console.write("attribute-name", "plan").await?;
    console.click("attribute-add").await?;
    console.write("attribute-plan", "starter").await?;
    browser.accessible("a tenant").await?;
    browser
        .until(
            "a radius of this draft",
            "return document.querySelector('[data-test=radius]').dataset.state === 'current'",
        )
        .await?;
    // No population says how many people a tenant's attributes move, and they reach a critical flag.
    console.publish_named("a new customer", "Tyrell Ltd").await?;
    let now = stack.admin("GET", "/document", None).await?;
    assert_eq!(now["tenants"]["Tyrell Ltd"], json!({ "plan": "starter" }));
    browser.shown("[data-test='tenant-Tyrell Ltd'] a").await?.click().await?;
    console.act("remove", "they left").await?;
    browser.until("it is gone", "return !!document.querySelector('[data-test=tenant-acme]') && !document.querySelector('[data-test=\"tenant-Tyrell Ltd\"]')").await?;

    console.page("/regions").await?;
    browser.marked("region-europe").await?;
    browser.accessible("the regions").await?;
    console.click("region-europe-remove").await?;
    let problems = browser.marked("problems").await?.text().await?;
    assert!(problems.contains("There is no region"), "{problems}");
    browser.shown("[data-test=review-open][aria-disabled=true]").await?;
    console.click("undo").await?;
    console.click("region-europe-add").await?;
    console.write("new-region-europe", "balkans").await?;
    console.click("new-region-europe-go").await?;
    browser
        .until(
            "a radius of this draft",
            "return document.querySelector('[data-test=radius]').dataset.state === 'current'",
        )
        .await?;
    let said = console.publish_named("a region of its own", "regions").await?;
    assert!(said.contains("balkans") && said.contains("europe"), "{said}");
    browser.picture("console-regions").await?;
    Ok(())
}

#[tokio::test]
async fn a_population_is_put_from_the_page_looked_at_and_removed() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    console.page("/populations").await?;
    browser.marked("population-put").await?;
    browser.accessible("no population").await?;
    let (good, bad) = (stack.data.path().join("people.jsonl"), stack.data.path().join("bad.csv"));
    std::fs::write(&good, people())?;
    std::fs::write(&bad, "tenant,region\nacme\n")?;
    let file = || browser.driver.find(thirtyfour::By::Css("[data-test=population-file]"));

    file().await?.send_keys(bad.display().to_string()).await?;
    console.click("population-put").await?;
    console.says("population-state", "state", "failed").await?;
    assert!(!browser.marked("population-refused").await?.text().await?.is_empty(), "why is said");
    file().await?.send_keys(good.display().to_string()).await?;
    console.click("population-put").await?;
    console.says("population-state", "state", "done").await?;
    console.says("population-default", "rows", "40").await?;
    browser.shown("[data-test='missing-app.version']").await?;
    browser.accessible("the populations").await?;
    browser.picture("console-populations").await?;

    browser.shown("[data-test=population-default] a").await?.click().await?;
    let tenant = browser.marked("values-tenant").await?.text().await?;
    assert!(tenant.contains("acme") && tenant.contains("40"), "{tenant}");
    let keys = browser.marked("values-targetingKey").await?.text().await?;
    assert!(!keys.contains("user-1"), "nobody is named: {keys}");
    browser.accessible("a population").await?;
    console.press("remove").await?;
    let effect = browser.shown(".actform").await?.text().await?;
    assert!(effect.contains("Blast radii are worked out over it"), "{effect}");
    browser.shown("[data-test=act-confirm][aria-disabled=false]").await?.click().await?;
    browser.until("it is gone", "return !!document.querySelector('[data-test=population-put]') && !document.querySelector('[data-test=population-default]')").await?;
    Ok(())
}
