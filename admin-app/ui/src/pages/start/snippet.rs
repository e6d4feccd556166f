use crate::backend::api;
use crate::components::Icon;
use crate::hooks::{use_act, use_console, use_may};
use crate::state::guide::{Guide, Platform, install, snippet};
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
                name: format!("first steps, {}", platform.name()),
                kind,
                pinned: Default::default(),
                origins,
                token_public_key: None,
                reason: "the first steps".to_owned(),
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
            <div class="seg wrapseg" role="group" aria-label="Where it is asked for">{ for Platform::ALL.into_iter().map(button) }</div>
            if key.is_empty() {
                <form class="stack" onsubmit={make} aria-label="A client key">
                    if let Some(why) = &may.manage { <p class="why-not"><Icon name="lock" small=true /><span>{ why }{ " Somebody else’s key does as well: put it in the code below." }</span></p> }
                    if let Some(failure) = &act.state.failure {
                        <div class="banner danger" role="alert"><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }</p></div>
                    }
                    if platform.is_public() {
                        <div class="field"><label for="guide-origin">{ "Your page’s origin" }</label><input class="input mono" id="guide-origin" data-test="guide-origin" value={(*origin).clone()} oninput={typed} disabled={may.manage.is_some()} placeholder="http://localhost:5173" autocomplete="off" spellcheck="false" />
                            <span class="help">{ "Left empty, any page may use the key: fine for trying out. Keys are bound, made and revoked under Settings." }</span></div>
                    } else {
                        <p class="small muted">{ "The key gets every flag, whole: keep it as you keep passwords. It is shown until this page is left, and kept nowhere." }</p>
                    }
                    <div class="row"><button class="btn primary" data-test="guide-make-key" aria-disabled={(may.manage.is_some() || act.state.sent).to_string()}><Icon name="key" small=true />{ "Make a key for it" }</button></div>
                </form>
            } else {
                <p class="row"><Icon name="key" small=true />{ "The key stands in the code below." }</p>
            }
            <Code label="Bring the package there" text={install(platform)} test="guide-install" />
            <Code label={match platform {
                Platform::Page => "index.html, served by any web server",
                Platform::React => "A component of your app",
                Platform::Node => "first.mjs, run by node",
                Platform::Rust => "src/main.rs, run by cargo",
                Platform::Edge => "The worker",
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
            <div class="row between"><span class="small muted">{ &props.label }</span><button type="button" class="btn s quiet" onclick={copy}><Icon name={if *is_copied { "check" } else { "copy" }} small=true />{ if *is_copied { "Copied" } else { "Copy" } }</button></div>
            <pre tabindex="0" role="region" data-test={props.test} aria-label={props.label.clone()}><code>{ &props.text }</code></pre>
        </div>
    }
}
