use crate::backend::{Failure, api};
use crate::components::{Dialog, Sail, Swatches};
use crate::hooks::{Console, Key, Planned, use_console, use_keys};
use crate::pages::edit::{Differences, Ladder, NameField, ReasonField, Refusal, needs_approval};
use crate::state::Shared;
use crate::state::definition::Subject;
use crate::state::friction::{Policy, Step, Weight};
use crate::state::live::Connection;
use crate::words::difference::{Line, summary};
use crate::words::message::sentence;
use crate::words::number::count;
use crate::words::proposal::others_are_asked;
use crate::words::text::common;
use crate::words::text::define as text;
use serde_json::Value;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// What has come of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Published { revision: u64 },
    Proposed { id: String, approvals: u32 },
}

#[derive(Debug, Properties, PartialEq)]
pub struct ReviewProps {
    pub environment: AttrValue,
    pub subject: Subject,
    pub draft: Value,
    pub before: Option<Value>,
    pub revision: u64,
    pub lines: Vec<Line>,
    pub planned: Planned,
    pub weight: Weight,
    pub policy: Option<Shared<Policy>>,
    pub on_close: Callback<()>,
    pub on_done: Callback<Outcome>,
}

/// The difference in words before it is published, what is asked for it, and the button that does it.
#[function_component]
pub fn Review(props: &ReviewProps) -> Html {
    let console = use_console();
    let is_policy = props.subject == Subject::Policy;
    let step = if is_policy { Step::Why } else { props.weight.step() };
    let made_up = text::edit_of_words_summary(&props.subject.words(), &summary(&props.lines));
    let reason = use_state(|| if step == Step::Nothing { made_up } else { String::new() });
    let typed_name = use_state(String::new);
    let sent = use_state(|| false);
    let refused = use_state(|| None::<Failure>);
    let approvals = props
        .policy
        .as_ref()
        .map_or(0, |policy| if is_policy { policy.approvals.policy.get() } else { props.weight.approvals(policy) });
    let is_for_others = refused.as_ref().is_some_and(needs_approval);
    let must_ask = approvals > 0 || is_for_others;
    let wants_name = !must_ask && step >= Step::SecondPerson;
    let offline = matches!(console.live.connection, Connection::Lost { .. })
        .then_some(common::THE_CONTROL_PLANE_CANNOT_BE_REACHED);
    let working = (!is_policy && props.planned.is_behind).then_some(common::WHOM_IT_MOVES_IS_STILL_BEING);
    let no_reason = reason.trim().is_empty().then_some(common::SAY_WHY_FIRST);
    let no_name = (wants_name && *typed_name != props.subject.name()).then_some(text::TYPE_ITS_NAME_FIRST);
    // What others are asked about waits for the end of a freeze.
    let frozen = (offline.is_none() && !must_ask).then(|| console.frozen()).flatten().map(AttrValue::from);
    let why_not = frozen.or_else(|| offline.or(working).or(no_reason).or(no_name).map(AttrValue::from));
    let is_off = why_not.is_some() || *sent;
    let send = {
        let (console, sent, refused, reason) = (console.clone(), sent.clone(), refused.clone(), (*reason).clone());
        let (environment, subject, draft) = (props.environment.to_string(), props.subject.clone(), props.draft.clone());
        let (revision, done) = (props.revision, props.on_done.clone());
        Callback::from(move |()| {
            if is_off {
                return;
            }
            sent.set(true);
            refused.set(None);
            let (console, sent, refused, done) = (console.clone(), sent.clone(), refused.clone(), done.clone());
            let what = (environment.clone(), subject.clone(), draft.clone(), reason.trim().to_owned());
            spawn_local(async move {
                match leave(&console, what, revision, must_ask).await {
                    Ok(outcome) => done.emit(outcome),
                    Err(failure) => {
                        console.failed(&failure);
                        sent.set(false);
                        refused.set(Some(failure));
                    }
                }
            });
        })
    };
    {
        let send = send.clone();
        use_keys(move |key: &Key| {
            let fires = key.command && key.key == "Enter";
            if fires {
                send.emit(());
            }
            fires
        });
    }
    let next = console.live.position().map(|position| count(position.revision + 1)).unwrap_or_default();
    let footer = html! {
        <>
            <p class="grow small muted" role="status">{ why_not.clone() }</p>
            <button type="button" class="btn l quiet" data-test="review-close" onclick={props.on_close.reform(|_: MouseEvent| ())}>{ text::GO_ON_EDITING }</button>
            <button type="button" class="btn l primary" aria-disabled={is_off.to_string()} title={why_not} data-test={if must_ask { "propose" } else { "publish" }} onclick={send.reform(|_: MouseEvent| ())}>
                if *sent { <span class="spin" aria-hidden="true"></span> } else { <Sail /> }
                { if must_ask { text::ASK_FOR_APPROVAL_2.to_owned() } else { text::publish_revision_next(&next) } }<kbd>{ "Ctrl Enter" }</kbd>
            </button>
        </>
    };
    let moves = props.planned.plan.as_ref().and_then(|plan| plan.population.as_ref());
    html! {
        <Dialog title={text::words_in_environment(&sentence(&props.subject.words()), &props.environment)} wide=true on_close={props.on_close.clone()} {footer} test="review">
            if props.planned.failure.is_some() && !is_policy {
                <p data-test="review-moves"><b>{ common::WHOM_IT_MOVES_COULD_NOT_BE }</b></p>
            } else if let Some(people) = moves {
                <p data-test="review-moves"><b>{ text::of_are_given_something_else(&crate::words::radius::weight(people.moved), &crate::words::radius::weight(people.weight)) }</b></p>
            }
            if let Some(failure) = (*refused).clone() { <Refusal {failure} /> }
            <Differences lines={props.lines.clone()} swatches={Swatches::default()} before={common::BEFORE} after={common::AFTER} />
            <div class="cols c2 asks">
                <div class="stack">
                    <ReasonField reason={reason.clone()} />
                    if wants_name { <NameField label={text::type_to_publish_it(&props.subject.name())} name={typed_name.clone()} /> }
                    if must_ask { <p class="small muted">{ others_are_asked(approvals) }</p> }
                </div>
                if !is_policy { <div><Ladder weight={props.weight} is_known=true /></div> }
            </div>
        </Dialog>
    }
}

async fn leave(
    console: &Console,
    (environment, subject, draft, reason): (String, Subject, Value, String),
    revision: u64,
    asking: bool,
) -> Result<Outcome, Failure> {
    let backend = &console.backend;
    if asking {
        let proposed = api::propose_definition(backend, &environment, &subject, &draft, &reason, revision).await?;
        let approvals = proposed.now.map_or(1, |now| now.quorum);
        return Ok(Outcome::Proposed { id: proposed.proposal.id, approvals });
    }
    let changed = api::put_definition(backend, &environment, &subject, &draft, &reason, revision).await?;
    Ok(Outcome::Published { revision: changed.position.revision })
}
