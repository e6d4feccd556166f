//! Many flags at once: a filter that is saved and sent, the same deed for several flags with the way back, flags that are
//! taken over from another environment once a plan says whom that moves, and a list that is too long to be drawn whole.

use anyhow::Result;
use downhaul_e2e::screens::{Copying, Flags};
use downhaul_e2e::{Browser, Console, Stack};
use serde_json::json;
use std::time::Duration;
use thirtyfour::prelude::*;

#[tokio::test]
async fn a_filter_is_saved_and_sent_and_its_flags_get_another_owner() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let owner = async |key: &str| -> Result<String> {
        Ok(stack.flag(key).await?["owner"].as_str().unwrap_or_default().to_owned())
    };

    // Whoever goes on before the address says what was searched finds it again on the way back.
    let flags = Flags::of(&console);
    flags.search("checkout-v").await?;
    flags.choose("checkout-v2").await?;
    browser.driver.back().await?;
    flags.says_in_the_address("?q=checkout-v").await?;
    flags.has_not("beta").await?;
    // What leads to all flags leads to all of them.
    flags.clear_search().await?;
    flags.says_in_the_address("").await?;
    flags.has("beta").await?;

    flags.search("checkout").await?;
    flags.says_in_the_address("?q=checkout").await?;
    flags.save_filter("Paying").await?;
    browser.accessible("a list with a saved filter").await?;
    let address = browser.driver.current_url().await?;
    Flags::open(&console).await?.has("beta").await?;
    flags.choose_filter("Paying").await?;
    flags.has_not("beta").await?;
    assert_eq!(browser.driver.current_url().await?, address, "the address can be sent to someone");

    // `X` on the first, Shift and a click up to the last.
    flags.pick_first().await?;
    flags.picked(1).await?;
    flags.pick_up_to("checkout-v2").await?;
    flags.picked(2).await?;
    browser.accessible("chosen flags").await?;
    browser.picture("console-bulk").await?;

    let before = (owner("checkout-v2").await?, owner("checkout-rate").await?);
    let batch = flags.give_owner("tills").await?;
    batch.because("one team for all of it").await?;
    browser.accessible("a batch").await?;
    batch.confirm().await?;
    for key in ["checkout-v2", "checkout-rate"] {
        batch.stands(key, "done").await?;
        assert_eq!(owner(key).await?, "tills");
    }
    browser.picture("console-batch").await?;
    // The page is told late of what it did itself; what is done next begins with the flags as they are all the same.
    browser.answer_late("/document", Duration::from_secs(2)).await?;
    batch.undo().await?;
    for key in ["checkout-v2", "checkout-rate"] {
        batch.stands(key, "undone").await?;
    }
    assert_eq!((owner("checkout-v2").await?, owner("checkout-rate").await?), before);
    batch.close().await?;

    // What is refused says why, and keeps nothing else from being done.
    flags.pick("checkout-v2").await?;
    flags.pick("checkout-rate").await?;
    let batch = flags.give_owner("tills").await?;
    batch.because("again").await?;
    let mut other = stack.flag("checkout-v2").await?;
    other["description"] = json!("changed by somebody else");
    stack.admin("PUT", "/flags/checkout-v2", Some(json!({ "flag": other, "reason": "meanwhile" }))).await?;
    batch.confirm().await?;
    batch.stands("checkout-v2", "refused").await?;
    batch.stands("checkout-rate", "done").await?;
    assert_eq!(owner("checkout-v2").await?, before.0);
    Ok(())
}

