use crate::desktop::Desktop;
use crate::process::{PATIENCE, answering, free_port, start};
use crate::stack::built;
use anyhow::{Context, Error, Result, bail, ensure};
use base64::Engine;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use thirtyfour::prelude::*;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// Chromium with an empty profile, driven by chromedriver; or the window of the desktop app, driven by WebKitWebDriver.
#[derive(Debug)]
pub struct Browser {
    pub driver: WebDriver,
    port: u16,
    session: String,
    /// The width and height that it was given; those of its window, where there are none.
    metrics: Mutex<Option<(u32, u32)>>,
    _profile: Option<TempDir>,
    _driver_process: Child,
}

impl Drop for Browser {
    /// Closes the session also where a test has failed: Chromium outlives a driver that is only killed.
    fn drop(&mut self) {
        // Its own way to close waits for a minute on a runtime that this very drop holds up.
        let _ = self.driver.clone().leak();
        if let Ok(mut driver) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = driver.set_read_timeout(Some(PATIENCE));
            let _ = write!(
                driver,
                "DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
                self.session
            );
            let _ = driver.read(&mut [0; 64]);
        }
    }
}

/// As root in a closed network: no sandbox, and nothing that looks for the vendor's hosts.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1440,900",
];

/// Longer lists are not looked at to their end.
const TALL: u32 = 6_000;

