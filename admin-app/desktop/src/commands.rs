//! What a page may call. Each does one thing; `build.rs` and `capabilities/` name them.

use crate::control_plane::{Asked, NoControlPlane, failed};
use crate::desk::{Desk, Standing, locked};
use crate::folder::Tell;
use crate::keychain::{self, NoKeychain};
use crate::orders::{self, MAIN};
use crate::radius::Hands;
use crate::way::Way;
use crate::{alarms, protocol, start_page, stream, words};
use axum::http::{HeaderMap, Method};
use downhaul_blast::drafts::Ask;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State, Webview};
use tauri_plugin_dialog::DialogExt;
use tokio::io::AsyncWriteExt;

/// Why a command did nothing, for the page to show.
#[derive(Debug, Serialize)]
pub struct Refused {
    what: String,
    help: String,
}

impl From<NoControlPlane> for Refused {
    fn from(why: NoControlPlane) -> Self {
        Refused { what: why.what, help: why.help }
    }
}

/// Listens to the events at a path of the API, until `unsubscribe` or another page.
#[tauri::command]
pub fn subscribe(
    app: AppHandle,
    desk: State<'_, Desk>,
    path: String,
    number: u32,
    channel: Channel<String>,
) -> Result<(), Refused> {
    only_api(&path)?;
    let task = tauri::async_runtime::spawn(stream::carry(app, path, channel));
    let tauri::async_runtime::JoinHandle::Tokio(task) = task;
    if let Some(before) = locked(&desk.subscriptions).insert(number, task.abort_handle()) {
        before.abort();
    }
    Ok(())
}

#[tauri::command]
pub fn unsubscribe(desk: State<'_, Desk>, number: u32) {
    if let Some(task) = locked(&desk.subscriptions).remove(&number) {
        task.abort();
    }
}

/// The page is there, and does what is asked of it over the channel.
#[tauri::command]
pub fn obey(desk: State<'_, Desk>, channel: Channel<String>) {
    orders::listen(&desk, channel);
}

/// The page was told this order, so it works.
#[tauri::command]
pub fn obeyed(desk: State<'_, Desk>, number: u64) {
    locked(&desk.page).obeyed(number);
}

/// Works out blast radii beside the page, until `close_radius` or another page.
#[tauri::command]
pub fn open_radius(desk: State<'_, Desk>, number: u32, channel: Channel<String>) {
    locked(&desk.hands).insert(number, Hands::open(channel));
}

#[tauri::command]
pub fn close_radius(desk: State<'_, Desk>, number: u32) {
    locked(&desk.hands).remove(&number);
}

/// Asks hands that are open; the answer comes over their channel.
#[tauri::command]
pub fn ask_radius(desk: State<'_, Desk>, number: u32, ask: Ask) {
    if let Some(hands) = locked(&desk.hands).get(&number) {
        hands.ask(ask);
    }
}

/// Gives them all rows of the population at a path of the API; how many, or nothing where it cannot be read.
#[tauri::command]
pub async fn give_population(app: AppHandle, number: u32, path: String) -> Result<Option<u64>, Refused> {
    only_api(&path)?;
    let desk = app.state::<Desk>();
    let Standing::Open { plane, .. } = desk.standing().await else { return Ok(None) };
    let Some(giver) = locked(&desk.hands).get(&number).map(Hands::giver) else { return Ok(None) };
    Ok(Hands::take_population(giver, &plane, path).await)
}

/// What the start page shows.
#[derive(Debug, Serialize)]
pub struct Surroundings {
    /// The way of the last time.
    way: Option<Way>,
    /// Why it leads nowhere now.
    trouble: Option<Refused>,
    /// Why there is no keychain.
    no_keychain: Option<String>,
}

#[tauri::command]
pub async fn look_around(app: AppHandle) -> Result<Surroundings, Refused> {
    let desk = app.state::<Desk>();
    let trouble = match desk.standing().await {
        Standing::Choosing(Some(why)) => Some(why.into()),
        Standing::Choosing(None) | Standing::Opening | Standing::Open { .. } => None,
    };
    let no_keychain = keychain::works().await.err().map(|NoKeychain(why)| why);
    Ok(Surroundings { way: Way::kept(&desk.places), trouble, no_keychain })
}

/// A way that was chosen on the start page.
#[derive(Debug, Deserialize)]
pub struct Choice {
    way: Way,
    #[serde(default)]
    token: Option<String>,
}

