use crate::backend::api;
use crate::components::{Choice, ChoiceBar, HoldButton, Icon};
use crate::hooks::{use_act, use_console, use_may};
use crate::route::Route;
use crate::words::number::counted;
use crate::words::text::common;
use crate::words::text::releases as text;
use downhaul_control::api::{ReleaseView, RollbackRequest, RunView};
use downhaul_control::runbook::Pace;
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct RollBackProps {
    pub environment: AttrValue,
    pub view: ReleaseView,
}

/// Starts a rollback. It kills flags, so it leaves only by the hold button.
#[function_component]
pub fn RollBack(props: &RollBackProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let may = use_may(&props.environment);
    let act = use_act();
    let (reason, by_step) = (use_state(String::new), use_state(|| false));
    let attempt = use_state(|| 0_u32);
    let key = props.view.summary.key.clone();
    // It takes the same role.
    let is_refused = console.refusal_to_kill().is_some();
    let disabled = may.operate.clone().or_else(|| reason.trim().is_empty().then(|| text::SAY_WHY_FIRST.to_owned()));
    let on_fire = {
        let (environment, key, reason, by_step) =
            (props.environment.to_string(), key.clone(), reason.clone(), *by_step);
        let act = act.clone();
        Callback::from(move |()| {
            let pace = if by_step { Pace::StepByStep } else { Pace::Straight };
            let request = RollbackRequest { reason: reason.trim().to_owned(), pace };
            let (navigator, to) = (navigator.clone(), environment.clone());
            act.run(
                api::roll_back(console.backend.clone(), environment.clone(), key.clone(), request),
                move |run: RunView| {
                    if let Some(navigator) = navigator {
                        navigator.push(&Route::Run { environment: to, id: run.id });
                    }
                },
            );
        })
    };
    {
        let attempt = attempt.clone();
        use_effect_with(act.state.failure.clone(), move |failure| {
            if failure.is_some() {
                attempt.set(*attempt + 1);
            }
        });
    }
    let on_input = {
        let reason = reason.clone();
        Callback::from(move |event: InputEvent| reason.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let paces = [(text::STRAIGHT_ON, "pace-straight"), (text::A_GO_FOR_EACH_STEP, "pace-step")]
        .map(|(name, mark)| Choice { name: name.into(), mark: mark.into() });
    let on_pace = {
        let by_step = by_step.clone();
        Callback::from(move |at| by_step.set(at == 1))
    };
    let effect = effect(&props.view, &props.environment);
    html! {
        <section class="card" aria-label={text::ROLL_BACK}>
            <header><h2>{ text::ROLL_BACK }</h2></header>
            <div class="pad stack">
                <p class="effect" data-test="rollback-effect">{ &effect }</p>
                if let Some(failure) = &act.state.failure {
                    <div class="banner danger" role="alert" data-test="act-refused"><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }
                        if failure.leaves_doubt() { { text::IT_MAY_HAVE_BEGUN_ALL_THE } }</p></div>
                }
                <div class="field"><label for="rollback-reason">{ common::WHY }</label>
                    <input class="input" id="rollback-reason" data-test="rollback-reason" value={(*reason).clone()} oninput={on_input} maxlength="500" autocomplete="off" aria-required="true" /></div>
                <ChoiceBar label={text::PACE} choices={paces.to_vec()} chosen={usize::from(*by_step)} on_choose={on_pace} />
                <HoldButton label={text::hold_to_roll_back_in(&key, &props.environment)} press_label={text::roll_back_in(&key, &props.environment)}
                    {effect} disabled={disabled.map(AttrValue::from)} {is_refused} sent={act.state.sent || act.state.done > 0} attempt={*attempt} {on_fire} sent_label={text::THE_ROLLBACK_BEGINS} />
            </div>
        </section>
    }
}

/// What holding the button does, before it is held.
fn effect(view: &ReleaseView, environment: &str) -> String {
    let flags: Vec<&str> = view.kill_order.iter().map(|step| step.flag.as_str()).collect();
    let steps = counted(view.steps.len(), text::STEP, text::STEPS);
    if flags.is_empty() {
        return text::goes_through_no_flag_is_killed(&steps);
    }
    let stay = if flags.len() == 1 {
        text::IT_STAYS_KILLED_UNTIL_SOMEBODY_RESTORES
    } else {
        text::THEY_STAY_KILLED_UNTIL_SOMEBODY_RESTORES
    };
    text::goes_through_and_kills_for_everyone(&steps, &flags.join(text::THEN), &environment, &stay)
}
