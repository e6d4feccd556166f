use crate::backend::api;
use crate::components::{Icon, Placed, SentenceText};
use crate::hooks::{clock, use_asked};
use crate::route::{Route, StartRolloutQuery};
use crate::words::change::marked;
use crate::words::number::{counted, ratio};
use crate::words::rollout::{how_it_stands, is_over, standing};
use crate::words::text::{common, flag as text, rollouts};
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct OfRolloutProps {
    pub environment: AttrValue,
    pub flag: String,
}

/// The rollout of this flag, or the way to one.
#[function_component]
pub fn OfRollout(props: &OfRolloutProps) -> Html {
    let (asked, _) = use_asked(api::rollouts(&props.environment), 10_000);
    let environment = || props.environment.to_string();
    // The newest comes first.
    let known = asked.slot.ready().map(|page| page.rollouts.iter().find(|each| each.flag == props.flag));
    let Some(latest) = known else { return Html::default() };
    let to = |id: &str| Route::Rollout { environment: environment(), id: id.to_owned() };
    if let Some(going) = latest.filter(|rollout| !is_over(rollout)) {
        let (words, class) = standing(&going.standing);
        let stages = counted(going.stage_count, rollouts::AMID_STAGE, rollouts::STAGES);
        return html! {
            <section class="card" data-test="flag-rollout"><header><h2>{ rollouts::ROLLOUT_HEAD }</h2><Link<Route> to={to(&going.id)} classes="end small">{ text::open_id(&going.id) }</Link<Route>></header>
                <div class="pad stack s">
                    <p class="row wrap"><span class={classes!("chip", class)}>{ words }</span><span>{ text::gives_variant(&going.variant) }{ rollouts::stage_of_stages(&going.stage, &stages) }</span></p>
                    <div class="meter stagemeter"><Placed width={Some(ratio(going.stage, going.stage_count))} /></div>
                    <p class="small muted"><SentenceText sentence={marked(&how_it_stands(&going.standing, clock::now(), clock::offset()))} /></p>
                </div>
            </section>
        };
    }
    let query = StartRolloutQuery { flag: props.flag.clone() };
    html! {
        <section class="card" data-test="flag-rollout"><div class="pad row wrap between">
            <p class="grow muted">{ text::A_ROLLOUT_GIVES_IT_TO_MORE }
                if let Some(over) = latest { { " " }<Link<Route> to={to(&over.id)}>{ text::the_last_id(&over.id) }</Link<Route>> }</p>
            <Link<Route, StartRolloutQuery> to={Route::start_rollout(&props.environment)} {query} classes="btn"><Icon name="rollout" small=true /><span data-test="flag-rollout-start">{ common::START_A_ROLLOUT_MORE }</span></Link<Route, StartRolloutQuery>>
        </div></section>
    }
}
