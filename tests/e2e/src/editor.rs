use crate::{Browser, Console};
use anyhow::{Context, Result};
use serde_json::Value;
use thirtyfour::components::SelectElement;
use thirtyfour::prelude::*;

/// The flag editor, used by keyboard as far as that goes. The marks are listed in admin-app/ui/README.md.
#[derive(Debug)]
pub struct Editor<'a> {
    browser: &'a Browser,
    address: String,
}

impl<'a> Editor<'a> {
    /// Makes a flag from the list: `N`.
    pub async fn create(console: &Console<'a>) -> Result<Self> {
        let Console { browser, address } = console;
        browser.driver.goto(format!("{address}/e/production/flags")).await?;
        // While the flags are on their way the page is another one.
        browser.marked("flag-row-checkout-v2").await?;
        browser.shown("body").await?.send_keys("n").await?;
        browser.marked("editor").await?;
        Ok(Editor { browser, address: address.clone() })
    }

    /// Makes the first flag of all.
    pub async fn create_first(console: &Console<'a>) -> Result<Self> {
        let editor = Self::of(console);
        editor.browser.driver.goto(format!("{}/e/production/create", editor.address)).await?;
        editor.browser.marked("editor").await?;
        Ok(editor)
    }

    /// The editor of a console; it is open, or to be opened.
    pub fn of(console: &Console<'a>) -> Self {
        Editor { browser: console.browser, address: console.address.clone() }
    }

    /// Opens a flag's page and edits it from there: `E`.
    pub async fn edit(&self, key: &str) -> Result<()> {
        self.edit_in("production", key).await
    }

    /// The same, in another environment.
    pub async fn edit_in(&self, environment: &str, key: &str) -> Result<()> {
        self.browser.driver.goto(format!("{}/e/{environment}/flags/{key}", self.address)).await?;
        self.edit_from_here().await
    }

    /// Opens it from the flag's page that is there, which is not loaded anew.
    pub async fn edit_from_here(&self) -> Result<()> {
        self.browser.marked("edit-open").await?;
        self.browser.shown("body").await?.send_keys("e").await?;
        self.browser.marked("editor").await?;
        Ok(())
    }

    /// Says what a new flag has to say.
    pub async fn describe(&self, key: &str, owner: &str, meaning: &str) -> Result<()> {
        self.write("edit-key", key).await?;
        self.write("edit-owner", owner).await?;
        self.write("edit-degraded-meaning", meaning).await
    }

    /// Types into a field.
    pub async fn write(&self, field: &str, text: &str) -> Result<()> {
        Ok(self.browser.marked(field).await?.send_keys(text).await?)
    }

    /// Presses a button by Enter.
    pub async fn press(&self, button: &str) -> Result<()> {
        Ok(self.browser.marked(button).await?.send_keys(Key::Enter.value().to_string()).await?)
    }

    /// Adds a value to a list of them.
    pub async fn add(&self, field: &str, value: &str) -> Result<()> {
        let field = self.browser.marked(field).await?;
        Ok(field.send_keys(format!("{value}{}", Key::Enter.value())).await?)
    }

    /// Chooses from a list by what stands behind the words.
    pub async fn choose(&self, list: &str, value: &str) -> Result<()> {
        let list = SelectElement::new(&self.browser.marked(list).await?).await?;
        Ok(list.select_by_value(value).await?)
    }

    /// The same in the list that edits this member of the flag.
    pub async fn choose_at(&self, pointer: &str, value: &str) -> Result<()> {
        let list = self.browser.shown(&format!("select[data-at=\"{pointer}\"]")).await?;
        Ok(SelectElement::new(&list).await?.select_by_value(value).await?)
    }

    /// Draws with the pointer from the middle of one thing to the middle of another.
    pub async fn drag(&self, what: &str, onto: &str) -> Result<()> {
        let (what, onto) = (self.browser.marked(what).await?, self.browser.marked(onto).await?);
        what.scroll_into_view().await?;
        Ok(self.browser.driver.action_chain().drag_and_drop_element(&what, &onto).perform().await?)
    }

    /// Takes the last edit of the draft back: Ctrl Z, outside of a field.
    pub async fn undo(&self) -> Result<()> {
        self.chord("z").await
    }

    /// Does again what was taken back: Ctrl Y.
    pub async fn redo(&self) -> Result<()> {
        self.chord("y").await
    }

    async fn chord(&self, letter: &str) -> Result<()> {
        self.browser.driver.execute("document.activeElement?.blur()", vec![]).await?;
        let keys = format!("{}{letter}{}", Key::Control.value(), Key::Null.value());
        Ok(self.browser.shown("body").await?.send_keys(keys).await?)
    }

    /// Turns to the text of the draft, or back to the form.
    pub async fn turn(&self) -> Result<()> {
        self.press("as-json").await
    }

    /// What the text of the draft says, while that is shown.
    pub async fn text(&self) -> Result<String> {
        Ok(self.browser.marked("edit-json").await?.value().await?.unwrap_or_default())
    }

    /// Puts another text in its place, as pasting does.
    pub async fn paste(&self, text: &str) -> Result<()> {
        let script = "const field = document.querySelector('[data-test=edit-json]'); field.value = arguments[0]; \
                      field.dispatchEvent(new Event('input', { bubbles: true }))";
        self.browser.driver.execute(script, vec![Value::from(text)]).await?;
        Ok(())
    }

