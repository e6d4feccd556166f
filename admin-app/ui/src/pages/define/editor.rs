use super::impact::Impact;
use super::moved::Moved;
use super::review::{Outcome, Review};
use crate::components::{Icon, Sail, Swatches};
use crate::hooks::{Key, use_console, use_keys, use_may, use_plan, use_policy};
use crate::pages::edit::{Editing, Foretold, Json, Leave, ProblemList, Problems, Resume, use_leaving, use_shelf};
use crate::pages::frozen::FrozenNote;
use crate::route::Route;
use crate::state::Shared;
use crate::state::context_draft::all_attributes_read;
use crate::state::definition::{Subject, check, reaches_critical};
use crate::state::draft::kept::{Kept, place};
use crate::state::draft::{Action, Doc, Draft};
use crate::state::friction::Weight;
use crate::state::toasts::Tone;
use crate::words::definition::lines;
use crate::words::number::{count, counted};
use crate::words::text::common;
use crate::words::text::define as text;
use downhaul_core::document::FlagSet;
use gloo::storage::{LocalStorage, Storage};
use serde_json::Value;
use yew::prelude::*;
use yew_router::prelude::*;

/// A form for the JSON of the draft, in the context [`Editing`].
pub type Part = Callback<Value, Html>;

/// Problems elsewhere that are said before the rest is only counted.
const PROBLEMS: usize = 4;

#[derive(Debug, Properties, PartialEq)]
pub struct DefinitionEditorProps {
    pub environment: AttrValue,
    pub subject: Subject,
    pub document: Shared<FlagSet>,
    /// As it is published; absent for what is to be made.
    pub published: Option<Value>,
    /// The revision at which it was.
    pub revision: u64,
    pub form: Part,
    /// Where Escape leads, and what follows a publish.
    pub back: Route,
    /// Stands above the draft.
    #[prop_or_default]
    pub head: Html,
    /// Stands below the form.
    #[prop_or_default]
    pub foot: Html,
}

/// Asks first about a draft that was kept here, so that neither it nor a new one is lost.
#[function_component]
pub fn DefinitionEditor(props: &DefinitionEditorProps) -> Html {
    let shelf = place(&props.environment, &props.subject.shelf());
    let begun = || match &props.published {
        Some(base) => Draft::over(base.clone(), props.revision),
        None => Draft::new(props.subject.fresh(), props.revision),
    };
    let kept = use_state(|| {
        let text: Option<String> = LocalStorage::get::<Value>(&shelf).ok().map(|value| value.to_string());
        text.and_then(|text| Kept::read(&text))
    });
    let started = use_state(|| None::<Draft>);
    match (&*kept, &*started) {
        (Some(found), None) => {
            let resume = {
                let (started, draft) = (started.clone(), found.clone().into_draft());
                Callback::from(move |()| started.set(Some(draft.clone())))
            };
            let drop = {
                let (kept, started, shelf, fresh) = (kept.clone(), started.clone(), shelf, begun());
                Callback::from(move |()| {
                    LocalStorage::delete(&shelf);
                    kept.set(None);
                    started.set(Some(fresh.clone()));
                })
            };
            html! { <>{ props.head.clone() }<Resume kept={found.clone()} published={props.published.clone()} on_resume={resume} on_drop={drop} /></> }
        }
        (_, started) => {
            let start = started.clone().unwrap_or_else(begun);
            html! { <Opened environment={props.environment.clone()} subject={props.subject.clone()} document={props.document.clone()} published={props.published.clone()}
            revision={props.revision} form={props.form.clone()} back={props.back.clone()} head={props.head.clone()} foot={props.foot.clone()} {start} {shelf} /> }
        }
    }
}

#[derive(Debug, Properties, PartialEq)]
struct OpenedProps {
    environment: AttrValue,
    subject: Subject,
    document: Shared<FlagSet>,
    published: Option<Value>,
    revision: u64,
    form: Part,
    back: Route,
    head: Html,
    foot: Html,
    start: Draft,
    shelf: String,
}

