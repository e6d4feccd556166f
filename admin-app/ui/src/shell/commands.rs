use super::{found, theme};
use crate::components::{Entry, Palette};
use crate::hooks::{may_leave, use_asked, use_console};
use crate::route::Route;
use crate::words::change::plain;
use crate::words::number::count;
use crate::words::text::common;
use crate::words::text::shell as text;
use downhaul_control::api::Whoami;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct CommandPaletteProps {
    pub who: Whoami,
    pub route: Route,
    pub environment: Option<String>,
    /// What is typed already.
    pub query: &'static str,
    pub on_close: Callback<()>,
}

#[derive(Debug, Clone, PartialEq)]
enum Target {
    Go(Route),
    Theme,
}

/// Flags, commands, changes, people, releases, rollouts and proposals. A kill command opens the kill control and does no more.
#[function_component]
pub fn CommandPalette(props: &CommandPaletteProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let here = props.environment.clone().unwrap_or_default();
    let (releases, _) = use_asked(found::releases(&here), 0);
    let (rollouts, _) = use_asked(found::rollouts(&here), 0);
    let (people, _) = use_asked(found::people(&here), 0);
    let (chart, _) = use_asked(found::chart(&here), 0);
    let mut targets = Vec::new();
    let mut entries = Vec::new();
    let mut add = |group, icon, title: String, hint: String, target| {
        entries.push(Entry { group, icon, title, hint, id: targets.len() });
        targets.push(target);
    };
    if let Some(environment) = &props.environment {
        let environment = || environment.clone();
        let settings = |part: &str| Route::SettingsPart { environment: environment(), part: part.to_owned() };
        let flags = console.live.flags.ready();
        let flags = flags.iter().flat_map(|page| page.flags.iter());
        for flag in flags.clone() {
            let route = Route::Flag { environment: environment(), key: flag.key.clone() };
            add(common::FLAGS_HEAD, "flag", flag.key.clone(), flag.description.clone(), Target::Go(route));
        }
        for (icon, name, route) in [
            ("flag", common::FLAGS_HEAD, Route::Flags { environment: environment() }),
            ("kill", text::KILLS_IN_FORCE, Route::Kills { environment: environment() }),
            ("inbox", text::PROPOSALS, Route::Proposals { environment: environment() }),
            ("rollout", text::ROLLOUTS, Route::Rollouts { environment: environment() }),
            ("alert", text::ALARMS, Route::Alarms { environment: environment() }),
            ("shield", text::GUARDS, Route::Guards { environment: environment() }),
            ("release", common::RELEASES, Route::Releases { environment: environment() }),
            ("drill", text::DRILLS, Route::Drills { environment: environment() }),
            ("fleet", text::FLEET, Route::Fleet { environment: environment() }),
            ("segment", text::PEOPLE_AND_TOKENS, Route::People { environment: environment() }),
            ("chart", common::CHART, Route::Chart { environment: environment() }),
            ("xray", "X-ray", Route::Xray { environment: environment() }),
            ("tenant", common::SEGMENTS, Route::Segments { environment: environment() }),
            ("tenant", common::TENANTS, Route::Tenants { environment: environment() }),
            ("tenant", common::REGIONS, Route::Regions { environment: environment() }),
            ("people", text::POPULATIONS, Route::Populations { environment: environment() }),
            ("settings", text::SETTINGS_POLICY, Route::Settings { environment: environment() }),
            ("key", text::SETTINGS_SIGNING_KEYS, settings("keys")),
            ("key", text::SETTINGS_CLIENT_KEYS, settings("clients")),
            ("settings", text::SETTINGS_BACKUPS, settings("backup")),
            ("user", text::SETTINGS_THIS_BROWSER, settings("you")),
            ("flag", common::FIRST_STEPS, Route::Start { environment: environment() }),
        ] {
            add(text::PAGES, icon, name.to_owned(), String::new(), Target::Go(route));
        }
        for kill in console.live.kills.ready().iter().flat_map(|page| page.kills.iter()) {
            let route = Route::LiveKill { environment: environment(), id: kill.id.clone() };
            add(common::KILLS, "undo", text::restore_flag(&kill.flag), kill.scope_text.clone(), Target::Go(route));
        }
        let create = Route::Create { environment: environment() };
        add(text::COMMANDS, "plus", common::NEW_FLAG.to_owned(), text::OPENS_THE_EDITOR.to_owned(), Target::Go(create));
        let copy = Route::Copy { environment: environment() };
        let hint = text::FROM_ANOTHER_ENVIRONMENT_WITH_A_PLAN.to_owned();
        add(text::COMMANDS, "copy", text::COPY_FLAGS.to_owned(), hint, Target::Go(copy));
        let start = Route::start_rollout(&environment());
        let hint = text::ONE_FLAG_STAGE_BY_STAGE.to_owned();
        add(text::COMMANDS, "rollout", common::START_A_ROLLOUT.to_owned(), hint, Target::Go(start));
        for flag in flags.clone() {
            let route = Route::Edit { environment: environment(), key: flag.key.clone() };
            add(
                text::COMMANDS,
                "flag",
                text::edit_key(&flag.key),
                text::OPENS_THE_EDITOR.to_owned(),
                Target::Go(route),
            );
        }
        for flag in flags {
            let route = Route::Kill { environment: environment(), key: flag.key.clone() };
            add(
                text::COMMANDS,
                "kill",
                text::kill_key(&flag.key),
                text::OPENS_THE_KILL_CONTROL.to_owned(),
                Target::Go(route),
            );
        }
        for release in releases.slot.ready().iter().flat_map(|page| &page.releases) {
            let route = Route::Release { environment: environment(), key: release.key.clone() };
            add(common::RELEASES, "release", release.key.clone(), String::new(), Target::Go(route));
        }
        for rollout in rollouts.slot.ready().iter().flat_map(|page| &page.rollouts) {
            let route = Route::Rollout { environment: environment(), id: rollout.id.clone() };
            add(text::ROLLOUTS, "rollout", text::rollout_of_flag(&rollout.flag), rollout.id.clone(), Target::Go(route));
        }
        for proposal in console.live.proposals.ready().iter().flat_map(|page| &page.proposals) {
            let route = Route::Proposal { environment: environment(), id: proposal.id.clone() };
            let hint = format!("{}, {}", proposal.status.as_str(), plain(&proposal.summary));
            add(text::PROPOSALS, "inbox", text::proposal_id(&proposal.id), hint, Target::Go(route));
        }
        for person in people.slot.ready().iter().flat_map(|page| &page.people) {
            let name = person.name.clone().unwrap_or_else(|| person.actor.clone());
            add(
                text::PEOPLE,
                "user",
                name,
                person.roles.join(", "),
                Target::Go(Route::People { environment: environment() }),
            );
        }
        for change in chart.slot.ready().iter().flat_map(|page| &page.changes) {
            let route = Route::ChartEntry { environment: environment(), revision: change.revision };
            let who = change.actor_name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            let title = text::revision_revision_plain(&count(change.revision), &plain(&change.summary));
            add(common::CHART, "chart", title, format!("{who}{}", change.reason), Target::Go(route));
        }
    }
    add(text::COMMANDS, "theme", text::SWITCH_LIGHT_AND_DARK.to_owned(), String::new(), Target::Theme);
    for other in props.who.environments.iter().filter(|each| Some(*each) != props.environment.as_ref()) {
        let route = props.route.in_environment(other);
        add(text::ENVIRONMENTS, "right", text::go_to_other(&other), String::new(), Target::Go(route));
    }
    let on_choose = {
        let close = props.on_close.clone();
        Callback::from(move |id: usize| {
            close.emit(());
            match targets.get(id) {
                Some(Target::Go(route)) => {
                    // What has a draft asks, and goes there itself.
                    if let (Some(navigator), true) = (&navigator, may_leave(route)) {
                        navigator.push(route);
                    }
                }
                Some(Target::Theme) => theme::switch(),
                None => {}
            }
        })
    };
    html! { <Palette {entries} query={props.query} {on_choose} on_close={props.on_close.clone()} /> }
}
