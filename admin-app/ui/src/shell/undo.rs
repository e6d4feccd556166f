//! Takes the last publish back.

use crate::backend::api;
use crate::hooks::{Console, Key, use_keys};
use crate::route::Route;
use crate::state::toasts::{Action, Tone};
use crate::words::number::count;
use crate::words::text::common;
use crate::words::text::shell as text;
use downhaul_control::api::PutFlagRequest;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// `Ctrl Z`, and the button of the toast. In the editor the key is the draft's.
#[hook]
pub fn use_undo(console: &Console, route: &Route) -> Callback<()> {
    let undo = {
        let console = console.clone();
        Callback::from(move |()| take_back(&console))
    };
    let is_editor = matches!(
        route,
        Route::Edit { .. }
            | Route::Create { .. }
            | Route::Segment { .. }
            | Route::Tenant { .. }
            | Route::Regions { .. }
            | Route::Settings { .. }
    );
    {
        let (undo, can_undo) = (undo.clone(), console.toasts.undo().is_some() && !is_editor);
        use_keys(move |key: &Key| {
            let is_meant = can_undo && key.command && !key.shift && !key.typing && key.key == "z";
            if is_meant {
                undo.emit(());
            }
            is_meant
        });
    }
    undo
}

fn take_back(console: &Console) {
    let Some((toast, undo)) = console.toasts.undo() else { return };
    let (console, undo) = (console.clone(), undo.clone());
    console.toasts.dispatch(Action::Dismiss(toast));
    spawn_local(async move {
        let request = PutFlagRequest {
            flag: undo.before.clone(),
            reason: common::undo_of_revision(&undo.revision),
            expected_revision: Some(undo.revision),
        };
        match api::put_flag(&console.backend, &undo.environment, &undo.flag, &request).await {
            Ok(changed) => {
                let title = text::is_as_it_was_before_revision(&undo.flag, &count(undo.revision));
                console.toast(Tone::Ok, title, common::revision_revision_2(&count(changed.position.revision)));
            }
            Err(failure) => {
                console.failed(&failure);
                let title = text::revision_was_not_taken_back(&count(undo.revision), &failure.title());
                console.toast(Tone::Warn, title, failure.help());
            }
        }
    });
}
