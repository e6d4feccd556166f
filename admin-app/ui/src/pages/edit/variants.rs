use super::editing::{problems_html, text_at, use_editing};
use super::fields::{SelectField, TextField, plain};
use crate::components::{Icon, Notation, RawInput, Sign};
use crate::state::draft::Edit;
use crate::state::draft::edit::step;
use crate::state::draft::make::{add_variant, rename_variant};
use crate::words::text::common;
use crate::words::text::edit as text;
use serde_json::Value;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct VariantsProps {
    pub flag: Value,
}

/// The variants with their values; a key is changed everywhere in the flag at once.
#[function_component]
pub fn Variants(props: &VariantsProps) -> Html {
    let editing = use_editing();
    let none = serde_json::Map::new();
    let variants = props.flag.get("variants").and_then(Value::as_object).unwrap_or(&none);
    let add = {
        let (editing, edit) = (editing.clone(), add_variant(&props.flag));
        Callback::from(move |_: MouseEvent| editing.act(edit.clone()))
    };
    html! {
        <section class="card">
            <header><h2>{ common::VARIANTS }</h2><p>{ text::WHAT_CODE_IS_GIVEN_ALL_VALUES }</p></header>
            <div class="pad stack">
                <div class="variants">
                    { for variants.iter().map(|(key, value)| html! { <VariantRow key={key.clone()} name={key.clone()} value={value.clone()} flag={props.flag.clone()} /> }) }
                </div>
                { problems_html_at(&editing, "/variants", variants.keys()) }
                <div><button type="button" class="btn s" data-test="add-variant" onclick={add}><Icon name="plus" small=true />{ text::ADD_A_VARIANT }</button></div>
            </div>
        </section>
    }
}

/// Of the list as a whole; each variant says its own.
fn problems_html_at<'a>(editing: &super::editing::Editing, at: &str, shown: impl Iterator<Item = &'a String>) -> Html {
    let shown: Vec<String> = shown.map(|key| step(at, key)).collect();
    let of: Vec<_> = editing.problems.besides(at, &shown).cloned().collect();
    html! { <super::editing::ProblemList {of} /> }
}

#[derive(Debug, Properties, PartialEq)]
struct VariantRowProps {
    name: String,
    value: Value,
    flag: Value,
}

#[function_component]
fn VariantRow(props: &VariantRowProps) -> Html {
    let editing = use_editing();
    let renamed = use_state(|| Value::from(props.name.as_str()));
    let at = step("/variants", &props.name);
    let on_value = {
        let (editing, at) = (editing.clone(), at.clone());
        Callback::from(move |value: Value| editing.typed(Edit::put(at.clone(), value)))
    };
    let on_name = {
        let renamed = renamed.clone();
        Callback::from(move |name: Value| renamed.set(name))
    };
    // A key counts when it is finished: half of one would be another variant at every letter.
    let finish = {
        let (editing, renamed, name, flag) = (editing.clone(), renamed.clone(), props.name.clone(), props.flag.clone());
        Callback::from(move |()| match renamed.as_str() {
            Some(to) if to != name && !to.is_empty() => editing.act(rename_variant(&flag, &name, to)),
            Some(_) | None => renamed.set(Value::from(name.as_str())),
        })
    };
    let remove = {
        let (editing, at) = (editing.clone(), at.clone());
        Callback::from(move |_: MouseEvent| editing.act(Edit::remove(at.clone())))
    };
    html! {
        <>
            <div class="variantrow">
                <i class={classes!("sw", editing.swatches.class(&props.name))}></i>
                <RawInput value={(*renamed).clone()} notation={Notation::Text} on_value={on_name} on_leave={finish} label={text::key_of_variant(&props.name)} class="mono" test={format!("variant-{}-key", props.name)} />
                <RawInput value={props.value.clone()} notation={Notation::Any} {on_value} on_leave={editing.settle()} label={text::value_of_variant(&props.name)} class="mono"
                    invalid={editing.problems.is_wrong(&at)} test={format!("variant-{}-value", props.name)} at={at.clone()} />
                <button type="button" class="iconbtn" aria-label={text::remove_variant_name(&props.name)} onclick={remove}><Icon name="x" small=true /></button>
            </div>
            { problems_html(&editing, &at) }
        </>
    }
}

/// What anyone sees when the flag is down.
#[function_component]
pub fn Degraded(props: &VariantsProps) -> Html {
    let editing = use_editing();
    let degraded = props.flag.get("degraded").cloned().unwrap_or_default();
    let shown = ["variant", "meaning"].map(|member| step("/degraded", member));
    let rest: Vec<_> = editing.problems.besides("/degraded", &shown).cloned().collect();
    html! {
        <section class="card">
            <header><h2>{ text::DEGRADED_MODE }</h2><p>{ common::WHAT_ANYONE_SEES_WHEN_THIS_FLAG }</p></header>
            <div class="pad meaning"><Sign name="degraded" />
                <div class="stack">
                    <div class="cols c2">
                        <SelectField at="/degraded/variant" label={common::VARIANT} value={text_at(&degraded, "variant").to_owned()} options={plain(editing.variants.iter())} />
                        <SelectField at="/on_stale" label={text::A_CLIENT_THAT_HEARS_NOTHING} value={match text_at(&props.flag, "on_stale") { "" => "keep".to_owned(), other => other.to_owned() }}
                            options={vec![("keep".to_owned(), text::KEEPS_WHAT_IT_HAS.to_owned()), ("degraded".to_owned(), text::DEGRADES_AT_ITS_STALE_DEADLINE.to_owned())]} />
                    </div>
                    <TextField at="/degraded/meaning" label={text::WHAT_PEOPLE_SEE_THEN} value={text_at(&degraded, "meaning").to_owned()} long=true placeholder={text::OLD_THREE_PAGE_CHECKOUT_GIFT_CARDS}
                        help={text::WHOEVER_KILLS_IT_AT_THREE_IN} />
                    <super::editing::ProblemList of={rest} />
                </div>
            </div>
        </section>
    }
}