/// Takes a way, keeps it for the next start, and shows the console.
#[tauri::command]
pub async fn choose(app: AppHandle, choice: Choice) -> Result<(), Refused> {
    let token = choice.token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    take(&app, choice.way.clone(), token).await?;
    let kept = choice.way.keep(&app.state::<Desk>().places);
    if let Err(why) = kept {
        orders::say(&app, words::NOT_KEPT, &words::asks_again(why));
    }
    go(&app, "/");
    Ok(())
}

/// Has the user choose a folder of flag files.
#[tauri::command]
pub async fn pick_folder(app: AppHandle) -> Option<PathBuf> {
    let (sender, picked) = tokio::sync::oneshot::channel();
    app.dialog().file().set_title(words::OPEN_FOLDER).pick_folder(move |folder| {
        // Nobody waits any more where the page is gone.
        let _ = sender.send(folder);
    });
    picked.await.ok().flatten().and_then(|folder| folder.into_path().ok())
}

/// Writes what is at a path of the API into a file that the user chooses; gives its path, or nothing where they did not.
#[tauri::command]
pub async fn save_file(app: AppHandle, path: String, name: String) -> Result<Option<PathBuf>, Refused> {
    only_api(&path)?;
    let Standing::Open { plane, .. } = app.state::<Desk>().standing().await else {
        return Err(failed("no control plane is open", "choose a way to start").into());
    };
    let (sender, picked) = tokio::sync::oneshot::channel();
    app.dialog().file().set_title("Save").set_file_name(name).save_file(move |file| {
        let _ = sender.send(file);
    });
    let Some(file) = picked.await.ok().flatten().and_then(|file| file.into_path().ok()) else { return Ok(None) };
    let answer = plane.ask(Asked { method: Method::GET, path, headers: HeaderMap::new(), body: Vec::new() }).await?;
    if !answer.status().is_success() {
        return Err(failed(&format!("the control plane answers {}", answer.status()), "").into());
    }
    let unwritable =
        |why: std::io::Error| failed(&format!("`{}` cannot be written: {why}", file.display()), "choose another place");
    // Beside it first, so that a file that was there stays whole until this one is.
    let mut beside = file.clone().into_os_string();
    beside.push(".part");
    let mut out = tokio::fs::File::create(&beside).await.map_err(unwritable)?;
    let mut body = answer.into_body().into_data_stream();
    while let Some(part) = body.next().await {
        let part = part.map_err(|why| failed(&format!("the answer broke off: {why}"), "try again"))?;
        out.write_all(&part).await.map_err(unwritable)?;
    }
    out.sync_all().await.map_err(unwritable)?;
    tokio::fs::rename(&beside, &file).await.map_err(unwritable)?;
    Ok(Some(file))
}

/// Takes a way in place of the one before.
pub async fn take(app: &AppHandle, way: Way, token: Option<String>) -> Result<(), NoControlPlane> {
    let desk = app.state::<Desk>();
    desk.leave().await;
    let teller = app.clone();
    let tell: Tell = Arc::new(move |what: &str, why: &str| orders::say(&teller, what, why));
    match way.take(&desk.places, token, tell).await {
        Ok(led) => {
            if let Some(why) = &led.no_keychain {
                say_no_keychain(app, why);
            }
            desk.keep_in_step(led.folder);
            let plane = led.plane;
            desk.beside(alarms::watch(app.clone(), Arc::clone(&plane)));
            desk.stand(Standing::Open { way, plane });
            Ok(())
        }
        Err(why) => {
            desk.stand(Standing::Choosing(Some(why.clone())));
            Err(why)
        }
    }
}

/// Leaves the way that is taken, and asks for another one.
pub fn choose_again(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let desk = app.state::<Desk>();
        desk.leave().await;
        desk.stand(Standing::Choosing(None));
        go(&app, start_page::PATH);
    });
}

pub fn say_no_keychain(app: &AppHandle, why: &NoKeychain) {
    let NoKeychain(why) = why;
    orders::say(app, words::NO_KEYCHAIN, &words::token_for_session(why));
}

/// Shows a page.
pub fn go(app: &AppHandle, path: &str) {
    if let (Some(window), Ok(url)) = (app.get_webview_window(MAIN), protocol::address(path)) {
        let _ = window.navigate(url);
    }
}

/// A page is loaded in place of the one before.
pub fn page_begins(webview: &Webview) {
    let desk = webview.state::<Desk>();
    desk.forget_subscriptions();
    locked(&desk.hands).clear();
    locked(&desk.page).gone();
}

fn only_api(path: &str) -> Result<(), Refused> {
    if path.starts_with("/api/v1/") {
        return Ok(());
    }
    Err(failed("this is no path of the admin API", "").into())
}
