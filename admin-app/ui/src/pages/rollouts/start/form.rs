use super::panel::Panel;
use super::picture::Picture;
use super::stage::StageCard;
use crate::backend::{Failure, api};
use crate::components::{Icon, Swatches};
use crate::hooks::{Console, Key, Planned, use_asked, use_console, use_keys, use_may, use_plan, use_policy};
use crate::pages::edit::{
    Editing, Foretold, Json, Leave, ProblemList, Problems, SelectField, TextField, left_to_others, needs_approval,
    plain, problems_html, text_at, use_leaving, use_shelf,
};
use crate::pages::frozen::FrozenNote;
use crate::route::Route;
use crate::state::Shared;
use crate::state::context_draft::all_attributes_read;
use crate::state::draft::kept::{Kept, place};
use crate::state::draft::{Action, Doc, Draft};
use crate::state::friction::Step;
use crate::state::live::Connection;
use crate::state::rollout_draft::{Checked, added, check, fresh, shelf};
use crate::state::toasts::Tone;
use crate::words::number::counted;
use crate::words::rollout::is_over;
use crate::words::text::start_rollout as text;
use crate::words::text::{common, define};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{Flag, FlagSet};
use gloo::storage::{LocalStorage, Storage};
use serde_json::{Value, json};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct FormProps {
    pub environment: AttrValue,
    pub document: Shared<FlagSet>,
    pub flag: String,
}

/// What the server refused, of which draft.
#[derive(Debug, Clone, PartialEq)]
struct Refused {
    doc: Doc,
    failure: Failure,
}

