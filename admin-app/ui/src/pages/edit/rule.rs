use super::condition::Conditions;
use super::editing::{ProblemList, text_at, use_editing};
use super::fields::{Select, TextField};
use super::split::Split;
use crate::components::{Icon, SentenceText};
use crate::state::draft::Edit;
use crate::state::draft::edit::step;
use crate::state::draft::make::{as_serve, as_split};
use crate::words::message::sentence;
use crate::words::text::common;
use crate::words::text::edit as text;
use crate::words::unfinished;
use downhaul_core::diagnostic::Diagnostic;
use serde_json::Value;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RuleCardProps {
    pub index: usize,
    pub rule: Value,
    pub count: usize,
    pub is_open: bool,
    pub is_changed: bool,
    /// What the exact comparison found to be in vain in it.
    pub lints: Vec<Diagnostic>,
    /// The published slices of the same rule.
    pub published: Option<Value>,
    pub on_toggle: Callback<usize>,
    /// From, to.
    pub on_move: Callback<(usize, usize)>,
    /// Taken up by the keyboard.
    pub is_held: bool,
    pub on_hold: Callback<Option<usize>>,
}

/// One rule as a sentence; opened, as a form.
#[function_component]
pub fn RuleCard(props: &RuleCardProps) -> Html {
    let editing = use_editing();
    let (index, number) = (props.index, props.index + 1);
    let at = step("/rules", index);
    let name = match text_at(&props.rule, "name") {
        "" => text::rule_number(&number),
        name => name.to_owned(),
    };
    let test = format!("rule-{number}");
    let toggle = props.on_toggle.reform(move |_: MouseEvent| index);
    let act = |edit: Edit| {
        let editing = editing.clone();
        Callback::from(move |_: MouseEvent| editing.act(edit.clone()))
    };
    let remove = act(Edit::remove(at.clone()));
    let copy = act(Edit::Insert { list: "/rules".to_owned(), at: number, value: copy_of(&props.rule) });
    let up = props.on_move.reform(move |_: MouseEvent| (index, index.saturating_sub(1)));
    let down = props.on_move.reform(move |_: MouseEvent| (index, index + 1));
    let on_grip_key = {
        let (held, last) = (props.is_held, props.count.saturating_sub(1));
        let (on_move, on_hold) = (props.on_move.clone(), props.on_hold.clone());
        Callback::from(move |event: KeyboardEvent| {
            let to = match (event.key().as_str(), held) {
                (" " | "Enter", _) => {
                    event.prevent_default();
                    return on_hold.emit((!held).then_some(index));
                }
                ("Escape", true) => {
                    event.prevent_default();
                    event.stop_propagation();
                    return on_hold.emit(None);
                }
                ("ArrowUp", true) => index.saturating_sub(1),
                ("ArrowDown", true) => (index + 1).min(last),
                ("Home", true) => 0,
                ("End", true) => last,
                _ => return,
            };
            event.prevent_default();
            if to != index {
                on_move.emit((index, to));
            }
        })
    };
    let on_drag = Callback::from(move |event: DragEvent| {
        if let Some(data) = event.data_transfer() {
            // Firefox drags nothing without data.
            let _ = data.set_data("text/plain", &text::amid_rule_number(&number));
            data.set_effect_allowed("move");
        }
    });
    let drag_start = {
        let hold = props.on_hold.clone();
        Callback::from(move |event: DragEvent| {
            on_drag.emit(event);
            hold.emit(Some(index));
        })
    };
    let drag_end = props.on_hold.reform(|_: DragEvent| None);
    let problems: Vec<Diagnostic> = if props.is_open {
        let shown = ["name", "when", "serve", "split"].map(|member| step(&at, member));
        editing.problems.besides(&at, &shown).cloned().collect()
    } else {
        editing.problems.under(&at).cloned().collect()
    };
    html! {
        <article class={classes!("rule", props.is_changed.then_some("changed"), props.is_held.then_some("held"), props.is_open.then_some("open"))} data-test={test.clone()} data-at={at.clone()} id={test.clone()}>
            <header>
                <button type="button" class="grip" draggable="true" aria-label={text::move_rule_space_then_arrow_keys(&number)} aria-pressed={props.is_held.to_string()} data-test={format!("{test}-grip")}
                    onkeydown={on_grip_key} ondragstart={drag_start} ondragend={drag_end}><Icon name="grip" small=true /></button>
                <h3>{ name }</h3>
                <span class="end row tools">
                    <button type="button" class="iconbtn" aria-label={text::move_rule_up(&number)} disabled={index == 0} onclick={up}><Icon name="up" small=true /></button>
                    <button type="button" class="iconbtn" aria-label={text::move_rule_down(&number)} disabled={number == props.count} onclick={down}><Icon name="down" small=true /></button>
                    <button type="button" class="iconbtn" aria-label={text::duplicate_rule_number(&number)} onclick={copy}><Icon name="copy" small=true /></button>
                    <button type="button" class="iconbtn" aria-label={text::remove_rule_number(&number)} data-test={format!("{test}-remove")} onclick={remove}><Icon name="x" small=true /></button>
                    <button type="button" class="btn s" aria-expanded={props.is_open.to_string()} data-test={format!("{test}-open")} onclick={toggle}>{ if props.is_open { text::DONE } else { text::EDIT } }</button>
                </span>
            </header>
            <div class="sentence" data-test={format!("{test}-words")}><SentenceText sentence={unfinished::rule(&props.rule)} swatches={editing.swatches.clone()} /></div>
            if !problems.is_empty() { <div class="notes"><ProblemList of={problems} /></div> }
            { for props.lints.iter().map(|lint| html! {
                <p class="note" data-test="lint"><Icon name="alert" small=true /><span>{ sentence(&lint.message) }{ ". " }{ lint.help.as_deref().map(sentence) }</span></p>
            }) }
            if props.is_open { { form(props, &at, &test, &editing) } }
        </article>
    }
}

