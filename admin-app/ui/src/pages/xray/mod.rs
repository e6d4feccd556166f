use crate::state::Shared;
use downhaul_core::document::FlagSet;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct XrayProps {
    pub environment: AttrValue,
}

#[function_component]
pub fn Xray(props: &XrayProps) -> Html {
    html! { <p>{ &props.environment }</p> }
}

#[derive(Debug, Properties, PartialEq)]
pub struct TesterProps {
    pub environment: AttrValue,
    pub document: Shared<FlagSet>,
    pub flag: String,
}

#[function_component]
pub fn Tester(props: &TesterProps) -> Html {
    let _ = &props.document;
    html! { <p>{ &props.flag }{ &props.environment }</p> }
}
