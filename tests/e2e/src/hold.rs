use crate::Browser;
use anyhow::Result;
use thirtyfour::WebElement;

/// The button that kills, held by the pointer: the console's or the last resort's.
#[derive(Debug)]
pub struct Hold<'a> {
    browser: &'a Browser,
    selector: &'static str,
}

impl<'a> Hold<'a> {
    pub fn of_the_console(browser: &'a Browser) -> Self {
        Hold { browser, selector: "[data-test=hold-to-kill]" }
    }

    pub fn of_the_last_resort(browser: &'a Browser) -> Self {
        Hold { browser, selector: "#hold" }
    }

    /// The button in sight, once it may be held.
    async fn ready(&self) -> Result<WebElement> {
        let button = self.browser.shown(&format!("{}[aria-disabled=false]", self.selector)).await?;
        button.scroll_into_view().await?;
        Ok(button)
    }

    /// Puts the pointer on it and presses, once it may be held.
    pub async fn begin(&self) -> Result<()> {
        let button = self.ready().await?;
        Ok(self.browser.driver.action_chain().click_and_hold_element(&button).perform().await?)
    }

    /// The same, and away again at once, by so many pixels: a slow driver must not hold it for as long as it asks. Waits until it
    /// was seen to be held meanwhile.
    pub async fn begin_and_leave(&self, pixels: i64) -> Result<()> {
        const WATCH: &str = r"
            const button = document.querySelector(arguments[0]);
            window.wasHeld = false;
            new MutationObserver(() => { window.wasHeld ||= button.classList.contains('is-holding'); })
                .observe(button, { attributes: true, attributeFilter: ['class'] });";
        let button = self.ready().await?;
        self.browser.driver.execute(WATCH, vec![self.selector.into()]).await?;
        let actions = self.browser.driver.action_chain();
        actions.click_and_hold_element(&button).move_by_offset(0, pixels).perform().await?;
        self.browser.until("the button to have been held", "return window.wasHeld === true").await
    }

    /// Moves the pointer this many pixels down, still pressed.
    pub async fn move_down(&self, pixels: i64) -> Result<()> {
        Ok(self.browser.driver.action_chain().move_by_offset(0, pixels).perform().await?)
    }

    /// Waits until it shows that it is held, or that it is not.
    pub async fn is_held(&self, held: bool) -> Result<()> {
        let script =
            format!("return document.querySelector('{}').classList.contains('is-holding') === {held}", self.selector);
        self.browser.until(&format!("the button to be held: {held}"), &script).await
    }

    /// Waits until it asks for a hold, and not for a second press.
    pub async fn is_unarmed(&self) -> Result<()> {
        let script = format!("return document.querySelector('{}').textContent.includes('Hold to')", self.selector);
        self.browser.until("the button to ask for a hold", &script).await
    }

    /// Has the page make this much room above everything, as an alarm that comes in does.
    pub async fn push_away(&self, pixels: u32) -> Result<()> {
        let script = format!("document.querySelector('main').style.paddingTop = '{pixels}px'");
        self.browser.driver.execute(script, vec![]).await?;
        Ok(())
    }

    /// Holds on until this shows what came of it, and lets go.
    pub async fn until(&self, selector: &str) -> Result<()> {
        let shown = format!("return document.querySelector('{selector}')?.checkVisibility() === true");
        self.browser.until(&format!("what comes of the hold, {selector}"), &shown).await?;
        self.release().await
    }

    pub async fn release(&self) -> Result<()> {
        Ok(self.browser.driver.action_chain().release().perform().await?)
    }
}
