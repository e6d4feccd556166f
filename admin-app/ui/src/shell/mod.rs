//! What stands around every page: environment, navigation with the kills in force, palette, toasts.

mod banner;
mod commands;
mod company;
mod found;
mod nav;
pub mod theme;
mod topbar;
mod undo;

use crate::backend::Order;
use crate::components::{Missing, ToastList};
use crate::hooks::{Key, use_console, use_environment, use_keys, use_orders, use_presence};
use crate::pages;
use crate::route::Route;
use crate::state::toasts;
use crate::words::text::shell as text;
use banner::ConnectionBanner;
use commands::CommandPalette;
use company::Company;
use downhaul_control::api::Whoami;
use downhaul_yew::use_flag;
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
    let palette = use_state(|| None::<&'static str>);
    let known = route.environment().filter(|each| props.who.environments.iter().any(|known| known == each));
    use_environment(&console, known.map(str::to_owned));
    let has_company = use_flag("console.presence", true);
    use_presence(&console, &route, known.filter(|_| has_company).map(str::to_owned));
    pages::use_rest();
    {
        let navigator = use_navigator();
        let (palette, route) = (palette.clone(), route.clone());
        use_keys(move |key: &Key| {
            if key.is_kill() {
                open_kill(&route, navigator.as_ref(), &palette);
                return true;
            }
            let opens = key.command && key.key == "k";
            if opens {
                palette.set(if palette.is_some() { None } else { Some("") });
            }
            opens
        });
    }
    {
        let (palette, route) = (palette.clone(), route.clone());
        let navigator = use_navigator();
        let reporting = console.clone();
        use_orders(&console, move |order| {
            let to = match &order {
                Order::Say { title, detail } => {
                    reporting.toast(toasts::Tone::Warn, title.clone(), detail.clone());
                    return;
                }
                Order::Kill => None,
                Order::Go(path) => {
                    let (path, place) = path.split_once('#').unwrap_or((path, ""));
                    Route::recognize(path).map(|to| (to, place))
                }
            };
            match (to, &navigator) {
                (Some((to, place)), Some(navigator)) => {
                    navigator.push(&to);
                    go_within(place);
                }
                _ => open_kill(&route, navigator.as_ref(), &palette),
            }
        });
    }
    let on_undo = undo::use_undo(&console, &route);
    if route == Route::Home {
        return match Route::first(&props.who.environments) {
            Some(first) => html! { <Redirect<Route> to={first} /> },
            None => {
                html! { <main class="boot">{ text::THERE_IS_NO_ENVIRONMENT_YET_START }</main> }
            }
        };
    }
    let environment = known.map(str::to_owned);
    let toggle = {
        let palette = palette.clone();
        Callback::from(move |open: Option<&'static str>| palette.set(open))
    };
    let dismiss = {
        let toasts = console.toasts.dispatcher();
        Callback::from(move |id| toasts.dispatch(toasts::Action::Dismiss(id)))
    };
    let page = match &environment {
        Some(environment) => pages::draw(&route, environment),
        None => html! { <Lost who={props.who.clone()} named={route.environment().map(str::to_owned)} /> },
    };
    html! {
        <div class="app" data-env={environment.clone()}>
            <a class="skip" href="#main">{ text::SKIP_TO_CONTENT }</a>
            <TopBar who={props.who.clone()} route={route.clone()} environment={environment.clone()} on_palette={toggle.reform(|()| Some(""))} />
            <Nav route={route.clone()} environment={environment.clone()} />
            <main id="main" tabindex="-1"><div class="wrap">
                <ConnectionBanner />
                if let Some(environment) = environment.as_deref().filter(|_| console.live.alarms.unattended > 0) { { pages::alarms(environment) } }
                { company(&route, environment.as_deref().filter(|_| has_company)) }
                { page }
            </div></main>
            <TabBar route={route.clone()} environment={environment.clone()} />
            if let Some(query) = *palette {
                <CommandPalette key={query} {query} who={props.who.clone()} route={route} environment={environment} on_close={toggle.reform(|()| None)} />
            }
            <ToastList toasts={console.toasts.shown.clone()} on_dismiss={dismiss} {on_undo} />
        </div>
    }
}

/// The kill control of the flag that is looked at, or of the row that has the cursor; else of one that is to be chosen.
fn open_kill(route: &Route, navigator: Option<&Navigator>, palette: &UseStateHandle<Option<&'static str>>) {
    match (route.kill_control().or_else(kill_of_row), navigator) {
        (Some(to), Some(navigator)) => navigator.push(&to),
        _ => palette.set(Some(text::KILL_CONTROL)),
    }
}

/// Goes to a place within a page, such as `rule-3`; the page hears of it as of a click on a link.
fn go_within(place: &str) {
    if let (false, Some(window)) = (place.is_empty(), web_sys::window()) {
        // Where the browser refuses, the page is there all the same.
        let _ = window.location().set_hash(place);
    }
}

fn kill_of_row() -> Option<Route> {
    let document = web_sys::window()?.document()?;
    let way = document.query_selector("main tr.is-focus .c-act a").ok()??;
    Route::recognize(&way.get_attribute("href")?)
}

/// Others at the flag that is shown.
fn company(route: &Route, environment: Option<&str>) -> Html {
    let (Route::Flag { key, .. } | Route::Edit { key, .. } | Route::Kill { key, .. }, Some(environment)) =
        (route, environment)
    else {
        return Html::default();
    };
    let tells_news = matches!(route, Route::Edit { .. });
    html! { <Company key={format!("{environment}/{key}")} environment={environment.to_owned()} flag={key.clone()} {tells_news} /> }
}

#[derive(Debug, Properties, PartialEq)]
struct LostProps {
    who: Whoami,
    /// The environment that the address names.
    named: Option<String>,
}

/// An address that names no environment of this person.
#[function_component]
fn Lost(props: &LostProps) -> Html {
    let known = props.who.environments.as_slice();
    let to = |environment: &String| Route::Flags { environment: environment.clone() };
    let (title, text) = match &props.named {
        Some(named) => {
            let there = if known.len() == 1 { text::THERE_IS } else { text::THERE_ARE };
            (text::there_is_no_environment(&named), text::or_you_may_not_see_it(&there))
        }
        None => (text::NOTHING_IS_AT_THIS_ADDRESS.to_owned(), text::GO_ON_WITH.to_owned()),
    };
    let actions = known
        .iter()
        .map(|each| html! { <Link<Route> key={each.clone()} to={to(each)} classes="btn">{ text::flags_of(each) }</Link<Route>> });
    html! { <Missing {title} {text} actions={actions.collect::<Html>()} is_page=true /> }
}
