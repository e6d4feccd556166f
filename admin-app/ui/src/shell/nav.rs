use crate::components::{Icon, Sign};
use crate::hooks::{Console, use_console};
use crate::route::{Route, XrayQuery};
use crate::words::number::{count, or_dash};
use crate::words::text::common;
use crate::words::text::shell as text;
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
    let Some(environment) = props.environment.clone() else { return Html::default() };
    let flags = console.live.flags.ready().map(|page| count(page.flags.len() as u64));
    let waiting = match console.waiting_for_me() {
        0 => None,
        waiting => Some(count(waiting as u64)),
    };
    let unattended = match console.live.alarms.unattended {
        0 => None,
        unattended => Some(count(unattended as u64)),
    };
    let number = |section| match section {
        Section::Flags => flags.clone(),
        Section::Proposals => waiting.clone(),
        Section::Alarms => unattended.clone(),
        Section::Kills
        | Section::Guards
        | Section::Rollouts
        | Section::Releases
        | Section::Drills
        | Section::Fleet
        | Section::People
        | Section::Chart
        | Section::Audience
        | Section::Populations
        | Section::Settings
        | Section::Xray => None,
    };
    let (lit, silent) = console.live.fleet.ready().map(|fleet| (fleet.live, fleet.unknown)).unzip();
    html! {
        <nav class="nav" aria-label={text::MAIN}>
            { for pages(&environment).into_iter().map(|page| html! {
                <NavLink here={page.section == section(&props.route)} count={number(page.section)} page={page} />
            }) }
            <div class="aloft">
                <h2>{ text::in_effect_in(&environment) }</h2>
                <Link<Route> to={Route::Kills { environment: environment.clone() }}>
                    <Sign name="kill" />{ common::KILLS }<b data-test="kills-in-force">{ or_dash(console.live.kill_count(), count) }</b>
                </Link<Route>>
                <Link<Route> to={Route::Fleet { environment: environment.clone() }}>
                    <Sign name="degraded" />{ text::BREAKERS_OPEN }<b data-test="breakers-open">{ or_dash(console.live.open_breakers.as_ref(), |open| count(open.len() as u64)) }</b>
                </Link<Route>>
                <Link<Route> to={Route::Fleet { environment: environment.clone() }}><Icon name="fleet" small=true />{ text::CLIENTS_LIVE }<b>{ or_dash(lit, count) }</b></Link<Route>>
                <Link<Route> to={Route::Fleet { environment }}><Icon name="clock" small=true />{ text::SILENT_CLIENTS }<b>{ or_dash(silent, count) }</b></Link<Route>>
            </div>
        </nav>
    }
}

/// The same at the foot of a narrow screen; what has no room stands under *More*.
#[function_component]
pub fn TabBar(props: &NavProps) -> Html {
    let console = use_console();
    let Some(environment) = props.environment.clone() else { return Html::default() };
    let here = section(&props.route);
    let (tabs, more): (Vec<Page>, Vec<Page>) = pages(&environment).into_iter().partition(|page| page.is_tab);
    let is_more = more.iter().any(|page| page.section == here);
    html! {
        <nav class="tabbar" aria-label={text::MAIN_NARROW}>
            { for tabs.into_iter().map(|page| html! { <NavLink here={page.section == here} page={page} narrow=true /> }) }
            // Another page closes it.
            <details class="more-tab" key={props.route.to_path()}>
                <summary aria-current={is_more.then_some("page")}><Icon name="more" /><span>{ text::MORE }</span></summary>
                <div class="menu">{ for more.into_iter().map(|page| html! { <NavLink here={page.section == here} page={page} /> }) }</div>
            </details>
            <Link<Route> to={Route::Kills { environment }} classes={classes!((console.live.kill_count() > Some(0)).then_some("aloft-tab"))}>
                <Sign name="kill" /><span>{ killed(&console) }</span>
            </Link<Route>>
        </nav>
    }
}

