use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct NotYetProps {
    pub why: Option<AttrValue>,
}

/// Why the button beside it does nothing yet; read out when that changes.
#[function_component]
pub fn NotYet(props: &NotYetProps) -> Html {
    html! { <span class="small muted" role="status" data-test="not-yet">{ props.why.clone() }</span> }
}
