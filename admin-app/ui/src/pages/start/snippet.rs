use crate::backend::api;
use crate::components::Icon;
use crate::hooks::{use_act, use_console, use_may};
use crate::state::guide::{Guide, Platform, install, snippet};
use crate::words::text::start as text;
use downhaul_control::api::{ClientKeyCreated, ClientKeyRequest};
use downhaul_core::document::ClientKind;
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct SnippetProps {
    pub environment: AttrValue,
    pub guide: Guide,
    pub keep: Callback<Guide>,
    pub flag: String,
}

/// Where nothing has been made: it can be seen where the key belongs.
const NO_KEY: &str = "dhk_…";

/// Code that runs as it stands, with the address of this server and a key that is made here.
#[function_component]
pub fn Snippet(props: &SnippetProps) -> Html {
    let console = use_console();
    let may = use_may(&props.environment);
    let act = use_act();
    let origin = use_state(String::new);
    // Keys of servers and edges are kept nowhere: they are shown while the page is open.
    let secret = use_state(String::new);
    let platform = props.guide.platform;
    let key = if !secret.is_empty() {
        (*secret).clone()
    } else if platform.is_public() {
        props.guide.key.clone()
    } else {
        String::new()
    };
    let pick = |platform: Platform| {
        let (keep, guide, secret) = (props.keep.clone(), props.guide.clone(), secret.clone());
        Callback::from(move |_: MouseEvent| {
            if platform.is_public() != guide.platform.is_public() {
                // A key of one kind is none of the other.
                secret.set(String::new());
                keep.emit(Guide { platform, key: String::new(), ..guide.clone() });
            } else {
                keep.emit(Guide { platform, ..guide.clone() });
            }
        })
    };
    let make = {
        let (act, secret, keep, guide) = (act.clone(), secret.clone(), props.keep.clone(), props.guide.clone());
        let (environment, origin, backend) =
            (props.environment.to_string(), origin.trim().to_owned(), console.backend.clone());
        let is_ready = may.manage.is_none() && !act.state.sent;
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if !is_ready {
                return;
            }
            let (kind, origins) = match platform {
                Platform::Page | Platform::React if origin.is_empty() => (ClientKind::Browser, vec!["*".to_owned()]),
                Platform::Page | Platform::React => {
                    (ClientKind::Browser, origin.split_whitespace().map(str::to_owned).collect())
                }
                Platform::Node | Platform::Rust => (ClientKind::Server, Vec::new()),
                Platform::Edge => (ClientKind::Edge, Vec::new()),
            };
            let request = ClientKeyRequest {
                name: text::first_steps_name(&platform.name()),
                kind,
                pinned: Default::default(),
                origins,
                token_public_key: None,
                reason: text::AMID_THE_FIRST_STEPS.to_owned(),
            };
            let (secret, keep, guide) = (secret.clone(), keep.clone(), guide.clone());
            act.run(
                api::make_client_key(backend.clone(), environment.clone(), request),
                move |made: ClientKeyCreated| {
                    // That there is one is remembered; what it is only where everyone can read it anyway.
                    let kept = if platform.is_public() { made.key.clone() } else { made.view.id.clone() };
                    secret.set(made.key);
                    keep.emit(Guide { key: kept, ..guide });
                },
            );
        })
    };
    let typed = {
        let origin = origin.clone();
        Callback::from(move |event: InputEvent| origin.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let url = web_sys::window().and_then(|window| window.location().origin().ok()).unwrap_or_default();
    let code = snippet(platform, &url, if key.is_empty() { NO_KEY } else { &key }, &props.flag);
    let button = |each: Platform| {
        html! { <button type="button" aria-pressed={(each == platform).to_string()} data-test={format!("platform-{}", each.name())} onclick={pick(each)}>{ each.words() }</button> }
    };
    html! {
        <>
            <div class="seg wrapseg" role="group" aria-label={text::WHERE_IT_IS_ASKED_FOR}>{ for Platform::ALL.into_iter().map(button) }</div>
            if key.is_empty() {
                <form class="stack" onsubmit={make} aria-label={text::A_CLIENT_KEY}>
                    if let Some(why) = &may.manage { <p class="why-not"><Icon name="lock" small=true /><span>{ why }{ text::SOMEBODY_ELSES_KEY_DOES_AS_WELL }</span></p> }
                    if let Some(failure) = &act.state.failure {
                        <div class="banner danger" role="alert"><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }</p></div>
                    }
                    if platform.is_public() {
                        <div class="field"><label for="guide-origin">{ text::YOUR_PAGES_ORIGIN }</label><input class="input mono" id="guide-origin" data-test="guide-origin" value={(*origin).clone()} oninput={typed} disabled={may.manage.is_some()} placeholder={text::HTTP_LOCALHOST_5173} autocomplete="off" spellcheck="false" />
                            <span class="help">{ text::LEFT_EMPTY_ANY_PAGE_MAY_USE }</span></div>
                    } else {
                        <p class="small muted">{ text::THE_KEY_GETS_EVERY_FLAG_WHOLE }</p>
                    }
                    <div class="row"><button class="btn primary" data-test="guide-make-key" aria-disabled={(may.manage.is_some() || act.state.sent).to_string()}><Icon name="key" small=true />{ text::MAKE_A_KEY_FOR_IT }</button></div>
                </form>
            } else {
                <p class="row"><Icon name="key" small=true />{ text::THE_KEY_STANDS_IN_THE_CODE }</p>
            }
            <Code label={text::BRING_THE_PACKAGE_THERE} text={install(platform)} test="guide-install" />
            <Code label={match platform {
                Platform::Page => text::INDEX_HTML_SERVED_BY_ANY_WEB,
                Platform::React => text::A_COMPONENT_OF_YOUR_APP,
                Platform::Node => text::FIRST_MJS_RUN_BY_NODE,
                Platform::Rust => text::SRC_MAIN_RS_RUN_BY_CARGO,
                Platform::Edge => text::THE_WORKER,
            }} text={code} test="guide-snippet" />
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct CodeProps {
    label: AttrValue,
    text: AttrValue,
    test: &'static str,
}

/// Text to be copied.
#[function_component]
fn Code(props: &CodeProps) -> Html {
    let is_copied = use_state(|| false);
    {
        let is_copied = is_copied.setter();
        use_effect_with(props.text.clone(), move |_| is_copied.set(false));
    }
    let copy = {
        let (text, is_copied) = (props.text.to_string(), is_copied.clone());
        Callback::from(move |_: MouseEvent| {
            if let Some(window) = web_sys::window() {
                // It can be marked and copied where that is refused.
                let _ = window.navigator().clipboard().write_text(&text);
                is_copied.set(true);
            }
        })
    };
    html! {
        <div class="codebox">
            <div class="row between"><span class="small muted">{ &props.label }</span><button type="button" class="btn s quiet" onclick={copy}><Icon name={if *is_copied { "check" } else { "copy" }} small=true />{ if *is_copied { text::COPIED } else { text::COPY } }</button></div>
            <pre tabindex="0" role="region" data-test={props.test} aria-label={props.label.clone()}><code>{ &props.text }</code></pre>
        </div>
    }
}
