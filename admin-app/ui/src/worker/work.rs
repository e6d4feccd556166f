use downhaul_blast::drafts::{Ask, Desk};
use downhaul_blast::population::{Limits, Population};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use wasm_bindgen::prelude::*;

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// Answers one [`Ask`], as JSON; `undefined` for what has no answer.
#[wasm_bindgen]
pub fn answer(ask: &str) -> Option<String> {
    let ask: Ask = serde_json::from_str(ask).ok()?;
    let go_on = AtomicBool::new(false);
    let answer = DESK.with_borrow_mut(|desk| desk.answer(ask, &mut |_| {}, &go_on))?;
    serde_json::to_string(&answer).ok()
}

/// Takes a population in its binary form, for all replays from now on.
#[wasm_bindgen]
pub fn take_population(bytes: &[u8]) {
    let read = Population::from_sample_bytes(bytes, &Limits::default());
    DESK.with_borrow_mut(|desk| desk.take_population(read.ok().map(Arc::new)));
}
