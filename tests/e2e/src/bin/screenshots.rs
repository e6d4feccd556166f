//! Captures every screen of the console over an example environment with something in it, at both widths and in both themes.
//! `cargo xtask screenshots` builds what it needs and runs it.
#![expect(clippy::indexing_slicing, reason = "a member that is missing ends it, and says where")]

use anyhow::{Context, Result, bail};
use downhaul_e2e::{Browser, Console, NodeClient, Shop, Stack};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A desktop and a phone.
const WIDTHS: [(u32, u32); 2] = [(1440, 900), (390, 844)];
const THEMES: [&str; 2] = ["light", "dark"];

/// A picture's name, the path below the environment, and the mark that shows that it is all there.
const SCREENS: [(&str, &str, &str); 27] = [
    ("flags", "/flags", "[data-test=flag-row-checkout-v2]"),
    ("flags-filtered", "/flags?q=checkout&view=critical", "[data-test=save-filter]"),
    ("flags-none", "/flags?q=nothing-like-this", ".empty"),
    ("flag", "/flags/checkout-v2", "[data-test=chart-entry]"),
    ("flag-missing", "/flags/checkout-v9", ".empty"),
    ("edit", "/edit/checkout-v2", "[data-test=editor]"),
    ("create", "/create", "[data-test=editor]"),
    ("copy", "/copy", "h1"),
    ("kill", "/kill/new-search", "[data-test=kill-reason]"),
    ("kills", "/kills", "h1"),
    ("kill-live", "/kills/KILL", "[data-test=kill-complete]"),
    ("proposals", "/proposals", "[data-test=proposal-row-p-1]"),
    ("proposal", "/proposals/p-1", "[data-test=proposal-effect]"),
    ("proposal-missing", "/proposals/p-99", ".empty"),
    ("rollouts", "/rollouts", "[data-test=rollout-row-ro-1]"),
    ("rollout", "/rollouts/ro-1", "[data-test=rollout-standing]"),
    ("releases", "/releases", "[data-test=readiness]"),
    ("release", "/releases/checkout-2.4.1", "[data-test=release-finding]"),
    ("run", "/runs/r-1", "[data-test=run-phase]"),
    ("drills", "/drills", "[data-test=drill-row-r-2]"),
    ("drill", "/drills/r-2", "[data-test=drill-outcome]"),
    ("fleet", "/fleet", "[data-test=fleet]"),
    ("people", "/people", "[data-test^=person-a-]"),
    ("chart", "/chart", "[data-test=chart-entry]"),
    ("xray", "/xray?flag=checkout-v2", "[data-test=xray-variant]"),
    ("xray-then", "/xray?flag=checkout-v2&at=1", "[data-test=xray-variant]"),
    ("nowhere", "/nothing-is-here", "h1, .empty"),
];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let into = PathBuf::from(std::env::args_os().nth(1).context("say into which folder")?);
    let only: Vec<String> = std::env::args().skip(2).collect();
    std::fs::create_dir_all(&into)?;
    let stack = Stack::start().await?;
    let visitor = Browser::start().await?;
    let clients = fill(&stack, &visitor).await?;
    let kills = stack.admin("GET", "/kills", None).await?;
    let kill = kills.pointer("/kills/0/id").and_then(Value::as_str).context("no kill is in force")?;

    let browser = Browser::start().await?;
    let camera = Camera { browser: &browser, into: &into };
    if only.is_empty() || only.iter().any(|name| name == "sign-in") {
        for theme in THEMES {
            browser.driver.goto(&stack.server).await?;
            camera.theme(theme).await?;
            camera.all_widths("sign-in", theme, "[data-test=sign-in]").await?;
        }
    }
    let console = Console::open(&browser, &stack).await?;
    for theme in THEMES {
        camera.theme(theme).await?;
        for (name, path, mark) in SCREENS {
            if only.is_empty() || only.iter().any(|each| each == name) {
                console.page(&path.replace("KILL", kill)).await?;
                camera.all_widths(name, theme, mark).await?;
            }
        }
        if only.is_empty() || only.iter().any(|name| name == "palette") {
            console.page("/flags").await?;
            browser.marked("flag-row-checkout-v2").await?;
            console.click("open-palette").await?;
            browser.shown("[data-test=palette] input").await?.send_keys("checkout").await?;
            camera.all_widths("palette", theme, "[data-test=palette] li").await?;
        }
        if only.is_empty() || only.iter().any(|name| name == "last-resort") {
            let prepared = "environment=production&flag=new-search&reason=the+index+is+stale";
            browser.driver.goto(format!("{}/kill#{prepared}", stack.server)).await?;
            camera.all_widths("last-resort", theme, "#hold[aria-disabled=false]").await?;
        }
    }
    println!("{} clients, pictures in {}", clients.len(), into.display());
    Ok(())
}