fn copy_of(rule: &Value) -> Value {
    let mut copy = rule.clone();
    if let Some(Value::String(name)) = copy.get_mut("name")
        && !name.is_empty()
    {
        name.push_str(" (copy)");
    }
    copy
}

fn form(props: &RuleCardProps, at: &str, test: &str, editing: &super::editing::Editing) -> Html {
    let rule = &props.rule;
    let is_split = rule.get("split").is_some();
    let serve = step(at, "serve");
    let pick = {
        let (editing, serve) = (editing.clone(), serve.clone());
        Callback::from(move |variant: String| editing.act(Edit::put(serve.clone(), variant)))
    };
    let switch = |wanted: bool| {
        let (editing, at, rule) = (editing.clone(), at.to_owned(), rule.clone());
        Callback::from(move |_: MouseEvent| {
            if wanted != rule.get("split").is_some() {
                editing.act(if wanted { as_split(&at, &rule) } else { as_serve(&at, &rule) });
            }
        })
    };
    let variants = super::fields::plain(editing.variants.iter());
    html! {
        <div class="form">
            <TextField at={step(at, "name")} label={text::NAME_FOR_PEOPLE} value={text_at(rule, "name").to_owned()} optional=true placeholder={text::rule_index(&(props.index + 1))} />
            <fieldset><legend class="label">{ text::IF }</legend>
                <Conditions at={step(at, "when")} conditions={rule.get("when").cloned().unwrap_or_default()} joined={text::AND} test={format!("{test}-condition")} />
            </fieldset>
            <fieldset><legend class="label">{ text::THEN }</legend>
                <div class="stack">
                    <div class="row wrap">
                        <div class="seg" role="group" aria-label={text::WHAT_THE_RULE_GIVES}>
                            <button type="button" aria-pressed={(!is_split).to_string()} data-test={format!("{test}-serve")} onclick={switch(false)}>{ text::ONE_VARIANT }</button>
                            <button type="button" aria-pressed={is_split.to_string()} data-test={format!("{test}-split")} onclick={switch(true)}>{ text::A_SPLIT }</button>
                        </div>
                        if !is_split {
                            <Select inline=true label={common::VARIANT} value={text_at(rule, "serve").to_owned()} options={variants} on_pick={pick} at={serve.clone()} test={format!("{test}-variant")} />
                        }
                    </div>
                    { super::editing::problems_html(editing, &serve) }
                    if let Some(split) = rule.get("split") {
                        <Split at={step(at, "split")} split={split.clone()} published={props.published.clone()} salt={flag_key(editing)} test={test.to_owned()} />
                    }
                </div>
            </fieldset>
        </div>
    }
}

/// The salt of a split that names none.
fn flag_key(editing: &super::editing::Editing) -> AttrValue {
    editing.published.as_ref().map_or_else(|| text::THE_FLAGS_KEY.to_owned(), |flag| flag.key.to_string()).into()
}
