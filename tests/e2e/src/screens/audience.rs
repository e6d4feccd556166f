use crate::Console;
use crate::screens::Draft;
use anyhow::{Context, Result};

/// The editor of what flags share: a segment, a tenant, the regions. Its [`Review`](crate::screens::Review) is that of flags.
#[derive(Debug)]
pub struct Definition<'a> {
    console: &'a Console<'a>,
}

impl<'a> Definition<'a> {
    /// Waits until the panel speaks of the newest draft.
    pub async fn radius_is_known(&self) -> Result<()> {
        let script = "return document.querySelector('[data-test=radius]').dataset.state === 'current'";
        self.console.browser.until("a radius of this draft", script).await
    }

    /// The weight that the panel says moves, once it speaks of the newest draft, and of flags that move.
    pub async fn moved(&self) -> Result<f64> {
        let script = "const panel = document.querySelector('[data-test=radius]'); return panel.dataset.state === 'current' && \
                      Number(panel.querySelector('[data-test=moved]').dataset.flags) > 0";
        self.console.browser.until("a radius of this draft", script).await?;
        let moved = self.console.browser.marked("moved").await?.attr("data-moved").await?.context("no weight")?;
        Ok(moved.parse()?)
    }

    /// Loads the page anew, and goes on with the draft that was kept.
    pub async fn reload(&self) -> Result<()> {
        self.console.browser.driver.refresh().await?;
        Draft::of(self.console).go_on().await
    }

    /// Waits until flags use it.
    pub async fn is_used(&self) -> Result<()> {
        self.console.browser.shown("[data-test=used-by]:not([data-count='0'])").await?;
        Ok(())
    }

    /// Puts another value in the place of those of a condition, from 1.
    pub async fn condition(&self, at: usize, value: &str) -> Result<()> {
        self.console.write(&format!("segment-condition-{at}-value"), value).await
    }

    /// Adds a condition of a region, which becomes the one of this number.
    pub async fn add_region(&self, at: usize, region: &str) -> Result<()> {
        self.console.click("segment-condition-add-region").await?;
        self.condition(at, region).await
    }

    pub async fn remove_condition(&self, at: usize) -> Result<()> {
        self.console.click(&format!("segment-condition-{at}-remove")).await
    }

    /// Waits until this is wrong, by its code.
    pub async fn has_problem(&self, code: &str) -> Result<()> {
        self.console.browser.shown(&format!("[data-code={code}]")).await?;
        Ok(())
    }

    /// Gives it an attribute that it did not have.
    pub async fn add_attribute(&self, name: &str, value: &str) -> Result<()> {
        self.console.write("attribute-name", name).await?;
        self.console.click("attribute-add").await?;
        self.console.write(&format!("attribute-{name}"), value).await
    }

    pub async fn remove(&self, reason: &str) -> Result<()> {
        self.console.act("remove", reason).await
    }

    pub async fn why_not_remove(&self) -> Result<String> {
        self.console.why_not("remove").await
    }
}

/// All segments.
#[derive(Debug)]
pub struct Segments<'a> {
    console: &'a Console<'a>,
}

impl<'a> Segments<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/segments").await?;
        Ok(Segments { console })
    }

    /// Opens the address of one.
    pub async fn open_one(console: &'a Console<'a>, key: &str) -> Result<Definition<'a>> {
        console.page(&format!("/segments/{key}")).await?;
        Ok(Definition { console })
    }

    /// Waits until one stands in the list.
    pub async fn has(&self, key: &str) -> Result<()> {
        self.console.browser.shown(&format!("[data-test=segment-{key}] a")).await?;
        Ok(())
    }

    pub async fn choose(&self, key: &str) -> Result<Definition<'a>> {
        self.console.browser.shown(&format!("[data-test=segment-{key}] a")).await?.click().await?;
        Ok(Definition { console: self.console })
    }
}

/// All tenants.
#[derive(Debug)]
pub struct Tenants<'a> {
    console: &'a Console<'a>,
}

impl<'a> Tenants<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/tenants").await?;
        Ok(Tenants { console })
    }

    /// Waits until one stands in the list.
    pub async fn has(&self, name: &str) -> Result<()> {
        self.console.browser.marked(&format!("tenant-{name}")).await?;
        Ok(())
    }

    /// Waits until one does not stand in the list, while another does.
    pub async fn has_not(&self, name: &str, but: &str) -> Result<()> {
        let script = format!(
            "return !!document.querySelector('[data-test=\"tenant-{but}\"]') && !document.querySelector('[data-test=\"tenant-{name}\"]')"
        );
        self.console.browser.until(&format!("tenants without {name}"), &script).await
    }

    /// Declares one.
    pub async fn declare(&self, name: &str) -> Result<Definition<'a>> {
        self.console.write("new-name", name).await?;
        self.console.click("new-go").await?;
        Ok(Definition { console: self.console })
    }

    pub async fn choose(&self, name: &str) -> Result<Definition<'a>> {
        self.console.browser.shown(&format!("[data-test='tenant-{name}'] a")).await?.click().await?;
        Ok(Definition { console: self.console })
    }
}

/// The tree of regions, which is edited as a whole.
#[derive(Debug)]
pub struct Regions<'a> {
    console: &'a Console<'a>,
}

impl<'a> Regions<'a> {
    pub async fn open(console: &'a Console<'a>) -> Result<Self> {
        console.page("/regions").await?;
        Ok(Regions { console })
    }

    /// Waits until one stands in the tree.
    pub async fn has(&self, key: &str) -> Result<()> {
        self.console.browser.marked(&format!("region-{key}")).await?;
        Ok(())
    }

    pub async fn remove(&self, key: &str) -> Result<()> {
        self.console.click(&format!("region-{key}-remove")).await
    }

    /// Adds one below another. The field for it stays where it was opened.
    pub async fn add(&self, below: &str, key: &str) -> Result<()> {
        self.has(below).await?;
        let is_open = format!("return !!document.querySelector('[data-test=new-region-{below}]')");
        if self.console.browser.driver.execute(is_open, vec![]).await?.json() != true {
            self.console.click(&format!("region-{below}-add")).await?;
        }
        self.console.write(&format!("new-region-{below}"), key).await?;
        self.console.click(&format!("new-region-{below}-go")).await
    }

    /// The tree as what is edited.
    pub fn definition(&self) -> Definition<'a> {
        Definition { console: self.console }
    }
}
