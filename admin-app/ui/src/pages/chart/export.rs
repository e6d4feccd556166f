use crate::backend::api;
use crate::pages::save::Save;
use crate::words::text::chart as text;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ExportProps {
    pub environment: AttrValue,
}

/// Keeps the whole chart as a file, which `downhaul chart verify` checks without this server.
#[function_component]
pub fn Export(props: &ExportProps) -> Html {
    let (path, name) = api::chart_file(&props.environment);
    html! { <Save {path} {name} label={text::EXPORT} told={text::THE_CHART_IS_SAVED} class="btn" test="chart-export" /> }
}
