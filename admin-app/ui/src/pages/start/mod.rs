//! The first steps: make a flag, ask for it in one's own page, see the first decision arrive, rehearse its kill.

mod decision;
mod flag;
mod rehearsal;
mod snippet;

use crate::backend::api;
use crate::components::{CardSkeleton, FailureCard, Icon};
use crate::hooks::{use_asked, use_console, use_document_title, use_guide};
use crate::route::Route;
use crate::state::guide::{Facts, Guide, Step, step};
use crate::state::live::Slot;
use crate::words::text::common;
use crate::words::text::start as text;
use decision::Decision;
use flag::FirstFlag;
use rehearsal::Rehearsal;
use snippet::Snippet;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct StartProps {
    pub environment: AttrValue,
}

/// While nothing has asked for the flag the server is asked so often, in milliseconds.
const WAITING: u32 = 1_500;

#[function_component]
pub fn Start(props: &StartProps) -> Html {
    use_document_title(common::FIRST_STEPS.to_owned());
    let console = use_console();
    let navigator = use_navigator();
    let (guide, keep) = use_guide(&props.environment);
    let page = match &console.live.flags {
        Slot::Failed(failure) => {
            return html! { <FailureCard failure={failure.clone()} what={text::THE_FIRST_STEPS} /> };
        }
        Slot::Loading => return html! { <CardSkeleton lines=6 /> },
        Slot::Ready(page) => page.clone(),
    };
    // The flag that was chosen, or else the only one.
    let known = |key: &str| page.flags.iter().any(|flag| flag.key == key);
    let chosen = match page.flags.as_slice() {
        _ if known(&guide.flag) => guide.flag.clone(),
        [only] => only.key.clone(),
        _ => String::new(),
    };
    let put_away = {
        let (keep, guide, list) =
            (keep.clone(), guide.clone(), Route::Flags { environment: props.environment.to_string() });
        Callback::from(move |_: MouseEvent| {
            keep.emit(Guide { is_put_away: true, ..guide.clone() });
            if let Some(navigator) = &navigator {
                navigator.push(&list);
            }
        })
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ common::FIRST_STEPS }</h1>
                <p>{ text::FROM_A_FLAG_TO_ITS_WAY }<span class="hide-narrow">{ text::AND_COME_BACK_BY_CTRL_K }</span>{ "." }</p></div>
                <button type="button" class="btn quiet" data-test="guide-put-away" onclick={put_away}>{ text::PUT_IT_AWAY }</button></div>
            if chosen.is_empty() {
                <Steps environment={props.environment.clone()} {guide} {keep} flag={String::new()} facts={Facts::default()} />
            } else {
                <Known key={chosen.clone()} environment={props.environment.clone()} {guide} {keep} flag={chosen.clone()} />
            }
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct KnownProps {
    environment: AttrValue,
    guide: Guide,
    keep: Callback<Guide>,
    flag: String,
}

/// What the server knows of the flag, asked again while it waits.
#[function_component]
fn Known(props: &KnownProps) -> Html {
    let is_settled = use_state(|| false);
    let (asked, _) = use_asked(api::asked(&props.environment, &props.flag), if *is_settled { 0 } else { WAITING });
    let (view, _) = use_asked(api::flag(&props.environment, &props.flag), 0);
    let is_asked = asked.slot.ready().is_some_and(|view| !view.asked.is_empty());
    let is_rehearsed = view.slot.ready().is_some_and(|view| view.last_drill.is_some());
    if is_asked && !*is_settled {
        is_settled.set(true);
    }
    let facts = Facts { has_flag: true, is_asked, is_rehearsed };
    html! { <Steps environment={props.environment.clone()} guide={props.guide.clone()} keep={props.keep.clone()} flag={props.flag.clone()} {facts} /> }
}

#[derive(Debug, Properties, PartialEq)]
struct StepsProps {
    environment: AttrValue,
    guide: Guide,
    keep: Callback<Guide>,
    flag: String,
    facts: Facts,
}

#[function_component]
fn Steps(props: &StepsProps) -> Html {
    let next = step(&props.guide, props.facts);
    let is_done = |each: Step| match each {
        Step::Flag => props.facts.has_flag,
        Step::Snippet => next > Step::Snippet,
        Step::Decision => props.facts.is_asked,
        Step::Rehearsal | Step::Done => next == Step::Done,
    };
    let card = |each: Step, number: u32, title: &'static str, body: Html| {
        let state = if is_done(each) {
            "done"
        } else if each == next {
            "now"
        } else {
            "later"
        };
        html! {
            <li class={classes!("knot", "guidestep", state)} data-test={format!("guide-{number}")} data-state={state} aria-current={(state == "now").then_some("step")}>
                <section class="card"><header><span class="no" aria-hidden="true">{ if state == "done" { html! { <Icon name="check" small=true /> } } else { html! { { number } } } }</span>
                    <h2>{ title }</h2><span class="sr">{ state }</span></header>
                    if state != "later" { <div class="pad stack">{ body }</div> }</section>
            </li>
        }
    };
    let (environment, guide, keep, flag) =
        (props.environment.clone(), props.guide.clone(), props.keep.clone(), props.flag.clone());
    html! {
        <ol class="guide" data-test="guide" data-step={match next {
            Step::Flag => "flag",
            Step::Snippet => "snippet",
            Step::Decision => "decision",
            Step::Rehearsal => "rehearsal",
            Step::Done => "done",
        }}>
            { card(Step::Flag, 1, text::MAKE_THE_FIRST_FLAG, html! { <FirstFlag environment={environment.clone()} guide={guide.clone()} keep={keep.clone()} flag={flag.clone()} /> }) }
            { card(Step::Snippet, 2, text::ASK_FOR_IT_IN_YOUR_OWN, html! { <Snippet environment={environment.clone()} {guide} {keep} flag={flag.clone()} /> }) }
            { card(Step::Decision, 3, text::SEE_THE_FIRST_DECISION, html! { <Decision environment={environment.clone()} flag={flag.clone()} is_asked={props.facts.is_asked} /> }) }
            { card(Step::Rehearsal, 4, text::REHEARSE_ITS_KILL, html! { <Rehearsal {environment} {flag} is_rehearsed={props.facts.is_rehearsed} /> }) }
        </ol>
    }
}
