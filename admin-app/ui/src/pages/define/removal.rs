use crate::backend::api;
use crate::components::{ActBar, ActItem, Look, Reason};
use crate::hooks::{use_act, use_console, use_looked_at, use_may};
use crate::route::Route;
use crate::state::Shared;
use crate::state::definition::{Subject, uses};
use crate::state::toasts::Tone;
use crate::words::number::{count, counted};
use crate::words::text::common;
use crate::words::text::define as text;
use downhaul_control::api::{Changed, RemoveDefinitionRequest};
use downhaul_core::document::FlagSet;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RemovalProps {
    pub environment: AttrValue,
    pub document: Shared<FlagSet>,
    pub subject: Subject,
    pub back: Route,
}

/// Takes a segment or a tenant away; what names it is in the way.
#[function_component]
pub fn Removal(props: &RemovalProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let may = use_may(&props.environment);
    let (act, open) = (use_act(), use_state(|| None::<&'static str>));
    let looked = use_looked_at(*open, &act, props.document.revision);
    let in_the_way = match &props.subject {
        // Rules may name tenants that are not declared.
        Subject::Tenant(_) | Subject::Regions | Subject::Policy => 0,
        Subject::Segment(_) => uses(&props.document, &props.subject).len(),
    };
    let used = (in_the_way > 0)
        .then(|| text::it_take_it_out_there_first(&counted(in_the_way, text::PLACE_NAMES, text::PLACES_NAME)));
    let effect = match &props.subject {
        Subject::Tenant(_) => text::ITS_DECLARED_ATTRIBUTES_ARE_GONE_RULES,
        Subject::Segment(_) | Subject::Regions | Subject::Policy => text::NOTHING_NAMES_IT_SO_NOBODY_IS,
    };
    let frozen = console.frozen();
    let item = |id, label, verb: String, effect: &str| ActItem {
        id,
        label,
        icon: "x",
        verb,
        effect: effect.to_owned(),
        look: Look::Plain,
        reason: Reason::Required,
        why_not: may.edit.clone().or(used.clone()),
        key: None,
    };
    let remove = item("remove", text::REMOVE, text::remove_words(&props.subject.words()), effect);
    let mut acts = vec![ActItem { why_not: remove.why_not.clone().or(frozen), ..remove }];
    if act.state.failure.as_ref().is_some_and(|failure| failure.code() == "needs-approval") {
        let verb = text::propose_to_remove(&props.subject.words());
        acts.push(item("propose", text::ASK_FOR_APPROVAL, verb, text::THE_POLICY_ASKS_OTHERS_ABOUT_IT));
    }
    let on_open = {
        let open = open.clone();
        Callback::from(move |id| open.set(id))
    };
    let on_act = {
        let (act, subject, environment) = (act.clone(), props.subject.clone(), props.environment.to_string());
        let (revision, back) = (*looked, props.back.clone());
        let open = open.clone();
        Callback::from(move |(id, reason): (&'static str, String)| {
            let request = RemoveDefinitionRequest { reason, expected_revision: Some(revision) };
            let (backend, environment) = (console.backend.clone(), environment.clone());
            let (toasts, navigator, back, words) = (console.clone(), navigator.clone(), back.clone(), subject.words());
            let leave = move |title: String, detail: String| {
                toasts.toast(Tone::Ok, title, detail);
                if let Some(navigator) = &navigator {
                    navigator.push(&back);
                }
            };
            match subject.removal().filter(|_| id == "propose") {
                Some(removal) => {
                    let open = open.clone();
                    act.run(
                        api::propose_removal(backend, environment, removal, request),
                        move |proposed: api::Proposed| {
                            open.set(None);
                            leave(text::proposed_to_remove_as(&words, &proposed.proposal.id), String::new());
                        },
                    );
                }
                None => {
                    act.run(
                        api::remove_definition(backend, environment, subject.clone(), request),
                        move |changed: Changed| {
                            let revision = common::revision_revision_2(&count(changed.position.revision));
                            leave(text::removed_words(&words), revision);
                        },
                    );
                }
            }
        })
    };
    html! { <ActBar {acts} open={*open} {on_open} sent={act.state.sent} failure={act.state.failure.clone()} {on_act} /> }
}
