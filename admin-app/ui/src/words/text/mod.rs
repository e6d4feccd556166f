//! What the console says where it says it in one way: a file for each part of it. Sentences that depend on more are in the other
//! modules of [`words`](super). Nothing outside `words` has a text of its own, so that another language is another `words`.

/// Texts, each as a constant.
macro_rules! texts {
    ($($name:ident = $text:literal;)*) => { $(pub const $name: &str = $text;)* };
}

/// Texts with gaps, each as a function of what fills them.
macro_rules! messages {
    ($($name:ident($($gap:ident),*) = $text:literal;)*) => {
        $(pub fn $name($($gap: &dyn std::fmt::Display),*) -> String { format!($text) })*
    };
}

use {messages, texts};

pub mod alarms;
pub mod app;
pub mod audience;
pub mod away;
pub mod backend;
pub mod batch;
pub mod chart;
pub mod common;
pub mod components;
pub mod copy;
pub mod define;
pub mod drills;
pub mod edit;
pub mod flag;
pub mod flags;
pub mod fleet;
pub mod frame;
pub mod guards;
pub mod hooks;
pub mod kill;
pub mod later;
pub mod people;
pub mod populations;
pub mod proposals;
pub mod releases;
pub mod rollouts;
pub mod run;
pub mod settings;
pub mod shell;
pub mod sign_in;
pub mod start;
pub mod start_rollout;
pub mod state;
pub mod xray;
