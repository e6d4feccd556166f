use super::theme;
use crate::backend::api;
use crate::components::Icon;
use crate::hooks::{use_console, use_now};
use crate::route::Route;
use crate::state::live::Connection;
use crate::state::session::Action;
use crate::words::number::{count, counted, or_dash};
use crate::words::presence::initials;
use crate::words::text::shell as text;
use crate::words::time::{age, ago};
use downhaul_control::api::Whoami;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct TopBarProps {
    pub who: Whoami,
    pub route: Route,
    pub environment: Option<String>,
    pub on_palette: Callback<()>,
}

#[function_component]
pub fn TopBar(props: &TopBarProps) -> Html {
    let console = use_console();
    let sign_out = Callback::from(move |_: MouseEvent| {
        let (backend, session) = (console.backend.clone(), console.session.dispatcher());
        spawn_local(async move {
            // Whether or not the server heard it, this page shows nothing more.
            let _ = api::sign_out(&backend).await;
            session.dispatch(Action::SignedOut);
        });
    });
    html! {
        <header class="topbar">
            <Link<Route> to={Route::Home} classes="brand">
                <svg viewBox="0 0 20 20" aria-hidden="true">
                    <path d="M9 2v13.500L2.500 15.500C5 12 7.500 7.500 9 2" fill="var(--accent)" />
                    <path d="M12 2v12M9.200 12.800 12 16l2.800-3.200" fill="none" stroke="var(--ink)" stroke-width="1.700" stroke-linecap="round" stroke-linejoin="round" />
                    <path d="M3 18.200h14" stroke="var(--ink)" stroke-width="1.700" stroke-linecap="round" />
                </svg>
                <span>{ text::DOWNHAUL }</span>
            </Link<Route>>
            if let Some(environment) = &props.environment {
                <EnvironmentSwitch environment={environment.clone()} environments={props.who.environments.clone()} route={props.route.clone()} />
            }
            <button class="cmdk" aria-label={text::SEARCH_OR_RUN_A_COMMAND_CTRL} data-test="open-palette" onclick={props.on_palette.reform(|_| ())}>
                <Icon name="search" small=true /><span class="grow">{ text::SEARCH_OR_RUN_A_COMMAND }</span>{ " " }<kbd>{ "Ctrl K" }</kbd>
            </button>
            <span class="end"></span>
            if let Some(environment) = &props.environment { <ConnectionState /><Alarms environment={environment.clone()} /><Inbox environment={environment.clone()} /> }
            <button class="iconbtn" aria-label={text::SWITCH_LIGHT_AND_DARK} data-test="theme" onclick={Callback::from(|_| theme::switch())}><Icon name="theme" /></button>
            <details class="person">
                <summary class="avatar" title={format!("{}, {}", props.who.name, roles(&props.who, props.environment.as_deref()))} aria-label={format!("{} {}, {}", initials(&props.who.name), props.who.name, roles(&props.who, props.environment.as_deref()))}>{ initials(&props.who.name) }</summary>
                <div class="menu">
                    <p><b>{ &props.who.name }</b><small class="muted blk">{ roles(&props.who, props.environment.as_deref()) }</small></p>
                    <p class="small faint">{ text::downhaul_version(&props.who.version) }</p>
                    <button class="btn s" data-test="sign-out" onclick={sign_out}>{ text::SIGN_OUT }</button>
                </div>
            </details>
        </header>
    }
}

