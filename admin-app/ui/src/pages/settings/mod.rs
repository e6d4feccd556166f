//! Settings of the environment, and of this browser.

mod backup;
mod browser;
mod client_keys;
mod freeze;
mod policy;
mod signing_keys;

use crate::components::Missing;
use crate::hooks::{use_document_title, use_in_sight};
use crate::route::Route;
use crate::words::text::settings as text;
use backup::Backup;
use browser::Browser;
use client_keys::ClientKeysPart;
use policy::PolicyPart;
use signing_keys::SigningKeysPart;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct SettingsProps {
    pub environment: AttrValue,
    /// As in the address.
    pub part: String,
}

/// Each part with its name.
const PARTS: [(&str, &str); 5] = [
    ("policy", text::POLICY),
    ("keys", text::SIGNING_KEYS),
    ("clients", text::CLIENT_KEYS),
    ("backup", text::BACKUPS),
    ("you", text::THIS_BROWSER),
];

#[function_component]
pub fn Settings(props: &SettingsProps) -> Html {
    let known = PARTS.iter().find(|(part, _)| *part == props.part);
    let (part, name) = known.copied().unwrap_or(("", text::NOTHING));
    use_document_title(text::name_settings_of_environment(&name, &props.environment));
    let tabs = use_node_ref();
    use_in_sight(&tabs, part);
    let environment = || props.environment.to_string();
    let tab = |(each, name): &(&'static str, &'static str)| {
        let to = match *each {
            "policy" => Route::Settings { environment: environment() },
            other => Route::SettingsPart { environment: environment(), part: other.to_owned() },
        };
        html! { <Link<Route> key={*each} {to}><span aria-current={(*each == part).then_some("page")} data-test={format!("settings-{each}")}>{ *name }</span></Link<Route>> }
    };
    let head = html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ text::SETTINGS }</h1><p>{ match part {
                "keys" => text::WHAT_SIGNS_EVERYTHING_THAT_CLIENTS_GET,
                "clients" => text::WHAT_PAGES_EDGES_AND_SERVERS_ASK,
                "backup" => text::COPIES_OF_EVERYTHING_THAT_THE_CONTROL,
                "you" => text::KEPT_IN_THIS_BROWSER_ALONE_NOBODY,
                "" => text::OF_THIS_ENVIRONMENT_AND_OF_THIS,
                _ => text::WHAT_THIS_ENVIRONMENT_ALLOWS_AND_WHAT,
            } }</p></div></div>
            <nav class="tabs" ref={tabs} aria-label={text::SETTINGS}>{ for PARTS.iter().map(tab) }</nav>
        </>
    };
    let body = match part {
        "keys" => html! { <SigningKeysPart environment={props.environment.clone()} /> },
        "clients" => html! { <ClientKeysPart environment={props.environment.clone()} /> },
        "backup" => html! { <Backup environment={props.environment.clone()} /> },
        "you" => html! { <Browser /> },
        "" => {
            let policy = Route::Settings { environment: environment() };
            let actions = html! { <Link<Route> to={policy} classes="btn">{ text::POLICY }</Link<Route>> };
            html! { <Missing title={text::there_is_no_part_of_the(&props.part)} text={text::CHOOSE_ONE_OF_THOSE_ABOVE} {actions} /> }
        }
        _ => return html! { <PolicyPart environment={props.environment.clone()} {head} /> },
    };
    html! { <>{ head }{ body }</> }
}
