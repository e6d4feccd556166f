use super::{Console, use_console};
use crate::backend::Failure;
use std::future::Future;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// Something that is asked of the server once, by a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    pub state: UseStateHandle<ActState>,
    console: Console,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct ActState {
    /// On its way.
    pub sent: bool,
    /// What the server refused, until it is tried again.
    pub failure: Option<Failure>,
    /// Counts what was done.
    pub done: u32,
}

impl Act {
    /// Forgets what was refused.
    pub fn forget(&self) {
        self.state.set(ActState { sent: false, failure: None, done: self.state.done });
    }

    /// Sends it, and says `done` with the answer.
    pub fn run<T: 'static>(
        &self,
        request: impl Future<Output = Result<T, Failure>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        let act = self.clone();
        let count = act.state.done;
        act.state.set(ActState { sent: true, failure: None, done: count });
        spawn_local(async move {
            match request.await {
                Ok(answer) => {
                    act.state.set(ActState { sent: false, failure: None, done: count + 1 });
                    done(answer);
                }
                Err(failure) => {
                    act.console.failed(&failure);
                    act.state.set(ActState { sent: false, failure: Some(failure), done: count });
                }
            }
        });
    }
}

#[hook]
pub fn use_act() -> Act {
    let console = use_console();
    let state = use_state(ActState::default);
    Act { state, console }
}
