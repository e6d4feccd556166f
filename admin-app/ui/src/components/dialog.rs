use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct DialogProps {
    pub title: AttrValue,
    /// Escape, or a press beside it.
    pub on_close: Callback<()>,
    pub children: Html,
    /// Buttons, the one that goes on last.
    pub footer: Html,
    #[prop_or_default]
    pub wide: bool,
    pub test: AttrValue,
}

/// Asks something before anything else goes on. The browser keeps the focus in it and gives it back afterwards.
#[function_component]
pub fn Dialog(props: &DialogProps) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            let before = web_sys::window().and_then(|window| window.document()).and_then(|page| page.active_element());
            if let Some(dialog) = node.cast::<HtmlDialogElement>() {
                // Fails only if it is open already.
                let _ = dialog.show_modal();
            }
            move || {
                if let Some(before) = before.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
                    let _ = before.focus();
                }
            }
        });
    }
    let on_cancel = {
        let close = props.on_close.clone();
        Callback::from(move |event: Event| {
            event.prevent_default();
            close.emit(());
        })
    };
    let on_outside = {
        let (close, node) = (props.on_close.clone(), node.clone());
        Callback::from(move |event: MouseEvent| {
            // What lies beside the dialog belongs to it as its backdrop.
            let is_itself = event.target().is_some_and(|target| {
                node.cast::<HtmlDialogElement>()
                    .is_some_and(|dialog| target == *dialog.unchecked_ref::<web_sys::EventTarget>())
            });
            if is_itself {
                close.emit(());
            }
        })
    };
    html! {
        <dialog ref={node} class={classes!("dialog", props.wide.then_some("wide"))} aria-label={props.title.clone()} data-test={props.test.clone()}
            oncancel={on_cancel} onmousedown={on_outside}>
            <div class="inner">
                <header><h2>{ &props.title }</h2></header>
                <div class="pad stack">{ props.children.clone() }</div>
                <footer>{ props.footer.clone() }</footer>
            </div>
        </dialog>
    }
}
