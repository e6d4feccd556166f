use crate::hooks::use_console;
use crate::route::Route;
use crate::state::Shared;
use crate::words::reach::reach;
use crate::words::text::flag as text;
use downhaul_control::api::{FlagState, FlagSummary};
use downhaul_core::document::FlagSet;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct SurroundingsProps {
    pub environment: AttrValue,
    pub summary: FlagSummary,
    pub document: Shared<FlagSet>,
}

/// What this flag requires, and what degrades with it.
#[function_component]
pub fn Surroundings(props: &SurroundingsProps) -> Html {
    let Some(flag) = props.document.flag(&props.summary.key) else { return Html::default() };
    let requires: Vec<String> = flag.requires.iter().map(|each| each.flag.to_string()).collect();
    if requires.is_empty() && props.summary.dependents.is_empty() {
        return Html::default();
    }
    let flags = |keys: &[String], none: &str| {
        if keys.is_empty() {
            return html! { <p class="small faint">{ none }</p> };
        }
        keys.iter().map(|key| html! { <Dep environment={props.environment.clone()} flag={key.clone()} document={props.document.clone()} /> }).collect()
    };
    let arrow = html! { <svg viewBox="0 0 28 20" fill="none" stroke="currentColor" stroke-width="1.500" aria-hidden="true"><path d="M4 10h20M19 5l5 5-5 5" /></svg> };
    html! {
        <section class="card">
            <header><h2>{ text::PREREQUISITES_AND_DEPENDENTS }</h2><p>{ text::KILLED_FROM_THE_RIGHT_RESTORED_FROM }</p></header>
            <div class="pad deps">
                <div><h4>{ text::REQUIRES }</h4>{ flags(&requires, text::NOTHING) }</div>
                { arrow.clone() }
                <div><h4>{ text::THIS_FLAG }</h4><div class="dep self"><span class="key">{ &props.summary.key }</span><small class="muted blk">{ state(&props.summary, &props.document) }</small></div></div>
                { arrow }
                <div><h4>{ text::REQUIRED_BY }</h4>{ flags(&props.summary.dependents, text::NO_FLAG) }</div>
            </div>
        </section>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct DepProps {
    environment: AttrValue,
    flag: String,
    document: Shared<FlagSet>,
}

#[function_component]
fn Dep(props: &DepProps) -> Html {
    let console = use_console();
    let summary =
        console.live.flags.ready().and_then(|page| page.flags.iter().find(|flag| flag.key == props.flag).cloned());
    let killed = summary.as_ref().is_some_and(|flag| flag.state != FlagState::Live);
    html! {
        <div class="dep">
            <Link<Route> to={Route::Flag { environment: props.environment.to_string(), key: props.flag.clone() }} classes="key">{ &props.flag }</Link<Route>>
            <small class={if killed { "danger-ink blk" } else { "faint blk" }}>{ summary.map(|summary| state(&summary, &props.document)) }</small>
        </div>
    }
}

fn state(summary: &FlagSummary, document: &FlagSet) -> String {
    match summary.state {
        FlagState::Killed => text::KILLED_FOR_EVERYONE.to_owned(),
        FlagState::KilledInPart => text::KILLED_IN_PART.to_owned(),
        FlagState::Live => {
            document.flag(&summary.key).map_or_else(|| summary.serving.clone(), |flag| reach(flag).summary)
        }
    }
}