#[tokio::test]
async fn flags_are_copied_with_a_plan_first_and_kills_are_not() -> Result<()> {
    let mut stack = Stack::start().await?;
    stack.add_environment("staging").await?;
    let people = stack.data.path().join("people.jsonl");
    let line = |number: usize| json!({ "targetingKey": format!("user-{number}"), "tenant": "acme", "region": "de" });
    std::fs::write(&people, (0..50).map(|number| format!("{}\n", line(number))).collect::<String>())?;
    stack.downhaul(&["population", "put", "default", &people.display().to_string()]).await?;
    stack.downhaul(&["kill", "summer-banner", "--reason", "a test", "--environment", "staging"]).await?;
    let mut flag = stack.flag("product-reviews").await?;
    flag["rules"] = json!([]);
    flag["default"] = flag["degraded"]["variant"].clone();
    let file = stack.data.path().join("flag.json");
    std::fs::write(&file, flag.to_string())?;
    let apply = ["apply", &file.display().to_string(), "--environment", "staging", "--reason", "reviews are off"];
    stack.downhaul(&apply).await?;

    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let copying = Copying::open(&console, "staging").await?;
    copying.differs_only("product-reviews").await?;
    copying.pick("product-reviews").await?;
    copying.plan().await?;
    let moves = copying.moves("product-reviews").await?;
    assert!(moves.contains("of 50"), "{moves}");
    browser.accessible("a copy that is planned").await?;
    browser.picture("console-copy").await?;
    let batch = copying.go().await?;
    batch.because("as in staging").await?;
    batch.confirm().await?;
    batch.stands("product-reviews", "done").await?;
    let here = stack.flag("product-reviews").await?;
    assert_eq!(here["default"], flag["default"]);
    assert_eq!(stack.admin("GET", "/kills", None).await?["kills"], json!([]), "a kill is never copied");
    Ok(())
}

/// Whether the rows on the screen follow one another without a gap, each laid out as high as it is, and all of them written.
const IN_ORDER: &str = r"
    const place = (row) => row.getBoundingClientRect();
    const rows = [...document.querySelectorAll('tbody.long > tr')].sort((one, other) => place(one).top - place(other).top);
    const sight = rows.filter((row) => place(row).bottom > 0 && place(row).top < innerHeight);
    const list = document.querySelector('tbody.long').getBoundingClientRect();
    const [first, last] = [sight[0], sight.at(-1)];
    return sight.length > 5 && place(first).top <= Math.max(0, list.top) + 1
        && place(last).bottom >= Math.min(innerHeight, list.bottom) - 1
        && sight.every((row, at) => at === 0
            || (Number(row.ariaRowIndex) === Number(sight[at - 1].ariaRowIndex) + 1 && Math.abs(place(row).top - place(sight[at - 1]).bottom) < 1))
        && sight.every((row) => row.querySelector('.key').textContent === row.dataset.test.slice('flag-row-'.length));";

