//! A rollout that is to be started: of which flag, by which stages, whom it moves, and why.

mod choose;
mod form;
mod panel;
mod picture;
mod stage;

use crate::components::{CardSkeleton, FailureCard, Icon, Missing};
use crate::hooks::{use_console, use_document_title};
use crate::route::{Route, StartRolloutQuery};
use crate::state::live::Slot;
use crate::words::text::start_rollout as text;
use crate::words::text::{common, frame, rollouts};
use choose::ChooseFlag;
use form::Form;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct StartRolloutProps {
    pub environment: AttrValue,
}

/// Starts a rollout of the flag that the address names, or asks which.
#[function_component]
pub fn StartRollout(props: &StartRolloutProps) -> Html {
    let environment = props.environment.clone();
    let query = use_location().and_then(|location| location.query::<StartRolloutQuery>().ok()).unwrap_or_default();
    if query.flag.is_empty() {
        return html! { <ChooseFlag {environment} /> };
    }
    // A draft of one environment is nothing in another.
    let of = format!("{environment}/{}", query.flag);
    html! { <OfFlag key={of} {environment} flag={query.flag.clone()} /> }
}

#[derive(Debug, Properties, PartialEq)]
struct OfFlagProps {
    environment: AttrValue,
    flag: String,
}

#[function_component]
fn OfFlag(props: &OfFlagProps) -> Html {
    use_document_title(text::roll_out_flag(&props.flag));
    let console = use_console();
    let environment = || props.environment.to_string();
    let flag = Route::Flag { environment: environment(), key: props.flag.clone() };
    let body = match &console.live.document {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_FORM} /> },
        Slot::Loading => {
            html! { <div class="sidegrid"><div class="stack l"><CardSkeleton lines=3 /><CardSkeleton lines=8 /></div><CardSkeleton lines=7 /></div> }
        }
        Slot::Ready(document) if document.flag(&props.flag).is_none() => {
            let actions = html! { <Link<Route> to={Route::start_rollout(&props.environment)} classes="btn">{ text::CHOOSE_ANOTHER }</Link<Route>> };
            html! { <Missing title={frame::there_is_no_flag_in(&props.flag, &props.environment)} text={frame::LOOK_FOR_IT_IN_THE_LIST} {actions} /> }
        }
        Slot::Ready(document) => {
            html! { <Form environment={props.environment.clone()} document={document.clone()} flag={props.flag.clone()} /> }
        }
    };
    html! {
        <>
            <div class="pagehead">
                <div class="grow">
                    <div class="crumbs"><Link<Route> to={Route::Rollouts { environment: environment() }}>{ rollouts::ROLLOUTS }</Link<Route>><Icon name="right" small=true /><span>{ common::START_A_ROLLOUT }</span></div>
                    <h1>{ text::ROLL_OUT }<span class="mono">{ &props.flag }</span></h1>
                </div>
                <Link<Route> to={flag} classes="btn"><Icon name="flag" />{ rollouts::THE_FLAG }</Link<Route>>
            </div>
            { body }
        </>
    }
}
