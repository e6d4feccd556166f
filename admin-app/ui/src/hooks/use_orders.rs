use super::Console;
use crate::backend::Order;
use std::rc::Rc;
use yew::prelude::*;

/// Calls `handle` for what is asked for outside the page: by the tray, a shortcut of the system, a link, a notification.
#[hook]
pub fn use_orders(console: &Console, handle: impl Fn(Order) + 'static) {
    let latest = use_mut_ref(|| None::<Rc<dyn Fn(Order)>>);
    latest.replace(Some(Rc::new(handle)));
    use_effect_with(console.backend.clone(), move |backend| {
        let subscription = backend.obey(Rc::new(move |order| {
            let handle = latest.borrow().clone();
            if let Some(handle) = handle {
                handle(order);
            }
        }));
        move || drop(subscription)
    });
}
