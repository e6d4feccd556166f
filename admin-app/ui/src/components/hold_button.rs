use crate::hooks::clock;
use crate::state::hold::{Action, Hold, due};
use crate::words::text::components as text;
use gloo::timers::callback::Timeout;
use web_sys::{DomRect, Element};
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct HoldButtonProps {
    /// `Hold to kill checkout-v2 for everyone in production`.
    pub label: AttrValue,
    /// The same as a plain verb, for two presses: `Kill checkout-v2 for everyone in production`.
    pub press_label: AttrValue,
    /// What people will see, read out between two presses.
    pub effect: AttrValue,
    /// Why it cannot be used now; `None` if it can.
    pub disabled: Option<AttrValue>,
    /// That is for good: whoever is at the console may not.
    #[prop_or_default]
    pub is_refused: bool,
    /// On the way to the server: a status, not a button.
    pub sent: bool,
    /// What it says while it is on the way.
    #[prop_or_else(|| text::KILLING.into())]
    pub sent_label: AttrValue,
    /// Raised when the server refused, so that it may be tried again.
    pub attempt: u32,
    pub on_fire: Callback<()>,
}

/// The control that kills: held for 1.2 s by pointer or Space, or pressed twice. Enter does nothing.
#[function_component]
pub fn HoldButton(props: &HoldButtonProps) -> Html {
    let hold = use_reducer_eq(Hold::default);
    let two_presses = use_state(|| false);
    // A pointer's click belongs to its hold; one of no pointer comes from a screen reader.
    let handled = use_mut_ref(|| false);
    let button = use_node_ref();
    // Where the button was pressed. What comes in above may move it; a pointer that stays there holds on.
    let stood = use_mut_ref(|| None);
    let disabled = props.disabled.is_some() || props.sent;
    use_timer(&hold);
    {
        let hold = hold.clone();
        use_effect_with(props.attempt, move |_| hold.dispatch(Action::Reset));
    }
    {
        let (on_fire, fired) = (props.on_fire.clone(), *hold == Hold::Fired);
        use_effect_with(fired, move |fired| {
            if *fired {
                on_fire.emit(());
            }
        });
    }
    {
        // A reason that is emptied, or a scope that is changed, while the button is held or armed starts it afresh.
        let hold = hold.clone();
        use_effect_with((props.disabled.clone(), props.label.clone()), move |_| hold.dispatch(Action::Cancel));
    }

    let dispatch = |action: Action| {
        let hold = hold.clone();
        move || hold.dispatch(action)
    };
    let on_pointer_down = {
        let (hold, handled, two_presses) = (hold.clone(), handled.clone(), *two_presses);
        let (button, stood) = (button.clone(), stood.clone());
        Callback::from(move |event: PointerEvent| {
            if !two_presses && event.button() == 0 && !disabled {
                handled.replace(true);
                if let Some(button) = button.cast::<Element>() {
                    stood.replace(Some(button.get_bounding_client_rect()));
                    // Without it a hold ends where the button moves away; it can be held again.
                    let _ = button.set_pointer_capture(event.pointer_id());
                }
                hold.dispatch(Action::Press { now: clock::monotonic() });
            }
        })
    };
    let on_key_down = {
        let (hold, two_presses) = (hold.clone(), *two_presses);
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            // The click that a browser makes of Enter would count as a press.
            "Enter" => event.prevent_default(),
            " " if two_presses => {}
            " " => {
                event.prevent_default();
                if !disabled && !event.repeat() {
                    hold.dispatch(Action::Press { now: clock::monotonic() });
                }
            }
            "Escape" if *hold != Hold::Ready => {
                event.stop_propagation();
                hold.dispatch(Action::Cancel);
            }
            _ => {}
        })
    };
    let on_key_up = {
        let (cancel, two_presses) = (dispatch(Action::Cancel), *two_presses);
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == " " && !two_presses {
                event.prevent_default();
                cancel();
            }
        })
    };
    let on_click = {
        let (hold, handled) = (hold.clone(), handled.clone());
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            let is_by_hold = handled.replace(false) && event.detail() > 0;
            if !is_by_hold && !disabled {
                hold.dispatch(Action::Click);
            }
        })
    };
    let (release, leave, cancel) = (dispatch(Action::Cancel), dispatch(Action::Cancel), dispatch(Action::Cancel));
    let on_pointer_move = {
        let (cancel, button) = (dispatch(Action::Cancel), button.clone());
        Callback::from(move |event: PointerEvent| {
            let has = button.cast::<Element>().is_some_and(|button| button.has_pointer_capture(event.pointer_id()));
            if has && stood.borrow().as_ref().is_some_and(|stood| is_outside(stood, &event)) {
                cancel();
            }
        })
    };
    let switch = {
        let (hold, two_presses) = (hold.clone(), two_presses.clone());
        Callback::from(move |_: MouseEvent| {
            handled.replace(false);
            hold.dispatch(Action::Cancel);
            two_presses.set(!*two_presses);
        })
    };

    let by_pointer = !*two_presses && *hold != Hold::Armed;
    // Pointer up ends a hold; between two presses it is only the end of the first.
    let on_pointer_up = by_pointer.then(|| Callback::from(move |_: PointerEvent| release()));
    let on_pointer_leave = by_pointer.then(|| Callback::from(move |_: PointerEvent| leave()));
    let on_blur = Callback::from(move |_: FocusEvent| cancel());
    let is_sent = props.sent || *hold == Hold::Fired;
    let label = match *hold {
        _ if is_sent => props.sent_label.clone(),
        Hold::Armed => AttrValue::from(text::press_again_press_label(&props.press_label)),
        Hold::Ready | Hold::Holding { .. } | Hold::Fired if *two_presses => props.press_label.clone(),
        Hold::Ready | Hold::Holding { .. } | Hold::Fired => props.label.clone(),
    };
    let holding = matches!(*hold, Hold::Holding { .. });
    html! {
        <div class={classes!("guard", props.disabled.is_some().then_some("off"))}><div>
            <button ref={button} type="button" class={classes!("hold", holding.then_some("is-holding"), is_sent.then_some("sent"))}
                data-test="hold-to-kill" aria-describedby="holdhint"
                aria-disabled={(props.disabled.is_some() || is_sent).to_string()}
                onpointerdown={on_pointer_down} onpointerup={on_pointer_up} onpointerleave={on_pointer_leave}
                onpointermove={on_pointer_move}
                onkeydown={on_key_down} onkeyup={on_key_up} onblur={on_blur} onclick={on_click}
                oncontextmenu={Callback::from(|event: MouseEvent| event.prevent_default())}>
                if is_sent {
                    <span class="spin" aria-hidden="true"></span>
                } else {
                    <svg class="ring" viewBox="0 0 28 28" aria-hidden="true">
                        <circle cx="14" cy="14" r="12" fill="none" stroke="currentColor" stroke-opacity="0.35" stroke-width="2.5" />
                        <circle class="arc" cx="14" cy="14" r="12" fill="none" stroke="currentColor" stroke-width="2.5" pathLength="1" />
                        <path d="M14 6v12M9.5 13.5 14 18.5l4.5-5" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" />
                    </svg>
                }
                <span>{ label }</span>
            </button>
            <p class="holdhint" id="holdhint">
                if let Some(why) = &props.disabled {
                    <span data-test="hold-why-not">{ why }</span>
                } else if *two_presses || *hold == Hold::Armed {
                    <span>{ text::TWO_SEPARATE_PRESSES_ESCAPE_CANCELS_BETWEEN }</span>
                } else {
                    <span>{ text::HOLD_1_2_S_LET_GO }</span>
                    <span class="hide-narrow">{ text::FROM_THE_KEYBOARD_HOLD }<kbd>{ "Space" }</kbd>{ text::ON_THE_BUTTON }</span>
                }
                if !props.is_refused {
                    <button type="button" class="linkbtn" data-test="two-presses" aria-pressed={two_presses.to_string()} onclick={switch}>
                        { if *two_presses { text::HOLD_INSTEAD } else { text::USE_TWO_PRESSES_INSTEAD } }
                    </button>
                }
            </p>
            <p class="sr" role="alert">
                if *hold == Hold::Armed { { text::press_once_more_to_go_on(&props.effect) } }
            </p>
        </div></div>
    }
}

fn is_outside(place: &DomRect, event: &PointerEvent) -> bool {
    let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
    x < place.left() || x > place.right() || y < place.top() || y > place.bottom()
}

/// Looks at the clock when the hold should be over.
#[hook]
fn use_timer(hold: &UseReducerHandle<Hold>) {
    let since = match **hold {
        Hold::Holding { since } => Some(since),
        Hold::Ready | Hold::Armed | Hold::Fired => None,
    };
    let hold = hold.dispatcher();
    use_effect_with(since, move |since| {
        let timer = since.map(|since| {
            let left = (due(since) - clock::monotonic()).max(0.0).ceil() as u32;
            Timeout::new(left, move || {
                // Timers may come a fraction early; the hold is over by the time that was asked for.
                hold.dispatch(Action::Tick { now: clock::monotonic().max(due(since)) });
            })
        });
        move || drop(timer)
    });
}
