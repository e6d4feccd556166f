//! The app where it cannot start.

use std::process::Command;

#[test]
fn without_a_screen_it_says_what_is_missing() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_downhaul-desktop"));
    let output = command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("help: start it in a desktop session"), "{said}");
}