#[derive(Debug)]
struct Camera<'a> {
    browser: &'a Browser,
    into: &'a Path,
}

impl Camera<'_> {
    async fn theme(&self, theme: &str) -> Result<()> {
        let choose = format!("localStorage.setItem('downhaul.theme', JSON.stringify('{theme}'))");
        self.browser.driver.execute(choose, vec![]).await?;
        self.browser.driver.refresh().await?;
        Ok(())
    }

    /// The page as it stands, once the mark is shown, from top to bottom.
    async fn all_widths(&self, name: &str, theme: &str, mark: &str) -> Result<()> {
        for (width, height) in WIDTHS {
            self.browser.resize(width, height).await?;
            self.browser.shown(mark).await.with_context(|| format!("the screen {name}"))?;
            self.browser.until("nothing on its way", "return !document.querySelector('.skel, .boot')").await?;
            let wide = "return document.documentElement.scrollWidth <= innerWidth";
            let fits = self.browser.driver.execute(wide, vec![]).await?;
            if fits.json() != &Value::Bool(true) {
                println!("{name} is wider than {width} px");
            }
            self.browser.whole_picture(&self.into.join(format!("{name}-{width}-{theme}.png"))).await?;
        }
        let (width, height) = WIDTHS[0];
        self.browser.resize(width, height).await
    }
}

