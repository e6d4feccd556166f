use super::editing::use_editing;
use super::fields::Select;
use super::rule::RuleCard;
use crate::components::{Icon, Sign, Variant};
use crate::route::Route;
use crate::state::draft::edit::step;
use crate::state::draft::{Edit, make};
use crate::words::number::counted;
use crate::words::text::common;
use crate::words::text::edit as text;
use downhaul_core::diagnostic::Diagnostic;
use serde_json::Value;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RulesProps {
    pub environment: AttrValue,
    pub flag: Value,
    pub kills: usize,
    pub lints: Vec<Diagnostic>,
    /// The rule that is open.
    pub open: Option<usize>,
    pub on_open: Callback<Option<usize>>,
}

/// The rules in the order of the evaluator, on one line from top to bottom, to be edited and put into another order.
#[function_component]
pub fn Rules(props: &RulesProps) -> Html {
    let editing = use_editing();
    let held = use_state(|| None::<usize>);
    let over = use_state(|| None::<usize>);
    let spoken = use_state(String::new);
    let list = use_node_ref();
    let none = Vec::new();
    let rules = props.flag.get("rules").and_then(Value::as_array).unwrap_or(&none);
    let count = rules.len();
    let on_move = {
        let (editing, held, spoken, open, on_open) =
            (editing.clone(), held.clone(), spoken.clone(), props.open, props.on_open.clone());
        Callback::from(move |(from, to): (usize, usize)| {
            if to >= count || from == to {
                return;
            }
            editing.act(Edit::Move { list: "/rules".to_owned(), from, to });
            if held.is_some() {
                held.set(Some(to));
            }
            if let Some(open) = open {
                on_open.emit(Some(followed(open, from, to)));
            }
            spoken.set(text::rule_is_now_of(&(to + 1), &count));
        })
    };
    {
        // The grip that is held keeps the focus, wherever its rule goes.
        let list = list.clone();
        use_effect_with(*held, move |held| {
            let Some(list) = list.cast::<web_sys::Element>().filter(|_| held.is_some()) else { return };
            let grip = list.query_selector(".rule.held .grip").ok().flatten();
            if let Some(grip) = grip.and_then(|grip| wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(grip).ok())
            {
                let _ = grip.focus();
            }
        });
    }
    let on_hold = {
        let (held, over, spoken) = (held.clone(), over.clone(), spoken.clone());
        Callback::from(move |next: Option<usize>| {
            spoken.set(match next {
                Some(index) => text::rule_taken_up_arrow_keys_move(&(index + 1)),
                None => text::RULE_PUT_DOWN.to_owned(),
            });
            over.set(None);
            held.set(next);
        })
    };
    let on_toggle = {
        let (open, on_open) = (props.open, props.on_open.clone());
        Callback::from(move |index: usize| on_open.emit((open != Some(index)).then_some(index)))
    };
    let drag_over = |index: usize| {
        let (held, over) = (held.clone(), over.clone());
        Callback::from(move |event: DragEvent| {
            if held.is_some() {
                event.prevent_default();
                over.set(Some(index));
            }
        })
    };
    let drop = |index: usize| {
        let (held, over, on_move) = (held.clone(), over.clone(), on_move.clone());
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            over.set(None);
            if let Some(from) = *held {
                held.set(None);
                on_move.emit((from, index));
            }
        })
    };
    let pick_default = {
        let editing = editing.clone();
        Callback::from(move |variant: String| editing.act(Edit::put("/default", variant)))
    };
    let default = super::editing::text_at(&props.flag, "default").to_owned();
    html! {
        <>
            <ol class="halyard" aria-label={text::EVALUATION_ORDER} ref={list} data-test="rules">
                <li class="knot"><span class="node">if props.kills > 0 { <Sign name="kill" /> } else { <Icon name="kill" /> }</span>
                    <div class={classes!("slim", "card", (props.kills > 0).then_some("danger"))}><span><b>{ common::KILLS }</b>{ match props.kills {
                        0 => text::FIRST_NONE_IN_EFFECT.to_owned(),
                        kills => text::first_in_effect_what_you_publish(&counted(kills, text::KILL_IS, text::KILLS_ARE)),
                    } }</span></div></li>
                { for props.flag.get("requires").and_then(Value::as_array).into_iter().flatten().map(|each| {
                    let key = super::editing::text_at(each, "flag").to_owned();
                    let variants: Vec<String> = each.get("variants").and_then(Value::as_array).into_iter().flatten().filter_map(|variant| variant.as_str().map(str::to_owned)).collect();
                    html! {
                        <li class="knot"><span class="node"><Icon name="link" /></span><div class="slim card"><span><b>{ text::PREREQUISITE }</b>
                            <Link<Route> to={Route::Flag { environment: props.environment.to_string(), key: key.clone() }} classes="val">{ key }</Link<Route>>
                            { text::must_be_else_degraded(&variants.join(text::AMID_OR)) }</span></div></li>
                    }
                }) }
                { for rules.iter().enumerate().map(|(index, rule)| {
                    let at = step("/rules", index);
                    let lints: Vec<Diagnostic> = props.lints.iter().filter(|lint| super::editing::is_under(&at, &lint.place.pointer)).cloned().collect();
                    let was = published(&editing, index, rule);
                    let is_changed = editing.published.is_some() && was.as_ref() != Some(rule);
                    let side = match (*over, *held) {
                        (Some(over), Some(from)) if over == index && from < index => Some("drop-below"),
                        (Some(over), Some(from)) if over == index && from > index => Some("drop-above"),
                        _ => None,
                    };
                    html! {
                        <li class={classes!("knot", side)} key={index} ondragover={drag_over(index)} ondrop={drop(index)}><span class="node">{ index + 1 }</span>
                            <RuleCard {index} rule={rule.clone()} {count} is_open={props.open == Some(index)} {is_changed} {lints} published={was.as_ref().and_then(|rule| rule.pointer("/split/slices").cloned())}
                                on_toggle={on_toggle.clone()} on_move={on_move.clone()} is_held={*held == Some(index)} on_hold={on_hold.clone()} />
                        </li>
                    }
                }) }
                <li class="knot"><span class="node"><Icon name="plus" /></span>
                    <AddRule flag={props.flag.clone()} on_open={props.on_open.clone()} /></li>
                <li class="knot"><span class="node"><Icon name="ball" /></span>
                    <div class="slim card"><b>{ if rules.is_empty() { common::EVERYONE } else { text::OTHERWISE } }</b>{ text::SERVE }
                        <Select inline=true label={text::VARIANT_FOR_EVERYONE_ELSE} value={default.clone()} options={super::fields::plain(editing.variants.iter())} on_pick={pick_default} at="/default" test="default" />
                        <Variant name={default} swatches={editing.swatches.clone()} />
                        { super::editing::problems_html(&editing, "/default") }</div></li>
            </ol>
            <p class="sr" role="status" aria-live="assertive">{ (*spoken).clone() }</p>
        </>
    }
}

