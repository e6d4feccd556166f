//! What the Debian package says of the app.

use serde_json::{Value, json};

#[test]
fn links_reach_the_app_and_the_tray_has_its_library() {
    let config: Value = serde_json::from_str(include_str!("../bundle.conf.json")).unwrap();
    let package = &config["bundle"]["linux"]["deb"];
    assert_eq!(package["desktopTemplate"], "package.desktop.hbs");
    let entry = include_str!("../package.desktop.hbs");
    assert!(entry.contains("\nExec={{exec}} %u\n"), "a link is handed over:\n{entry}");
    assert!(entry.contains("\nMimeType={{mime_type}};\n"), "{entry}");
    // It is loaded while the app runs, so nothing else asks for it; without it the app does not start.
    assert_eq!(package["depends"], json!(["libayatana-appindicator3-1"]));
}
