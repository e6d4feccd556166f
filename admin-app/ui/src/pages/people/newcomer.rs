use super::person::may;
use crate::backend::api;
use crate::components::{Icon, NotYet};
use crate::hooks::{use_act, use_console};
use crate::words::text::common;
use crate::words::text::people as text;
use downhaul_control::api::{PersonRequest, Role};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

const ROLES: [Role; 5] = [Role::Viewer, Role::Editor, Role::Operator, Role::Approver, Role::Admin];

#[derive(Debug, Properties, PartialEq)]
pub struct NewcomerProps {
    pub environment: AttrValue,
    pub why_not: Option<String>,
}

/// Someone new, with a first role.
#[function_component]
pub fn Newcomer(props: &NewcomerProps) -> Html {
    let console = use_console();
    let act = use_act();
    let (name, reason, role) = (use_state(String::new), use_state(String::new), use_state(|| Role::Viewer));
    let no_name = name.trim().is_empty().then_some(text::GIVE_A_NAME_FIRST);
    let why_not = no_name.or(reason.trim().is_empty().then_some(common::SAY_WHY_FIRST));
    let is_ready = props.why_not.is_none() && !act.state.sent && why_not.is_none();
    let typed = |text: &UseStateHandle<String>| {
        let text = text.clone();
        Callback::from(move |event: InputEvent| text.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let on_role = {
        let role = role.clone();
        Callback::from(move |event: Event| {
            if let Ok(chosen) = event.target_unchecked_into::<HtmlSelectElement>().value().parse() {
                role.set(chosen);
            }
        })
    };
    let on_submit = {
        let (act, name, reason, role) = (act.clone(), name.clone(), reason.clone(), *role);
        let environment = props.environment.to_string();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if !is_ready {
                return;
            }
            let person = PersonRequest { name: name.trim().to_owned(), role, reason: reason.trim().to_owned() };
            let (name, reason) = (name.clone(), reason.clone());
            act.run(api::add_person(console.backend.clone(), environment.clone(), person), move |_| {
                name.set(String::new());
                reason.set(String::new());
            });
        })
    };
    html! {
        <section class="card"><header><h2>{ text::SOMEONE_NEW }</h2></header>
            <form class="pad stack" onsubmit={on_submit} aria-label={text::SOMEONE_NEW}>
                if let Some(why) = &props.why_not { <p class="why-not"><Icon name="lock" small=true />{ why }</p> }
                if let Some(failure) = &act.state.failure {
                    <div class="banner danger" role="alert"><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }</p></div>
                }
                <div class="cols c3">
                    <div class="field"><label for="new-name">{ common::NAME }</label><input class="input" id="new-name" data-test="person-name" disabled={props.why_not.is_some()} value={(*name).clone()} oninput={typed(&name)} maxlength="200" autocomplete="off" /></div>
                    <div class="field"><label for="new-role">{ text::ROLE }</label>
                        <select class="select" id="new-role" data-test="person-role" disabled={props.why_not.is_some()} onchange={on_role}>
                            { for ROLES.into_iter().map(|each| html! { <option value={each.as_str()} selected={each == *role}>{ each.as_str() }</option> }) }
                        </select><span class="help">{ may(*role) }</span></div>
                    <div class="field"><label for="new-reason">{ common::WHY }</label><input class="input" id="new-reason" data-test="person-reason" disabled={props.why_not.is_some()} value={(*reason).clone()} oninput={typed(&reason)} maxlength="500" autocomplete="off" /></div>
                </div>
                <div class="row"><button class="btn primary" data-test="person-add" aria-disabled={(!is_ready).to_string()}><Icon name="plus" small=true />{ text::ADD }</button>
                    if props.why_not.is_none() { <NotYet why={why_not.map(AttrValue::from)} /> }</div>
            </form>
        </section>
    }
}
