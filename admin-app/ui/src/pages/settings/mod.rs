//! Settings of the environment, and of this browser.

mod backup;
mod browser;
mod client_keys;
mod freeze;
mod policy;
mod signing_keys;

use crate::components::Missing;
use crate::hooks::use_document_title;
use crate::route::Route;
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
    ("policy", "Policy"),
    ("keys", "Signing keys"),
    ("clients", "Client keys"),
    ("backup", "Backups"),
    ("you", "This browser"),
];

#[function_component]
pub fn Settings(props: &SettingsProps) -> Html {
    let known = PARTS.iter().find(|(part, _)| *part == props.part);
    let (part, name) = known.copied().unwrap_or(("", "Nothing"));
    use_document_title(format!("{name}, settings of {}", props.environment));
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
            <div class="pagehead"><div class="grow"><h1>{ "Settings" }</h1><p>{ match part {
                "keys" => "What signs everything that clients get, and what they believe.",
                "clients" => "What pages, edges and servers ask with.",
                "backup" => "Copies of everything that the control plane keeps.",
                "you" => "Kept in this browser alone; nobody else is concerned.",
                "" => "Of this environment, and of this browser.",
                _ => "What this environment allows, and what it asks a second person about. A change of it is a change like any other: it stands in the chart.",
            } }</p></div></div>
            <nav class="tabs" aria-label="Settings">{ for PARTS.iter().map(tab) }</nav>
        </>
    };
    let body = match part {
        "keys" => html! { <SigningKeysPart environment={props.environment.clone()} /> },
        "clients" => html! { <ClientKeysPart environment={props.environment.clone()} /> },
        "backup" => html! { <Backup environment={props.environment.clone()} /> },
        "you" => html! { <Browser /> },
        "" => {
            let policy = Route::Settings { environment: environment() };
            let actions = html! { <Link<Route> to={policy} classes="btn">{ "Policy" }</Link<Route>> };
            html! { <Missing title={format!("There is no part {} of the settings", props.part)} text="Choose one of those above." {actions} /> }
        }
        _ => return html! { <PolicyPart environment={props.environment.clone()} {head} /> },
    };
    html! { <>{ head }{ body }</> }
}
