//! One folder a page; a page owns what only it uses. `later` says which of them come when somebody goes there.

mod alarms;
mod audience;
mod batch;
mod chart;
mod copy;
mod define;
mod drills;
mod edit;
mod flag;
mod flags;
mod fleet;
mod frame;
mod frozen;
mod guards;
mod kill;
mod kills;
mod later;
mod people;
mod populations;
mod proposals;
mod releases;
mod rollouts;
mod run;
mod save;
mod settings;
mod sign_in;
mod start;
mod xray;

use crate::words::text::common;
use crate::words::text::frame as text;
pub use later::{foresee, use_rest};
pub use sign_in::{Away, SignIn, take_token_from_address};

use crate::components::Missing;
use crate::route::Route;
use later::{Chunk, Later, Wanted};
use yew::prelude::*;

/// What is wrong and nobody has, above every page.
pub fn alarms(environment: &str) -> Html {
    html! { <Later chunk={Chunk::Course} wanted={Wanted::Alarms} environment={environment.to_owned()} /> }
}

/// The page of an address in an environment that this person may see.
pub fn draw(route: &Route, environment: &str) -> Html {
    let environment = AttrValue::from(environment.to_owned());
    if let Some(chunk) = Chunk::of(route) {
        return html! { <Later {chunk} wanted={Wanted::Page(route.clone())} {environment} /> };
    }
    match route.clone() {
        Route::Flags { .. } => html! { <flags::Flags {environment} /> },
        Route::Kill { key, .. } => html! { <kill::Kill {environment} key={key.clone()} flag={key.clone()} /> },
        Route::Kills { .. } => html! { <kills::Kills {environment} /> },
        Route::LiveKill { id, .. } => html! { <kills::LiveKill {environment} key={id.clone()} id={id.clone()} /> },
        _ => {
            let actions = frame::to_all(Route::Flags { environment: environment.to_string() }, common::FLAGS_HEAD);
            html! { <Missing title={text::THERE_IS_NO_SUCH_PAGE} text={text::THE_ADDRESS_LEADS_NOWHERE} {actions} is_page=true /> }
        }
    }
}
