//! The item in the system's tray.

use crate::commands;
use crate::orders::{self, MAIN, Order};
use tauri::menu::{MenuBuilder, MenuItemBuilder};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager};

pub fn build(app: &AppHandle) -> tauri::Result<()> {
    let kill = MenuItemBuilder::with_id("kill", "Kill…").build(app)?;
    let open = MenuItemBuilder::with_id("open", "Open Downhaul").build(app)?;
    let again = MenuItemBuilder::with_id("again", "Start another way…").build(app)?;
    let quit = MenuItemBuilder::with_id("quit", "Quit").build(app)?;
    let menu = MenuBuilder::new(app).item(&kill).separator().items(&[&open, &again]).separator().item(&quit).build()?;
    let mut tray = TrayIconBuilder::with_id("downhaul").menu(&menu).tooltip("Downhaul").on_menu_event(|app, event| {
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
