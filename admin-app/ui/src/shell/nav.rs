use crate::components::{Icon, Sign};
use crate::hooks::{Console, use_console};
use crate::route::{Route, XrayQuery};
use crate::words::number::count;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct NavProps {
    pub route: Route,
    pub environment: Option<String>,
}

/// Pages, and at its foot what is in effect: the kills are in sight on every screen.
#[function_component]
pub fn Nav(props: &NavProps) -> Html {
    let console = use_console();
    let Some(environment) = props.environment.clone() else {
        return html! { <nav class="nav" aria-label="Main"></nav> };
    };
    let flags = console.live.flags.ready().map(|page| count(page.flags.len() as u64));
    let (lit, silent) = console.live.fleet.ready().map_or((0, 0), |fleet| (fleet.live, fleet.unknown));
    html! {
        <nav class="nav" aria-label="Main">
            { for pages(&environment).into_iter().map(|page| html! {
                <NavLink here={page.section == section(&props.route)} page={page.clone()} count={(page.section == Section::Flags).then(|| flags.clone()).flatten()} />
            }) }
            <div class="aloft">
                <h2>{ format!("In effect in {environment}") }</h2>
                <Link<Route> to={Route::Kills { environment: environment.clone() }}>
                    <Sign name="kill" />{ "Kills" }<b data-test="kills-in-force">{ count(console.live.kill_count() as u64) }</b>
                </Link<Route>>
                <p><Icon name="fleet" small=true />{ "Clients live" }<b>{ count(lit as u64) }</b></p>
                <p><Icon name="clock" small=true />{ "Silent clients" }<b>{ count(silent as u64) }</b></p>
            </div>
        </nav>
    }
}

/// The same at the foot of a narrow screen.
#[function_component]
pub fn TabBar(props: &NavProps) -> Html {
    let console = use_console();
    let Some(environment) = props.environment.clone() else { return Html::default() };
    html! {
        <nav class="tabbar" aria-label="Main, narrow">
            { for pages(&environment).into_iter().map(|page| html! {
                <NavLink here={page.section == section(&props.route)} page={page} narrow=true />
            }) }
            <Link<Route> to={Route::Kills { environment }} classes={classes!((console.live.kill_count() > 0).then_some("aloft-tab"))}>
                <Sign name="kill" /><span>{ killed(&console) }</span>
            </Link<Route>>
        </nav>
    }
}

fn killed(console: &Console) -> String {
    match console.live.kill_count() {
        0 => "No kills".to_owned(),
        kills => format!("{} killed", count(kills as u64)),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Flags,
    Kills,
    Chart,
    Xray,
}

fn section(route: &Route) -> Section {
    match route {
        Route::Kills { .. } | Route::LiveKill { .. } => Section::Kills,
        Route::Chart { .. } => Section::Chart,
        Route::Xray { .. } => Section::Xray,
        Route::Home
        | Route::Flags { .. }
        | Route::Flag { .. }
        | Route::Edit { .. }
        | Route::Create { .. }
        | Route::Kill { .. }
        | Route::NotFound => Section::Flags,
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Page {
    section: Section,
    icon: &'static str,
    name: &'static str,
    route: Route,
}

fn pages(environment: &str) -> [Page; 3] {
    let environment = || environment.to_owned();
    [
        Page {
            section: Section::Flags,
            icon: "flag",
            name: "Flags",
            route: Route::Flags { environment: environment() },
        },
        Page {
            section: Section::Chart,
            icon: "chart",
            name: "Chart",
            route: Route::Chart { environment: environment() },
        },
        Page { section: Section::Xray, icon: "xray", name: "X-ray", route: Route::Xray { environment: environment() } },
    ]
}

#[derive(Debug, Properties, PartialEq)]
struct NavLinkProps {
    page: Page,
    here: bool,
    #[prop_or_default]
    narrow: bool,
    #[prop_or_default]
    count: Option<String>,
}

/// A link of the router cannot say `aria-current`, so it is made here.
#[function_component]
fn NavLink(props: &NavLinkProps) -> Html {
    let navigator = use_navigator();
    let to = props.page.route.clone();
    let go = {
        let to = to.clone();
        Callback::from(move |event: MouseEvent| {
            let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key() || event.button() != 0;
            if let (Some(navigator), false) = (&navigator, elsewhere) {
                event.prevent_default();
                // Without a query of the page that is left.
                let _ = navigator.push_with_query(&to, &XrayQuery::default());
            }
        })
    };
    html! {
        <a href={to.to_path()} onclick={go} aria-current={props.here.then_some("page")}>
            <Icon name={props.page.icon} />
            if props.narrow { <span>{ props.page.name }</span> } else { { props.page.name } }
            if let Some(count) = &props.count { <span class="count">{ count }</span> }
        </a>
    }
}