/// The draft of a rollout, which is kept in this browser until it is started.
#[function_component]
pub fn Form(props: &FormProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let kept_at = place(&props.environment, &shelf(&props.flag));
    let draft = use_reducer_eq(|| {
        let kept = LocalStorage::get::<Value>(&kept_at).ok().and_then(|value| Kept::read(&value.to_string()));
        let begun =
            || Draft::new(props.document.flag(&props.flag).map(fresh).unwrap_or_default(), props.document.revision);
        kept.map_or_else(begun, Kept::into_draft)
    });
    let (as_json, sent) = (use_state(|| false), use_state(|| false));
    let (reason, typed_name) = (use_state(String::new), use_state(String::new));
    let refused = use_state(|| None::<Refused>);
    let (policy, may) = (use_policy(), use_may(&props.environment));
    let leaving = use_leaving(draft.is_changed());
    use_shelf(kept_at.clone(), &draft);
    let (asked, _) = use_asked(api::rollouts(&props.environment), 0);
    let going =
        asked.slot.ready().and_then(|page| page.rollouts.iter().find(|each| each.flag == props.flag && !is_over(each)));
    let checked = use_memo((props.document.clone(), draft.doc.clone()), |(document, doc)| match doc {
        Doc::Tree(tree) => check(document, tree),
        Doc::Text(text) => {
            let diagnostics = crate::state::draft::text::parse(text).err().unwrap_or_default();
            Checked { diagnostics, ..Checked::default() }
        }
    });
    let errors = checked.errors();
    let (first, whole) = (use_plan(put(checked.first.as_ref()), true), use_plan(put(checked.whole.as_ref()), true));
    let weight = whole.weight();
    let begins = errors > 0 || checked.first.is_some();

    // What is refused of this very draft; another one is another question.
    let refusal = refused.as_ref().filter(|refused| refused.doc == draft.doc).map(|refused| refused.failure.clone());
    let approvals = policy.as_ref().map_or(0, |policy| weight.approvals(policy));
    let must_ask = approvals > 0 || refusal.as_ref().is_some_and(needs_approval);
    let wants_name = !must_ask && weight.step() >= Step::SecondPerson;
    let is_offline = matches!(console.live.connection, Connection::Lost { .. });
    // A plan is of the flags that the server has, and the form of those that are shown, which come a moment later.
    let is_ahead = |planned: &Planned| {
        planned.plan.as_ref().and_then(|plan| plan.base_revision).is_some_and(|base| base > props.document.revision)
    };
    let is_behind = whole.plan.is_none() && whole.failure.is_none()
        || whole.is_behind
        || is_ahead(&whole)
        || (begins && (first.is_behind || is_ahead(&first)));
    let said = |why: &'static str, holds: bool| holds.then(|| AttrValue::from(why));
    let why_not = may
        .edit
        .clone()
        .filter(|_| !is_offline)
        .map(AttrValue::from)
        .or_else(|| going.map(|going| text::goes_on_first(&going.id).into()))
        // What others are asked about waits for the end of a freeze.
        .or_else(|| console.frozen().filter(|_| !is_offline && !must_ask).map(AttrValue::from))
        .or_else(|| {
            (errors > 0).then(|| text::mend_problems_first(&counted(errors, define::PROBLEM, define::PROBLEMS)).into())
        })
        .or_else(|| said(text::THE_CONTROL_PLANE_CANNOT_BE_REACHED, is_offline))
        .or_else(|| said(common::WHOM_IT_MOVES_IS_STILL_BEING, is_behind))
        .or_else(|| said(common::SAY_WHY_FIRST, reason.trim().is_empty()))
        .or_else(|| said(text::TYPE_THE_FLAGS_KEY_FIRST, wants_name && *typed_name != props.flag));
    let forget = {
        let (dispatch, kept_at) = (draft.dispatcher(), kept_at.clone());
        Callback::from(move |()| {
            dispatch.dispatch(Action::Drop);
            LocalStorage::delete(&kept_at);
        })
    };
    let on_start = {
        let (console, navigator, environment) = (console.clone(), navigator.clone(), props.environment.to_string());
        let (doc, tree, revision) = (draft.doc.clone(), draft.tree().cloned(), props.document.revision);
        let (sent, refused, forget, reason) = (sent.clone(), refused.clone(), forget.clone(), reason.trim().to_owned());
        let (flag, may_start) = (props.flag.clone(), why_not.is_none());
        Callback::from(move |()| {
            let Some(tree) = tree.clone().filter(|_| may_start && !*sent) else { return };
            sent.set(true);
            refused.set(None);
            let wanted =
                Wanted { environment: environment.clone(), flag: flag.clone(), tree, reason: reason.clone(), revision };
            let (console, navigator, doc) = (console.clone(), navigator.clone(), doc.clone());
            let (sent, refused, forget) = (sent.clone(), refused.clone(), forget.clone());
            spawn_local(async move {
                match leave(&console, wanted, must_ask).await {
                    Ok(to) => {
                        forget.emit(());
                        if let Some(navigator) = &navigator {
                            navigator.push(&to);
                        }
                    }
                    Err(failure) => {
                        console.failed(&failure);
                        sent.set(false);
                        refused.set(Some(Refused { doc, failure }));
                    }
                }
            });
        })
    };
    let back = Route::Rollouts { environment: props.environment.to_string() };
    {
        let (draft, as_json, leaving) = (draft.clone(), as_json.clone(), leaving.clone());
        let (start, is_asking) = (on_start.clone(), leaving.is_some());
        use_keys(move |key: &Key| {
            if is_asking {
                return false;
            }
            match (key.command, key.shift, key.key.as_str()) {
                (true, false, "z") => draft.dispatch(Action::Undo),
                (true, true, "z") | (true, false, "y") => draft.dispatch(Action::Redo),
                (true, _, "Enter") => start.emit(()),
                (true, ..) => return false,
                _ => match key.plain() {
                    Some("d") => as_json.set(!*as_json),
                    Some("Escape") if draft.is_changed() => leaving.set(Some(back.to_path())),
                    Some("Escape") => {
                        if let Some(navigator) = &navigator {
                            navigator.push(&back);
                        }
                    }
                    Some(_) | None => return false,
                },
            }
            true
        });
    }
    let flag = props.document.flag(&props.flag);
    let mut diagnostics = checked.diagnostics.clone();
    diagnostics.extend(refusal.iter().flat_map(told));
    let editing = Editing {
        foretold: Foretold::default(),
        dispatch: draft.dispatcher(),
        problems: Problems(diagnostics.into()),
        document: props.document.clone(),
        published: None,
        variants: flag
            .map(|flag| flag.variants.iter().map(|(variant, _)| variant.to_string()).collect())
            .unwrap_or_default(),
        swatches: flag.map(Swatches::of).unwrap_or_default(),
        attributes: all_attributes_read(&props.document).into(),
    };
    let elsewhere: Vec<Diagnostic> = editing.problems.0.iter().filter(|each| is_elsewhere(each)).cloned().collect();
    let history = |action: Action| {
        let draft = draft.dispatcher();
        Callback::from(move |_: MouseEvent| draft.dispatch(action.clone()))
    };
    let tree = draft.tree().cloned();
    html! {
        <ContextProvider<Editing> context={editing}>
            <div class="sidegrid" data-test="start-rollout-form">
                <div class="stack l">
                    <div class="draftbar" data-test="draft" data-changed={draft.is_changed().to_string()}>
                        <span class={classes!("dot", draft.is_changed().then_some("accent"))}></span>
                        <span class="grow"><b>{ text::DRAFT }</b><span class="hide-narrow">{ if draft.is_changed() { text::KEPT_IN_THIS_BROWSER } else { text::NOTHING_CHANGED_YET } }</span></span>
                        <button type="button" class="iconbtn" aria-label={common::UNDO} disabled={!draft.can_undo()} data-test="undo" onclick={history(Action::Undo)}><Icon name="undo" small=true /></button>
                        <button type="button" class="iconbtn flip" aria-label={text::REDO} disabled={!draft.can_redo()} data-test="redo" onclick={history(Action::Redo)}><Icon name="undo" small=true /></button>
                        <button type="button" class="btn s quiet" disabled={!draft.is_changed()} data-test="drop" onclick={history(Action::Drop)}>{ text::DISCARD }</button>
                        <button type="button" class="btn s" aria-pressed={as_json.to_string()} data-test="as-json" onclick={
                            let as_json = as_json.clone();
                            Callback::from(move |_: MouseEvent| as_json.set(!*as_json))
                        }><Icon name="code" small=true />{ if *as_json { common::FORM } else { common::JSON } }<kbd>{ "D" }</kbd></button>
                    </div>
                    <FrozenNote environment={props.environment.clone()} />
                    if let Some(why) = may.edit.clone().filter(|_| !is_offline) {
                        <p class="why-not" data-test="start-may-not"><Icon name="lock" small=true /><span>{ why }{ text::YOU_CAN_TRY_IT }</span></p>
                    }
                    if let Some(going) = going {
                        <div class="banner warn" data-test="rollout-goes-on"><Icon name="rollout" /><p><b>{ text::goes_on_first(&going.id) }</b>{ " " }{ text::END_IT_OR_WAIT }{ " " }
                            <Link<Route> to={Route::Rollout { environment: props.environment.to_string(), id: going.id.clone() }}>{ text::OPEN_IT }</Link<Route>></p></div>
                    }
                    if !elsewhere.is_empty() && !*as_json { <div class="banner danger" data-test="problems"><Icon name="alert" /><div class="grow"><ProblemList of={elsewhere} /></div></div> }
                    { match (tree, *as_json) {
                        (Some(tree), false) => html! { <Parts {tree} checked={(*checked).clone()} flag={flag.cloned()} /> },
                        _ => html! { <Json draft={(*draft).clone()} label={text::THE_ROLLOUT_AS_JSON} rows={(8, 40)} /> },
                    } }
                </div>
                <Panel flag={props.flag.clone()} first={begins.then_some(first)} {whole} {weight} {errors} asks={must_ask.then_some(approvals)}
                    {reason} {typed_name} {wants_name} {why_not} sent={*sent} refused={refusal} {on_start} />
            </div>
            if let Some(to) = &*leaving {
                <Leave to={to.clone()} on_drop={forget} on_stay={
                    let leaving = leaving.clone();
                    Callback::from(move |()| leaving.set(None))
                } />
            }
        </ContextProvider<Editing>>
    }
}

