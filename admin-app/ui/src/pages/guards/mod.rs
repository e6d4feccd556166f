mod course;
mod table;

use crate::words::text::common;
use crate::words::text::guards as text;
pub use table::OfFlag;

use crate::backend::api;
use crate::components::{Empty, FailureCard, RowsSkeleton};
use crate::hooks::{use_asked, use_document_title, use_rows};
use crate::route::Route;
use crate::state::live::Slot;
use crate::words::guard::{AGAIN_MS, by_urgency, summary};
use downhaul_control::api::GuardView;
use table::Guarded;
use yew::prelude::*;
use yew_router::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct GuardsProps {
    pub environment: AttrValue,
}

/// What watches variants while they are rolled out, what each says, and what it did.
#[function_component]
pub fn Guards(props: &GuardsProps) -> Html {
    use_document_title(text::guards_in_environment(&props.environment));
    let (asked, _) = use_asked(api::guards(&props.environment, None), AGAIN_MS);
    let guards: Vec<GuardView> = asked.slot.ready().map(|page| by_urgency(page)).unwrap_or_default();
    let flag = |guard: &GuardView| Route::Flag { environment: props.environment.to_string(), key: guard.flag.clone() };
    let (cursor, place) = use_rows(guards.iter().map(flag).collect());
    let line = match &asked.slot {
        Slot::Ready(_) if !guards.is_empty() => summary(&guards),
        _ => text::EACH_HOLDS_A_VARIANT_AGAINST_ANOTHER.to_owned(),
    };
    let body = match &asked.slot {
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::THE_GUARDS} /> },
        Slot::Loading => html! {
            <div class="card" aria-busy="true"><table class="table compact"><tbody><RowsSkeleton rows=4 cells={vec!["c-flag", "", "", ""]} /></tbody></table></div>
        },
        Slot::Ready(_) if guards.is_empty() => html! {
            <div class="card"><Empty title={text::NO_FLAG_HAS_A_GUARD} actions={html! {
                <Link<Route> to={Route::Flags { environment: props.environment.to_string() }} classes="btn">{ common::ALL_FLAGS }</Link<Route>>
            }}>
                <p>{ text::A_GUARD_SEES_HARM_WHILE_FEW }</p>
                <p><code>{ text::GUARDS }</code></p>
            </Empty></div>
        },
        Slot::Ready(_) => html! {
            <div class="card" ref={place} data-test="guards" data-count={guards.len().to_string()}>
                <Guarded environment={props.environment.clone()} {guards} names_flags=true {cursor} />
            </div>
        },
    };
    html! {
        <>
            <div class="pagehead"><div class="grow"><h1>{ text::GUARDS_HEAD }</h1><p>{ line }</p></div></div>
            { body }
        </>
    }
}