#[function_component]
fn Opened(props: &OpenedProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let draft = use_reducer_eq({
        let start = props.start.clone();
        move || start
    });
    let (as_json, reviewing) = (use_state(|| false), use_state(|| false));
    let policy = use_policy();
    let may = use_may(&props.environment);
    let leaving = use_leaving(draft.is_changed());
    use_shelf(props.shelf.clone(), &draft);
    // What is shown comes a moment after one's own publish, which is the base by then.
    let is_newer = props.revision >= draft.revision;
    let differs = is_newer && props.published.is_some() && draft.base != props.published;
    let has_moved = differs && draft.is_changed();
    let is_base = draft.base == props.published;
    {
        // What nobody has edited follows what is published; else what is published was looked at again, and is the base. What is
        // gone since, is not: the draft stays of the revision at which it was there, and the server refuses it.
        let (dispatch, revision, published) = (draft.dispatcher(), props.revision, props.published.clone());
        use_effect_with((differs, has_moved, is_base, revision), move |(differs, has_moved, is_base, revision)| {
            let revision = *revision;
            match published.filter(|_| *differs && !has_moved) {
                Some(base) => {
                    let doc = Doc::Tree(base.clone());
                    dispatch.dispatch(Action::Rebase { base, revision, doc });
                }
                None if *is_base => dispatch.dispatch(Action::Confirm { revision }),
                None => {}
            }
        });
    }
    let checked = use_memo((props.document.clone(), draft.doc.clone()), {
        let subject = props.subject.clone();
        move |(document, doc)| match doc {
            Doc::Tree(tree) => check(&subject, document, tree),
            Doc::Text(text) => {
                let diagnostics = crate::state::draft::text::parse(text).err().unwrap_or_default();
                crate::state::definition::Checked { diagnostics }
            }
        }
    });
    let errors = checked.errors();
    let tree = draft.tree().cloned().unwrap_or_default();
    let command = (draft.is_changed() && errors == 0).then(|| props.subject.command(&tree)).flatten();
    let planned = use_plan(command, draft.is_changed() && props.subject != Subject::Policy);
    let weight = planned.weight();
    // Until it is known whom the draft moves, whoever uses it says which ladder it is: the first edit does not change that.
    let is_critical = use_memo((props.document.clone(), props.subject.clone()), |(document, subject)| {
        reaches_critical(document, subject)
    });
    let shown = Weight { critical: weight.critical || (planned.plan.is_none() && *is_critical), ..weight };
    let asked = policy.as_ref().map_or(0, |policy| shown.approvals(policy));
    let refusal = match props.subject {
        Subject::Policy => may.manage.clone(),
        Subject::Segment(_) | Subject::Tenant(_) | Subject::Regions => may.edit.clone(),
    };
    let is_offline = matches!(console.live.connection, crate::state::live::Connection::Lost { .. });
    let why_not: Option<AttrValue> = (refusal.is_some() && !is_offline)
        .then(|| refusal.clone().unwrap_or_default().into())
        .or_else(|| has_moved.then(|| common::DECIDE_FIRST_WHAT_BECOMES_OF_THE.into()))
        .or_else(|| {
            (errors > 0).then(|| text::mend_problems_first(&counted(errors, text::PROBLEM, text::PROBLEMS)).into())
        })
        .or_else(|| {
            // What is not there yet can be published as it begins.
            (!draft.is_changed() && draft.base.is_some()).then(|| text::NOTHING_IS_CHANGED_YET.into())
        });
    let may_review = why_not.is_none();
    let review = {
        let reviewing = reviewing.clone();
        Callback::from(move |()| {
            if may_review {
                reviewing.set(true);
            }
        })
    };
    let history = |action: Action| {
        let draft = draft.dispatcher();
        Callback::from(move |_: MouseEvent| draft.dispatch(action.clone()))
    };
    let drop_draft = {
        let (dispatch, shelf) = (draft.dispatcher(), props.shelf.clone());
        let (published, revision) = (props.published.clone(), props.revision);
        Callback::from(move |()| {
            LocalStorage::delete(&shelf);
            match published.clone() {
                Some(base) => {
                    let doc = Doc::Tree(base.clone());
                    dispatch.dispatch(Action::Rebase { base, revision, doc });
                }
                None => dispatch.dispatch(Action::Drop),
            }
        })
    };
    {
        let (draft, as_json, review, leaving) = (draft.clone(), as_json.clone(), review.clone(), leaving.clone());
        let (is_asking, back, navigator) = (*reviewing || leaving.is_some(), props.back.clone(), navigator.clone());
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
    let done = done(props, &console, navigator, &draft, &reviewing);
    let editing = editing(props, &draft, &checked.diagnostics);
    let mut elsewhere: Vec<_> =
        checked.diagnostics.iter().filter(|each| each.place.pointer.is_empty()).cloned().collect();
    let unseen = elsewhere.len().saturating_sub(PROBLEMS);
    elsewhere.truncate(PROBLEMS);
    let difference = lines(&props.subject, draft.base.as_ref(), &tree);
    let button = html! {
        <button type="button" class="btn primary l block" aria-disabled={why_not.is_some().to_string()} title={why_not.clone()} data-test="review-open" onclick={review.reform(|_: MouseEvent| ())}>
            <Sail />{ text::REVIEW_AND_PUBLISH }<kbd>{ "Ctrl Enter" }</kbd></button>
    };
    html! {
        <ContextProvider<Editing> context={editing}>
            { props.head.clone() }
            <div class={if props.subject == Subject::Policy { "stack l" } else { "sidegrid" }} data-test="definition">
                <div class="stack l">
                    <div class="draftbar" data-test="draft" data-changed={draft.is_changed().to_string()}>
                        <span class={classes!("dot", draft.is_changed().then_some("accent"))}></span>
                        <span class="grow"><b>{ text::DRAFT }</b>{ match (&draft.base, draft.is_changed()) {
                            (Some(_), _) => text::over_revision_revision(&count(draft.revision)),
                            (None, _) => text::of_which_is_not_there_yet(&props.subject.words()),
                        } }<span class="hide-narrow">{ if draft.is_changed() { text::KEPT_IN_THIS_BROWSER } else { text::NOTHING_CHANGED_YET } }</span></span>
                        <button type="button" class="iconbtn" aria-label={common::UNDO} disabled={!draft.can_undo()} data-test="undo" onclick={history(Action::Undo)}><Icon name="undo" small=true /></button>
                        <button type="button" class="iconbtn flip" aria-label={text::REDO} disabled={!draft.can_redo()} data-test="redo" onclick={history(Action::Redo)}><Icon name="undo" small=true /></button>
                        <button type="button" class="btn s quiet" disabled={!draft.is_changed()} data-test="drop" onclick={history(Action::Drop)}>{ text::DISCARD }</button>
                        <button type="button" class="btn s" aria-pressed={as_json.to_string()} data-test="as-json" onclick={
                            let as_json = as_json.clone();
                            Callback::from(move |_: MouseEvent| as_json.set(!*as_json))
                        }><Icon name="code" small=true />{ if *as_json { common::FORM } else { common::JSON } }<kbd>{ "D" }</kbd></button>
                        if props.subject == Subject::Policy {
                            <button type="button" class="btn s primary" aria-disabled={why_not.is_some().to_string()} title={why_not.clone()} data-test="review-open" onclick={review.reform(|_: MouseEvent| ())}>{ text::REVIEW_AND_PUBLISH }</button>
                        }
                    </div>
                    <FrozenNote environment={props.environment.clone()} />
                    if let Some(why) = refusal.filter(|_| !is_offline) {
                        <p class="why-not" data-test="definition-why-not"><Icon name="lock" small=true /><span>{ why }{ text::YOU_CAN_TRY_OUT_AN_EDIT }</span></p>
                    }
                    if has_moved {
                        if let Some(theirs) = props.published.clone() {
                            <Moved subject={props.subject.clone()} draft={(*draft).clone()} {theirs} revision={props.revision} on_drop={drop_draft.clone()} />
                        }
                    }
                    if !elsewhere.is_empty() && !*as_json { <div class="banner danger" data-test="problems"><Icon name="alert" /><div class="grow"><ProblemList of={elsewhere} />
                        if unseen > 0 { <p class="small">{ text::and_problems_more(&counted(unseen, text::PROBLEM, text::PROBLEMS)) }</p> }</div></div> }
                    if *as_json || draft.tree().is_none() { <Json draft={(*draft).clone()} label={text::words_as_json(&props.subject.words())} rows={(8, 40)} /> } else { { props.form.emit(tree.clone()) } }
                    { props.foot.clone() }
                </div>
                if props.subject != Subject::Policy {
                    <Impact planned={planned.clone()} weight={shown} {asked} is_changed={draft.is_changed()} {errors} why_not={why_not.clone().filter(|_| errors > 0)} {button} />
                }
            </div>
            if *reviewing {
                <Review environment={props.environment.clone()} subject={props.subject.clone()} draft={tree} before={draft.base.clone()} revision={draft.revision} lines={difference}
                    {planned} {weight} {policy} on_done={done} on_close={ let reviewing = reviewing.clone(); Callback::from(move |()| reviewing.set(false)) } />
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

fn editing(
    props: &OpenedProps,
    draft: &UseReducerHandle<Draft>,
    diagnostics: &[downhaul_core::diagnostic::Diagnostic],
) -> Editing {
    Editing {
        foretold: Foretold::default(),
        dispatch: draft.dispatcher(),
        problems: Problems(diagnostics.to_vec().into()),
        document: props.document.clone(),
        published: None,
        variants: Vec::new().into(),
        swatches: Swatches::default(),
        attributes: all_attributes_read(&props.document).into(),
    }
}

/// What happens once the draft has left.
fn done(
    props: &OpenedProps,
    console: &crate::hooks::Console,
    navigator: Option<Navigator>,
    draft: &UseReducerHandle<Draft>,
    reviewing: &UseStateHandle<bool>,
) -> Callback<Outcome> {
    let (console, shelf, subject) = (console.clone(), props.shelf.clone(), props.subject.clone());
    let (dispatch, back) = (draft.dispatcher(), props.back.clone());
    let (reviewing, tree) = (reviewing.clone(), draft.tree().cloned().unwrap_or_default());
    Callback::from(move |outcome: Outcome| {
        // Some are edited where they are published, and there one stays.
        reviewing.set(false);
        dispatch.dispatch(match &outcome {
            Outcome::Published { revision } => {
                Action::Rebase { base: tree.clone(), revision: *revision, doc: Doc::Tree(tree.clone()) }
            }
            Outcome::Proposed { .. } => Action::Drop,
        });
        LocalStorage::delete(&shelf);
        match outcome {
            Outcome::Published { revision } => {
                let title = text::published_as_revision(&subject.words(), &count(revision));
                console.toast(Tone::Ok, title, String::new());
            }
            Outcome::Proposed { id, approvals } => {
                let title = text::proposed_words_as_id(&subject.words(), &id);
                console.toast_proposed(title, approvals);
            }
        }
        if let Some(navigator) = &navigator {
            navigator.push(&back);
        }
    })
}