/// Where an open rule is after another, or itself, was moved.
fn followed(open: usize, from: usize, to: usize) -> usize {
    match open {
        open if open == from => to,
        open if from < open && open <= to => open - 1,
        open if to <= open && open < from => open + 1,
        open => open,
    }
}

/// The rule that is published and that this one was: by its name, else by its place.
fn published(editing: &super::editing::Editing, index: usize, rule: &Value) -> Option<Value> {
    let flag = editing.published.as_ref()?;
    let name = rule.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let by_name = || flag.rules.iter().find(|each| name.is_some() && each.name.as_deref() == name);
    let by_place = || flag.rules.get(index).filter(|each| name.is_none() || each.name.is_none());
    let was = by_name().or_else(by_place)?;
    serde_json::to_value(was).ok()
}

#[derive(Debug, Properties, PartialEq)]
struct AddRuleProps {
    flag: Value,
    on_open: Callback<Option<usize>>,
}

#[function_component]
fn AddRule(props: &AddRuleProps) -> Html {
    let editing = use_editing();
    let add = add_rule(&editing, &props.flag, &props.on_open).reform(|_: MouseEvent| ());
    html! { <button type="button" class="btn s quiet" data-test="add-rule" onclick={add}>{ text::ADD_A_RULE }<kbd>{ "A" }</kbd></button> }
}

/// Adds a rule at the end and opens it; `A` does the same.
pub fn add_rule(editing: &super::editing::Editing, flag: &Value, on_open: &Callback<Option<usize>>) -> Callback<()> {
    let (editing, flag, on_open) = (editing.clone(), flag.clone(), on_open.clone());
    Callback::from(move |()| {
        let at = flag.get("rules").and_then(Value::as_array).map_or(0, Vec::len);
        editing.act(Edit::Insert { list: "/rules".to_owned(), at, value: make::rule(&flag) });
        on_open.emit(Some(at));
    })
}

#[cfg(test)]
mod tests {
    use super::followed;

    #[test]
    fn what_is_open_stays_open() {
        for (open, from, to, after) in [(1, 1, 3, 3), (2, 0, 3, 1), (2, 3, 0, 3), (0, 1, 2, 0), (3, 0, 1, 3)] {
            assert_eq!(followed(open, from, to), after, "{open} {from} {to}");
        }
    }
}