/// The command by which a flag becomes so, for a plan of it.
fn put(flag: Option<&Flag>) -> Option<Value> {
    flag.map(|flag| json!({ "type": "put-flag", "flag": flag }))
}

fn told(failure: &Failure) -> Vec<Diagnostic> {
    match failure {
        Failure::Refused(problem) => problem.diagnostics.clone(),
        Failure::Offline | Failure::SignedOut | Failure::Unreadable(_) => Vec::new(),
    }
}

/// What no field of the form shows.
fn is_elsewhere(problem: &Diagnostic) -> bool {
    let at = &problem.place.pointer;
    !["/variant", "/description", "/before", "/stages"].iter().any(|field| crate::pages::edit::is_under(field, at))
}

struct Wanted {
    environment: String,
    flag: String,
    tree: Value,
    reason: String,
    revision: u64,
}

/// Says what became of it, and gives where that leads.
async fn leave(console: &Console, wanted: Wanted, asking: bool) -> Result<Route, Failure> {
    let Wanted { environment, flag, tree, reason, revision } = wanted;
    if asking {
        let proposed = api::propose_rollout(&console.backend, &environment, tree, reason, revision).await?;
        return Ok(left_to_others(console, environment, proposed, |id| text::proposed_as(&flag, &id)));
    }
    let started = api::start_rollout(&console.backend, &environment, tree, reason, revision).await?;
    console.toast(Tone::Ok, text::started_id(&started.id), String::new());
    Ok(Route::Rollout { environment, id: started.id })
}

