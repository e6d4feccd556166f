use crate::components::Icon;
use crate::hooks::{clock, use_console, use_history};
use crate::state::history::Part;
use crate::state::live::Connection;
use crate::state::toasts::Tone;
use crate::words::number::{count, counted};
use crate::words::time::{day, parse};
use downhaul_control::api::FlagSummary;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ReadyProps {
    pub environment: AttrValue,
    pub flag: FlagSummary,
    /// The same kill for a shell.
    pub command: String,
}

/// Beside the control: who will hear it, and what to do when this page fails.
#[function_component]
pub fn Ready(props: &ReadyProps) -> Html {
    let console = use_console();
    let fleet = console.live.fleet.ready().cloned();
    let open = console.live.connection == Connection::Open;
    html! {
        <aside class="stack l">
            <section class="card divide">
                <header><h2>{ "Ready to pull" }</h2>
                    if open { <span class="chip ok end"><Icon name="check" />{ "connected" }</span> }
                    else { <span class="chip warn end"><Icon name="offline" />{ "not connected" }</span> }
                </header>
                if let Some(fleet) = fleet {
                    <div class="ready"><Icon name={if fleet.live > 0 { "check" } else { "alert" }} class={if fleet.live > 0 { "good" } else { "soft" }} />
                        <span><b>{ counted(fleet.live, "client", "clients") }</b>{ if fleet.live == 1 { " hears this server" } else { " hear this server" } }</span>
                        <small>{ format!("{} on edge or server keys, {} in browsers.", count(fleet.trusted as u64), count(fleet.claimed as u64)) }</small>
                    </div>
                    if fleet.unknown > 0 {
                        <div class="ready"><Icon name="clock" class="soft" />
                            <span><b>{ count(fleet.unknown as u64) }</b>{ if fleet.unknown == 1 { " is silent" } else { " are silent" } }</span>
                            <small>{ "They hear of the kill when they come back." }</small>
                        </div>
                    }
                    if fleet.hidden > 0 {
                        <div class="ready"><Icon name="clock" class="soft" />
                            <span><b>{ count(fleet.hidden as u64) }</b>{ if fleet.hidden == 1 { " is asleep" } else { " are asleep" } }</span>
                            <small>{ "Hidden pages; they degrade before their next read." }</small>
                        </div>
                    }
                } else { <div class="pad"><i class="skel w-80"></i></div> }
                <div class="ready"><Icon name="undo" class="good" />
                    <span>{ "Restore is one key and a reason" }</span>
                    <small>{ "It gives everyone back what the rules say, at once." }</small>
                </div>
            </section>
            <section class="card">
                <header><h2>{ "If this page can’t reach the server" }</h2></header>
                <div class="pad stack">
                    <p class="small muted">{ "The same kill from a shell on the server:" }</p>
                    <Command command={props.command.clone()} />
                </div>
            </section>
            <Before flag={props.flag.key.clone()} />
        </aside>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct CommandProps {
    command: String,
}

#[function_component]
fn Command(props: &CommandProps) -> Html {
    let console = use_console();
    let copy = {
        let command = props.command.clone();
        Callback::from(move |_: MouseEvent| {
            let (console, command) = (console.clone(), command.clone());
            spawn_local(async move {
                let Some(window) = web_sys::window() else { return };
                let copied = JsFuture::from(window.navigator().clipboard().write_text(&command)).await.is_ok();
                if copied {
                    console.toast(Tone::Ok, "Command copied".to_owned(), String::new());
                } else {
                    console.toast(
                        Tone::Warn,
                        "The browser did not allow copying".to_owned(),
                        "Select the text instead.".to_owned(),
                    );
                }
            });
        })
    };
    html! {
        <div class="cmd"><code>{ &props.command }</code>
            <button class="iconbtn" aria-label="Copy command" onclick={copy}><Icon name="copy" small=true /></button>
        </div>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct BeforeProps {
    flag: String,
}

#[function_component]
fn Before(props: &BeforeProps) -> Html {
    let (history, _) = use_history(Part::of_flag(props.flag.clone()), 50);
    let (now, offset) = (clock::now(), clock::offset());
    let kills: Vec<_> = history.changes.iter().filter(|change| change.kind == "kill").take(5).cloned().collect();
    html! {
        <section class="card">
            <header><h2>{ "Killed before" }</h2></header>
            if kills.is_empty() {
                <p class="pad small muted">{ if history.is_loaded { "Not among its last changes" } else { "Reading the chart" } }</p>
            } else {
                <dl class="pad dl small">
                    { for kills.iter().map(|change| html! {
                        <><dt>{ parse(&change.at).map(|at| day(at, now, offset)) }</dt><dd>{ &change.reason }</dd></>
                    }) }
                </dl>
            }
        </section>
    }
}
