use super::Wanted;
use crate::components::{CardSkeleton, ReadySkeleton, RowsSkeleton};
use crate::route::Route;
use crate::words::text::later as text;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct ShapeProps {
    pub wanted: Wanted,
}

/// The shape of the page that an address leads to: its head, then what its own skeleton will be.
#[function_component]
pub fn Shape(props: &ShapeProps) -> Html {
    let route = match &props.wanted {
        Wanted::Page(route) => route,
        Wanted::Tester { .. } => return html! { <><CardSkeleton lines=5 /><CardSkeleton lines=4 /></> },
        // A line above the page that was not there before.
        Wanted::Alarms => return Html::default(),
        Wanted::Helped { .. } | Wanted::Restore(_) => return html! { <CardSkeleton lines=3 /> },
        Wanted::Proven { .. } => return html! { <><ReadySkeleton lines=2 /><ReadySkeleton lines=1 /></> },
        // A line below the list that was not there before; or nothing to be seen at all.
        Wanted::Chosen(_) | Wanted::Whom(_) => return Html::default(),
    };
    let body = match route {
        Route::Edit { .. } | Route::Create { .. } => html! {
            <div class="editor"><div class="stack l"><CardSkeleton lines=3 /><CardSkeleton lines=8 /></div><CardSkeleton lines=7 /></div>
        },
        Route::Flag { .. } => html! {
            <div class="flaggrid"><div class="stack l"><CardSkeleton lines=3 /><CardSkeleton lines=8 /></div><CardSkeleton lines=7 /></div>
        },
        Route::Chart { .. } | Route::ChartEntry { .. } => {
            html! { <div class="chartgrid"><CardSkeleton lines=10 /><CardSkeleton lines=6 /></div> }
        }
        Route::Proposals { .. }
        | Route::Guards { .. }
        | Route::Alarms { .. }
        | Route::Rollouts { .. }
        | Route::Releases { .. }
        | Route::Drills { .. }
        | Route::Fleet { .. }
        | Route::Segments { .. }
        | Route::Tenants { .. }
        | Route::Populations { .. }
        | Route::People { .. } => html! {
            <div class="card" aria-busy="true" aria-label={text::LOADING}><table class="table compact"><tbody>
                <RowsSkeleton rows=5 cells={vec!["c-flag", "", "", ""]} />
            </tbody></table></div>
        },
        _ => html! { <div class="stack l"><CardSkeleton lines=4 /><CardSkeleton lines=6 /></div> },
    };
    html! {
        <div class="stack l" data-test="page-coming" role="status">
            <div class="pagehead" aria-hidden="true"><div class="grow stack"><i class="skel tall w-40"></i><i class="skel w-60"></i></div></div>
            <span class="sr">{ text::THE_PAGE_IS_BEING_FETCHED }</span>
            { body }
        </div>
    }
}
