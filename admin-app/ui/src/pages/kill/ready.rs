use crate::components::{Command, FailureCard, Icon};
use crate::hooks::{clock, use_console, use_history};
use crate::pages::later::{Patient, Wanted};
use crate::state::history::Part;
use crate::state::live::{Connection, Slot};
use crate::words::number::{count, counted};
use crate::words::text::kill as text;
use crate::words::time::{day, parse};
use downhaul_control::api::FlagSummary;
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
    let is_lost = matches!(console.live.connection, Connection::Lost { .. });
    html! {
        <aside class="stack l">
            <section class="card divide">
                <header><h2>{ text::READY_TO_PULL }</h2>
                    if open { <span class="chip ok end"><Icon name="check" />{ text::CONNECTED }</span> }
                    else { <span class="chip warn end"><Icon name="offline" />{ text::NOT_CONNECTED }</span> }
                </header>
                if let Some(fleet) = fleet {
                    <div class="ready"><Icon name={match (open, fleet.live) { (false, _) => "clock", (true, 0) => "alert", (true, _) => "check" }} class={if open && fleet.live > 0 { "good" } else { "soft" }} />
                        <span><b>{ counted(fleet.live, text::CLIENT, text::CLIENTS) }</b>{ if fleet.live == 1 { text::HEARS_THIS_SERVER } else { text::HEAR_THIS_SERVER } }</span>
                        <small>{ text::on_edge_or_server_keys_in(&count(fleet.trusted as u64), &count(fleet.claimed as u64)) }if is_lost { { text::AS_IT_WAS_WHEN_THE_CONNECTION } }</small>
                    </div>
                    if fleet.unknown > 0 {
                        <div class="ready"><Icon name="clock" class="soft" />
                            <span><b>{ count(fleet.unknown as u64) }</b>{ if fleet.unknown == 1 { text::IS_SILENT } else { text::ARE_SILENT } }</span>
                            <small>{ text::THEY_HEAR_OF_THE_KILL_WHEN }</small>
                        </div>
                    }
                    if fleet.hidden > 0 {
                        <div class="ready"><Icon name="clock" class="soft" />
                            <span><b>{ count(fleet.hidden as u64) }</b>{ if fleet.hidden == 1 { text::IS_ASLEEP } else { text::ARE_ASLEEP } }</span>
                            <small>{ text::HIDDEN_PAGES_THEY_DEGRADE_BEFORE_THEIR }</small>
                        </div>
                    }
                } else if let Slot::Failed(failure) = &console.live.fleet { <div class="pad"><FailureCard is_line=true failure={failure.clone()} what={text::THE_FLEET} /></div> }
                else { <div class="pad"><i class="skel w-80"></i></div> }
                <Patient environment={props.environment.clone()} wanted={Wanted::Proven { flag: props.flag.key.clone() }} after_ms=1_000 />
                <div class="ready"><Icon name="undo" class="good" />
                    <span>{ text::RESTORE_IS_ONE_KEY_AND_A }</span>
                    <small>{ text::IT_GIVES_EVERYONE_BACK_WHAT_THE }</small>
                </div>
            </section>
            <section class="card">
                <header><h2>{ text::IF_THIS_PAGE_CANT_REACH_THE }</h2></header>
                <div class="pad stack">
                    <p class="small muted">{ text::THE_SAME_KILL_FROM_A_SHELL }</p>
                    <Command command={props.command.clone()} />
                </div>
            </section>
            <Before flag={props.flag.key.clone()} />
        </aside>
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
            <header><h2>{ text::KILLED_BEFORE }</h2></header>
            if let (Some(failure), false) = (&history.failure, history.is_loaded) {
                <div class="pad"><FailureCard is_line=true failure={failure.clone()} what={text::THE_CHART} /></div>
            } else if kills.is_empty() {
                <p class="pad small muted">{ if history.is_loaded { text::NO_KILL_AMONG_ITS_LAST_CHANGES } else { text::READING_THE_CHART } }</p>
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
