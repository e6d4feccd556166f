mod context;
mod ray;
mod tester;

use crate::words::text::common;
use crate::words::text::xray as text;
pub use ray::Ray;
pub use tester::Tester;

use crate::backend::api;
use crate::components::{CardSkeleton, Empty, FailureCard, Icon};
use crate::hooks::{use_console, use_document_title};
use crate::route::{Route, XrayQuery};
use crate::state::Shared;
use crate::state::live::Slot;
use crate::words::number::count;
use context::ContextCard;
use downhaul_core::document::FlagSet;
use tester::{Decided, use_tester};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlSelectElement;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct XrayProps {
    pub environment: AttrValue,
}

/// One decision, rule by rule, for any flag and context; the address holds both.
#[function_component]
pub fn Xray(props: &XrayProps) -> Html {
    use_document_title(text::x_ray_of(&props.environment));
    let console = use_console();
    let at = use_location().and_then(|location| location.query::<XrayQuery>().ok()).and_then(|query| query.at);
    let then = use_past(at);
    let slot = if at.is_some() { &then } else { &console.live.document };
    let body = match slot {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_X_RAY} /> },
        Slot::Loading => html! { <div class="xraygrid"><CardSkeleton lines=6 /><CardSkeleton lines=8 /></div> },
        Slot::Ready(document) if document.flags.is_empty() => html! {
            <div class="card"><Empty title={text::THERE_IS_NO_FLAG_TO_LOOK_THROUGH} actions={html! {
                <Link<Route> to={Route::Start { environment: props.environment.to_string() }} classes="btn primary">{ common::FIRST_STEPS }</Link<Route>>
            }}>
                <p>{ text::AN_X_RAY_FOLLOWS_ONE_DECISION }</p>
            </Empty></div>
        },
        Slot::Ready(document) => {
            html! { <Bench key={at.unwrap_or_default()} environment={props.environment.clone()} document={document.clone()} {at} /> }
        }
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ text::X_RAY }</h1>
                <p>{ text::ONE_DECISION_RULE_BY_RULE_BY }</p></div></div>
            if let Some(revision) = at {
                <div class="banner warn" role="status" data-test="xray-then" data-revision={revision.to_string()}><Icon name="clock" />
                    <p class="grow"><b>{ text::as_it_was_at_revision(&count(revision)) }</b>{ text::FLAGS_SEGMENTS_AND_KILLS_ARE_THOSE }</p>
                    <Link<Route> to={Route::ChartEntry { environment: props.environment.to_string(), revision }} classes="btn s">{ text::THAT_CHANGE }</Link<Route>>
                    <Link<Route> to={Route::Xray { environment: props.environment.to_string() }} classes="btn s">{ text::BACK_TO_NOW }</Link<Route>></div>
            }
            { body }
        </>
    }
}

/// The flag set as it was; never changes, so it is asked for once.
#[hook]
fn use_past(revision: Option<u64>) -> Slot<FlagSet> {
    let console = use_console();
    let slot = use_state(|| (None::<u64>, Slot::<FlagSet>::Loading));
    {
        let (slot, environment) = (slot.clone(), console.live.environment.clone());
        let again = console.live.again;
        use_effect_with((revision, environment, again), move |(revision, environment, _)| {
            if let (of, Slot::Failed(_)) = &*slot {
                slot.set((*of, Slot::Loading));
            }
            let (Some(revision), environment) = (*revision, environment.clone()) else { return };
            if environment.is_empty() {
                return;
            }
            spawn_local(async move {
                let answer = api::document_at(&console.backend, &environment, revision).await;
                if let Err(failure) = &answer {
                    console.failed(failure);
                }
                let mut filled = Slot::Loading;
                filled.fill(answer.map(Shared::new));
                slot.set((Some(revision), filled));
            });
        });
    }
    if slot.0 == revision { slot.1.clone() } else { Slot::Loading }
}

#[derive(Debug, Properties, PartialEq)]
struct BenchProps {
    environment: AttrValue,
    document: Shared<FlagSet>,
    /// The revision that is looked back to.
    at: Option<u64>,
}

#[function_component]
fn Bench(props: &BenchProps) -> Html {
    let location = use_location();
    let navigator = use_navigator();
    let query = location.and_then(|location| location.query::<XrayQuery>().ok()).unwrap_or_default();
    let first = props.document.flags.first().map(|flag| flag.key.to_string()).unwrap_or_default();
    let is_there = props.document.flag(&query.flag).is_some();
    let flag = if is_there { query.flag.clone() } else { first };
    // The address follows what is tried, so what it named at first is kept to be told of.
    let missing = use_state(|| (!is_there && !query.flag.is_empty()).then(|| query.flag.clone()));
    let tester = use_tester(props.document.clone(), flag.clone(), query.context.clone());
    let at = props.at;
    let go = {
        let environment = props.environment.to_string();
        move |query: XrayQuery| {
            if let Some(navigator) = &navigator {
                let _ = navigator.replace_with_query(&Route::Xray { environment: environment.clone() }, &query);
            }
        }
    };
    {
        // The address follows what is tried, so that it can be sent to someone.
        let (go, flag) = (go.clone(), flag.clone());
        let is_there = query.context == tester.draft.text && query.flag == flag;
        use_effect_with((tester.draft.text.clone(), flag), move |(context, flag)| {
            if !is_there {
                go(XrayQuery { flag: flag.clone(), context: context.clone(), at });
            }
        });
    }
    let on_flag = {
        let (context, missing) = (tester.draft.text.clone(), missing.clone());
        Callback::from(move |event: Event| {
            missing.set(None);
            let flag = event.target_unchecked_into::<HtmlSelectElement>().value();
            go(XrayQuery { flag, context: context.clone(), at });
        })
    };
    html! {
        <>
        if let Some(key) = &*missing {
            <div class="banner warn" role="status" data-test="xray-no-flag"><Icon name="alert" />
                <p class="grow"><b>{ text::there_is_no_flag_here(&key, &if at.is_some() { text::AT_THAT_REVISION } else { "" }) }</b>{ text::this_is_choose_another_one_below(&flag) }</p></div>
        }
        <div class="xraygrid">
            <aside class="stack l">
                <section class="card"><div class="pad field"><label for="xray-flag">{ common::FLAG }</label>
                    <select class="select mono" id="xray-flag" data-test="xray-flag" onchange={on_flag}>
                        { for props.document.flags.iter().map(|each| html! {
                            <option value={each.key.to_string()} selected={each.key.as_str() == flag}>{ each.key.to_string() }</option>
                        }) }
                    </select></div></section>
                <ContextCard document={props.document.clone()} flag={flag.clone()} draft={(*tester.draft).clone()} on_action={tester.on_action.clone()} />
            </aside>
            <div class="stack l"><Decided environment={props.environment.clone()} document={props.document.clone()} {flag} answer={tester.answer.clone()} /></div>
        </div>
        </>
    }
}
