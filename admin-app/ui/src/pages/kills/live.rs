use super::restore::{RestoreFormProps, RestoredNote};
use super::stragglers::Stragglers;
use super::watch::{Regions, Watch};
use crate::components::{CardSkeleton, FailureCard, Icon, Missing, Sign};
use crate::hooks::{Key, clock, use_console, use_document_title, use_keys, use_kill};
use crate::pages::later::{Chunk, Later, Patient, Wanted};
use crate::route::Route;
use crate::words::kill;
use crate::words::number::count;
use crate::words::text::common;
use crate::words::text::kill as text;
use crate::words::time::{clock as clock_time, day, parse};
use downhaul_control::api::KillView;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct LiveKillProps {
    pub environment: AttrValue,
    pub id: String,
}

/// A kill that was fired: stopwatch, clients dark, stragglers, and the way back.
#[function_component]
pub fn LiveKill(props: &LiveKillProps) -> Html {
    let watched = use_kill(props.id.clone());
    let title = match &watched {
        Ok(Some(watched)) => text::flag_is_killed(&watched.kill.flag),
        Ok(None) | Err(_) => text::KILL.to_owned(),
    };
    use_document_title(title);
    let environment = || props.environment.to_string();
    let flag = watched.as_ref().ok().and_then(|watched| watched.as_ref().map(|watched| watched.kill.flag.clone()));
    let body = match &watched {
        Ok(Some(watched)) => html! {
            <Live environment={props.environment.clone()} kill={(*watched.kill).clone()} received={watched.received} />
        },
        Ok(None) => html! { <><CardSkeleton lines=8 /><CardSkeleton /></> },
        Err(failure) if failure.is_missing() => html! {
            <Missing title={text::THERE_IS_NO_SUCH_KILL} text={text::names_no_kill_of(&props.id, &props.environment)}
                actions={html! { <Link<Route> to={Route::Kills { environment: environment() }} classes="btn">{ text::KILLS_IN_FORCE }</Link<Route>> }} />
        },
        Err(failure) => html! { <FailureCard failure={failure.clone()} what={text::THIS_KILL} /> },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow">
                <div class="crumbs">
                    <Link<Route> to={Route::Kills { environment: environment() }}>{ common::KILLS }</Link<Route>>
                    if let Some(flag) = &flag {
                        <Icon name="right" small=true />
                        <Link<Route> to={Route::Flag { environment: environment(), key: flag.clone() }}>{ flag }</Link<Route>>
                    }
                    <Icon name="right" small=true /><span>{ &props.id }</span>
                </div>
                <h1>{ text::KILL }{ flag.map(|flag| html! { <>{ common::OF }<span class="mono">{ flag }</span></> }) }</h1>
            </div></div>
            { body }
        </>
    }
}

#[derive(Debug, Properties, PartialEq)]
struct LiveProps {
    environment: AttrValue,
    kill: KillView,
    received: f64,
}

#[function_component]
fn Live(props: &LiveProps) -> Html {
    let console = use_console();
    let restoring = use_state(|| false);
    let (now, offset) = (clock::now(), clock::offset());
    let kill = &props.kill;
    let in_force = kill.restored.is_none();
    let refusal = console.refusal_to_kill();
    {
        let restoring = restoring.clone();
        use_keys(move |key: &Key| match key.plain() {
            Some("r") if in_force && refusal.is_none() => {
                restoring.set(true);
                true
            }
            Some("Escape") if *restoring => {
                restoring.set(false);
                true
            }
            // In the reason's field too.
            None if key.key == "Escape" && *restoring => {
                restoring.set(false);
                true
            }
            Some(_) | None => false,
        });
    }
    let at = parse(&kill.at);
    let when = at.map(|at| {
        let date = day(at, now, offset);
        let today = date == day(now, now, offset);
        if today { clock_time(at, offset) } else { format!("{date}, {}", clock_time(at, offset)) }
    });
    let open = {
        let restoring = restoring.clone();
        Callback::from(move |_: MouseEvent| restoring.set(true))
    };
    let close = {
        let restoring = restoring.clone();
        Callback::from(move |()| restoring.set(false))
    };
    html! {
        <>
            <section class={classes!("card", in_force.then_some("danger"))} aria-label={text::LIVE_KILL} data-test="live-kill" data-kill={kill.id.clone()}
                data-state={if in_force { "in-force" } else { "restored" }}>
                <div class={classes!("livehead", (!in_force).then_some("past"))}>
                    <Sign name="kill" />
                    <div>
                        <h2><span class="mono">{ &kill.flag }</span>{ text::in_force_killed_for_scope(&if in_force { text::IS } else { text::WAS }, &kill::scope(&kill.scope)) }</h2>
                        <p class="muted">
                            { text::kill_by_at_revision(&kill.id, &kill.by, &when.unwrap_or_default(), &count(kill.position.revision), &kill.reason) }
                            if let Some(incident) = &kill.incident { { " " }<span class="chip line">{ incident }</span> }
                        </p>
                        <p class="muted">{ format!("{} {}: {}", kill::who_get(&kill.scope), kill.degraded_variant, kill.effect) }</p>
                    </div>
                    if in_force {
                        <div class="stack s restorebox">
                            <button class="btn l" data-test="restore" disabled={refusal.is_some()} onclick={open}><Icon name="undo" />{ text::RESTORE }<kbd>{ "R" }</kbd></button>
                            <small class="muted">{ refusal.unwrap_or(text::NEEDS_A_REASON) }</small>
                        </div>
                    }
                </div>
                if let Some(restored) = &kill.restored {
                    <RestoredNote restored={restored.clone()} killed_at={at} />
                }
                if in_force && *restoring {
                    <Later chunk={Chunk::Course} environment={props.environment.clone()} wanted={Wanted::Restore(Box::new(RestoreFormProps { environment: props.environment.clone(), kill: kill.clone(), on_close: close }))} />
                }
                if let Some(progress) = &kill.progress {
                    <Watch progress={progress.clone()} received={props.received} killed_at={at} {in_force} />
                    <Regions progress={progress.clone()} />
                    if in_force { <Stragglers progress={progress.clone()} /> }
                } else {
                    <p class="pad muted">{ text::HOW_FAR_IT_HAS_COME_WAS }</p>
                }
            </section>
            <Patient environment={props.environment.clone()} wanted={Wanted::Helped { flag: kill.flag.clone(), degraded: kill.degraded_variant.clone() }} after_ms=4_000 />
        </>
    }
}
