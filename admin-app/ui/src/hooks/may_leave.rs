use crate::route::Route;
use web_sys::{CustomEvent, CustomEventInit};
use yew_router::Routable;

/// Told before the page is left by other means than a link; who prevents it asks, and goes there or stays.
pub const LEAVING: &str = "downhaul-leaving";

/// Whether the page lets itself be left at once. What has an unpublished draft asks first.
pub fn may_leave(to: &Route) -> bool {
    let options = CustomEventInit::new();
    options.set_cancelable(true);
    options.set_detail(&to.to_path().into());
    let document = web_sys::window().and_then(|window| window.document());
    let told = document.zip(CustomEvent::new_with_event_init_dict(LEAVING, &options).ok());
    told.is_none_or(|(document, event)| document.dispatch_event(&event).unwrap_or(true))
}