fn killed(console: &Console) -> String {
    match console.live.kill_count() {
        None => common::KILLS.to_owned(),
        Some(0) => text::NO_KILLS.to_owned(),
        Some(kills) => text::count_killed(&count(kills as u64)),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Flags,
    Proposals,
    Kills,
    Guards,
    Alarms,
    Rollouts,
    Releases,
    Drills,
    Fleet,
    People,
    Chart,
    Xray,
    Audience,
    Populations,
    Settings,
}

fn section(route: &Route) -> Section {
    match route {
        Route::Kills { .. } | Route::LiveKill { .. } => Section::Kills,
        Route::Proposals { .. } | Route::Proposal { .. } => Section::Proposals,
        Route::Guards { .. } => Section::Guards,
        Route::Alarms { .. } => Section::Alarms,
        Route::Rollouts { .. } | Route::Rollout { .. } => Section::Rollouts,
        Route::Releases { .. } | Route::Release { .. } | Route::Run { .. } => Section::Releases,
        Route::Drills { .. } | Route::Drill { .. } => Section::Drills,
        Route::Fleet { .. } => Section::Fleet,
        Route::People { .. } => Section::People,
        Route::Chart { .. } | Route::ChartEntry { .. } => Section::Chart,
        Route::Xray { .. } => Section::Xray,
        Route::Segments { .. }
        | Route::Segment { .. }
        | Route::Tenants { .. }
        | Route::Tenant { .. }
        | Route::Regions { .. } => Section::Audience,
        Route::Populations { .. } | Route::Population { .. } => Section::Populations,
        Route::Settings { .. } | Route::SettingsPart { .. } => Section::Settings,
        Route::Home
        | Route::Flags { .. }
        | Route::Flag { .. }
        | Route::Edit { .. }
        | Route::Create { .. }
        | Route::Copy { .. }
        | Route::Kill { .. }
        | Route::Start { .. }
        | Route::NotFound => Section::Flags,
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Page {
    section: Section,
    icon: &'static str,
    name: &'static str,
    route: Route,
    /// On a narrow screen it has a tab of its own.
    is_tab: bool,
}

fn pages(environment: &str) -> Vec<Page> {
    let environment = || environment.to_owned();
    let page = |section, icon, name, route, is_tab| Page { section, icon, name, route, is_tab };
    vec![
        page(Section::Flags, "flag", common::FLAGS_HEAD, Route::Flags { environment: environment() }, true),
        page(Section::Proposals, "inbox", text::PROPOSALS, Route::Proposals { environment: environment() }, true),
        page(Section::Rollouts, "rollout", text::ROLLOUTS, Route::Rollouts { environment: environment() }, false),
        page(Section::Alarms, "alert", text::ALARMS, Route::Alarms { environment: environment() }, false),
        page(Section::Guards, "shield", text::GUARDS, Route::Guards { environment: environment() }, false),
        page(Section::Releases, "release", common::RELEASES, Route::Releases { environment: environment() }, true),
        page(Section::Drills, "drill", text::DRILLS, Route::Drills { environment: environment() }, false),
        page(Section::Fleet, "fleet", text::FLEET, Route::Fleet { environment: environment() }, false),
        page(Section::Chart, "chart", common::CHART, Route::Chart { environment: environment() }, true),
        page(Section::Xray, "xray", "X-ray", Route::Xray { environment: environment() }, false),
        page(Section::Audience, "tenant", common::SEGMENTS, Route::Segments { environment: environment() }, false),
        page(
            Section::Populations,
            "people",
            text::POPULATIONS,
            Route::Populations { environment: environment() },
            false,
        ),
        page(Section::People, "segment", text::PEOPLE, Route::People { environment: environment() }, false),
        page(Section::Settings, "settings", text::SETTINGS, Route::Settings { environment: environment() }, false),
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
    let foresee = {
        let to = to.clone();
        move || crate::pages::foresee(&to)
    };
    let on_focus = foresee.clone();
    html! {
        <a href={to.to_path()} onclick={go} onpointerenter={move |_: PointerEvent| foresee()} onfocus={move |_: FocusEvent| on_focus()} aria-current={props.here.then_some("page")}>
            <Icon name={props.page.icon} />
            if props.narrow { <span>{ props.page.name }</span> } else { { props.page.name } }
            if let Some(count) = &props.count { <span class="count">{ count }</span> }
        </a>
    }
}
