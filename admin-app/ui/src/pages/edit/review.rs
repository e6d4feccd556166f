use super::asked::{NameField, ReasonField, Refusal, needs_approval};
use super::panel::Ladder;
use super::publish::{Outcome, propose, put};
use crate::backend::Failure;
use crate::components::{Dialog, Icon, Sail, SentenceText, Swatches};
use crate::hooks::{Key, use_console, use_keys};
use crate::state::Shared;
use crate::state::friction::{Policy, Step, Weight};
use crate::state::radius::Radius;
use crate::words::difference::{Line, summary};
use crate::words::message::sentence;
use crate::words::number::{count, counted};
use crate::words::proposal::others_are_asked;
use crate::words::radius as words;
use crate::words::text::common;
use crate::words::text::edit as text;
use downhaul_blast::plan::Kept;
use downhaul_core::diagnostic::Diagnostic;
use serde_json::Value;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ReviewProps {
    pub environment: AttrValue,
    pub flag: Value,
    pub key_of_flag: String,
    /// The definition that is replaced.
    pub before: Option<Value>,
    /// The revision that the edit started from.
    pub revision: u64,
    pub lines: Vec<Line>,
    pub swatches: Swatches,
    pub radius: Radius,
    pub weight: Weight,
    pub policy: Option<Shared<Policy>>,
    pub warnings: Vec<Diagnostic>,
    pub on_close: Callback<()>,
    pub on_done: Callback<Outcome>,
}

