use super::conflict::FlagConflict;
use super::editing::{Editing, Foretold, Problems};
use super::facts::{Facts, Requires};
use super::json::Json;
use super::leave::{Leave, use_leaving};
use super::look::{Before, Known, Looked, foretell, look};
use super::panel::{MiniBar, Panel};
use super::publish::Outcome;
use super::retire::Retire;
use super::review::Review;
use super::rules::{Rules, add_rule};
use super::shelf::use_shelf;
use super::trial::Trial;
use super::variants::{Degraded, Variants};
use crate::components::{Icon, Sail, Sign, Swatches};
use crate::hooks::{Key, Subject, use_console, use_keys, use_may, use_policy, use_radius};
use crate::pages::frozen::FrozenNote;
use crate::route::{CreateQuery, Route};
use crate::state::Shared;
use crate::state::draft::{Action, Doc, Draft, Edit};
use crate::state::toasts::Tone;
use crate::words::difference::difference;
use crate::words::number::{count, counted};
use crate::words::text::common;
use crate::words::text::edit as text;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::FlagSet;
use gloo::storage::{LocalStorage, Storage};
use std::rc::Rc;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct EditorProps {
    pub environment: AttrValue,
    pub document: Shared<FlagSet>,
    /// `None` for a flag that is to be made.
    pub flag: Option<String>,
    pub start: Draft,
    /// Where the draft is kept.
    pub shelf: String,
}

