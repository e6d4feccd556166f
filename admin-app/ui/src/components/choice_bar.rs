use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub name: AttrValue,
    /// Its mark for tests.
    pub mark: AttrValue,
}

#[derive(Debug, Properties, PartialEq)]
pub struct ChoiceBarProps {
    pub choices: Vec<Choice>,
    /// The place of the one that is chosen.
    pub chosen: usize,
    pub on_choose: Callback<usize>,
    #[prop_or_default]
    pub label: Option<AttrValue>,
    /// The id of what names it, in place of a label.
    #[prop_or_default]
    pub labelled_by: Option<AttrValue>,
    /// As wide as there is room.
    #[prop_or_default]
    pub full: bool,
}

/// Radio buttons as a bar: one of them in the order of tabbing, arrow keys between them.
#[function_component]
pub fn ChoiceBar(props: &ChoiceBarProps) -> Html {
    let bar = use_node_ref();
    let on_key = {
        let (on_choose, bar, chosen, count) = (props.on_choose.clone(), bar.clone(), props.chosen, props.choices.len());
        Callback::from(move |event: KeyboardEvent| {
            let Some(next) = after(&event.key(), chosen, count) else { return };
            event.prevent_default();
            on_choose.emit(next);
            let button = bar.cast::<web_sys::Element>().and_then(|bar| bar.children().item(u32::try_from(next).ok()?));
            if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
                let _ = button.focus();
            }
        })
    };
    let button = |(at, choice): (usize, &Choice)| {
        let is_chosen = at == props.chosen;
        html! {
            <button type="button" role="radio" aria-checked={is_chosen.to_string()} tabindex={if is_chosen { "0" } else { "-1" }}
                data-test={choice.mark.clone()} onclick={props.on_choose.reform(move |_: MouseEvent| at)}>{ choice.name.clone() }</button>
        }
    };
    html! {
        <div class={classes!("seg", props.full.then_some("full"))} role="radiogroup" aria-label={props.label.clone()}
            aria-labelledby={props.labelled_by.clone()} ref={bar} onkeydown={on_key}>
            { for props.choices.iter().enumerate().map(button) }
        </div>
    }
}

/// Where a key leads, round and back.
fn after(key: &str, chosen: usize, count: usize) -> Option<usize> {
    let step = match key {
        "ArrowRight" | "ArrowDown" => 1,
        "ArrowLeft" | "ArrowUp" => count.checked_sub(1)?,
        _ => return None,
    };
    (chosen + step).checked_rem(count)
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn arrow_keys_go_round() {
        for (key, chosen, next) in [("ArrowRight", 0, 1), ("ArrowDown", 2, 0), ("ArrowLeft", 0, 2), ("ArrowUp", 1, 0)] {
            assert_eq!(after(key, chosen, 3), Some(next), "{key} from {chosen}");
        }
        assert_eq!(after("Enter", 0, 3), None);
        assert_eq!(after("ArrowLeft", 0, 0), None);
    }
}
