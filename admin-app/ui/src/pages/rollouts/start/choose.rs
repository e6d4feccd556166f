use crate::backend::api;
use crate::components::{Empty, FailureCard, Icon, RowsSkeleton};
use crate::hooks::{use_asked, use_console, use_document_title};
use crate::route::{Route, StartRolloutQuery};
use crate::state::live::Slot;
use crate::words::number::counted;
use crate::words::rollout::is_over;
use crate::words::text::start_rollout as text;
use crate::words::text::{common, rollouts};
use downhaul_control::api::FlagSummary;
use std::collections::BTreeMap;
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::prelude::*;

/// Rows that are shown before the rest is only counted: whoever looks for one flag of thousands types a part of its key.
const SHOWN: usize = 50;

#[derive(Debug, Properties, PartialEq)]
pub struct ChooseFlagProps {
    pub environment: AttrValue,
}

/// Which flag is rolled out.
#[function_component]
pub fn ChooseFlag(props: &ChooseFlagProps) -> Html {
    use_document_title(text::start_rollout_in(&props.environment));
    let console = use_console();
    let typed = use_state(String::new);
    let (asked, _) = use_asked(api::rollouts(&props.environment), 0);
    let environment = || props.environment.to_string();
    // A flag has one rollout at a time.
    let going: BTreeMap<&str, &str> = asked
        .slot
        .ready()
        .into_iter()
        .flat_map(|page| page.rollouts.iter().filter(|each| !is_over(each)))
        .map(|each| (each.flag.as_str(), each.id.as_str()))
        .collect();
    let wanted = typed.trim().to_lowercase();
    let fits = |flag: &&FlagSummary| {
        flag.key.contains(&wanted) || flag.description.to_lowercase().contains(&wanted) || flag.owner.contains(&wanted)
    };
    let mut flags: Vec<&FlagSummary> =
        console.live.flags.ready().into_iter().flat_map(|page| page.flags.iter()).filter(fits).collect();
    flags.sort_by(|one, other| one.key.cmp(&other.key));
    let link = |key: &str| {
        let name = html! { <span data-test={format!("roll-out-{key}")}>{ key }</span> };
        match going.get(key) {
            Some(id) => {
                let to = Route::Rollout { environment: environment(), id: (*id).to_owned() };
                html! { <Link<Route> {to} classes="key">{ name }</Link<Route>> }
            }
            None => {
                let (to, query) =
                    (Route::start_rollout(&props.environment), StartRolloutQuery { flag: key.to_owned() });
                html! { <Link<Route, StartRolloutQuery> {to} {query} classes="key">{ name }</Link<Route, StartRolloutQuery>> }
            }
        }
    };
    let on_input = {
        let typed = typed.clone();
        Callback::from(move |event: InputEvent| typed.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let body = match &console.live.flags {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={common::FLAGS_HEAD} /> },
        Slot::Loading => html! {
            <div class="card" aria-busy="true"><table class="table compact"><tbody><RowsSkeleton rows=5 cells={vec!["c-flag", "", ""]} /></tbody></table></div>
        },
        Slot::Ready(_) if flags.is_empty() => html! {
            <div class="card"><Empty title={text::LOOK_FOR_ANOTHER}><p><Link<Route> to={Route::Create { environment: environment() }} classes="btn">{ common::NEW_FLAG }</Link<Route>></p></Empty></div>
        },
        Slot::Ready(_) => html! {
            <div class="card">
                <div class="tablewrap"><table class="table compact">
                    <thead><tr><th>{ common::FLAG }</th><th>{ common::OWNER }</th><th>{ text::STANDS }</th></tr></thead>
                    <tbody>{ for flags.iter().take(SHOWN).map(|flag| html! {
                        <tr key={flag.key.clone()}>
                            <td>{ link(&flag.key) }
                                if !flag.description.is_empty() { <small class="muted blk">{ &flag.description }</small> }</td>
                            <td data-l={common::OWNER}>{ &flag.owner }</td>
                            <td data-l={text::STANDS} class="muted">{ match going.get(flag.key.as_str()) {
                                Some(id) => html! { <span class="chip serving">{ text::goes_on(id) }</span> },
                                None => html! { "–" },
                            } }</td>
                        </tr>
                    }) }</tbody>
                </table></div>
                if flags.len() > SHOWN { <p class="pad small muted">{ text::and_flags_more(&counted(flags.len() - SHOWN, common::AMID_FLAG, common::FLAGS)) }</p> }
            </div>
        },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow">
                <div class="crumbs"><Link<Route> to={Route::Rollouts { environment: environment() }}>{ rollouts::ROLLOUTS }</Link<Route>><Icon name="right" small=true /><span>{ common::START_A_ROLLOUT }</span></div>
                <h1>{ common::START_A_ROLLOUT }</h1><p>{ text::ONE_FLAG_STEP_BY_STEP }</p></div></div>
            <div class="stack">
                <div class="field"><label for="find-flag">{ text::CHOOSE_THE_FLAG }</label>
                    <input class="input" id="find-flag" type="search" data-test="find-flag" value={(*typed).clone()} oninput={on_input} placeholder={text::FIND_A_FLAG} autocomplete="off" spellcheck="false" /></div>
                { body }
            </div>
        </>
    }
}
