use crate::components::Icon;
use crate::pages::later::{Chunk, Later, Wanted};
use crate::state::Shared;
use crate::words::text::common;
use crate::words::text::edit as text;
use downhaul_core::document::FlagSet;
use web_sys::HtmlElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct TrialProps {
    pub environment: AttrValue,
    pub flag: String,
    /// With the draft in it, and without kills; absent while the draft is no whole flag.
    pub document: Option<Shared<FlagSet>>,
    pub on_close: Callback<()>,
}

/// What the draft decides for one context, rule by rule, before anybody gets it.
#[function_component]
pub fn Trial(props: &TrialProps) -> Html {
    let place = use_node_ref();
    {
        let place = place.clone();
        use_effect_with((), move |()| {
            if let Some(place) = place.cast::<HtmlElement>() {
                place.scroll_into_view();
                let _ = place.focus();
            }
        });
    }
    html! {
        <section class="stack l trial" aria-label={text::X_RAY_OF_THE_DRAFT} tabindex="-1" ref={place} data-test="trial">
            <div class="row between"><h2>{ text::X_RAY_OF_THE_DRAFT }</h2>
                <button type="button" class="btn s quiet" onclick={props.on_close.reform(|_: MouseEvent| ())}><Icon name="x" small=true />{ common::CLOSE }<kbd>{ "T" }</kbd></button></div>
            if let Some(document) = props.document.clone() {
                <Later chunk={Chunk::Look} wanted={Wanted::Tester { document, flag: props.flag.clone() }} environment={props.environment.clone()} />
            } else {
                <p class="muted" role="status">{ text::THE_DRAFT_DECIDES_NOTHING_YET_MEND }</p>
            }
        </section>
    }
}
