//! Around the page of one thing: the way back to its list, its heading, and what is said while it is on its way, not there,
//! or cannot be shown.

use crate::components::{CardSkeleton, FailureCard, Icon, Missing};
use crate::route::Route;
use crate::state::Shared;
use crate::state::live::Slot;
use yew::prelude::*;
use yew_router::prelude::*;

pub struct Frame {
    /// `proposal`.
    pub what: &'static str,
    /// Where the crumbs begin, and what each is called.
    pub crumbs: Vec<(Route, String)>,
    pub id: String,
    /// What stands in the line of the heading: an `h1`, and chips.
    pub heading: Html,
    /// Buttons and links beside it.
    pub actions: Html,
    /// Of one that is not there.
    pub missing: String,
}

/// The page of one thing; `shown` draws it once it is there.
pub fn framed<T>(frame: Frame, slot: &Slot<T>, shown: impl FnOnce(&Shared<T>) -> Html) -> Html {
    let Frame { what, crumbs, id, heading, actions, missing } = frame;
    let body = match slot {
        Slot::Ready(data) => shown(data),
        Slot::Loading => html! { <div class="sidegrid"><CardSkeleton lines=8 /><CardSkeleton lines=5 /></div> },
        Slot::Failed(failure) if failure.is_missing() => {
            html! { <Missing title={format!("There is no such {what}")} text={missing} /> }
        }
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={format!("This {what}")} /> },
    };
    html! {
        <>
            <div class="pagehead">
                <div class="grow">
                    <div class="crumbs">
                        { for crumbs.into_iter().map(|(to, name)| html! { <><Link<Route> {to}>{ name }</Link<Route>><Icon name="right" small=true /></> }) }
                        <span>{ id }</span>
                    </div>
                    <div class="row wrap">{ heading }</div>
                </div>
                { actions }
            </div>
            { body }
        </>
    }
}
