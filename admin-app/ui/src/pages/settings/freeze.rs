use crate::backend::api;
use crate::components::{ActBar, ActItem, CardSkeleton, FailureCard, Icon, Look, Reason};
use crate::hooks::{clock, use_act, use_asked, use_console, use_may};
use crate::state::live::Slot;
use crate::words::text::settings as text;
use crate::words::time::{ago, parse};
use downhaul_control::api::FreezeView;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct FreezeCardProps {
    pub environment: AttrValue,
}

/// Whether nothing changes but by kills, by whom and why, and the way in and out of it.
#[function_component]
pub fn FreezeCard(props: &FreezeCardProps) -> Html {
    let console = use_console();
    let may = use_may(&props.environment);
    let (asked, put) = use_asked(api::freeze(&props.environment), 0);
    let (act, open) = (use_act(), use_state(|| None::<&'static str>));
    let view = match &asked.slot {
        Slot::Ready(view) => view,
        Slot::Loading => return html! { <CardSkeleton lines=2 /> },
        Slot::Failed(failure) => return html! { <FailureCard failure={failure.clone()} what={text::THE_FREEZE} /> },
    };
    let frozen = view.frozen.clone();
    let item = |id, label, icon, verb: String, effect: &str| ActItem {
        id,
        label,
        icon,
        verb,
        effect: effect.to_owned(),
        look: Look::Plain,
        reason: Reason::Required,
        why_not: may.operate.clone(),
        key: None,
    };
    let acts = vec![match &frozen {
        Some(_) => item(
            "unfreeze",
            text::END_THE_FREEZE,
            "undo",
            text::end_the_freeze_of(&props.environment),
            text::EDITS_LANDINGS_AND_ROLLOUTS_GO_ON,
        ),
        None => item(
            "freeze",
            text::FREEZE,
            "pause",
            text::freeze_environment(&props.environment),
            text::NOTHING_CHANGES_THAT_CLIENTS_ARE_GIVEN,
        ),
    }];
    let on_open = {
        let open = open.clone();
        Callback::from(move |id| open.set(id))
    };
    let on_act = {
        let (act, open, environment) = (act.clone(), open.clone(), props.environment.to_string());
        Callback::from(move |(id, reason): (&'static str, String)| {
            let (open, put) = (open.clone(), put.clone());
            act.run(
                api::set_freeze(console.backend.clone(), environment.clone(), id, reason),
                move |view: FreezeView| {
                    open.set(None);
                    put.emit(view);
                },
            );
        })
    };
    html! {
        <section class={classes!("card", frozen.is_some().then_some("warn"))} data-test="freeze" data-frozen={frozen.is_some().to_string()}><div class="pad stack">
            <p class="row top"><Icon name={if frozen.is_some() { "lock" } else { "check" }} /><span>{ match &frozen {
                Some(frozen) => {
                    let when = parse(&frozen.at).map(|at| ago(clock::now() - at)).unwrap_or_default();
                    html! { <><b>{ text::FROZEN }</b>{ text::by_kills_and_restores_go_on(&frozen.by, &when, &frozen.reason) }</> }
                }
                None => html! { <><b>{ text::NOT_FROZEN }</b>{ text::CHANGES_LAND_AS_THE_POLICY_SAYS }</> },
            } }</span></p>
            <ActBar {acts} open={*open} {on_open} sent={act.state.sent} failure={act.state.failure.clone()} {on_act} />
        </div></section>
    }
}
