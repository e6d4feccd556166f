use crate::components::Icon;
use crate::hooks::use_console;
use crate::route::Route;
use crate::state::definition::missing_attributes;
use crate::state::live::Slot;
use crate::words::number::counted;
use crate::words::text::populations as text;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct MissingProps {
    pub environment: AttrValue,
    /// Of the population that is used; absent where there is none.
    pub columns: Option<Vec<String>>,
    pub name: Option<String>,
}

/// Flags that are named at an attribute before the rest is counted.
const FLAGS: usize = 5;

/// What flags read and the population does not have: there its figures say nothing.
#[function_component]
pub fn Missing(props: &MissingProps) -> Html {
    let console = use_console();
    let (Slot::Ready(document), Some(columns), Some(name)) = (&console.live.document, &props.columns, &props.name)
    else {
        return Html::default();
    };
    let missing = missing_attributes(document, columns);
    if missing.is_empty() {
        return html! {
            <section class="card"><p class="pad row" data-test="population-missing" data-count="0"><Icon name="shieldcheck" /><span>{ text::has_every_attribute_that_flags_of(&name, &props.environment) }</span></p></section>
        };
    }
    html! {
        <section class="card warn" data-test="population-missing" data-count={missing.len().to_string()}>
            <header><Icon name="alert" /><h2>{ text::MISSING_FOR_EXACT_COUNTS }</h2><p>{ text::flags_read_that_lacks_to_it(&counted(missing.len(), text::ATTRIBUTE, text::ATTRIBUTES), &name) }</p></header>
            <ul class="pad stack s">{ for missing.iter().map(|(attribute, flags)| html! {
                <li class="row wrap missing" data-test={format!("missing-{attribute}")}><code>{ attribute }</code><span class="small muted">{ text::READ_BY }
                    { for flags.iter().take(FLAGS).enumerate().map(|(at, key)| html! { <>{ if at > 0 { ", " } else { "" } }<Link<Route> to={Route::Flag { environment: props.environment.to_string(), key: key.clone() }}>{ key }</Link<Route>></> }) }
                    { if flags.len() > FLAGS { text::and_flags_more(&(flags.len() - FLAGS)) } else { String::new() } }</span></li>
            }) }</ul>
        </section>
    }
}
