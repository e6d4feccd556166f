use crate::Console;
use crate::screens::KillControl;
use anyhow::Result;

/// The alarm of a flag that is turned off and on.
const OSCILLATING: &str = "oscillating-flag";

/// The alarms that nobody has yet, on every page.
#[derive(Debug)]
pub struct AlarmBanner<'a> {
    console: &'a Console<'a>,
}

impl<'a> AlarmBanner<'a> {
    pub fn of(console: &'a Console<'a>) -> Self {
        AlarmBanner { console }
    }

    /// What it says of a flag that is turned off and on.
    pub async fn oscillating(&self) -> Result<String> {
        Ok(self.console.browser.marked(&format!("alarm-banner-{OSCILLATING}")).await?.text().await?)
    }

    /// Waits until it shows so many.
    pub async fn has(&self, count: usize) -> Result<()> {
        self.console.says("alarm-banner", "alarms", &count.to_string()).await
    }

    /// Waits until the bar at the top shows so many.
    pub async fn is_counted(&self, count: usize) -> Result<()> {
        let badge = format!("return document.querySelector('.iconbtn.alarms .badge').textContent === '{count}'");
        self.console.browser.until("how many there are, in the bar at the top", &badge).await
    }

    /// Waits until those who do not see the page are told.
    pub async fn is_read_out(&self, words: &str) -> Result<()> {
        let read = format!(
            "return [...document.querySelectorAll('[aria-live=polite]')].some((each) => each.textContent.startsWith('{words}'))"
        );
        self.console.browser.until("the alarm to be read out", &read).await
    }

    /// Waits until the button says whom to ask, to whoever may not acknowledge.
    pub async fn says_whom_to_ask(&self, whom: &str) -> Result<()> {
        let says = format!(
            "const button = document.querySelector('[data-test=alarm-acknowledge]'); \
             return button.ariaDisabled === 'true' && button.title.includes('{whom}') && button.textContent.includes('{whom}')"
        );
        self.console.browser.until("a button that says whom to ask", &says).await
    }

    /// Opens the kill control for the flag of the first.
    pub async fn open_kill(&self, flag: &str) -> Result<KillControl<'a>> {
        self.console.browser.shown("[data-test=alarm-banner] a.kill").await?.click().await?;
        self.console.browser.at(&format!("/kill/{flag}")).await?;
        KillControl::opened(self.console).await
    }

    /// Says that somebody has the first.
    pub async fn acknowledge(&self) -> Result<()> {
        let button = "[data-test=alarm-banner] [data-test=alarm-acknowledge]";
        Ok(self.console.browser.shown(button).await?.click().await?)
    }

    /// Waits until it has gone, and from the bar at the top too.
    pub async fn is_gone(&self) -> Result<()> {
        let gone = "return !document.querySelector('[data-test=alarm-banner], .iconbtn.alarms')";
        self.console.browser.until("no alarm that nobody has", gone).await
    }
}

/// All alarms.
#[derive(Debug)]
pub struct Alarms<'a> {
    console: &'a Console<'a>,
}

impl<'a> Alarms<'a> {
    /// The alarms of a console that is led to them.
    pub fn of(console: &'a Console<'a>) -> Self {
        Alarms { console }
    }

    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/alarms").await?;
        Ok(Alarms { console })
    }

    /// Waits until it shows so many.
    pub async fn has(&self, count: usize) -> Result<()> {
        self.console.says("alarms", "alarms", &count.to_string()).await
    }

    /// Waits until the one of a flag that is turned off and on is `raised` or `acknowledged`.
    pub async fn oscillating_is(&self, standing: &str) -> Result<()> {
        self.console.says(&format!("alarm-{OSCILLATING}"), "standing", standing).await
    }
}
