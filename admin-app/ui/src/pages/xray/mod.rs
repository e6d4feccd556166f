mod context;
mod ray;
mod tester;

pub use ray::Ray;
pub use tester::Tester;

use crate::components::{CardSkeleton, FailureCard};
use crate::hooks::{use_console, use_document_title};
use crate::route::{Route, XrayQuery};
use crate::state::live::Slot;
use context::ContextCard;
use tester::{Decided, use_tester};
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
    use_document_title(format!("X-ray of {}", props.environment));
    let console = use_console();
    let body = match &console.live.document {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what="The X-ray" /> },
        Slot::Loading => html! { <div class="xraygrid"><CardSkeleton lines=6 /><CardSkeleton lines=8 /></div> },
        Slot::Ready(document) if document.flags.is_empty() => html! {
            <section class="card"><p class="pad muted">{ "There is no flag here yet, so nothing to look through." }</p></section>
        },
        Slot::Ready(document) => {
            html! { <Bench environment={props.environment.clone()} document={document.clone()} /> }
        }
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ "X-ray" }</h1>
                <p>{ "One decision, rule by rule, by the same evaluator that runs in the clients." }</p></div></div>
            { body }
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct BenchProps {
    environment: AttrValue,
    document: crate::state::Shared<downhaul_core::document::FlagSet>,
}

#[function_component]
fn Bench(props: &BenchProps) -> Html {
    let location = use_location();
    let navigator = use_navigator();
    let query = location.and_then(|location| location.query::<XrayQuery>().ok()).unwrap_or_default();
    let first = props.document.flags.first().map(|flag| flag.key.to_string()).unwrap_or_default();
    let flag = if props.document.flag(&query.flag).is_some() { query.flag.clone() } else { first };
    let tester = use_tester(props.document.clone(), flag.clone(), query.context.clone());
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
                go(XrayQuery { flag: flag.clone(), context: context.clone() });
            }
        });
    }
    let on_flag = {
        let context = tester.draft.text.clone();
        Callback::from(move |event: Event| {
            let flag = event.target_unchecked_into::<HtmlSelectElement>().value();
            go(XrayQuery { flag, context: context.clone() });
        })
    };
    html! {
        <div class="xraygrid">
            <aside class="stack l">
                <section class="card"><div class="pad field"><label for="xray-flag">{ "Flag" }</label>
                    <select class="select mono" id="xray-flag" data-test="xray-flag" onchange={on_flag}>
                        { for props.document.flags.iter().map(|each| html! {
                            <option value={each.key.to_string()} selected={each.key.as_str() == flag}>{ each.key.to_string() }</option>
                        }) }
                    </select></div></section>
                <ContextCard document={props.document.clone()} flag={flag.clone()} draft={(*tester.draft).clone()} on_action={tester.on_action.clone()} />
            </aside>
            <div class="stack l"><Decided environment={props.environment.clone()} document={props.document.clone()} {flag} answer={tester.answer.clone()} /></div>
        </div>
    }
}
