//! Rules in the editor: a condition of every kind with the input that suits it, their order by pointer and by keys, the way
//! back and forth, shares by the pointer, prerequisites, and what the policy allows to be moved at once.

use anyhow::{Result, ensure};
use downhaul_e2e::screens::Draft;
use downhaul_e2e::{Browser, Console, Editor, Stack, stories};
use serde_json::{Value, json};
use thirtyfour::prelude::*;

const FLAG: &str = "probe";

/// Makes a flag with these rules.
async fn put(stack: &Stack, rules: Value) -> Result<()> {
    let flag = json!({
        "key": FLAG, "owner": "payments", "kind": "release", "created": "2026-11-01", "expires": "2099-06-30",
        "variants": { "on": true, "off": false }, "degraded": { "variant": "off", "meaning": "As it was" },
        "default": "off", "rules": rules,
    });
    stack.admin("PUT", &format!("/flags/{FLAG}"), Some(json!({ "flag": flag, "reason": "a story" }))).await.map(drop)
}

#[tokio::test]
async fn every_kind_of_condition_has_its_input() -> Result<()> {
    let stack = Stack::start().await?;
    put(&stack, json!([])).await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let editor = Editor::of(&console);
    editor.edit(FLAG).await?;
    editor.add_rule().await?;

    // What is wrong is said beside the field while it is typed, by the core.
    let mut at = 0;
    for (attribute, operator, wrong, right, said) in [
        ("ip", "ip_in", "10.0.0.0/40", "10.0.0.0/8", "from 0 to 32"),
        ("app_version", "semver", ">=2.x.1", ">=2.3.0 <3", "2.x.1"),
        ("email", "matches", "(acme", "@acme\\.test$", "acme"),
    ] {
        at += 1;
        attribute_condition(&editor, at, attribute, operator).await?;
        let field = format!("rule-1-condition-{at}-value");
        console.write(&field, wrong).await?;
        let problem = editor.problem(&format!("rule-1-condition-{at}")).await?;
        ensure!(problem.contains(said), "{problem}");
        console.write(&field, "").await?;
        editor.add(&field, right).await?;
        browser
            .until(
                "no problem there",
                &format!("return !document.querySelector('[data-test=rule-1-condition-{at}] .error')"),
            )
            .await?;
    }
    // A time is picked, in UTC, or typed.
    attribute_condition(&editor, 4, "signed_up", "after").await?;
    let picker = browser.shown("[data-test=rule-1-condition-4] input[type=datetime-local]").await?;
    picker.send_keys(format!("11262026{}0930AM", Key::Tab.value())).await?;
    console.says_value("rule-1-condition-4-value", "2026-11-26T09:30:00Z").await?;
    attribute_condition(&editor, 5, "signed_up", "before").await?;
    console.write("rule-1-condition-5-value", "tomorrow").await?;
    let problem = editor.problem("rule-1-condition-5").await?;
    ensure!(problem.contains("tomorrow"), "{problem}");
    console.write("rule-1-condition-5-value", "2027-01-01T00:00:00Z").await?;
    attribute_condition(&editor, 6, "seats", "between").await?;
    console.write("rule-1-condition-6-value", "10").await?;
    console.write("rule-1-condition-6-value-below", "50.5").await?;
    attribute_condition(&editor, 7, "plan", "exists").await?;

    // Tenants are picked from those that are known, regions from their tree.
    editor.press("rule-1-condition-add-tenant").await?;
    browser.marked("rule-1-condition-8-value").await?.send_keys("glob").await?;
    let offered = "[data-test=rule-1-condition-8] .offers button";
    browser.until("tenants to pick", &format!("return document.querySelectorAll('{offered}').length > 0")).await?;
    console.write("rule-1-condition-8-value", "").await?;
    let first = browser.shown(offered).await?;
    let tenant = first.text().await?;
    first.click().await?;
    editor.press("rule-1-condition-add-region").await?;
    editor.press("rule-1-condition-9-tree").await?;
    for name in ["world", "europe"] {
        let open = format!("[data-test=rule-1-condition-9] [data-region={name}] > .row > .twist[aria-expanded=false]");
        browser.shown(&open).await?.click().await?;
    }
    let germany = "//*[@data-test='rule-1-condition-9']//*[@class='leaf']//label[.='de']";
    browser.driver.query(By::XPath(germany)).first().await?.click().await?;
    editor.sees("rule-1-words", "de").await?;
    browser.accessible("a rule with every kind of input").await?;
    browser.picture("console-conditions").await?;

    let when = json!([
        { "attribute": "ip", "op": "ip_in", "values": ["10.0.0.0/8"] },
        { "attribute": "app_version", "op": "semver", "values": [">=2.3.0 <3"] },
        { "attribute": "email", "op": "matches", "values": ["@acme\\.test$"] },
        { "attribute": "signed_up", "op": "after", "values": ["2026-11-26T09:30:00Z"] },
        { "attribute": "signed_up", "op": "before", "values": ["2027-01-01T00:00:00Z"] },
        { "attribute": "seats", "op": "between", "values": [10, 50.5] },
        { "attribute": "plan", "op": "exists" },
        { "tenant": [tenant] },
        { "region": ["de"] },
    ]);
    let draft = editor.as_text().await?;
    ensure!(draft.pointer("/rules/0/when") == Some(&when), "{draft:#}");
    editor.publish("all of them").await?;
    let kept = stack.flag(FLAG).await?;
    ensure!(kept.pointer("/rules/0/when") == Some(&when), "{kept:#}");
    Ok(())
}