    /// The draft as its text says it, from the form and back.
    pub async fn as_text(&self) -> Result<Value> {
        self.turn().await?;
        let text = self.text().await?;
        self.turn().await?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Waits until the rules stand in this order; each by its name.
    pub async fn order(&self, names: &[&str]) -> Result<()> {
        let script = format!(
            "const shown = [...document.querySelectorAll('[data-test=rules] article.rule h3')].map(name => name.textContent); \
             return JSON.stringify(shown) === JSON.stringify({names:?})"
        );
        self.browser.until(&format!("the rules in the order {names:?}"), &script).await
    }

    /// Waits until the words of what is marked so contain this.
    pub async fn sees(&self, mark: &str, part: &str) -> Result<()> {
        let script = format!("return document.querySelector('[data-test=\"{mark}\"]').innerText.includes({part:?})");
        self.browser.until(&format!("`{part}` in {mark}"), &script).await
    }

    /// What the core says beside a condition, once it says something.
    pub async fn problem(&self, at: &str) -> Result<String> {
        Ok(self.browser.shown(&format!("[data-test=\"{at}\"] .error")).await?.text().await?)
    }

    /// Moves a handle by large steps to the left.
    pub async fn move_left(&self, handle: &str, steps: usize) -> Result<()> {
        let handle = self.browser.marked(handle).await?;
        for _ in 0..steps {
            handle.send_keys(format!("{}{}{}", Key::Shift.value(), Key::Left.value(), Key::Null.value())).await?;
        }
        Ok(())
    }

    /// Adds a rule behind those that are there. Rules, and the conditions of each, are numbered from 1.
    pub async fn add_rule(&self) -> Result<()> {
        self.press("add-rule").await
    }

    /// Adds a condition to a rule: of a `tenant`, a `region` and so on.
    pub async fn add_condition(&self, rule: usize, at: usize, subject: &str, value: &str) -> Result<()> {
        self.press(&format!("rule-{rule}-condition-add-{subject}")).await?;
        self.add(&format!("rule-{rule}-condition-{at}-value"), value).await
    }

    /// Has a rule give a variant.
    pub async fn serve(&self, rule: usize, variant: &str) -> Result<()> {
        self.write(&format!("rule-{rule}-variant"), variant).await
    }

    /// A rule in words, with plain spaces.
    pub async fn words(&self, rule: usize) -> Result<String> {
        let words = self.browser.marked(&format!("rule-{rule}-words")).await?.text().await?;
        Ok(words.replace('\u{202F}', " "))
    }

    /// Over whom the panel works, once it says this number.
    pub async fn source(&self, number: usize) -> Result<String> {
        let script = format!(
            "return document.querySelector('[data-test=radius-source]')?.innerText.replace(/\\D/g, '').includes('{number}')"
        );
        self.browser.until(&format!("a radius over {number}"), &script).await?;
        Ok(self.browser.marked("radius-source").await?.text().await?)
    }

    /// The weight that the panel says moves, once it speaks of the newest draft.
    pub async fn moved(&self) -> Result<f64> {
        let script = "const panel = document.querySelector('[data-test=radius]'); \
                      return panel.dataset.state === 'current' && !!panel.querySelector('[data-test=exact]')";
        self.browser.until("a radius of this draft", script).await?;
        let moved = self.browser.marked("moved").await?.attr("data-moved").await?.context("no weight")?;
        Ok(moved.parse()?)
    }

    /// Loads the page anew, and goes on with the draft that was kept.
    pub async fn reload(&self) -> Result<()> {
        self.browser.driver.refresh().await?;
        self.press("resume-go-on").await?;
        self.browser.marked("editor").await?;
        Ok(())
    }

    /// Reads the difference, says why, and publishes: twice Ctrl Enter. Gives what the review said.
    pub async fn publish(&self, reason: &str) -> Result<String> {
        let publish = format!("{}{}{}", Key::Control.value(), Key::Enter.value(), Key::Null.value());
        self.browser.shown("[data-test=review-open]:not([aria-disabled=true])").await?;
        self.browser.shown("body").await?.send_keys(&publish).await?;
        let difference = self.browser.marked("difference").await?.text().await?;
        let why = self.browser.marked("publish-reason").await?;
        why.send_keys(reason).await?;
        self.browser.shown("[data-test=publish]:not([aria-disabled=true])").await?;
        why.send_keys(&publish).await?;
        self.browser.marked("toast").await?;
        Ok(difference)
    }

    /// Reads the difference, says why, and asks others: twice Ctrl Enter.
    pub async fn propose(&self, reason: &str) -> Result<()> {
        let ask = format!("{}{}{}", Key::Control.value(), Key::Enter.value(), Key::Null.value());
        self.browser.shown("[data-test=review-open]:not([aria-disabled=true])").await?;
        self.browser.shown("body").await?.send_keys(&ask).await?;
        let why = self.browser.marked("publish-reason").await?;
        why.send_keys(reason).await?;
        self.browser.shown("[data-test=propose]:not([aria-disabled=true])").await?;
        why.send_keys(&ask).await?;
        self.browser.marked("toast").await?;
        Ok(())
    }

    /// Takes the last publish back: Ctrl Z.
    pub async fn undo_publish(&self) -> Result<()> {
        self.browser.marked("undo-publish").await?;
        let undo = format!("{}z{}", Key::Control.value(), Key::Null.value());
        self.browser.shown("body").await?.send_keys(undo).await?;
        Ok(())
    }
}