/// The difference in words before it is published, what is asked for it, and the button that does it.
#[function_component]
pub fn Review(props: &ReviewProps) -> Html {
    let console = use_console();
    let step = props.weight.step();
    let made_up =
        format!("{}: {}", if props.before.is_some() { text::AMID_EDIT } else { text::NEW_FLAG }, summary(&props.lines));
    let reason = use_state(|| if step == Step::Nothing { made_up } else { String::new() });
    let typed_key = use_state(String::new);
    let sent = use_state(|| false);
    let refused = use_state(|| None::<Failure>);
    let is_for_others = refused.as_ref().is_some_and(needs_approval);
    let approvals = props.policy.as_ref().map_or(0, |policy| props.weight.approvals(policy));
    let must_ask = approvals > 0 || is_for_others;
    let may_ask = !must_ask && step >= Step::SecondPerson;
    let wants_key = step == Step::TypeKey || may_ask;
    let no_reason = reason.trim().is_empty().then_some(common::SAY_WHY_FIRST);
    let no_key = (wants_key && *typed_key != props.key_of_flag).then_some(text::TYPE_THE_FLAGS_KEY_FIRST);
    let offline = matches!(console.live.connection, crate::state::live::Connection::Lost { .. })
        .then_some(common::THE_CONTROL_PLANE_CANNOT_BE_REACHED);
    let behind = props.radius.is_behind() && props.radius.failure.is_none();
    let working = behind.then_some(common::WHOM_IT_MOVES_IS_STILL_BEING);
    let why_not_ask = offline.or(no_reason).map(AttrValue::from);
    let frozen = offline.is_none().then(|| console.frozen()).flatten().map(AttrValue::from);
    let why_not_put = frozen.or_else(|| offline.or(working).or(no_reason).or(no_key).map(AttrValue::from));
    let send = |asking: bool| {
        let (console, environment) = (console.clone(), props.environment.to_string());
        let (flag, key, before, revision) =
            (props.flag.clone(), props.key_of_flag.clone(), props.before.clone(), props.revision);
        let (sent, refused, reason, done) = (sent.clone(), refused.clone(), (*reason).clone(), props.on_done.clone());
        Callback::from(move |()| {
            if *sent {
                return;
            }
            sent.set(true);
            refused.set(None);
            let (console, environment, flag, key, before, reason) = (
                console.clone(),
                environment.clone(),
                flag.clone(),
                key.clone(),
                before.clone(),
                reason.trim().to_owned(),
            );
            let (sent, refused, done) = (sent.clone(), refused.clone(), done.clone());
            spawn_local(async move {
                let answer = if asking {
                    propose(&console, &environment, flag, revision, reason).await
                } else {
                    put(&console, &environment, &key, (flag, before), revision, reason).await
                };
                match answer {
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
    let asks_first = must_ask || may_ask;
    let (on_ask, on_put) = (send(true), send(false));
    {
        let (ask, put) = (on_ask.clone(), on_put.clone());
        let may = if asks_first { why_not_ask.is_none() } else { why_not_put.is_none() };
        use_keys(move |key: &Key| {
            let fires = key.command && key.key == "Enter";
            if fires && may {
                if asks_first { ask.emit(()) } else { put.emit(()) }
            }
            fires
        });
    }
    let next = console.live.position().map(|position| count(position.revision + 1)).unwrap_or_default();
    let button = |label: String,
                  test: &'static str,
                  why_not: Option<AttrValue>,
                  on: Callback<()>,
                  class: &'static str| {
        let is_off = why_not.is_some() || *sent;
        html! {
            <button type="button" class={classes!("btn", "l", class)} aria-disabled={is_off.to_string()} title={why_not} data-test={test} onclick={Callback::from(move |_: MouseEvent| if !is_off { on.emit(()) })}>
                if *sent { <span class="spin" aria-hidden="true"></span> } else if class == "primary" { <Sail /> }{ label }
                if class == "primary" { <kbd>{ "Ctrl Enter" }</kbd> }
            </button>
        }
    };
    let publish = text::publish_revision_next(&next);
    let label = text::type_to_publish_it(&props.key_of_flag) + if may_ask { text::WITHOUT_A_SECOND_PERSON } else { "" };
    let footer = html! {
        <>
            <p class="grow small muted" role="status">{ if asks_first { why_not_ask.clone() } else { why_not_put.clone() } }</p>
            <button type="button" class="btn l quiet" data-test="review-close" onclick={props.on_close.reform(|_: MouseEvent| ())}>{ text::GO_ON_EDITING }</button>
            if must_ask {
                { button(text::ASK_FOR_APPROVAL.to_owned(), "propose", why_not_ask, on_ask, "primary") }
            } else if may_ask {
                { button(text::PUBLISH_WITHOUT_A_SECOND_PERSON.to_owned(), "publish", why_not_put, on_put, "second") }
                { button(text::ASK_FOR_APPROVAL.to_owned(), "propose", why_not_ask, on_ask, "primary") }
            } else {
                { button(publish, "publish", why_not_put, on_put, "primary") }
            }
        </>
    };
    html! {
        <Dialog title={text::key_of_flag_in_environment(&props.key_of_flag, &props.environment)} wide=true on_close={props.on_close.clone()} {footer} test="review">
            <Moves flag={props.key_of_flag.clone()} radius={props.radius.clone()} weight={props.weight} />
            if let Some(failure) = (*refused).clone() { <Refusal {failure} /> }
            <Differences lines={props.lines.clone()} swatches={props.swatches.clone()} before={common::BEFORE} after={common::AFTER} />
            { for props.warnings.iter().map(|each| html! {
                <p class="warning small row top"><Icon name="alert" small=true /><span>{ sentence(&each.message) }{ ". " }{ each.help.as_deref().map(sentence) }</span></p>
            }) }
            <div class="cols c2 asks">
                <div class="stack">
                    <ReasonField reason={reason.clone()} placeholder={text::RAMP_AFTER_24_H_ERRORS_FLAT} />
                    if wants_key { <NameField {label} name={typed_key.clone()} /> }
                    if must_ask { <p class="small muted">{ others_are_asked(approvals) }</p> }
                </div>
                <div><Ladder weight={props.weight} is_known=true /></div>
            </div>
        </Dialog>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct MovesProps {
    flag: String,
    radius: Radius,
    weight: Weight,
}

#[function_component]
fn Moves(props: &MovesProps) -> Html {
    let budget = match props.weight.budget {
        Kept::Within => String::new(),
        Kept::Over => text::IT_IS_MORE_THAN_THE_BUDGET.to_owned(),
        Kept::Unknown => text::WHETHER_THE_BUDGET_ALLOWS_IT_CANNOT.to_owned(),
    };
    if props.radius.has_failed() {
        return html! { <p data-test="review-moves"><b>{ common::WHOM_IT_MOVES_COULD_NOT_BE }</b></p> };
    }
    let says = format!("{}.", words::spoken(props.radius.of(&props.flag)));
    let findings = props.radius.findings();
    let unkept = findings.iter().filter(|finding| finding.outcome != Kept::Within);
    html! {
        <>
            <p data-test="review-moves"><b>{ says }</b>{ budget }</p>
            if props.weight.budget != Kept::Within { <ul class="small muted">{ for unkept.map(|finding| html! { <li>{ sentence(&finding.why) }</li> }) }</ul> }
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct DifferencesProps {
    pub lines: Vec<Line>,
    pub swatches: Swatches,
    pub before: AttrValue,
    pub after: AttrValue,
}

/// Side by side, in words.
#[function_component]
pub fn Differences(props: &DifferencesProps) -> Html {
    if props.lines.is_empty() {
        return html! { <p class="muted small">{ text::NOTHING_THAT_ANYONE_WOULD_NOTICE_ONLY }</p> };
    }
    let side = |sentence: &Option<crate::words::Sentence>, class: &'static str, name: &AttrValue| match sentence {
        Some(sentence) => {
            html! { <td class={class} data-l={name.clone()}><SentenceText sentence={sentence.clone()} swatches={props.swatches.clone()} /></td> }
        }
        None => html! { <td class="faint" data-l={name.clone()}>{ "–" }</td> },
    };
    html! {
        <div class="tablewrap"><table class="table differences" data-test="difference" aria-label={counted(props.lines.len(), text::DIFFERENCE, text::DIFFERENCES)}>
            <thead><tr><th>{ text::WHAT }</th><th>{ &props.before }</th><th>{ &props.after }</th></tr></thead>
            <tbody>{ for props.lines.iter().map(|line| html! {
                <tr key={line.what.clone()}><th scope="row">{ &line.what }if !line.note.is_empty() { <small class="faint blk">{ &line.note }</small> }</th>{ side(&line.before, "was", &props.before) }{ side(&line.after, "is", &props.after) }</tr>
            }) }</tbody>
        </table></div>
    }
}