async fn attribute_condition(editor: &Editor<'_>, at: usize, attribute: &str, operator: &str) -> Result<()> {
    editor.press("rule-1-condition-add-attribute").await?;
    editor.write(&format!("rule-1-condition-{at}-attribute"), attribute).await?;
    editor.choose(&format!("rule-1-condition-{at}-operator"), operator).await
}

#[tokio::test]
async fn rules_change_their_order_and_there_is_a_way_back_and_forth() -> Result<()> {
    let stack = Stack::start().await?;
    let rule = |name: &str| json!({ "name": name, "when": [{ "tenant": [name] }], "serve": "on" });
    put(&stack, json!([rule("acme"), rule("globex"), rule("initech")])).await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let editor = Editor::of(&console);
    editor.edit(FLAG).await?;
    editor.order(&["acme", "globex", "initech"]).await?;
    editor.drag("rule-1-grip", "rule-3-words").await?;
    editor.order(&["globex", "initech", "acme"]).await?;
    editor.drag("rule-3-grip", "rule-2-words").await?;
    editor.order(&["globex", "acme", "initech"]).await?;
    editor.undo().await?;
    editor.undo().await?;
    editor.order(&["acme", "globex", "initech"]).await?;
    browser.shown("[data-test=draft][data-changed=false]").await?;
    editor.redo().await?;
    editor.order(&["globex", "initech", "acme"]).await?;

    // By keys: taken up, moved, put down; and what happens is said.
    let grip = browser.marked("rule-3-grip").await?;
    grip.send_keys(" ").await?;
    let said = |what: &str| {
        format!(
            "return [...document.querySelectorAll('[role=status]')].some(each => each.textContent.includes('{what}'))"
        )
    };
    browser.until("that it is taken up", &said("Rule 3 taken up")).await?;
    let held = "return document.activeElement?.dataset.test === 'rule-2-grip'";
    browser.driver.action_chain().send_keys(Key::Up.value()).perform().await?;
    editor.order(&["globex", "acme", "initech"]).await?;
    browser.until("the grip in hand", held).await?;
    browser.until("where it is", &said("Rule is now 2 of 3")).await?;
    browser.accessible("a rule that is held").await?;
    browser.driver.action_chain().send_keys(" ").perform().await?;
    browser.until("that it is put down", &said("Rule put down")).await?;

    editor.publish("globex comes first").await?;
    let kept = stack.flag(FLAG).await?;
    let names: Vec<&str> =
        kept["rules"].as_array().into_iter().flatten().filter_map(|rule| rule["name"].as_str()).collect();
    ensure!(names == ["globex", "acme", "initech"], "{kept:#}");
    Ok(())
}