/// Of the environment that is looked at.
fn roles(who: &Whoami, environment: Option<&str>) -> String {
    let roles = environment.and_then(|environment| who.roles.get(environment)).map(Vec::as_slice).unwrap_or_default();
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

#[function_component]
fn ConnectionState() -> Html {
    let console = use_console();
    let now = use_now(1_000);
    let live = &console.live;
    let revision = or_dash(live.position(), |position| count(position.revision));
    let (class, words, title) = match live.connection {
        Connection::Connecting => ("", text::CONNECTING_REVISION, text::OPENING_THE_STREAM.to_owned()),
        Connection::Open => {
            let heard = live.confirmed_at.map(|at| ago(now - at)).unwrap_or_default();
            ("ok", text::LIVE_REVISION, text::stream_open_last_change_seen(&heard))
        }
        Connection::Lost { since } => {
            ("warn", text::NOT_CONNECTED_REVISION, text::no_connection_for(&age(now - since)))
        }
    };
    html! {
        <span class="live" {title} data-test="connection" data-state={class}>
            <span class={classes!("dot", class)}></span><span class="sr-narrow">{ words }</span>
            <span data-test="revision">{ revision }</span>
        </span>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct AlarmsProps {
    environment: String,
}

/// How many nobody has, which stays in sight whatever is scrolled; nothing where there are none.
#[function_component]
fn Alarms(props: &AlarmsProps) -> Html {
    let unattended = use_console().live.alarms.unattended;
    if unattended == 0 {
        return Html::default();
    }
    html! {
        <Link<Route> to={Route::Alarms { environment: props.environment.clone() }} classes="iconbtn alarms">
            <Icon name="alert" /><span class="badge" aria-hidden="true">{ count(unattended as u64) }</span><span class="sr">{ text::that_nobody_has_acknowledged(&counted(unattended, text::ALARM, text::AMID_ALARMS)) }</span>
        </Link<Route>>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct InboxProps {
    environment: String,
}

/// What waits for whoever is at the console.
#[function_component]
fn Inbox(props: &InboxProps) -> Html {
    let waiting = use_console().waiting_for_me();
    let label = match waiting {
        0 => text::PROPOSALS_NONE_WAITS_FOR_YOU.to_owned(),
        1 => text::PROPOSALS_1_WAITS_FOR_YOU.to_owned(),
        waiting => text::proposals_wait_for_you(&count(waiting as u64)),
    };
    let navigator = use_navigator();
    let to = Route::Proposals { environment: props.environment.clone() };
    let go = {
        let to = to.clone();
        Callback::from(move |event: MouseEvent| {
            let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key() || event.button() != 0;
            if let (Some(navigator), false) = (&navigator, elsewhere) {
                event.prevent_default();
                navigator.push(&to);
            }
        })
    };
    html! {
        <a class="iconbtn" href={to.to_path()} aria-label={label} data-test="inbox" data-waiting={waiting.to_string()} onclick={go}>
            <Icon name="inbox" />if waiting > 0 { <span class="badge" aria-hidden="true">{ count(waiting as u64) }</span> }
        </a>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct EnvironmentSwitchProps {
    environment: String,
    environments: Vec<String>,
    route: Route,
}

#[function_component]
fn EnvironmentSwitch(props: &EnvironmentSwitchProps) -> Html {
    let open = use_state(|| false);
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let on_key = {
        let open = open.clone();
        Callback::from(move |event: KeyboardEvent| {
            if *open && event.key() == "Escape" {
                event.stop_propagation();
                open.set(false);
            }
        })
    };
    let close = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(false))
    };
    html! {
        <span class="env-wrap" onkeydown={on_key}>
            <button class="env-switch" aria-expanded={open.to_string()} aria-controls="environments" aria-label={text::environment_environment(&props.environment)} onclick={toggle}>
                { &props.environment }<Icon name="down" />
            </button>
            if *open {
                <ul class="menu env-menu" id="environments" aria-label={text::ENVIRONMENTS}>
                    { for props.environments.iter().map(|each| html! {
                        <li data-env={each.clone()} onclick={close.clone()}>
                            <span class="pennant" aria-hidden="true"></span>
                            <Link<Route> to={props.route.in_environment(each)}>{ each }</Link<Route>>
                            if *each == props.environment { <small>{ text::THIS_ONE }</small> }
                        </li>
                    }) }
                </ul>
            }
        </span>
    }
}
