use crate::backend::api;
use crate::components::{ActBar, ActItem, CardSkeleton, FailureCard, Icon, Look, NotYet, Reason};
use crate::hooks::{clock, use_act, use_asked, use_console, use_may};
use crate::state::live::Slot;
use crate::words::number::count;
use crate::words::text::settings as text;
use crate::words::time::{day, parse};
use downhaul_control::api::{ClientKeyCreated, ClientKeyRequest, ClientKeyView};
use downhaul_core::document::ClientKind;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ClientKeysPartProps {
    pub environment: AttrValue,
}

const KINDS: [(ClientKind, &str, &str); 3] = [
    (ClientKind::Browser, "browser", text::STANDS_IN_THE_PAGE_WHERE_ANYONE),
    (ClientKind::Server, "server", text::GETS_EVERY_FLAG_WHOLE_KEEP_IT),
    (ClientKind::Edge, "edge", text::GETS_EVERY_FLAG_WHOLE_IN_A),
];

fn name_of(kind: ClientKind) -> &'static str {
    KINDS.iter().find(|(each, ..)| *each == kind).map_or("", |(_, name, _)| name)
}

/// Keys of pages, edges and servers: those in force first.
#[function_component]
pub fn ClientKeysPart(props: &ClientKeysPartProps) -> Html {
    let may = use_may(&props.environment);
    let console = use_console();
    let (asked, _) = use_asked(api::client_keys(&props.environment), 0);
    let (act, open) = (use_act(), use_state(|| None::<String>));
    let mut keys: Vec<ClientKeyView> = match &asked.slot {
        Slot::Failed(failure) => {
            return html! { <FailureCard failure={failure.clone()} what={text::THE_CLIENT_KEYS} /> };
        }
        Slot::Loading => return html! { <CardSkeleton lines=5 /> },
        Slot::Ready(page) => page.keys.clone(),
    };
    keys.sort_by_key(|key| key.revoked_at.is_some());
    let in_force = keys.iter().filter(|key| key.revoked_at.is_none()).count();
    let row = |key: &ClientKeyView| {
        let made = parse(&key.created_at).map(|at| day(at, clock::now(), clock::offset())).unwrap_or_default();
        let is_open = open.as_deref() == Some(key.id.as_str());
        let revoke = vec![ActItem {
            id: "revoke",
            label: text::REVOKE,
            icon: "x",
            verb: text::revoke_name(&key.name),
            effect: text::WHOEVER_HAS_IT_IS_CUT_OFF.to_owned(),
            look: Look::Danger,
            // The request takes none.
            reason: Reason::Optional,
            why_not: may.manage.clone(),
            key: None,
        }];
        let on_open = {
            let (open, id) = (open.clone(), key.id.clone());
            Callback::from(move |act: Option<&'static str>| open.set(act.map(|_| id.clone())))
        };
        let on_act = {
            let (act, open, id, environment, backend) =
                (act.clone(), open.clone(), key.id.clone(), props.environment.to_string(), console.backend.clone());
            Callback::from(move |_: (&'static str, String)| {
                let open = open.clone();
                act.run(api::revoke_client_key(backend.clone(), environment.clone(), id.clone()), move |()| {
                    open.set(None)
                });
            })
        };
        html! {
            <li class="pad stack" key={key.id.clone()} data-test={format!("client-key-{}", key.id)}>
                <div class="row wrap"><b>{ &key.name }</b><span class="chip">{ name_of(key.kind) }</span>
                    if key.revoked_at.is_some() { <span class="chip line">{ text::REVOKED }</span> }
                    <span class="small muted">{ text::made_made(&made) }</span><code class="small faint">{ &key.id }</code></div>
                if !key.origins.is_empty() { <p class="small muted">{ text::PAGES_OF }{ for key.origins.iter().map(|origin| html! { <code>{ if origin == "*" { text::ANY_ORIGIN } else { origin } }{ " " }</code> }) }</p> }
                if !key.pinned.is_empty() { <p class="small muted">{ text::ALWAYS }{ for key.pinned.iter().map(|(name, value)| html! { <code>{ format!("{name} {value} ") }</code> }) }</p> }
                if key.revoked_at.is_none() {
                    <ActBar acts={revoke} open={is_open.then_some("revoke")} {on_open} sent={act.state.sent} failure={is_open.then(|| act.state.failure.clone()).flatten()} {on_act} />
                }
            </li>
        }
    };
    html! {
        <>
            <section class="card divide"><header><h2>{ text::CLIENT_KEYS }</h2><span class="chip">{ text::in_force_in_force(&count(in_force as u64)) }</span></header>
                if keys.is_empty() { <p class="pad muted">{ text::NO_KEY_YET_NOBODY_CAN_ASK }</p> }
                <ul class="divide">{ for keys.iter().map(row) }</ul></section>
            <section class="card"><header><h2>{ text::A_NEW_KEY }</h2></header><div class="pad"><NewKey environment={props.environment.clone()} why_not={may.manage.clone().or_else(|| console.frozen())} kind={ClientKind::Browser} name="" /></div></section>
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
pub struct NewKeyProps {
    pub environment: AttrValue,
    pub why_not: Option<String>,
    /// What is chosen at first.
    pub kind: ClientKind,
    pub name: AttrValue,
}

/// Makes a client key, and shows it once.
#[function_component]
pub fn NewKey(props: &NewKeyProps) -> Html {
    let console = use_console();
    let act = use_act();
    let made = use_state(|| None::<ClientKeyCreated>);
    let (name, origin, kind) = (use_state(|| props.name.to_string()), use_state(String::new), use_state(|| props.kind));
    let is_page = *kind == ClientKind::Browser;
    let no_name = name.trim().is_empty().then_some(text::GIVE_IT_A_NAME_FIRST);
    let no_origin = (is_page && origin.trim().is_empty()).then_some(text::SAY_WHERE_ITS_PAGES_ARE_FIRST);
    let why_not = no_name.or(no_origin);
    let is_ready = props.why_not.is_none() && !act.state.sent && why_not.is_none();
    let typed = |text: &UseStateHandle<String>| {
        let text = text.clone();
        Callback::from(move |event: InputEvent| text.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let on_kind = {
        let kind = kind.clone();
        Callback::from(move |event: Event| {
            let chosen = event.target_unchecked_into::<HtmlSelectElement>().value();
            if let Some((chosen, ..)) = KINDS.iter().find(|(_, name, _)| *name == chosen) {
                kind.set(*chosen);
            }
        })
    };
    let on_submit = {
        let (act, made, environment) = (act.clone(), made.clone(), props.environment.to_string());
        let (name, origin, kind) = (name.clone(), origin.clone(), *kind);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if !is_ready {
                return;
            }
            let origins = if is_page { origin.split_whitespace().map(str::to_owned).collect() } else { Vec::new() };
            let request = ClientKeyRequest {
                name: name.trim().to_owned(),
                kind,
                pinned: Default::default(),
                origins,
                token_public_key: None,
                reason: String::new(),
            };
            let (made, name, origin) = (made.clone(), name.clone(), origin.clone());
            act.run(api::make_client_key(console.backend.clone(), environment.clone(), request), move |key| {
                name.set(String::new());
                origin.set(String::new());
                made.set(Some(key));
            });
        })
    };
    let help = KINDS.iter().find(|(each, ..)| *each == *kind).map(|(.., help)| *help);
    html! {
        <form class="stack" onsubmit={on_submit} aria-label={text::A_NEW_CLIENT_KEY}>
            if let Some(why) = &props.why_not { <p class="why-not"><Icon name="lock" small=true />{ why }</p> }
            if let Some(failure) = &act.state.failure {
                <div class="banner danger" role="alert"><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }</p></div>
            }
            <div class="cols c3">
                <div class="field"><label for="key-name">{ text::NAME_FOR_PEOPLE }</label><input class="input" id="key-name" data-test="key-name" disabled={props.why_not.is_some()} value={(*name).clone()} oninput={typed(&name)} maxlength="200" autocomplete="off" /></div>
                <div class="field"><label for="key-kind">{ text::WHERE_IT_IS_USED }</label><select class="select" id="key-kind" data-test="key-kind" disabled={props.why_not.is_some()} onchange={on_kind}>
                    { for KINDS.iter().map(|(each, name, _)| html! { <option value={*name} selected={each == &*kind}>{ *name }</option> }) }
                </select><span class="help">{ help }</span></div>
                if is_page {
                    <div class="field"><label for="key-origins">{ text::ORIGINS_OF_ITS_PAGES }</label><input class="input mono" id="key-origins" data-test="key-origins" disabled={props.why_not.is_some()} value={(*origin).clone()} oninput={typed(&origin)} placeholder={text::HTTPS_SHOP_EXAMPLE} autocomplete="off" spellcheck="false" />
                        <span class="help">{ text::SEVERAL_WITH_SPACES_BETWEEN_FOR_ANY }</span></div>
                }
            </div>
            <div class="row"><button class="btn primary" data-test="key-make" aria-disabled={(!is_ready).to_string()}><Icon name="plus" small=true />{ text::MAKE_IT }</button>
                if props.why_not.is_none() { <NotYet why={why_not.map(AttrValue::from)} /> }</div>
            if let Some(made) = &*made {
                <div class="banner ok" role="status"><Icon name="key" /><div class="grow stack s"><p><b>{ text::shown_this_once(&made.view.name) }</b></p>
                    <p class="breakall"><code data-test="key-secret">{ &made.key }</code></p>
                    <p class="small">{ text::YOUR_BACK_END_SIGNS_CONTEXT_TOKENS }<code class="breakall">{ &made.token_secret }</code></p></div></div>
            }
        </form>
    }
}
