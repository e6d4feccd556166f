use crate::backend::api;
use crate::components::Sign;
use crate::hooks::use_asked;
use crate::route::Route;
use crate::words::breaker::{AGAIN_MS, breakers};
use crate::words::text::flag as text;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct OpenBreakersProps {
    pub environment: AttrValue,
    pub flag: String,
}

/// That clients have turned this flag off for themselves; nothing while none has, or while that is not known.
#[function_component]
pub fn OpenBreakers(props: &OpenBreakersProps) -> Html {
    let (asked, _) = use_asked(api::breakers(&props.environment), AGAIN_MS);
    let Some(page) = asked.slot.ready() else { return Html::default() };
    let open = breakers(page).into_iter().filter(|breaker| breaker.flag == props.flag && breaker.is_open());
    let fleet = || Route::Fleet { environment: props.environment.to_string() };
    open.map(|breaker| {
        html! {
            <div class="banner warn" key={breaker.variant.clone()} data-test="breaker-open"><Sign name="degraded" />
                <p class="grow"><b>{ text::A_BREAKER_IS_OPEN }</b>{ breaker.sentence() }</p>
                <Link<Route> to={fleet()} classes="btn s">{ text::SEE_THE_FLEET }</Link<Route>></div>
        }
    })
    .collect()
}
