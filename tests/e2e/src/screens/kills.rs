use crate::Console;
use anyhow::{Result, ensure};
use thirtyfour::prelude::*;

/// The kill control: what is about to be killed, for whom, and why.
#[derive(Debug)]
pub struct KillControl<'a> {
    console: &'a Console<'a>,
}

impl<'a> KillControl<'a> {
    pub async fn open(console: &'a Console<'a>, flag: &str) -> Result<Self> {
        console.page(&format!("/kill/{flag}")).await?;
        let control = KillControl { console };
        control.is_at_the_reason().await?;
        Ok(control)
    }

    /// Opens it from the flag's page.
    pub async fn open_from_flag(console: &'a Console<'a>, flag: &str) -> Result<Self> {
        console.flag(flag).await?;
        console.click("kill-open").await?;
        Ok(KillControl { console })
    }

    /// Waits until the console has led to it.
    pub async fn opened(console: &'a Console<'a>) -> Result<Self> {
        console.browser.marked("kill-reason").await?;
        Ok(KillControl { console })
    }

    pub async fn only_for_tenant(&self, tenant: &str) -> Result<()> {
        self.console.click("scope-tenant").await?;
        Ok(self.console.browser.marked("scope-tenant-input").await?.send_keys(format!("{tenant},")).await?)
    }

    /// Asks to be shown the variants.
    pub async fn limit_by_variant(&self) -> Result<()> {
        self.console.click("scope-variant").await
    }

    pub async fn because(&self, reason: &str) -> Result<()> {
        Ok(self.console.browser.marked("kill-reason").await?.send_keys(reason).await?)
    }

    pub async fn of_incident(&self, incident: &str) -> Result<()> {
        Ok(self.console.browser.marked("kill-incident").await?.send_keys(incident).await?)
    }

    /// Gives a reason and holds the button for as long as it asks.
    pub async fn kill(&self, reason: &str) -> Result<Kill<'a>> {
        self.because(reason).await?;
        self.console.hold_until("clients-dark").await?;
        Ok(Kill { console: self.console })
    }

    /// Waits until it says how the last drill of the flag went.
    pub async fn tells_of_a_drill(&self) -> Result<()> {
        self.console.browser.marked("proven-drill").await?;
        Ok(())
    }

    /// Waits until it says whom it reaches.
    pub async fn reaches(&self, whom: &str) -> Result<()> {
        let script = format!("return document.querySelector('[data-test=kill-effect]').innerText.includes('{whom}')");
        self.console.browser.until("the effect in words", &script).await
    }

    /// Waits until the button may be held.
    pub async fn is_ready(&self) -> Result<()> {
        self.console.browser.shown("[data-test=hold-to-kill][aria-disabled=false]").await?;
        Ok(())
    }

    /// Waits until the button may not be held, which has to say why.
    pub async fn says_why_not(&self) -> Result<()> {
        let hold = self.console.browser.shown("[data-test=hold-to-kill][aria-disabled=true]").await?;
        ensure!(!hold.attr("aria-describedby").await?.unwrap_or_default().is_empty(), "it says why not");
        Ok(())
    }

    /// Waits until the focus is on the reason.
    pub async fn is_at_the_reason(&self) -> Result<()> {
        let script = "return document.activeElement.dataset.test === 'kill-reason'";
        self.console.browser.until("the focus on the reason", script).await
    }

    /// Goes on from the choice of everyone by a key.
    pub async fn go_from_everyone(&self, key: Key) -> Result<()> {
        Ok(self.console.browser.marked("scope-everyone").await?.send_keys(key.value().to_string()).await?)
    }

    /// Waits until the focus is on a choice of whom, which is chosen by that: `everyone`, `region` and so on.
    pub async fn is_at(&self, whom: &str) -> Result<()> {
        self.console.is_chosen(&format!("scope-{whom}")).await
    }

    /// Has two presses do what a hold does.
    pub async fn take_two_presses(&self) -> Result<()> {
        self.console.click("two-presses").await?;
        self.is_ready().await
    }

    pub async fn press(&self) -> Result<()> {
        self.console.click("hold-to-kill").await
    }

    /// Waits until it asks for the second press, or for the first again.
    pub async fn asks_for_another(&self, another: bool) -> Result<()> {
        let script = format!(
            "return document.querySelector('[data-test=hold-to-kill]').textContent.includes('Press again') === {another}"
        );
        self.console.browser.until(&format!("another press to be asked for: {another}"), &script).await
    }

    /// Waits until the effect is read out.
    pub async fn reads_out(&self, effect: &str) -> Result<()> {
        let script = format!(
            "return [...document.querySelectorAll('[role=alert]')].some(each => /{effect}/.test(each.textContent))"
        );
        self.console.browser.until("the effect read out", &script).await
    }

    /// Goes to the reason with the pointer.
    pub async fn go_to_the_reason(&self) -> Result<()> {
        self.console.click("kill-reason").await
    }

    /// Goes to the button by keys.
    pub async fn go_to_the_button(&self) -> Result<()> {
        let there = "return document.activeElement.dataset.test === 'hold-to-kill'";
        let driver = &self.console.browser.driver;
        for _ in 0..40 {
            if driver.execute(there, vec![]).await?.json() == true {
                break;
            }
            driver.action_chain().send_keys(Key::Tab).perform().await?;
        }
        self.console.browser.until("the focus on the button", there).await
    }
}

