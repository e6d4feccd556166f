//! What is asked of the page from outside: by the tray, the shortcut of the system, a link, a notification.
//!
//! A page that does not answer is broken, and then the page of last resort takes its place: it needs no WebAssembly.

use crate::desk::{Desk, locked};
use crate::{protocol, start_page, words};
use serde::Serialize;
use std::fmt;
use std::time::Duration;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, Url, WebviewWindow};

/// The window.
pub const MAIN: &str = "main";
/// The page of last resort.
const LAST_RESORT: &str = "/kill";
/// A page that works says at once that it was told; on a machine that is short of breath, a little later.
const PATIENCE: Duration = Duration::from_millis(2_000);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// To open the kill control.
    Kill,
    /// To go to a page, by its path.
    Go(String),
    /// To show a short report.
    Say { title: String, detail: String },
}

/// The page in the window, as far as it can be spoken to.
#[derive(Default)]
pub struct Page {
    channel: Option<Channel<String>>,
    number: u64,
    /// The newest order that it says it was told.
    obeyed: u64,
    /// Reports that no page was there for.
    waiting: Vec<Order>,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("number", &self.number).field("obeyed", &self.obeyed).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Asked<'a> {
    number: u64,
    order: &'a Order,
}

impl Page {
    /// Another page is loaded: whatever was there hears nothing any more.
    pub fn gone(&mut self) {
        self.channel = None;
    }

    pub fn obeyed(&mut self, number: u64) {
        self.obeyed = self.obeyed.max(number);
    }

    /// Tells the page, if there is one; gives the number by which it answers.
    fn tell(&mut self, order: &Order) -> Option<u64> {
        let channel = self.channel.as_ref()?;
        self.number += 1;
        let text = serde_json::to_string(&Asked { number: self.number, order }).ok()?;
        channel.send(text).ok()?;
        Some(self.number)
    }
}

/// The page is there, and told what has waited for it.
pub fn listen(desk: &Desk, channel: Channel<String>) {
    let mut page = locked(&desk.page);
    page.channel = Some(channel);
    for order in std::mem::take(&mut page.waiting) {
        page.tell(&order);
    }
}

/// Shows a report in the page, now or once there is one.
pub fn say(app: &AppHandle, title: &str, detail: &str) {
    let order = Order::Say { title: title.to_owned(), detail: detail.to_owned() };
    let desk = app.state::<Desk>();
    let mut page = locked(&desk.page);
    if page.tell(&order).is_none() {
        page.waiting.push(order);
    }
}

/// Has the page do it, and brings the window to the front.
pub fn give(app: &AppHandle, order: &Order) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    show(&window);
    let told = locked(&app.state::<Desk>().page).tell(order);
    let Some(number) = told else {
        in_place_of_page(&window, &address(&window), order);
        return;
    };
    let (app, order) = (app.clone(), order.clone());
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(PATIENCE).await;
        if locked(&app.state::<Desk>().page).obeyed < number {
            // Where it was, before nothing knows any more.
            let from = address(&window);
            end_page(&window);
            in_place_of_page(&window, &from, &order);
        }
    });
}

pub fn show(window: &WebviewWindow) {
    // A window that cannot be brought to the front still does what it is told.
    let _ = window.unminimize();
    let _ = window.show();
    let _ = window.set_focus();
}

/// Ends the process of a page: one that computes for ever would keep its successor waiting for ever.
#[cfg(target_os = "linux")]
fn end_page(window: &WebviewWindow) {
    use webkit2gtk::WebViewExt;
    let _ = window.with_webview(|webview| webview.inner().terminate_web_process());
}

#[cfg(not(target_os = "linux"))]
fn end_page(_: &WebviewWindow) {}

/// Puts a page in place of the one at a path.
fn in_place_of_page(window: &WebviewWindow, from: &str, order: &Order) {
    // As long as no control plane is chosen, no other page has anything to show.
    if from == start_page::PATH {
        return;
    }
    let path = match order {
        Order::Go(path) => path.clone(),
        // What was written there stays.
        Order::Kill if from == LAST_RESORT => return,
        Order::Kill => last_resort(from),
        Order::Say { .. } => return,
    };
    if let Ok(url) = protocol::address(&path) {
        let _ = window.navigate(url);
    }
}

/// The path of the page in the window.
fn address(window: &WebviewWindow) -> String {
    window.url().map(|url| url.path().to_owned()).unwrap_or_default()
}

/// What the window is called with this page in it.
pub fn title(page: &Url) -> String {
    let flag = page.fragment().unwrap_or_default().split('&').find_map(|part| part.strip_prefix("flag="));
    match (page.path(), flag) {
        (LAST_RESORT, flag) => words::kill_title(flag),
        _ => words::APP.to_owned(),
    }
}

/// The page of last resort, for the flag that was looked at if there was one.
fn last_resort(from: &str) -> String {
    let parts: Vec<&str> = from.split('/').skip(1).collect();
    match parts.as_slice() {
        ["e", environment, "flags" | "edit" | "kill", flag, ..] => {
            format!("{LAST_RESORT}#environment={environment}&flag={flag}")
        }
        ["e", environment, ..] => format!("{LAST_RESORT}#environment={environment}"),
        _ => LAST_RESORT.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, last_resort, title};

    #[test]
    fn the_last_resort_keeps_the_flag() {
        for (from, expected) in [
            ("/e/production/flags/checkout-v2", "/kill#environment=production&flag=checkout-v2"),
            ("/e/production/kill/checkout-v2", "/kill#environment=production&flag=checkout-v2"),
            ("/e/production/chart", "/kill#environment=production"),
            ("/app/start.html", "/kill"),
            ("", "/kill"),
        ] {
            assert_eq!(last_resort(from), expected, "{from}");
        }
    }

    #[test]
    fn the_window_is_called_after_what_is_killed() {
        for (page, expected) in [
            ("console://localhost/kill#environment=production&flag=checkout-v2", "Kill checkout-v2 \u{b7} Downhaul"),
            ("console://localhost/kill", "Kill \u{b7} Downhaul"),
            ("console://localhost/e/production/kill/checkout-v2#flag=a", "Downhaul"),
        ] {
            assert_eq!(title(&page.parse().unwrap()), expected, "{page}");
        }
    }

    #[test]
    fn orders_are_as_the_console_reads_them() {
        let written = |order: &Order| serde_json::to_string(order).unwrap();
        assert_eq!(written(&Order::Kill), "\"kill\"");
        assert_eq!(written(&Order::Go("/e/a/flags".to_owned())), "{\"go\":\"/e/a/flags\"}");
    }
}
