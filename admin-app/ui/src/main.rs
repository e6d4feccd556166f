//! The console: flags, kills, X-ray and chart, in the browser and in the desktop window.
//!
//! Data flows one way: `backend` answers, `hooks` tell the reducers in `state`, `pages` draw it with `components`.
//! Sentences come from `words`, which are pure. Only `backend` knows how the control plane is reached.
//! Blast radii are worked out beside the page, by the program in `worker`; `radius` is what both say to each other.
#![expect(unreachable_pub, reason = "a program: nothing outside reaches any of it")]

mod app;
mod backend;
mod components;
mod hooks;
mod pages;
mod radius;
mod route;
mod shell;
mod state;
mod words;

fn main() {
    app::start();
}
