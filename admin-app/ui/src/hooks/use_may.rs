use super::{use_asked, use_console};
use crate::backend::api;
use crate::state::live::{Connection, Slot};
use crate::words::may;
use crate::words::text::hooks as text;
use downhaul_control::api::Role;
use yew::prelude::*;

/// Why whoever is at the console may not do now what a role does; `None` for a role that they have.
#[hook]
pub fn use_may(environment: &str) -> May {
    let console = use_console();
    let (people, _) = use_asked(api::people(environment), 0);
    let is_offline = matches!(console.live.connection, Connection::Lost { .. });
    let may = |role| console.who().is_some_and(|who| may::has(who, environment, role));
    let people = match &people.slot {
        Slot::Loading => None,
        Slot::Ready(page) => Some(page.people.as_slice()),
        Slot::Failed(_) => Some([].as_slice()),
    };
    let refusal = |role| (!may(role)).then(|| may::ask_whom(role, people));
    let why_not = |role| {
        let offline = || is_offline.then(|| text::THE_CONTROL_PLANE_CANNOT_BE_REACHED.to_owned());
        refusal(role).or_else(offline)
    };
    May {
        edit: why_not(Role::Editor),
        operate: why_not(Role::Operator),
        approve: why_not(Role::Approver),
        manage: why_not(Role::Admin),
    }
}

/// Why not, by role.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct May {
    pub edit: Option<String>,
    pub operate: Option<String>,
    pub approve: Option<String>,
    pub manage: Option<String>,
}
