//! One target, named by `DOWNHAUL_FUZZ`, under libFuzzer.
#![no_main]

use std::sync::LazyLock;

static RUN: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("DOWNHAUL_FUZZ").unwrap_or_default();
    match downhaul_fuzz::named(&name) {
        Some(target) => target.run,
        None => {
            eprintln!("DOWNHAUL_FUZZ names no target: `{name}`");
            std::process::exit(2);
        }
    }
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| RUN(bytes));