#[tokio::test]
async fn a_long_list_is_whole_wherever_it_is_scrolled_to() -> Result<()> {
    const LONG: &str = "made-150";
    let stack = Stack::start().await?;
    let flags = stack.data.path().join("made");
    std::fs::create_dir(&flags)?;
    for at in 0..300 {
        let key = format!("made-{at:03}");
        let more = if key == LONG { " and on".repeat(40) } else { String::new() };
        let flag = json!({
            "key": key, "description": format!("What number {at} changes{more}"), "owner": "payments", "kind": "release",
            "created": "2026-11-01", "expires": "2099-06-30", "clients": ["browser"], "variants": { "on": true, "off": false },
            "degraded": { "variant": "off", "meaning": "As it was" }, "default": "off", "reversibility": "rollback-safe",
            "rules": [{ "name": "half", "split": { "slices": [["on", 50_000], ["off", 50_000]] } }],
        });
        std::fs::write(flags.join(format!("{key}.json")), flag.to_string())?;
    }
    stack.downhaul(&["apply", &flags.display().to_string(), "--reason", "a long list"]).await?;
    let count = stack.admin("GET", "/flags", None).await?["flags"].as_array().map_or(0, Vec::len);

    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let run = async |script: &str| anyhow::Ok(browser.driver.execute(script, vec![]).await?.json().clone());
    console.page("/flags?order=key").await?;
    browser.until("the first rows", IN_ORDER).await?;
    for y in [700, 9_000, 4_000, 8_200, 0] {
        run(&format!("scrollTo(0, {y})")).await?;
        browser.until(&format!("rows at {y}"), IN_ORDER).await?;
    }
    browser
        .until("shares, once the rules are read", "return !!document.querySelector('tbody.long .share:not([hidden])')")
        .await?;

    // The end is the end, and keys go through the rows in their order.
    run("scrollTo(0, document.documentElement.scrollHeight)").await?;
    browser.until("rows at the end", IN_ORDER).await?;
    let end = format!(
        "const row = document.querySelector('tbody.long > tr.is-last'); return row?.ariaRowIndex === '{}'",
        count + 1
    );
    browser.until("the last row", &end).await?;
    let order = "const rows = [...document.querySelectorAll('tbody.long > tr')].map((row) => Number(row.ariaRowIndex)); \
                 return rows.every((row, at) => at === 0 || row > rows[at - 1])";
    browser.until("the document in order", order).await?;

    // A filter makes it short, and one that is taken back long again, from wherever somebody was.
    let list = Flags::of(&console);
    list.search("made-15").await?;
    list.lists(10).await?;
    let clips = |long: bool| {
        format!(
            "return document.querySelector('[data-test=flag-row-{LONG}] .c-flag small').matches('[data-clips]') === {long}"
        )
    };
    run("document.activeElement.blur()").await?;
    browser.shown("body").await?.send_keys(Key::Escape.value()).await?;
    browser.until("the whole list again", IN_ORDER).await?;

    // `J` goes on beyond what is drawn, and what has the cursor is in sight.
    browser.shown("body").await?.send_keys("j".repeat(45)).await?;
    let at = |row: usize| {
        format!(
            "const row = document.querySelector('tr.is-focus'); if (row?.ariaRowIndex !== '{row}') return false; \
                      const place = row.getBoundingClientRect(); return place.top >= 0 && place.bottom <= innerHeight"
        )
    };
    browser.until("the forty-fifth row", &at(46)).await?;
    browser.until("rows around the cursor", IN_ORDER).await?;
    browser.shown("body").await?.send_keys("k".repeat(44)).await?;
    browser.until("the first row", &at(2)).await?;

    // Only what is too long for its place is cut.
    run("scrollTo(0, 150 * document.querySelector('tbody.long > tr').offsetHeight)").await?;
    list.has(LONG).await?;
    run(&format!("document.querySelector('[data-test=flag-row-{LONG}]').scrollIntoView({{ block: 'center' }})"))
        .await?;
    browser.until("a text that is cut", &clips(true)).await?;
    let others = "return document.querySelectorAll('tbody.long [data-clips]').length === 1";
    browser.until("one text that is cut", others).await?;
    let cut = format!(
        "const text = document.querySelector('[data-test=flag-row-{LONG}] .c-flag small'); return getComputedStyle(text).overflow === 'hidden' && text.scrollWidth > text.clientWidth"
    );
    browser.until("the text within its column", &cut).await?;

    // A kill shows in the row that is looked at, which stays where it is.
    let top = format!("return document.querySelector('[data-test=flag-row-{LONG}]').getBoundingClientRect().top");
    let before = run(&top).await?.as_f64();
    stack.downhaul(&["kill", LONG, "--reason", "a test"]).await?;
    list.is_killed(LONG).await?;
    browser.until("rows after the kill", IN_ORDER).await?;
    let moved = run(&top).await?.as_f64().zip(before).map(|(after, before)| (after - before).abs());
    assert!(moved.is_some_and(|moved| moved < 1.0), "nothing moves under whoever looks at it: {moved:?}");
    run("scrollTo(0, 0)").await?;
    browser.until("the beginning again", IN_ORDER).await?;
    browser.accessible("a long list").await?;
    browser.picture("console-long-list").await?;
    Ok(())
}