#[derive(Debug, Properties, PartialEq)]
struct PartsProps {
    tree: Value,
    checked: Checked,
    flag: Option<Flag>,
}

/// What it gives, the stages over time, and each of them.
#[function_component]
fn Parts(props: &PartsProps) -> Html {
    let editing = crate::pages::edit::use_editing();
    let add_button = use_node_ref();
    let tree = &props.tree;
    let none = Vec::new();
    let stages = tree.get("stages").and_then(Value::as_array).unwrap_or(&none);
    let add = {
        let (editing, tree) = (editing.clone(), tree.clone());
        Callback::from(move |_: MouseEvent| editing.act(added(&tree)))
    };
    let on_removed = {
        let add_button = add_button.clone();
        Callback::from(move |()| {
            if let Some(button) = add_button.cast::<HtmlElement>() {
                let _ = button.focus();
            }
        })
    };
    let named = props.flag.iter().flat_map(|flag| flag.rules.iter().filter_map(|rule| rule.name.clone()));
    let mut before = vec![(String::new(), text::THE_FIRST_RULE_FOR_EVERYONE.to_owned())];
    before.extend(named.map(|name| (name.clone(), name)));
    let of_list: Vec<Diagnostic> =
        editing.problems.0.iter().filter(|each| each.place.pointer == "/stages").cloned().collect();
    html! {
        <>
            <datalist id="known-attributes">{ for editing.attributes.iter().map(|name| html! { <option value={name.clone()} /> }) }</datalist>
            <section class="card"><header><h2>{ text::THE_ROLLOUT }</h2></header><div class="pad stack">
                <div class="cols c2">
                    <SelectField at="/variant" label={text::GIVES_VARIANT} value={text_at(tree, "variant").to_owned()} options={plain(editing.variants.iter())} />
                    if before.len() > 1 {
                        <SelectField at="/before" label={text::COHORTS_COME_BEFORE} value={text_at(tree, "before").to_owned()} options={before} optional=true />
                    } else { { problems_html(&editing, "/before") } }
                </div>
                <TextField at="/description" label={text::WHAT_IT_IS_ABOUT} value={text_at(tree, "description").to_owned()} optional=true help={text::WHAT_IT_IS_ABOUT_HELP} />
            </div></section>
            <section class="card"><header><h2>{ text::OVER_TIME }</h2></header><div class="pad">
                if let Some(rollout) = props.checked.rollout.clone().filter(|rollout| !rollout.stages.is_empty()) { <Picture {rollout} /> } else { <p class="muted">{ text::PICTURE_COMES }</p> }
            </div></section>
            <section class="card"><header><h2>{ text::STAGES }</h2><p>{ text::EACH_ADDS_TO_THOSE_BEFORE }</p></header>
                <ol class="halyard stages">
                    { for stages.iter().enumerate().map(|(index, stage)| html! {
                        <StageCard key={index} {index} count={stages.len()} stage={stage.clone()} on_removed={on_removed.clone()} />
                    }) }
                </ol>
                <div class="pad stack">
                    if !of_list.is_empty() { <ProblemList of={of_list} /> }
                    <div><button type="button" class="btn" ref={add_button} data-test="add-stage" onclick={add}><Icon name="plus" small=true />{ text::ADD_A_STAGE }</button></div>
                </div>
            </section>
        </>
    }
}
