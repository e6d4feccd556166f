//! Downhaul in a window of its own: the same console, with the control plane in this very process and no port open.
//!
//! A page asks by the window's own protocol ([`protocol`]) and listens over a channel ([`stream`]); both end at the
//! [`control_plane`], which is inside or remote, as the [`way`] that was chosen says. [`orders`] go the other way: the
//! [`tray`], the shortcut of the system, [`links`] and [`alarms`] ask the page for something.
#![expect(unreachable_pub, reason = "a program: nothing outside reaches any of it")]
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod alarms;
mod commands;
mod control_plane;
mod desk;
mod edit;
mod folder;
mod keychain;
mod links;
mod orders;
mod protocol;
mod radius;
mod start_page;
mod stream;
mod tray;
mod way;
mod words;

use desk::{Desk, Standing};
use orders::{MAIN, Order};
use std::path::PathBuf;
use std::process::ExitCode;
use tauri::webview::PageLoadEvent;
use tauri::{App, AppHandle, Manager, RunEvent, WebviewUrl, WebviewWindowBuilder};
use tauri_plugin_deep_link::DeepLinkExt;
use tauri_plugin_global_shortcut::{GlobalShortcutExt, ShortcutState};
use tauri_plugin_window_state::StateFlags;
use way::{Places, Way};

/// Opens the kill control from anywhere.
const SHORTCUT: &str = "CommandOrControl+Alt+K";

fn main() -> ExitCode {
    if !has_screen() {
        return no_window("there is no screen");
    }
    let app = tauri::Builder::default()
        // First, as it ends this process where another one is there.
        .plugin(tauri_plugin_single_instance::init(|app, arguments, _| {
            if let Some(window) = app.get_webview_window(MAIN) {
                orders::show(&window);
            }
            for link in arguments.iter().filter(|each| links::is_link(each)) {
                follow(app, link);
            }
        }))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_global_shortcut::Builder::new().build())
        .plugin(
            tauri_plugin_window_state::Builder::new().with_state_flags(StateFlags::all() - StateFlags::VISIBLE).build(),
        )
        .register_asynchronous_uri_scheme_protocol(protocol::SCHEME, |context, request, responder| {
            protocol::answer(context.app_handle(), request, responder);
        })
        .invoke_handler(tauri::generate_handler![
            commands::subscribe,
            commands::unsubscribe,
            commands::obey,
            commands::obeyed,
            commands::open_radius,
            commands::close_radius,
            commands::ask_radius,
            commands::give_population,
            commands::look_around,
            commands::choose,
            commands::pick_folder,
            commands::save_file,
        ])
        .on_page_load(|webview, load| match load.event() {
            PageLoadEvent::Started => commands::page_begins(webview),
            PageLoadEvent::Finished => {
                let _ = webview.window().set_title(&orders::title(load.url()));
            }
        })
        .setup(|app| set_up(app).map_err(Into::into))
        .build(tauri::generate_context!());
    match app {
        Ok(app) => {
            app.run(|app, event| {
                if let RunEvent::Exit = event {
                    tauri::async_runtime::block_on(app.state::<Desk>().leave());
                }
            });
            ExitCode::SUCCESS
        }
        Err(why) => no_window(&why.to_string()),
    }
}

fn no_window(why: &str) -> ExitCode {
    eprintln!("error: the window cannot be opened: {why}\n  help: start it in a desktop session");
    ExitCode::FAILURE
}

/// GTK ends the process where there is none, without a word on what to do.
fn has_screen() -> bool {
    let named = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(not(target_os = "linux")) || named("DISPLAY") || named("WAYLAND_DISPLAY")
}

fn set_up(app: &mut App) -> tauri::Result<()> {
    let places = Places { data: app.path().app_data_dir()?, config: app.path().app_config_dir()? };
    let way = Way::kept(&places);
    let console = downhaul_server::console_files(&console_folder(app)?);
    app.manage(Desk::new(places, console));
    let handle = app.handle();
    // The console is loaded while the control plane opens; whoever asks too early waits.
    let first = match way {
        Some(way) => {
            open(handle.clone(), way);
            "/"
        }
        None => {
            app.state::<Desk>().stand(Standing::Choosing(None));
            start_page::PATH
        }
    };
    let address = protocol::address(first)?;
    WebviewWindowBuilder::new(app, MAIN, WebviewUrl::CustomProtocol(address))
        .title("Downhaul")
        .inner_size(1280.0, 860.0)
        .min_inner_size(390.0, 480.0)
        .on_navigation(protocol::is_own)
        .build()?;
    // Without a tray, a shortcut or links all of it is still in the window.
    if let Err(why) = tray::build(handle) {
        eprintln!("warning: there is no tray: {why}");
    }
    if let Err(why) = shortcut(handle) {
        eprintln!("warning: {SHORTCUT} opens nothing: {why}");
    }
    links(app);
    end_with_signals(handle.clone());
    Ok(())
}

/// Ctrl-C and the end of the session close the app in good order.
#[cfg(unix)]
fn end_with_signals(app: AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    tauri::async_runtime::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return;
        };
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        app.exit(0);
    });
}

#[cfg(not(unix))]
fn end_with_signals(_: AppHandle) {}

/// Takes the way of the last time; where it leads nowhere, the user chooses.
fn open(app: AppHandle, way: Way) {
    tauri::async_runtime::spawn(async move {
        if commands::take(&app, way, None).await.is_err() {
            commands::go(&app, start_page::PATH);
        }
    });
}

fn shortcut(app: &AppHandle) -> Result<(), tauri_plugin_global_shortcut::Error> {
    app.global_shortcut().on_shortcut(SHORTCUT, |app, _, event| {
        if event.state() == ShortcutState::Pressed {
            orders::give(app, &Order::Kill);
        }
    })
}

/// Links come as arguments of this start, or of another one; macOS brings them its own way.
fn links(app: &App) {
    let handle = app.handle().clone();
    app.deep_link().on_open_url(move |event| {
        for url in event.urls().iter().filter(|_| cfg!(target_os = "macos")) {
            follow(&handle, url.as_str());
        }
    });
    for link in std::env::args().skip(1).filter(|each| links::is_link(each)) {
        follow(app.handle(), &link);
    }
}

fn follow(app: &AppHandle, link: &str) {
    match links::path(link) {
        Some(path) => orders::give(app, &Order::Go(path)),
        None => orders::say(app, words::NOWHERE, link),
    }
}

/// `--console DIR`, or what the package has brought.
fn console_folder(app: &App) -> tauri::Result<PathBuf> {
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--console"
            && let Some(folder) = arguments.next()
        {
            return Ok(folder.into());
        }
    }
    Ok(app.path().resource_dir()?.join("console"))
}
