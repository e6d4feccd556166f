use super::Icon;
use crate::state::toasts::{Toast, Tone};
use crate::words::text::common;
use crate::words::text::components as text;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ToastListProps {
    pub toasts: Vec<Toast>,
    pub on_dismiss: Callback<u32>,
    pub on_undo: Callback<()>,
}

#[function_component]
pub fn ToastList(props: &ToastListProps) -> Html {
    html! {
        <div class="toasts" role="status" aria-live="polite">
            { for props.toasts.iter().map(|toast| {
                let (class, icon) = match toast.tone { Tone::Ok => ("ok", "check"), Tone::Warn => ("warn", "alert") };
                let id = toast.id;
                let dismiss = props.on_dismiss.reform(move |_: MouseEvent| id);
                html! {
                    <div key={id} class={classes!("toast", class)} data-test="toast">
                        <Icon name={icon} />
                        <b>{ &toast.title }</b>
                        <small>{ &toast.detail }</small>
                        <span class="row">
                            if toast.undo.is_some() { <button type="button" class="btn s" data-test="undo-publish" onclick={props.on_undo.reform(|_: MouseEvent| ())}>{ common::UNDO }<kbd>{ "Ctrl Z" }</kbd></button> }
                            <button class="iconbtn" aria-label={text::DISMISS} onclick={dismiss}><Icon name="x" small=true /></button></span>
                    </div>
                }
            }) }
        </div>
    }
}