#[tokio::test]
async fn a_share_is_drawn_and_held_against_the_budget() -> Result<()> {
    let stack = Stack::start().await?;
    stories::put_people(&stack).await?;
    let policy = json!({ "policy": { "budget": { "share": 0.2 } }, "reason": "a fifth of everyone at once" });
    stack.admin("PUT", "/policy", Some(policy)).await?;
    put(&stack, json!([{ "name": "a part", "split": { "slices": [["on", 10_000], ["off", 90_000]] } }])).await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let editor = Editor::of(&console);
    editor.edit(FLAG).await?;
    editor.press("rule-1-open").await?;

    let share = browser.marked("rule-1-share-on").await?;
    ensure!(share.value().await?.as_deref() == Some("10"), "{:?}", share.value().await?);
    // To the middle of the bar.
    editor.drag("rule-1-handle-1", "rule-1-bar").await?;
    console.says_value("rule-1-share-on", "50").await?;
    let moved = editor.moved().await?;
    ensure!(moved > 12.0, "40 % of 60 people are about 24: {moved}");
    console.says("budget", "over", "true").await?;
    browser.accessible("a draft over the budget").await?;
    browser.picture("console-over-budget").await?;
    // One way back for one drawing.
    editor.undo().await?;
    console.says_value("rule-1-share-on", "10").await?;
    console.write("rule-1-share-on", "20").await?;
    let moved = editor.moved().await?;
    ensure!(moved > 0.0 && moved <= 12.0, "{moved}");
    console.says("budget", "over", "false").await?;
    editor.publish("twice as many").await?;
    let slices = stack.flag(FLAG).await?["rules"][0]["split"]["slices"].take();
    ensure!(slices[0] == json!(["on", 10_000]), "whoever has it keeps it: {slices}");
    let on = slices.as_array().into_iter().flatten().filter(|slice| slice[0] == "on");
    ensure!(on.filter_map(|slice| slice[1].as_u64()).sum::<u64>() == 20_000, "{slices}");
    Ok(())
}

#[tokio::test]
async fn a_prerequisite_is_chosen_and_checked() -> Result<()> {
    let stack = Stack::start().await?;
    put(&stack, json!([])).await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let editor = Editor::of(&console);
    editor.edit(FLAG).await?;
    let draft = Draft::of(&console);
    editor.press("add-prerequisite").await?;
    draft.problems().await?;
    editor.choose_at("/requires/0/flag", "cart-service-v3").await?;
    editor.add("prerequisite-1-value", "nothing").await?;
    browser.until("what it has instead", "return document.querySelector('main').innerText.includes('nothing')").await?;
    draft.problems().await?;
    console.write("prerequisite-1-value", &Key::Backspace.value().to_string()).await?;
    editor.add("prerequisite-1-value", "on").await?;
    browser
        .until("no problem", "return !document.querySelector('[data-test=problems]:not([data-count=\"0\"])')")
        .await?;
    browser.accessible("a draft with a prerequisite").await?;
    editor.publish("it rests on the new cart").await?;
    let kept = stack.flag(FLAG).await?;
    ensure!(kept["requires"] == json!([{ "flag": "cart-service-v3", "variants": ["on"] }]), "{kept:#}");
    console.flag(FLAG).await?;
    browser.until("it on the flag's page", "return [...document.querySelectorAll('[data-test=rules] a')].some(each => each.textContent === 'cart-service-v3')").await
}