/// People, a population, proposals, a rollout at work, a run and a drill that have ended, clients, and a kill that reached them.
async fn fill(stack: &Stack, visitor: &Browser) -> Result<Vec<NodeClient>> {
    let people = stack.data.path().join("people.jsonl");
    let regions = ["de", "fr", "se", "us", "gb"];
    let tenants = ["acme", "globex", "initech"];
    let line = |number: usize| {
        let (tenant, region) = (tenants.get(number % 3).copied(), regions.get(number % 5).copied());
        json!({ "targetingKey": format!("user-{number}"), "tenant": tenant, "region": region }).to_string()
    };
    std::fs::write(&people, (0..3_000).map(line).collect::<Vec<_>>().join("\n"))?;
    stack.downhaul(&["population", "put", "default", &people.display().to_string()]).await?;
    for (name, role) in [
        ("Ada Lovelace", "approver"),
        ("Jonas Weber", "operator"),
        ("Maya Kern", "editor"),
        ("Priyanka Venkataraghavan-Schmidt", "viewer"),
    ] {
        stack.person(name, role).await?;
    }
    let policy =
        json!({ "policy": { "approvals": { "critical": 1 } }, "reason": "a second person looks at critical flags" });
    stack.admin("PUT", "/policy", Some(policy)).await?;

    let mut flag = stack.admin("GET", "/flags/checkout-v2", None).await?["flag"].take();
    flag["rules"][2]["split"]["slices"] = json!([["on", 40_000], ["off", 60_000]]);
    let ramp =
        json!({ "flag": flag, "reason": "the ramp held for a week: errors flat, conversion up by two per cent" });
    stack.admin("POST", "/proposals", Some(ramp)).await?;
    let rollout = json!({ "flag": "gift-cards", "variant": "on", "description": "gift cards for everyone, in three steps", "stages": [
        { "name": "our own people", "when": [{ "segment": ["staff"] }], "bake_seconds": 1 },
        { "name": "a few", "percent": 5, "bake_seconds": 86_400 },
        { "name": "everyone", "bake_seconds": 3_600, "approvals": 1 },
    ] });
    stack.admin("POST", "/rollouts", Some(json!({ "rollout": rollout, "reason": "before the holidays" }))).await?;

    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let release = json!({
        "key": "checkout-2.4.1", "owner": "payments", "description": "One-page checkout with gift cards",
        "flags": ["product-reviews"], "data_change": "additive",
        "artifact": { "kind": "http", "reference": "https://shop.example/2.4.1.tgz", "digest": digest("a") },
        "previous": { "kind": "http", "reference": "https://shop.example/2.4.0.tgz", "digest": digest("b") },
        "runbook": { "steps": [{ "kill": ["product-reviews"] }] },
    });
    stack
        .admin("PUT", "/releases/checkout-2.4.1", Some(json!({ "release": release, "reason": "it goes out" })))
        .await?;
    let rollback = json!({ "reason": "reviews of other shops were shown" });
    stack.admin("POST", "/releases/checkout-2.4.1/rollback", Some(rollback)).await?;
    ended(stack, "r-1").await?;
    stack.downhaul(&["restore", "product-reviews", "--reason", "the index was built anew"]).await?;
    let drill = json!({ "name": "image-format", "reason": "the monthly rehearsal" });
    stack.admin("POST", "/drills", Some(drill)).await?;
    let go = json!({ "note": "all are there" });
    stack.admin("POST", "/runs/r-2/go", Some(go)).await?;
    ended(stack, "r-2").await?;

    let key = json!({ "name": "back end", "kind": "server", "reason": "the order service" });
    let key = stack.admin("POST", "/client-keys", Some(key)).await?;
    let key = key["key"].as_str().context("no key")?.to_owned();
    let mut clients = Vec::new();
    for _ in 0..6 {
        let mut client = NodeClient::start(&stack.server, &key, &[])?;
        client.until("a flag set", |state| state["position"]["revision"].as_u64() > Some(0)).await?;
        clients.push(client);
    }
    let shop = Shop::open(visitor, stack, "visitor-in-cohort").await?;
    shop.checkout("one-page").await?;
    stack.downhaul(&["kill", "checkout-v2", "--reason", "payments fail at the bank", "--incident", "INC-2041"]).await?;
    for client in &mut clients {
        client.until("the kill", |state| state["killed"] == true).await?;
    }
    shop.checkout("three-page").await?;
    stack
        .downhaul(&["kill", "recommendations", "--region", "us", "--reason", "the model times out in us-east"])
        .await?;
    beat(stack).await?;
    Ok(clients)
}

/// Some beats of a flag on which nothing rests, so that the fleet's plot has something to show.
async fn beat(stack: &Stack) -> Result<()> {
    let pulse = json!({
        "key": "pulse", "description": "Heartbeat; nothing rests on it", "owner": "platform", "kind": "ops",
        "review": "2027-06-01", "clients": ["browser", "edge", "server"], "variants": { "on": true, "off": false },
        "default": "on", "degraded": { "variant": "off", "meaning": "Nothing; the flag is between two beats" },
    });
    stack.admin("PUT", "/flags/pulse", Some(json!({ "flag": pulse, "reason": "to measure kills" }))).await?;
    let policy = json!({
        "policy": { "approvals": { "critical": 1 }, "heartbeat": { "flag": "pulse", "every_seconds": 10 } },
        "reason": "a kill is measured before one is needed",
    });
    stack.admin("PUT", "/policy", Some(policy)).await?;
    until(stack, "/heartbeat", "three beats", |view| view["beats"].as_array().is_some_and(|beats| beats.len() >= 3))
        .await
}

async fn ended(stack: &Stack, run: &str) -> Result<()> {
    until(stack, &format!("/runs/{run}"), "the end of a run", |view| !view["verdict"].is_null()).await
}

async fn until(stack: &Stack, path: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Result<()> {
    for _ in 0..1_200 {
        if holds(&stack.admin("GET", path, None).await?) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    bail!("waited in vain for {what}")
}
