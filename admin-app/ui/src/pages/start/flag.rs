use crate::backend::api;
use crate::components::Icon;
use crate::hooks::{clock, use_act, use_console, use_may};
use crate::route::Route;
use crate::state::guide::{Guide, first_flag};
use crate::words::message::sentence;
use crate::words::text::common;
use crate::words::text::start as text;
use crate::words::time::{days_later, iso_day};
use downhaul_control::api::{Changed, PutFlagRequest};
use downhaul_core::check::check_flag;
use downhaul_core::read::Format;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct FirstFlagProps {
    pub environment: AttrValue,
    pub guide: Guide,
    pub keep: Callback<Guide>,
    /// The flag that it goes by; empty while there is none.
    pub flag: String,
}

/// Makes one, or takes one that is there.
#[function_component]
pub fn FirstFlag(props: &FirstFlagProps) -> Html {
    let console = use_console();
    let may = use_may(&props.environment);
    let act = use_act();
    let (key, meaning) =
        (use_state(|| "hello-downhaul".to_owned()), use_state(|| text::THE_PAGE_AS_IT_WAS_BEFORE.to_owned()));
    let owner = use_state(|| console.who().map(|who| who.name.clone()).unwrap_or_default());
    let known: Vec<String> = console
        .live
        .flags
        .ready()
        .map(|page| page.flags.iter().map(|flag| flag.key.clone()).collect())
        .unwrap_or_default();
    let choose = {
        let (keep, guide) = (props.keep.clone(), props.guide.clone());
        Callback::from(move |event: Event| {
            let flag = event.target_unchecked_into::<HtmlSelectElement>().value();
            keep.emit(Guide { flag, ..guide.clone() });
        })
    };
    let others = html! {
        if !known.is_empty() {
            <div class="field"><label for="guide-flag">{ text::GO_BY_THE_FLAG }</label><select class="select" id="guide-flag" data-test="guide-flag" onchange={choose}>
                if props.flag.is_empty() { <option value="" selected=true>{ text::CHOOSE }</option> }
                { for known.iter().map(|key| html! { <option value={key.clone()} selected={*key == props.flag}>{ key }</option> }) }
            </select></div>
        }
    };
    if !props.flag.is_empty() {
        let to = Route::Flag { environment: props.environment.to_string(), key: props.flag.clone() };
        return html! { <><p>{ text::THE_FLAG_IS }<Link<Route> {to} classes="mono">{ &props.flag }</Link<Route>>{ "." }</p>if known.len() > 1 { { others } }</> };
    }
    let today = clock::now();
    let flag = first_flag(key.trim(), owner.trim(), meaning.trim(), &days_later(today, 90));
    let problem = console.live.document.ready().and_then(|document| {
        let checked = check_flag(document, None, &flag.to_string(), Format::Json, Some(&iso_day(today)));
        checked.diagnostics.into_iter().find(|each| each.is_error())
    });
    let why_not = may.edit.clone().or_else(|| console.frozen());
    let is_ready = why_not.is_none() && problem.is_none() && !act.state.sent;
    let typed = |text: &UseStateHandle<String>| {
        let text = text.clone();
        Callback::from(move |event: InputEvent| text.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let on_submit = {
        let (act, keep, guide, environment) =
            (act.clone(), props.keep.clone(), props.guide.clone(), props.environment.to_string());
        let key = key.trim().to_owned();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if !is_ready {
                return;
            }
            // A first flag replaces nobody's.
            let expected_revision = Some(0);
            let request =
                PutFlagRequest { flag: flag.clone(), reason: text::THE_FIRST_FLAG.to_owned(), expected_revision };
            let (console, environment, key) = (console.clone(), environment.clone(), key.clone());
            let (keep, guide) = (keep.clone(), guide.clone());
            let made = key.clone();
            act.run(
                async move { api::put_flag(&console.backend, &environment, &key, &request).await },
                move |_: Changed| {
                    keep.emit(Guide { flag: made, ..guide });
                },
            );
        })
    };
    html! {
        <>
            { others }
            <form class="stack" onsubmit={on_submit} aria-label={text::THE_FIRST_FLAG_HEAD}>
                <p>{ text::A_FLAG_HAS_A_NAME_SOMEONE }</p>
                if let Some(why) = &why_not { <p class="why-not"><Icon name="lock" small=true />{ why }</p> }
                if let Some(failure) = &act.state.failure {
                    <div class="banner danger" role="alert"><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }</p></div>
                }
                <div class="cols c3">
                    <div class="field"><label for="guide-key">{ text::KEY }</label><input class="input mono" id="guide-key" data-test="guide-key" value={(*key).clone()} oninput={typed(&key)} disabled={why_not.is_some()} autocomplete="off" spellcheck="false" /></div>
                    <div class="field"><label for="guide-owner">{ common::OWNER }</label><input class="input" id="guide-owner" data-test="guide-owner" value={(*owner).clone()} oninput={typed(&owner)} disabled={why_not.is_some()} autocomplete="off" /></div>
                    <div class="field"><label for="guide-meaning">{ text::WHAT_PEOPLE_SEE_WHEN_IT_IS }</label><input class="input" id="guide-meaning" data-test="guide-meaning" value={(*meaning).clone()} oninput={typed(&meaning)} disabled={why_not.is_some()} autocomplete="off" /></div>
                </div>
                if let Some(problem) = &problem { <p class="error" role="alert"><Icon name="alert" small=true /><span>{ sentence(&problem.message) }{ ". " }{ problem.help.as_deref().map(sentence) }</span></p> }
                <div class="row wrap"><button class="btn primary" data-test="guide-make" aria-disabled={(!is_ready).to_string()}><Icon name="plus" small=true />{ text::MAKE_IT }</button>
                    <Link<Route> to={Route::Create { environment: props.environment.to_string() }} classes="btn quiet">{ text::MAKE_ONE_IN_THE_EDITOR_INSTEAD }</Link<Route>></div>
            </form>
        </>
    }
}
