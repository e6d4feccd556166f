//! Names the commands that a window may call; each becomes a permission of its own.

const COMMANDS: &[&str] = &[
    "subscribe",
    "unsubscribe",
    "obey",
    "obeyed",
    "open_radius",
    "close_radius",
    "ask_radius",
    "give_population",
    "look_around",
    "choose",
    "pick_folder",
    "save_file",
];

fn main() {
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    if let Err(why) = tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest)) {
        println!("cargo::error={why:#}");
    }
}