#[function_component]
pub fn Editor(props: &EditorProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let draft = use_reducer_eq({
        let start = props.start.clone();
        move || start
    });
    let as_json = use_state(|| false);
    let open = use_state(|| None::<usize>);
    let reviewing = use_state(|| false);
    let retiring = use_state(|| false);
    let trying = use_state(|| false);
    let (policy, may) = (use_policy(), use_may(&props.environment));
    let leaving = use_leaving(draft.is_changed());
    use_shelf(props.shelf.clone(), &draft);

    // Worked out once a document: a slider draws the editor anew at each step.
    let known =
        use_memo((props.document.clone(), props.flag.clone()), |(document, flag)| Known::of(document, flag.as_deref()));
    let Known { published, published_json, .. } = &*known;
    let (published, published_json) = (published.clone(), published_json.clone());
    // Of a draft, only what it requires decides what else matters.
    let requires = draft.tree().and_then(|tree| tree.get("requires")).cloned();
    let before = use_memo((props.document.clone(), props.flag.clone(), requires), {
        let draft = draft.clone();
        move |(document, key, _)| Before::of(document, key.as_deref(), draft.tree())
    });
    let looked = use_memo((props.document.clone(), before.document.clone(), draft.doc.clone()), {
        let (draft, key) = (draft.clone(), props.flag.clone());
        move |(document, before, _)| look(document, before, key.as_deref(), &draft)
    });
    let differs = props.flag.is_some() && draft.base != published_json;
    let has_moved = differs && draft.is_changed();
    {
        // What nobody has edited follows what is published; else what is published was looked at again, and is the base. A flag
        // that is to be made stays of the revision at which it was begun: nobody's flag is replaced by it.
        let (dispatch, is_new) = (draft.dispatcher(), props.flag.is_none());
        let (revision, published) = (props.document.revision, published_json.clone());
        use_effect_with((differs, has_moved, revision), move |(differs, has_moved, revision)| {
            let revision = *revision;
            match published.filter(|_| *differs && !has_moved) {
                Some(base) => {
                    let doc = Doc::Tree(base.clone());
                    dispatch.dispatch(Action::Rebase { base, revision, doc });
                }
                None if !differs && !is_new => dispatch.dispatch(Action::Confirm { revision }),
                None => {}
            }
        });
    }
    let is_asked = looked.checked.valid.is_some() && draft.tree().is_some() && draft.is_changed();
    let flag_text = is_asked.then(|| Rc::clone(&looked.text));
    let (radius, ahead) = use_radius(Subject {
        published: before.text.clone(),
        instead_of: props.flag.clone(),
        draft: flag_text,
        is_changed: draft.is_changed(),
        budget: policy.as_ref().map(|policy| policy.budget.clone()).filter(|budget| !budget.is_empty()),
    });

    let foretold = use_memo((), |()| Foretold::open());
    foretold.is_for({
        let draft = draft.clone();
        Rc::new(move |edit: &Edit| foretell(&ahead, &draft, edit))
    });
    let editing = editing(props, &draft, &looked, &known, &foretold);
    let errors = editing.problems.errors().count();
    let tree = draft.tree().cloned().unwrap_or_default();
    let key = super::editing::text_at(&tree, "key").to_owned();
    let is_critical = looked.checked.flag.as_ref().is_some_and(|flag| flag.critical)
        || published.as_ref().is_some_and(|flag| flag.critical);
    let weight = radius.weight(is_critical);
    let asked = policy.as_ref().map_or(0, |policy| weight.approvals(policy));
    // By the role alone: a draft goes on without a connection.
    let may_not = console.refusal_to_edit().and(may.edit).map(AttrValue::from);
    let why_not: Option<AttrValue> = may_not
        .clone()
        .or_else(|| has_moved.then(|| common::DECIDE_FIRST_WHAT_BECOMES_OF_THE.into()))
        .or_else(|| {
            (errors > 0).then(|| text::mend_problems_first(&counted(errors, text::PROBLEM, text::PROBLEMS)).into())
        })
        .or_else(|| (!draft.is_changed()).then(|| text::NOTHING_IS_CHANGED_YET.into()));

    let on_open = {
        let open = open.clone();
        Callback::from(move |next| open.set(next))
    };
    let set = |state: &UseStateHandle<bool>, value: bool| {
        let state = state.clone();
        Callback::from(move |()| state.set(value))
    };
    let may_review = why_not.is_none();
    let review = {
        let reviewing = reviewing.clone();
        Callback::from(move |()| {
            if may_review {
                reviewing.set(true)
            }
        })
    };
    let drop_draft = {
        let (shelf, dispatch) = (props.shelf.clone(), draft.dispatcher());
        let (document, flag) = (props.document.clone(), props.flag.clone());
        Callback::from(move |()| {
            LocalStorage::delete(&shelf);
            match flag.as_deref().and_then(|key| document.flag(key)).and_then(|flag| serde_json::to_value(flag).ok()) {
                Some(base) => {
                    let doc = Doc::Tree(base.clone());
                    dispatch.dispatch(Action::Rebase { base, revision: document.revision, doc });
                }
                None => dispatch.dispatch(Action::Drop),
            }
        })
    };
    let done = done(props, &console, navigator.clone(), key.clone(), &draft);
    let history = |action: Action| {
        let draft = draft.dispatcher();
        Callback::from(move |_: MouseEvent| draft.dispatch(action.clone()))
    };
    {
        let (draft, as_json, trying, review) = (draft.clone(), as_json.clone(), trying.clone(), review.clone());
        let add = add_rule(&editing, &tree, &on_open);
        let is_asking = *reviewing || *retiring || leaving.is_some();
        let back = back(props);
        let leaving = leaving.clone();
        use_keys(move |key: &Key| {
            if is_asking {
                return false;
            }
            match (key.command, key.shift, key.key.as_str()) {
                (true, false, "z") => draft.dispatch(Action::Undo),
                (true, true, "z") | (true, false, "y") => draft.dispatch(Action::Redo),
                (true, _, "Enter") => review.emit(()),
                (true, ..) => return false,
                _ => match key.plain() {
                    Some("a") if !*as_json => add.emit(()),
                    Some("d") => as_json.set(!*as_json),
                    Some("t") => trying.set(!*trying),
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
    let kills = console.live.kills.ready().map_or(0, |page| page.kills.iter().filter(|kill| kill.flag == key).count());
    let lints: Vec<Diagnostic> = if draft.is_changed() { radius.lints.clone() } else { Vec::new() };
    let button = html! {
        <button type="button" class="btn primary l block" aria-disabled={why_not.is_some().to_string()} title={why_not.clone()} data-test="review-open" onclick={review.reform(|_: MouseEvent| ())}>
            <Sail />{ text::REVIEW_AND_PUBLISH }<kbd>{ "Ctrl Enter" }</kbd></button>
    };
    html! {
        <ContextProvider<Editing> context={editing.clone()}>
            <div class="editor" data-test="editor">
                <div class="stack l">
                    <Head environment={props.environment.clone()} flag={props.flag.clone()} may_not={may_not.clone()} on_retire={set(&retiring, true)} />
                    <div class="draftbar" data-test="draft" data-changed={draft.is_changed().to_string()}>
                        <span class={classes!("dot", draft.is_changed().then_some("accent"))}></span>
                        <span class="grow"><b>{ text::DRAFT }</b>{ match (&draft.base, draft.is_changed()) {
                            (Some(_), _) => text::over_revision_revision(&count(draft.revision)),
                            (None, _) => text::OF_A_NEW_FLAG.to_owned(),
                        } }<span class="hide-narrow">{ if draft.is_changed() { text::KEPT_IN_THIS_BROWSER } else { text::NOTHING_CHANGED_YET } }</span></span>
                        <button type="button" class="iconbtn" aria-label={common::UNDO} disabled={!draft.can_undo()} data-test="undo" onclick={history(Action::Undo)}><Icon name="undo" small=true /></button>
                        <button type="button" class="iconbtn flip" aria-label={text::REDO} disabled={!draft.can_redo()} data-test="redo" onclick={history(Action::Redo)}><Icon name="undo" small=true /></button>
                        <button type="button" class="btn s quiet" disabled={!draft.is_changed()} data-test="drop" onclick={history(Action::Drop)}>{ text::DISCARD }</button>
                        <button type="button" class="btn s" aria-pressed={trying.to_string()} data-test="try-draft" onclick={
                            let trying = trying.clone();
                            Callback::from(move |_: MouseEvent| trying.set(!*trying))
                        }><Icon name="xray" small=true /><span class="sr-narrow">{ text::X_RAY }</span><kbd>{ "T" }</kbd></button>
                        <button type="button" class="btn s" aria-pressed={as_json.to_string()} data-test="as-json" onclick={
                            let as_json = as_json.clone();
                            Callback::from(move |_: MouseEvent| as_json.set(!*as_json))
                        }><Icon name="code" small=true /><span class="sr-narrow">{ if *as_json { common::FORM } else { common::JSON } }</span><kbd>{ "D" }</kbd></button>
                    </div>
                    <FrozenNote environment={props.environment.clone()} />
                    if let Some(why) = may_not {
                        <div class="banner info" role="status"><Icon name="lock" /><p>{ why }{ text::YOU_CAN_TRY_OUT_AN_EDIT }</p></div>
                    }
                    if has_moved {
                        if let Some(theirs) = published_json.clone() {
                            <FlagConflict draft={(*draft).clone()} {theirs} revision={props.document.revision} on_drop={drop_draft.clone()} />
                        }
                    }
                    <Summary problems={editing.problems.clone()} on_open={on_open.clone()} as_json={*as_json} />
                    if *as_json || draft.tree().is_none() {
                        <Json draft={(*draft).clone()} label={text::THE_FLAG_AS_JSON} rows={(12, 60)} />
                    } else {
                        if props.flag.is_none() { <Facts flag={tree.clone()} is_new=true /> }
                        <Rules environment={props.environment.clone()} flag={tree.clone()} {kills} {lints} open={*open} {on_open} />
                        <Degraded flag={tree.clone()} />
                        <Variants flag={tree.clone()} />
                        <Requires flag={tree.clone()} is_new={props.flag.is_none()} />
                        if props.flag.is_some() { <Facts flag={tree.clone()} is_new=false /> }
                    }
                    if *trying {
                        <Trial environment={props.environment.clone()} flag={key.clone()} document={looked.after.clone()} on_close={set(&trying, false)} />
                    }
                    <datalist id="known-attributes">{ for editing.attributes.iter().map(|name| html! { <option value={name.clone()} /> }) }</datalist>
                </div>
                <Panel environment={props.environment.clone()} flag={key.clone()} radius={radius.clone()} {weight} {asked} is_changed={draft.is_changed()} {errors} before={Some(before.document.clone())} after={looked.after.clone()} {button} />
            </div>
            <MiniBar flag={key.clone()} radius={radius.clone()} is_changed={draft.is_changed()} on_review={review} disabled={why_not} />
            if *reviewing {
                if let Some(flag) = &looked.checked.flag {
                    <Review environment={props.environment.clone()} flag={tree} key_of_flag={key} before={draft.base.clone()} revision={draft.revision}
                        lines={difference(published.as_deref(), flag)} swatches={editing.swatches.clone()} {radius} {weight} {policy}
                        warnings={warnings(&editing.problems)} on_close={set(&reviewing, false)} on_done={done} />
                }
            }
            if *retiring {
                if let Some(flag) = &props.flag {
                    <Retire environment={props.environment.clone()} flag={flag.clone()} revision={props.document.revision} on_close={set(&retiring, false)} on_retired={drop_draft.clone()} />
                }
            }
            if let Some(to) = &*leaving {
                <Leave to={to.clone()} on_drop={drop_draft} on_stay={
                    let leaving = leaving.clone();
                    Callback::from(move |()| leaving.set(None))
                } />
            }
        </ContextProvider<Editing>>
    }
}

/// Where Escape leads.
fn back(props: &EditorProps) -> Route {
    let environment = props.environment.to_string();
    match &props.flag {
        Some(key) => Route::Flag { environment, key: key.clone() },
        None => Route::Flags { environment },
    }
}

fn editing(
    props: &EditorProps,
    draft: &UseReducerHandle<Draft>,
    looked: &Looked,
    known: &Known,
    foretold: &Foretold,
) -> Editing {
    let tree = draft.tree();
    let variants: Vec<String> = tree
        .and_then(|tree| tree.get("variants")?.as_object())
        .map(|variants| variants.keys().cloned().collect())
        .unwrap_or_default();
    let degraded = tree.and_then(|tree| tree.pointer("/degraded/variant")?.as_str()).unwrap_or_default();
    let keys: Vec<&str> = variants.iter().map(String::as_str).collect();
    Editing {
        dispatch: draft.dispatcher(),
        // Nobody is told what a form lacks that they have not begun with.
        problems: if props.flag.is_none() && !draft.is_changed() {
            Problems::default()
        } else {
            Problems(looked.checked.diagnostics.clone().into())
        },
        document: props.document.clone(),
        swatches: Swatches::of_keys(&keys, degraded),
        published: known.published.clone(),
        variants: variants.into(),
        attributes: Rc::clone(&known.attributes),
        foretold: foretold.clone(),
    }
}

fn warnings(problems: &Problems) -> Vec<Diagnostic> {
    problems.0.iter().filter(|each| !each.is_error()).cloned().collect()
}

/// What happens once the draft has left.
fn done(
    props: &EditorProps,
    console: &crate::hooks::Console,
    navigator: Option<Navigator>,
    key: String,
    draft: &UseReducerHandle<Draft>,
) -> Callback<Outcome> {
    let (console, shelf, environment) = (console.clone(), props.shelf.clone(), props.environment.to_string());
    let dispatch = draft.dispatcher();
    Callback::from(move |outcome: Outcome| {
        // Nothing is left that could be lost.
        dispatch.dispatch(Action::Drop);
        LocalStorage::delete(&shelf);
        match outcome {
            Outcome::Published { revision, undo, warnings } => {
                let title = text::published_as_revision(&key, &count(revision));
                let detail =
                    if warnings > 0 { counted(warnings, text::WARNING, text::WARNINGS) } else { String::new() };
                match undo {
                    Some(undo) => console.toast_undo(title, detail, undo),
                    None => console.toast(Tone::Ok, title, detail),
                }
            }
            Outcome::Proposed { id, approvals } => {
                console.toast_proposed(text::proposed_key_as_id(&key, &id), approvals);
            }
        }
        let is_there = console.live.flags.ready().is_some_and(|page| page.flags.iter().any(|flag| flag.key == key));
        if let Some(navigator) = &navigator {
            let environment = environment.clone();
            navigator.push(&if is_there {
                Route::Flag { environment, key: key.clone() }
            } else {
                Route::Flags { environment }
            });
        }
    })
}

#[derive(Debug, Properties, PartialEq)]
struct HeadProps {
    environment: AttrValue,
    flag: Option<String>,
    /// Why it may not be edited.
    may_not: Option<AttrValue>,
    on_retire: Callback<()>,
}

#[function_component]
fn Head(props: &HeadProps) -> Html {
    let environment = || props.environment.to_string();
    let list =
        html! { <Link<Route> to={Route::Flags { environment: environment() }}>{ common::FLAGS_HEAD }</Link<Route>> };
    let Some(key) = props.flag.clone() else {
        return html! {
            <div class="pagehead"><div class="grow">
                <div class="crumbs">{ list }<Icon name="right" small=true /><span>{ common::NEW_FLAG }</span></div>
                <h1>{ common::NEW_FLAG }</h1><p>{ text::A_FLAG_IS_ITS_VARIANTS_WHO }</p>
            </div></div>
        };
    };
    let on_retire = {
        let (may, on_retire) = (props.may_not.is_none(), props.on_retire.clone());
        Callback::from(move |_: MouseEvent| {
            if may {
                on_retire.emit(());
            }
        })
    };
    html! {
        <div class="pagehead">
            <div class="grow">
                <div class="crumbs">{ list }<Icon name="right" small=true /><Link<Route> to={Route::Flag { environment: environment(), key: key.clone() }}>{ &key }</Link<Route>><Icon name="right" small=true /><span>{ text::EDIT }</span></div>
                <h1 class="mono">{ &key }</h1>
            </div>
            <div class="row">
                <Link<Route, CreateQuery> to={Route::Create { environment: environment() }} query={CreateQuery { like: key.clone() }} classes="btn"><Icon name="copy" small=true />{ text::DUPLICATE }</Link<Route, CreateQuery>>
                <button type="button" class="btn quiet" aria-disabled={props.may_not.is_some().to_string()} title={props.may_not.clone()} data-test="retire" onclick={on_retire}>{ text::RETIRE }</button>
                <Link<Route> to={Route::Kill { environment: environment(), key }} classes="btn kill"><Sign name="kill" />{ common::KILL }</Link<Route>>
            </div>
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct SummaryProps {
    problems: Problems,
    on_open: Callback<Option<usize>>,
    as_json: bool,
}

/// All problems in one place, each leading to its field.
#[function_component]
fn Summary(props: &SummaryProps) -> Html {
    let errors: Vec<Diagnostic> = props.problems.errors().cloned().collect();
    if errors.is_empty() {
        return Html::default();
    }
    html! {
        <details class="banner danger problems" data-test="problems" data-count={errors.len().to_string()}>
            <summary><Icon name="alert" /><b>{ counted(errors.len(), text::PROBLEM, text::PROBLEMS) }</b>{ text::BEFORE_THIS_CAN_BE_PUBLISHED }</summary>
            <ul>{ for errors.iter().map(|each| {
                let (pointer, open) = (each.place.pointer.clone(), props.on_open.clone());
                let go = Callback::from(move |_: MouseEvent| {
                    let rule = pointer.strip_prefix("/rules/").and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
                    if rule.is_some() {
                        open.emit(rule);
                    }
                    let pointer = pointer.clone();
                    // Once the rule is open.
                    gloo::timers::callback::Timeout::new(0, move || focus(&pointer)).forget();
                });
                html! { <li><button type="button" class="linkbtn" onclick={go}>{ crate::words::message::sentence(&each.message) }</button></li> }
            }) }</ul>
        </details>
    }
}

/// Brings the field of a place into view, or what is nearest above it.
fn focus(pointer: &str) {
    use wasm_bindgen::JsCast;
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let mut pointer = pointer;
    loop {
        let quoted = pointer.replace('\\', "\\\\").replace('"', "\\\"");
        let found = document.query_selector(&format!("[data-at=\"{quoted}\"]")).ok().flatten();
        if let Some(element) = found.filter(|_| !pointer.is_empty()) {
            element.scroll_into_view_with_bool(false);
            if let Ok(element) = element.dyn_into::<web_sys::HtmlElement>() {
                // Not everything takes the focus.
                let _ = element.focus();
            }
            return;
        }
        match pointer.rsplit_once('/') {
            Some((above, _)) => pointer = above,
            None => return,
        }
    }
}
