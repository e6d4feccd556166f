//! Does the same for many flags, one change after another, and says of each what came of it.

use crate::backend::api;
use crate::components::{Dialog, Icon, NotYet};
use crate::hooks::{Console, use_console};
use crate::route::Route;
use crate::state::batch::{Action, Batch, Deed, Item, Standing, flags};
use crate::words::number::count;
use crate::words::text::batch as text;
use crate::words::text::common;
use downhaul_control::api::{PutFlagRequest, RetireFlagRequest};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct BatchDialogProps {
    pub environment: AttrValue,
    /// `Set the owner of 3 flags to growth`.
    pub title: AttrValue,
    pub items: Vec<Item>,
    /// The revision that was looked at; what has changed since is refused.
    pub revision: u64,
    /// What is to be known before.
    #[prop_or_default]
    pub children: Html,
    pub on_close: Callback<()>,
}

#[function_component]
pub fn BatchDialog(props: &BatchDialogProps) -> Html {
    let console = use_console();
    let batch = use_reducer_eq({
        let items = props.items.clone();
        move || Batch(items)
    });
    let reason = use_state(String::new);
    let works = use_state(|| false);
    let began = use_state(|| false);
    let refusal = console.refusal_to_edit();
    let is_off = *works || reason.trim().is_empty() || refusal.is_some();
    let carry_out = |how: How, places: Vec<usize>| {
        let (console, batch, works, began) = (console.clone(), batch.clone(), works.clone(), began.clone());
        let (environment, revision, reason) = (props.environment.to_string(), props.revision, reason.trim().to_owned());
        Callback::from(move |_: MouseEvent| {
            if is_off && how != How::Undo {
                return;
            }
            works.set(true);
            began.set(true);
            let (console, batch, works) = (console.clone(), batch.clone(), works.clone());
            let (environment, reason, places) = (environment.clone(), reason.clone(), places.clone());
            spawn_local(async move {
                for at in places {
                    let Some(item) = batch.0.get(at).cloned() else { continue };
                    let standing = one(&console, &environment, &item, how, &reason, revision).await;
                    batch.dispatch(Action::Stands(at, standing));
                }
                works.set(false);
            });
        })
    };
    let waiting: Vec<usize> = (0..batch.0.len())
        .filter(|at| batch.0.get(*at).is_some_and(|item| item.standing == Standing::Waiting))
        .collect();
    let (many, undoable, askable) = (waiting.len(), batch.undoable(), batch.askable());
    let on_reason = {
        let reason = reason.clone();
        Callback::from(move |event: InputEvent| reason.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let is_settled = batch.is_settled();
    let footer = html! {
        <>
            <button type="button" class="btn quiet" data-test="batch-close" onclick={props.on_close.reform(|_: MouseEvent| ())}>{ if *began { common::CLOSE } else { common::CANCEL } }</button>
            if !askable.is_empty() && !*works {
                <button type="button" class="btn" data-test="batch-ask" onclick={carry_out(How::Propose, askable.clone())}>{ text::propose_for_approval(&flags(askable.len())) }</button>
            }
            if !undoable.is_empty() && !*works {
                <button type="button" class="btn" data-test="batch-undo" onclick={carry_out(How::Undo, undoable.clone())}><Icon name="undo" small=true />{ text::take_flags_back(&flags(undoable.len())) }</button>
            }
            if !is_settled {
                <NotYet why={(!*works && !*began && reason.trim().is_empty()).then(|| AttrValue::from(common::SAY_WHY_FIRST))} />
                <button type="button" class="btn primary" aria-disabled={is_off.to_string()} data-test="batch-confirm" onclick={carry_out(How::Publish, waiting)}>{ if *works { text::WORKING.to_owned() } else { text::go_on_with(&flags(many)) } }</button>
            }
        </>
    };
    html! {
        <Dialog title={props.title.clone()} on_close={props.on_close.clone()} {footer} wide=true test="batch">
            { props.children.clone() }
            if !*began {
                <div class="field"><label for="batch-reason">{ common::WHY }</label>
                    <input class="input" id="batch-reason" data-test="batch-reason" value={(*reason).clone()} oninput={on_reason} maxlength="500" autocomplete="off" autofocus=true />
                    <span class="help">{ refusal.unwrap_or(text::EACH_FLAG_IS_ONE_CHANGE_IN) }</span></div>
            }
            <p role="status" data-test="batch-words" data-settled={(is_settled && !*works).to_string()}><b>{ batch.words() }</b></p>
            <div class="tablewrap batch"><table class="table compact"><tbody>
                { for batch.0.iter().map(|item| html! {
                    <tr key={item.key.clone()} data-test={format!("batch-{}", item.key)} data-standing={name(&item.standing)}>
                        <td class="mono">{ &item.key }</td><td>{ stands(&props.environment, item) }</td></tr>
                }) }
            </tbody></table></div>
        </Dialog>
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Publish,
    Propose,
    Undo,
}

/// Does it for one flag.
async fn one(console: &Console, environment: &str, item: &Item, how: How, reason: &str, revision: u64) -> Standing {
    let backend = &console.backend;
    let put = async |flag: serde_json::Value, reason: String, revision: u64| {
        let request = PutFlagRequest { flag, reason, expected_revision: Some(revision) };
        api::put_flag(backend, environment, &item.key, &request).await
    };
    let answer = match (how, &item.deed, &item.standing) {
        (How::Propose, Deed::Put { flag, .. }, _) => {
            return match api::propose(backend, environment, flag, reason, revision).await {
                Ok(proposed) => Standing::Proposed(proposed.proposal.id),
                Err(failure) => failed(console, failure),
            };
        }
        (How::Propose, Deed::Retire, _) => {
            return match api::propose_retirement(backend, environment, &item.key, reason, revision).await {
                Ok(proposed) => Standing::Proposed(proposed.proposal.id),
                Err(failure) => failed(console, failure),
            };
        }
        (How::Undo, Deed::Put { before: Some(before), .. }, Standing::Done { revision }) => {
            return match put(before.clone(), common::undo_of_revision(&revision), *revision).await {
                Ok(changed) => Standing::Undone { revision: changed.position.revision },
                Err(failure) => failed(console, failure),
            };
        }
        (How::Publish, Deed::Put { flag, .. }, _) => put(flag.clone(), reason.to_owned(), revision).await,
        (How::Publish, Deed::Retire, _) => {
            let request =
                RetireFlagRequest { reason: reason.to_owned(), anyway: false, expected_revision: Some(revision) };
            api::retire_flag(backend, environment, &item.key, &request).await
        }
        // Nobody is offered this.
        (How::Undo, ..) => return item.standing.clone(),
    };
    match answer {
        Ok(changed) if changed.change.is_some() => Standing::Done { revision: changed.position.revision },
        Ok(_) => Standing::Same,
        Err(failure) => failed(console, failure),
    }
}

fn failed(console: &Console, failure: crate::backend::Failure) -> Standing {
    console.failed(&failure);
    Standing::Refused(failure)
}

fn name(standing: &Standing) -> &'static str {
    match standing {
        Standing::Waiting => "waiting",
        Standing::Done { .. } => "done",
        Standing::Same => "same",
        Standing::Refused(_) => "refused",
        Standing::Proposed(_) => "proposed",
        Standing::Undone { .. } => "undone",
    }
}

fn stands(environment: &str, item: &Item) -> Html {
    let revision_link = |revision: u64| {
        let to = Route::ChartEntry { environment: environment.to_owned(), revision };
        html! { <Link<Route> {to}>{ common::revision_revision(&count(revision)) }</Link<Route>> }
    };
    match &item.standing {
        Standing::Waiting => html! { <span class="faint">{ text::TO_COME }</span> },
        Standing::Done { revision } => {
            html! { <span class="row"><Icon name="check" small=true class="ok-ink" />{ revision_link(*revision) }</span> }
        }
        Standing::Same => html! { <span class="faint">{ text::SO_ALREADY }</span> },
        Standing::Refused(failure) => html! {
            <span class="danger-ink">{ failure.title() }{ ". " }<span class="muted">{ failure.help() }</span></span>
        },
        Standing::Proposed(id) => {
            let to = Route::Proposal { environment: environment.to_owned(), id: id.clone() };
            html! { <span>{ text::PROPOSED_AS }<Link<Route> {to}>{ id }</Link<Route>></span> }
        }
        Standing::Undone { revision } => html! { <span>{ text::TAKEN_BACK }{ revision_link(*revision) }</span> },
    }
}
