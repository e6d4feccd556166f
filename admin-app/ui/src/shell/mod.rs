//! What stands around every page: environment, navigation with the kills in force, palette, toasts.

mod banner;
mod commands;
mod nav;
pub mod theme;
mod topbar;
mod undo;

use crate::components::{Empty, ToastList};
use crate::hooks::{Key, use_console, use_environment, use_keys};
use crate::pages;
use crate::route::Route;
use crate::state::toasts;
use banner::ConnectionBanner;
use commands::CommandPalette;
use downhaul_control::api::Whoami;
use nav::{Nav, TabBar};
use topbar::TopBar;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ShellProps {
    pub who: Whoami,
}

#[function_component]
pub fn Shell(props: &ShellProps) -> Html {
    let console = use_console();
    let route = use_route::<Route>().unwrap_or(Route::NotFound);
    let palette = use_state(|| false);
    let known = route.environment().filter(|each| props.who.environments.iter().any(|known| known == each));
    use_environment(&console, known.map(str::to_owned));
    {
        let palette = palette.clone();
        use_keys(move |key: &Key| {
            let opens = key.command && key.key == "k";
            if opens {
                palette.set(!*palette);
            }
            opens
        });
    }
    let on_undo = undo::use_undo(&console, &route);
    if route == Route::Home {
        return match Route::first(&props.who.environments) {
            Some(first) => html! { <Redirect<Route> to={first} /> },
            None => {
                html! { <main class="boot">{ "There is no environment yet. Start with: downhaul apply PATH" }</main> }
            }
        };
    }
    let environment = known.map(str::to_owned);
    let toggle = {
        let palette = palette.clone();
        Callback::from(move |open: bool| palette.set(open))
    };
    let dismiss = {
        let toasts = console.toasts.dispatcher();
        Callback::from(move |id| toasts.dispatch(toasts::Action::Dismiss(id)))
    };
    let page = match &environment {
        Some(environment) => page(&route, environment),
        None => html! { <Lost who={props.who.clone()} /> },
    };
    html! {
        <div class="app" data-env={environment.clone()}>
            <a class="skip" href="#main">{ "Skip to content" }</a>
            <TopBar who={props.who.clone()} route={route.clone()} environment={environment.clone()} on_palette={toggle.reform(|()| true)} />
            <Nav route={route.clone()} environment={environment.clone()} />
            <main id="main" tabindex="-1"><div class="wrap">
                <ConnectionBanner />
                { page }
            </div></main>
            <TabBar route={route.clone()} environment={environment.clone()} />
            if *palette {
                <CommandPalette who={props.who.clone()} route={route} environment={environment} on_close={toggle.reform(|()| false)} />
            }
            <ToastList toasts={console.toasts.shown.clone()} on_dismiss={dismiss} {on_undo} />
        </div>
    }
}

fn page(route: &Route, environment: &str) -> Html {
    // A draft of one environment is nothing in another.
    let of = |key: &str| format!("{environment}/{key}");
    let environment = AttrValue::from(environment.to_owned());
    match route.clone() {
        Route::Flags { .. } => html! { <pages::Flags {environment} /> },
        Route::Flag { key, .. } => html! { <pages::Flag {environment} key={key.clone()} flag={key.clone()} /> },
        Route::Edit { key, .. } => {
            html! { <pages::Edit key={of(&key)} {environment} flag={key.clone()} /> }
        }
        Route::Create { .. } => html! { <pages::Create key={of("")} {environment} /> },
        Route::Kill { key, .. } => html! { <pages::Kill {environment} key={key.clone()} flag={key.clone()} /> },
        Route::Kills { .. } => html! { <pages::Kills {environment} /> },
        Route::LiveKill { id, .. } => html! { <pages::LiveKill {environment} key={id.clone()} id={id.clone()} /> },
        Route::Proposals { .. } => html! { <pages::Proposals {environment} /> },
        Route::Proposal { id, .. } => html! { <pages::Proposal {environment} key={id.clone()} id={id.clone()} /> },
        Route::Rollouts { .. } => html! { <pages::Rollouts {environment} /> },
        Route::Rollout { id, .. } => html! { <pages::Rollout {environment} key={id.clone()} id={id.clone()} /> },
        Route::Releases { .. } => html! { <pages::Releases {environment} /> },
        Route::Release { key, .. } => {
            html! { <pages::Release {environment} key={key.clone()} release={key.clone()} /> }
        }
        Route::Run { id, .. } => html! { <pages::Run {environment} key={id.clone()} id={id.clone()} /> },
        Route::Drills { .. } => html! { <pages::Drills {environment} /> },
        Route::Drill { id, .. } => html! { <pages::Drill {environment} key={id.clone()} id={id.clone()} /> },
        Route::Fleet { .. } => html! { <pages::Fleet {environment} /> },
        Route::People { .. } => html! { <pages::People {environment} /> },
        Route::Chart { .. } => html! { <pages::Chart {environment} /> },
        Route::Xray { .. } => html! { <pages::Xray {environment} /> },
        Route::Segments { .. } => html! { <pages::Segments {environment} /> },
        Route::Segment { key, .. } => {
            html! { <pages::Segment key={of(&key)} {environment} segment={key.clone()} /> }
        }
        Route::Tenants { .. } => html! { <pages::Tenants {environment} /> },
        Route::Tenant { name, .. } => {
            html! { <pages::Tenant key={of(&name)} {environment} tenant={name.clone()} /> }
        }
        Route::Regions { .. } => html! { <pages::Regions key={of("")} {environment} /> },
        Route::Populations { .. } => html! { <pages::Populations {environment} /> },
        Route::Population { name, .. } => {
            html! { <pages::Population {environment} key={name.clone()} name={name.clone()} /> }
        }
        Route::Settings { .. } => html! { <pages::Settings key={of("")} {environment} part="policy" /> },
        Route::SettingsPart { part, .. } => html! { <pages::Settings key={of("")} {environment} {part} /> },
        Route::Start { .. } => html! { <pages::Start key={of("")} {environment} /> },
        Route::Home | Route::NotFound => {
            html! { <Empty title="There is no such page"><p>{ "The address leads nowhere." }</p></Empty> }
        }
    }
}

#[derive(Debug, Properties, PartialEq)]
struct LostProps {
    who: Whoami,
}

/// An address that names no environment of this person.
#[function_component]
fn Lost(props: &LostProps) -> Html {
    let actions = Route::first(&props.who.environments).map(|to| {
        html! { <Link<Route> to={to} classes="btn">{ "Go to the flags" }</Link<Route>> }
    });
    html! {
        <div class="card"><Empty title="Nothing is at this address" actions={actions.unwrap_or_default()}>
            <p>{ "The environment does not exist, or you may not see it." }</p>
        </Empty></div>
    }
}
