//! What the last step before publishing asks for and says, whatever is published.

use crate::backend::Failure;
use crate::backend::api::Proposed;
use crate::components::Icon;
use crate::hooks::Console;
use crate::route::Route;
use crate::words::message::sentence;
use crate::words::text::common;
use downhaul_blast::plan::{Kept, Plan};
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ReasonFieldProps {
    pub reason: UseStateHandle<String>,
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    /// Whether it is what somebody comes to first, as in a dialog.
    #[prop_or(true)]
    pub is_first: bool,
}

/// Why, for the chart.
#[function_component]
pub fn ReasonField(props: &ReasonFieldProps) -> Html {
    html! {
        <div class="field"><label for="why">{ common::WHY }</label>
            <input class="input" id="why" data-test="publish-reason" value={(*props.reason).clone()} oninput={written(&props.reason)} maxlength="500" autocomplete="off" placeholder={props.placeholder.clone()} autofocus={props.is_first} />
            <span class="help">{ common::GOES_TO_THE_CHART_FOR_WHOEVER }</span></div>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct NameFieldProps {
    pub label: AttrValue,
    pub name: UseStateHandle<String>,
}

/// The name of what is published, written out by hand.
#[function_component]
pub fn NameField(props: &NameFieldProps) -> Html {
    html! {
        <div class="field"><label for="typed-name">{ &props.label }</label>
            <input class="input mono" id="typed-name" data-test="publish-key" value={(*props.name).clone()} oninput={written(&props.name)} autocomplete="off" spellcheck="false" /></div>
    }
}

fn written(state: &UseStateHandle<String>) -> Callback<InputEvent> {
    let state = state.clone();
    Callback::from(move |event: InputEvent| state.set(event.target_unchecked_into::<HtmlInputElement>().value()))
}

#[derive(Debug, Properties, PartialEq)]
pub struct RefusalProps {
    pub failure: Failure,
}

/// Why it was not published, and what to do.
#[function_component]
pub fn Refusal(props: &RefusalProps) -> Html {
    let failure = &props.failure;
    let problems = match failure {
        Failure::Refused(problem) => problem.diagnostics.as_slice(),
        Failure::Offline | Failure::SignedOut | Failure::Unreadable(_) => &[],
    };
    html! {
        <div class="banner danger" role="alert" data-test="publish-refused" data-code={failure.code().to_owned()}><Icon name="alert" />
            <p><b>{ failure.title() }</b>{ ". " }{ failure.help() }
                if failure.leaves_doubt() { { common::IT_MAY_HAVE_BEEN_PUBLISHED_ALL } }
                if needs_approval(failure) { { common::ASK_FOR_APPROVAL_INSTEAD } }
                { for problems.iter().map(|each| html! { <span class="blk">{ sentence(&each.message) }{ ". " }{ each.help.as_deref().map(sentence) }</span> }) }
            </p></div>
    }
}

pub fn needs_approval(failure: &Failure) -> bool {
    failure.code() == "needs-approval"
}

/// What a plan says of the budget, where it is not kept to or that cannot be said.
pub fn findings(plan: &Plan) -> Html {
    let findings = plan.budget.as_ref().map(|judged| judged.findings.as_slice()).unwrap_or_default();
    findings
        .iter()
        .filter(|finding| finding.outcome != Kept::Within)
        .map(|finding| {
            html! { <p class="small warn-ink row top" data-test="budget"><Icon name="alert" small=true /><span>{ sentence(&finding.why) }</span></p> }
        })
        .collect()
}

/// Reports what others decide about now; gives where they do.
pub fn left_to_others(
    console: &Console,
    environment: String,
    proposed: Proposed,
    title: impl FnOnce(&str) -> String,
) -> Route {
    let id = proposed.proposal.id;
    console.toast_proposed(title(&id), proposed.now.map_or(1, |now| now.quorum));
    Route::Proposal { environment, id }
}
