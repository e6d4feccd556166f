use super::tokens::Secret;
use crate::backend::api;
use crate::components::{ActBar, ActItem, Look, Reason};
use crate::hooks::{clock, use_act, use_console};
use crate::words::text::people as text;
use crate::words::time::text;
use downhaul_control::api::{PersonView, Role, RoleRequest, TokenCreated, TokenRequest};
use yew::prelude::*;

/// Every role with the marks of granting it and of taking it away.
const ROLES: [(Role, &str, &str, &str, &str); 5] = [
    (Role::Viewer, "grant-viewer", "take-viewer", text::MAKE_VIEWER, text::VIEWER_NO_MORE),
    (Role::Editor, "grant-editor", "take-editor", text::MAKE_EDITOR, text::EDITOR_NO_MORE),
    (Role::Operator, "grant-operator", "take-operator", text::MAKE_OPERATOR, text::OPERATOR_NO_MORE),
    (Role::Approver, "grant-approver", "take-approver", text::MAKE_APPROVER, text::APPROVER_NO_MORE),
    (Role::Admin, "grant-admin", "take-admin", text::MAKE_ADMIN, text::ADMIN_NO_MORE),
];

/// How long a token opens the console, in milliseconds: 90 days, as on the command line.
const LASTS: f64 = 90.0 * 86_400_000.0;

#[derive(Debug, Properties, PartialEq)]
pub struct PersonActsProps {
    pub environment: AttrValue,
    pub person: PersonView,
    pub why_not: Option<String>,
}

/// Roles that may be granted or taken away, and a token to sign in with.
#[function_component]
pub fn PersonActs(props: &PersonActsProps) -> Html {
    let console = use_console();
    let (act, open, secret) = (use_act(), use_state(|| None::<&'static str>), use_state(|| None::<String>));
    let person = &props.person;
    let name = person.name.clone().unwrap_or_else(|| person.actor.clone());
    let item = |id, label, icon, verb: String, effect: &str| ActItem {
        id,
        label,
        icon,
        verb,
        effect: effect.to_owned(),
        look: Look::Plain,
        reason: Reason::Required,
        why_not: props.why_not.clone(),
        key: None,
    };
    let mut acts: Vec<ActItem> = ROLES
        .into_iter()
        .map(|(role, grant, take, make, unmake)| {
            if person.roles.contains(&role) {
                let effect = text::IT_GOES_AT_ONCE_ALSO_FROM;
                item(take, unmake, "x", text::name_is_role_no_more(&name, &role.as_str()), effect)
            } else {
                item(grant, make, "plus", text::make_name_role(&name, &role.as_str()), may(role))
            }
        })
        .collect();
    let effect = text::THE_TOKEN_IS_SHOWN_ONCE_WHOEVER;
    acts.push(item("token", text::MAKE_A_TOKEN, "key", text::make_a_token_for(&name), effect));
    let on_open = {
        let open = open.clone();
        Callback::from(move |id| open.set(id))
    };
    let on_act = {
        let (act, open, secret) = (act.clone(), open.clone(), secret.clone());
        let (environment, actor) = (props.environment.to_string(), person.actor.clone());
        Callback::from(move |(id, reason): (&'static str, String)| {
            let (backend, environment, actor) = (console.backend.clone(), environment.clone(), actor.clone());
            let (open, secret) = (open.clone(), secret.clone());
            let found = ROLES.into_iter().find(|(_, grant, take, ..)| id == *grant || id == *take);
            match found {
                Some((role, grant, ..)) => {
                    let verb = if id == grant { "grant" } else { "revoke" };
                    act.run(
                        api::change_role(backend, environment, actor, verb, RoleRequest { role, reason }),
                        move |_| open.set(None),
                    );
                }
                None => {
                    let request = TokenRequest {
                        name: "console".to_owned(),
                        roles: None,
                        person: Some(actor),
                        expires_at: Some(text(clock::now() + LASTS)),
                        reason,
                    };
                    act.run(api::create_token(backend, environment, request), move |created: TokenCreated| {
                        open.set(None);
                        secret.set(Some(created.token));
                    });
                }
            }
        })
    };
    html! {
        <div class="stack">
            <ActBar {acts} open={*open} {on_open} sent={act.state.sent} failure={act.state.failure.clone()} {on_act} />
            if let Some(token) = &*secret { <Secret token={token.clone()} /> }
        </div>
    }
}

/// What comes with a role.
pub fn may(role: Role) -> &'static str {
    match role {
        Role::Viewer => text::SEES_EVERYTHING_IN_THIS_ENVIRONMENT,
        Role::Editor => text::EDITS_FLAGS_SEGMENTS_AND_TENANTS_AND,
        Role::Operator => text::KILLS_RESTORES_ROLLS_BACK_DRILLS_AND,
        Role::Approver => text::APPROVES_AND_REJECTS_WHAT_OTHERS_PROPOSE,
        Role::Admin => text::MAY_DO_EVERYTHING_ALSO_DECIDE_WHO,
    }
}
