//! Around the page of one thing: the way back to its list, its heading, and what is said while it is on its way, not there,
//! or cannot be shown.

use crate::components::{CardSkeleton, FailureCard, Icon, Missing};
use crate::route::Route;
use crate::state::Shared;
use crate::state::live::Slot;
use crate::words::text::common;
use crate::words::text::frame as text;
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
            let all = crumbs.last().map(|(to, name)| to_all(to.clone(), name)).unwrap_or_default();
            html! { <Missing title={text::there_is_no_such(&what)} text={missing} actions={all} /> }
        }
        Slot::Failed(failure) => html! { <FailureCard failure={failure.clone()} what={text::this_what(&what)} /> },
    };
    around(crumbs, id, heading, actions, body)
}

/// The way on from something that is not there: `All releases`.
pub fn to_all(list: Route, name: &str) -> Html {
    html! { <Link<Route> to={list} classes="btn">{ text::all_to_lowercase(&name.to_lowercase()) }</Link<Route>> }
}

/// What stands instead of the page of a flag: on its way, not to be had, or not there.
pub fn of_flag(environment: &str, key: &str, body: Html) -> Html {
    let list = Route::Flags { environment: environment.to_owned() };
    let heading = html! { <h1 class="mono">{ key }</h1> };
    around(vec![(list, common::FLAGS_HEAD.to_owned())], key.to_owned(), heading, Html::default(), body)
}

/// Says that there is no such flag, and why if it was retired.
pub fn no_flag(environment: &str, key: &str, is_retired: bool) -> Html {
    let (title, text) = if is_retired {
        (text::key_was_retired(&key), text::ITS_KEY_IS_NEVER_USED_AGAIN)
    } else {
        (text::there_is_no_flag_in(&key, &environment), text::LOOK_FOR_IT_IN_THE_LIST)
    };
    let to = || environment.to_owned();
    let actions = html! {
        <>{ to_all(Route::Flags { environment: to() }, common::FLAGS_HEAD) }
            if is_retired { <Link<Route> to={Route::Chart { environment: to() }} classes="btn">{ text::THE_CHART }</Link<Route>> }</>
    };
    html! { <Missing {title} {text} {actions} /> }
}

/// The head of a page, and what stands below it.
fn around(crumbs: Vec<(Route, String)>, id: String, heading: Html, actions: Html, body: Html) -> Html {
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