/// A kill that was fired, and the way back from it.
#[derive(Debug)]
pub struct Kill<'a> {
    console: &'a Console<'a>,
}

impl<'a> Kill<'a> {
    /// Waits until the console has led to it.
    pub async fn opened(console: &'a Console<'a>) -> Result<Self> {
        console.browser.marked("clients-dark").await?;
        Ok(Kill { console })
    }

    /// Waits until the console shows one, whoever it reaches.
    pub async fn fired(console: &'a Console<'a>) -> Result<Self> {
        console.browser.marked("live-kill").await?;
        Ok(Kill { console })
    }

    /// How many clients it says are dark, once it says at least `count`.
    pub async fn dark(&self, count: usize) -> Result<String> {
        let script =
            format!("return Number(document.querySelector('[data-test=clients-dark]').dataset.dark) >= {count}");
        self.console.browser.until(&format!("{count} clients dark"), &script).await?;
        Ok(self.console.browser.marked("clients-dark").await?.text().await?)
    }

    /// Waits until all are dark.
    pub async fn is_complete(&self) -> Result<()> {
        self.console.browser.marked("kill-complete").await?;
        Ok(())
    }

    /// Waits until it says how it went by region, and how long it took.
    pub async fn is_measured(&self) -> Result<()> {
        self.console.browser.marked("by-region").await?;
        for figure in ["p50", "p99"] {
            let script =
                format!("return document.querySelector('[data-test=live-kill]').innerText.includes('{figure}')");
            self.console.browser.until(figure, &script).await?;
        }
        Ok(())
    }

    /// Waits until it says whether it helped.
    pub async fn says_whether_it_helped(&self) -> Result<()> {
        self.console.browser.marked("helped").await?;
        Ok(())
    }

    pub async fn restore(&self, reason: &str) -> Result<()> {
        self.console.click("restore").await?;
        self.console.browser.marked("restore-reason").await?.send_keys(reason).await?;
        self.console.click("restore-confirm").await
    }

    /// Waits until it says that others are to be asked about the restore.
    pub async fn restore_asks_others(&self) -> Result<()> {
        self.console.browser.marked("restore-asks").await?;
        Ok(())
    }

    /// Waits until the navigation of a page says how many are in force.
    pub async fn in_force(console: &Console<'_>, count: usize) -> Result<()> {
        let script = format!("return document.querySelector('[data-test=kills-in-force]')?.innerText === '{count}'");
        console.browser.until(&format!("{count} kills in force"), &script).await
    }
}
