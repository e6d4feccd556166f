use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct IconProps {
    /// The symbol in index.html, without `i-`.
    pub name: AttrValue,
    #[prop_or_default]
    pub small: bool,
    #[prop_or_default]
    pub class: Classes,
}

/// A line drawing; always beside words or on a control that has a label.
#[function_component]
pub fn Icon(props: &IconProps) -> Html {
    html! {
        <svg class={classes!("i", props.small.then_some("s"), props.class.clone())} aria-hidden="true">
            <use href={format!("#i-{}", props.name)} />
        </svg>
    }
}

/// The signal flag P, about to sail: publish.
#[function_component]
pub fn Sail() -> Html {
    html! { <svg class="sig" viewBox="0 0 14 14" aria-hidden="true"><use href="#s-sail" /></svg> }
}

#[derive(Debug, Properties, PartialEq)]
pub struct SignProps {
    /// `kill` or `degraded`.
    pub name: AttrValue,
}

/// A signal flag: killed, or degraded. Never an ornament.
#[function_component]
pub fn Sign(props: &SignProps) -> Html {
    html! {
        <svg class="sig" viewBox="0 0 14 14" aria-hidden="true"><use href={format!("#s-{}", props.name)} /></svg>
    }
}