/// WCAG 2.2 A and AA.
const RULES: &[&str] = &["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const CONTRAST: &[&str] = &["color-contrast"];

/// Ends what moves, but what moves for ever.
const FINISH: &str = r"
    const finish = () => {
        const ends = document.getAnimations().filter((each) => each.effect.getComputedTiming().endTime !== Infinity);
        for (const each of ends) each.finish();
    };";

/// Takes the rules, and whether the theme is turned first; gives what it found. Colours that are on their way to others
/// arrive first.
const AXE: &str = r"
    const [rules, turned, done] = arguments;
    const root = document.documentElement;
    const theme = root.dataset.theme;
    const turn = (to) => { if (to === undefined) delete root.dataset.theme; else root.dataset.theme = to; };
    const settled = async () => {
        await new Promise((seen) => setTimeout(seen, 0));
        finish();
    };
    (async () => {
        const isDark = theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
        const ink = () => getComputedStyle(document.body).color;
        const before = ink();
        if (turned) turn(isDark ? 'light' : 'dark');
        await settled();
        if (turned && ink() === before) throw new Error('the theme does not turn');
        const found = await axe.run(document, { runOnly: rules });
        turn(theme);
        await settled();
        return found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target + ' ' + node.failureSummary).join('; ')}`);
    })().then(done, (why) => done([String(why)]));";

impl Browser {
    /// As wide and high as a phone.
    pub const PHONE: (u32, u32) = (390, 844);

    pub async fn start() -> Result<Self> {
        let port = free_port()?;
        let profile = TempDir::new()?;
        let process = start(Command::new("chromedriver").arg(format!("--port={port}")).arg("--log-level=SEVERE"))?;
        answering(&format!("http://127.0.0.1:{port}/status")).await?;
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in ARGUMENTS {
            capabilities.add_arg(argument)?;
        }
        capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await?;
        let session = driver.session_id().to_string();
        Ok(Browser {
            driver,
            port,
            session,
            metrics: Mutex::default(),
            _profile: Some(profile),
            _driver_process: process,
        })
    }

    /// Starts the desktop app and drives its window. Where the driver does not find the app that it has started, both are
    /// started once more.
    pub async fn window(desktop: &Desktop) -> Result<Self> {
        match Self::window_once(desktop).await {
            Ok(window) => Ok(window),
            Err(why) => {
                println!("the app is started again: {why:#}");
                desktop.end().await?;
                Self::window_once(desktop).await
            }
        }
    }

    async fn window_once(desktop: &Desktop) -> Result<Self> {
        let port = free_port()?;
        let mut command = Command::new("WebKitWebDriver");
        command.args([format!("--port={port}"), "--host=127.0.0.1".to_owned()]);
        // As tauri-driver does, which stands between for other systems too and loses connections.
        let process = start(desktop.within(command.env("TAURI_WEBVIEW_AUTOMATION", "true")))?;
        answering(&format!("http://127.0.0.1:{port}/status")).await?;
        let mut capabilities = Capabilities::new();
        let app = json!({ "binary": desktop.application()?, "args": desktop.arguments()? });
        capabilities.set("webkitgtk:browserOptions", app)?;
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await?;
        let session = driver.session_id().to_string();
        Ok(Browser { driver, port, session, metrics: Mutex::default(), _profile: None, _driver_process: process })
    }

    /// The element marked `data-test="name"`, once it is there and shown.
    pub async fn marked(&self, name: &str) -> Result<WebElement> {
        self.shown(&format!("[data-test=\"{name}\"]")).await
    }

    /// The first element that `selector` finds, once it is there and shown. One that goes while it is looked at is looked for
    /// again: pages draw themselves anew whenever something is heard.
    pub async fn shown(&self, selector: &str) -> Result<WebElement> {
        let started = Instant::now();
        loop {
            let query = self.driver.query(By::Css(selector)).wait(PATIENCE, Duration::from_millis(50)).and_displayed();
            match query.first().await {
                Err(error) if error.to_string().contains("stale element") && started.elapsed() < PATIENCE => {}
                found => return Ok(found?),
            }
        }
    }

    /// Waits until a script gives true.
    pub async fn until(&self, what: &str, script: &str) -> Result<()> {
        let started = Instant::now();
        loop {
            let given = self.driver.execute(script, vec![]).await;
            if given.as_ref().is_ok_and(|given| given.json().as_bool() == Some(true)) {
                return Ok(());
            }
            if started.elapsed() > PATIENCE {
                let page = self.driver.execute("return document.body.innerText", vec![]).await?;
                let given = given.map_or_else(|error| error.to_string(), |given| given.json().to_string());
                let page = page.json().as_str().unwrap_or_default().to_owned();
                bail!("waited {PATIENCE:?} for {what}; the script last gave {given}; the page says:\n{page}");
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Has what the page asks for at addresses with this end arrive so much later, until the page is loaded anew.
    pub async fn answer_late(&self, end: &str, after: Duration) -> Result<()> {
        const LATE: &str = r"
            const [end, after, fetch] = [arguments[0], arguments[1], window.fetch.bind(window)];
            window.fetch = async (...asked) => {
                const answer = await fetch(...asked);
                if (answer.url.endsWith(end)) await new Promise((done) => setTimeout(done, after));
                return answer;
            };";
        let millis = u64::try_from(after.as_millis())?;
        self.driver.execute(LATE, vec![end.into(), millis.into()]).await?;
        Ok(())
    }

    /// Waits until the address of the page contains this. The window knows it also while the page computes.
    pub async fn at(&self, part: &str) -> Result<()> {
        let started = Instant::now();
        loop {
            let address = self.driver.current_url().await?;
            if address.as_str().contains(part) {
                return Ok(());
            }
            ensure!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} for the address `{part}`; it is {address}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Checks what is shown against WCAG 2.2 A and AA, as far as axe-core can tell: as it stands, as wide as a phone, and the
    /// contrasts of both in the other theme as well. A window of the desktop app stays as wide as it is.
    pub async fn accessible(&self, what: &str) -> Result<()> {
        let axe = std::fs::read_to_string(built("web/node_modules/axe-core/axe.min.js")?)?;
        self.driver.execute(axe, vec![]).await?;
        if self.is_window() {
            return self.conforms(what).await;
        }
        let stood = *self.metrics();
        let place = "return [innerWidth, innerHeight, scrollY]";
        let place = self.driver.execute(place, vec![]).await?.json().clone();
        let at = |side: usize| place.get(side).and_then(Value::as_f64).unwrap_or_default();
        let own = (at(0) as u32, at(1) as u32);
        for (width, height) in [own, Self::PHONE] {
            self.resize(width, height).await?;
            // As high as the page, so that no bar lies over what is checked.
            let whole = self.driver.execute("return document.documentElement.scrollHeight", vec![]).await?;
            let whole = whole.json().as_u64().and_then(|whole| u32::try_from(whole).ok()).unwrap_or_default();
            self.resize(width, whole.clamp(height, TALL)).await?;
            self.conforms(&format!("{what} at {width} px")).await?;
        }
        match stood {
            Some((width, height)) => self.resize(width, height).await?,
            None => self.as_it_was().await?,
        }
        self.driver.execute("scrollTo(0, arguments[0])", vec![json!(at(2))]).await?;
        Ok(())
    }

    /// The same of the page as it stands, with axe-core in it, and of the contrasts in the other theme.
    async fn conforms(&self, what: &str) -> Result<()> {
        for (rules, turned) in [(RULES, false), (CONTRAST, true)] {
            let check = format!("{FINISH} {AXE}");
            let found = self.driver.execute_async(check, vec![json!(rules), json!(turned)]).await?;
            let violations = found.json().as_array().cloned().unwrap_or_default();
            let theme = if turned { "turned" } else { "as it is" };
            ensure!(violations.is_empty(), "{what}, the theme {theme}: {violations:#?}");
        }
        Ok(())
    }

    /// Has whatever moves, or takes another colour, arrive.
    pub async fn finish_animations(&self) -> Result<()> {
        self.driver.execute(format!("{FINISH} finish()"), vec![]).await?;
        Ok(())
    }

    fn is_window(&self) -> bool {
        self._profile.is_none()
    }

    fn metrics(&self) -> MutexGuard<'_, Option<(u32, u32)>> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As wide and high as a device has it; narrower than a window could be made.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", metrics).await?;
        *self.metrics() = Some((width, height));
        Ok(())
    }

    /// As wide and high as its window.
    async fn as_it_was(&self) -> Result<()> {
        self.driver.cdp().send_raw("Emulation.clearDeviceMetricsOverride", json!({})).await?;
        *self.metrics() = None;
        Ok(())
    }

    /// Keeps a picture of the page from top to bottom.
    pub async fn whole_picture(&self, file: &Path) -> Result<()> {
        let size = "return [innerWidth, document.documentElement.scrollHeight]";
        let size = self.driver.execute(size, vec![]).await?;
        let side = |at: usize| size.json().get(at).cloned().context("a page without a size");
        let clip = json!({ "x": 0, "y": 0, "width": side(0)?, "height": side(1)?, "scale": 1 });
        let how = json!({ "captureBeyondViewport": true, "clip": clip });
        let taken = self.driver.cdp().send_raw("Page.captureScreenshot", how).await?;
        let data = taken.get("data").and_then(Value::as_str).context("no picture came")?;
        std::fs::write(file, base64::engine::general_purpose::STANDARD.decode(data).map_err(Error::msg)?)?;
        Ok(())
    }

    /// Keeps a picture in `test-results/` for people to look at.
    pub async fn picture(&self, name: &str) -> Result<()> {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-results"));
        std::fs::create_dir_all(&folder)?;
        self.driver.screenshot(&folder.join(format!("{name}.png"))).await?;
        Ok(())
    }
}
