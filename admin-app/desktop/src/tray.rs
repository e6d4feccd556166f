//! The item in the system's tray.

use crate::orders::{self, MAIN, Order};
use crate::{commands, words};
use tauri::menu::{MenuBuilder, MenuItemBuilder};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager};

pub fn build(app: &AppHandle) -> tauri::Result<()> {
    let kill = MenuItemBuilder::with_id("kill", words::TRAY_KILL).build(app)?;
    let open = MenuItemBuilder::with_id("open", words::TRAY_OPEN).build(app)?;
    let again = MenuItemBuilder::with_id("again", words::TRAY_AGAIN).build(app)?;
    let quit = MenuItemBuilder::with_id("quit", words::TRAY_QUIT).build(app)?;
    let menu = MenuBuilder::new(app).item(&kill).separator().items(&[&open, &again]).separator().item(&quit).build()?;
    let mut tray = TrayIconBuilder::with_id("downhaul").menu(&menu).tooltip(words::APP).on_menu_event(|app, event| {
        match event.id().as_ref() {
            "kill" => orders::give(app, &Order::Kill),
            "open" => {
                if let Some(window) = app.get_webview_window(MAIN) {
                    orders::show(&window);
                }
            }
            "again" => commands::choose_again(app),
            "quit" => app.exit(0),
            _ => {}
        }
    });
    if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.build(app).map(drop)
}
