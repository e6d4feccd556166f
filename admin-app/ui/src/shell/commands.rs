use super::theme;
use crate::components::{Entry, Palette};
use crate::hooks::use_console;
use crate::route::Route;
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

/// Flags, pages, kills and commands. A kill command opens the kill control and does no more.
#[function_component]
pub fn CommandPalette(props: &CommandPaletteProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let mut targets = Vec::new();
    let mut entries = Vec::new();
    let mut add = |group, icon, title: String, hint: String, target| {
        entries.push(Entry { group, icon, title, hint, id: targets.len() });
        targets.push(target);
    };
    if let Some(environment) = &props.environment {
        let environment = || environment.clone();
        let flags = console.live.flags.ready();
        let flags = flags.iter().flat_map(|page| page.flags.iter());
        for flag in flags.clone() {
            let route = Route::Flag { environment: environment(), key: flag.key.clone() };
            add("Flags", "flag", flag.key.clone(), flag.description.clone(), Target::Go(route));
        }
        for (icon, name, route) in [
            ("flag", "Flags", Route::Flags { environment: environment() }),
            ("kill", "Kills in force", Route::Kills { environment: environment() }),
            ("inbox", "Proposals", Route::Proposals { environment: environment() }),
            ("rollout", "Rollouts", Route::Rollouts { environment: environment() }),
            ("release", "Releases", Route::Releases { environment: environment() }),
            ("drill", "Drills", Route::Drills { environment: environment() }),
            ("fleet", "Fleet", Route::Fleet { environment: environment() }),
            ("segment", "People and tokens", Route::People { environment: environment() }),
            ("chart", "Chart", Route::Chart { environment: environment() }),
            ("xray", "X-ray", Route::Xray { environment: environment() }),
        ] {
            add("Pages", icon, name.to_owned(), String::new(), Target::Go(route));
        }
        for kill in console.live.kills.ready().iter().flat_map(|page| page.kills.iter()) {
            let route = Route::LiveKill { environment: environment(), id: kill.id.clone() };
            add("Kills", "undo", format!("Restore {}…", kill.flag), kill.scope_text.clone(), Target::Go(route));
        }
        let create = Route::Create { environment: environment() };
        add("Commands", "plus", "New flag".to_owned(), "opens the editor".to_owned(), Target::Go(create));
        for flag in flags.clone() {
            let route = Route::Edit { environment: environment(), key: flag.key.clone() };
            add("Commands", "flag", format!("Edit {}", flag.key), "opens the editor".to_owned(), Target::Go(route));
        }
        for flag in flags {
            let route = Route::Kill { environment: environment(), key: flag.key.clone() };
            add(
                "Commands",
                "kill",
                format!("Kill {}…", flag.key),
                "opens the kill control".to_owned(),
                Target::Go(route),
            );
        }
    }
    add("Commands", "theme", "Switch light and dark".to_owned(), String::new(), Target::Theme);
    for other in props.who.environments.iter().filter(|each| Some(*each) != props.environment.as_ref()) {
        let route = props.route.in_environment(other);
        add("Environments", "right", format!("Go to {other}"), String::new(), Target::Go(route));
    }
    let on_choose = {
        let close = props.on_close.clone();
        Callback::from(move |id: usize| {
            close.emit(());
            match targets.get(id) {
                Some(Target::Go(route)) => {
                    if let Some(navigator) = &navigator {
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
