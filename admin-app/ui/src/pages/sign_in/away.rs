use crate::backend::Failure;
use crate::components::{Icon, marked};
use crate::hooks::{clock, use_console, use_document_title, use_now};
use crate::state::session::wait;
use crate::words::text::away as text;
use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct AwayProps {
    pub failure: Failure,
    /// How often there was no answer, one after the other.
    pub tries: u32,
    pub on_again: Callback<()>,
}

/// The console is here, and its control plane is not. It is asked again with growing waits, when the device says that it
/// has a network, and by the button; once it answers, the console starts.
#[function_component]
pub fn Away(props: &AwayProps) -> Html {
    use_document_title(text::NOT_REACHED.to_owned());
    let start_page = use_console().backend.start_page();
    let now = use_now(1_000);
    let next_at = *use_memo(props.tries, |tries| clock::now() + f64::from(wait(*tries)));
    // The try that is on its way, by the number of those before it.
    let asked = use_state(|| 0_u32);
    let is_asking = *asked == props.tries;
    let again = {
        let (asked, on_again, tries) = (asked.setter(), props.on_again.clone(), props.tries);
        Callback::from(move |()| {
            asked.set(tries);
            on_again.emit(());
        })
    };
    {
        let again = again.clone();
        use_effect_with(props.tries, move |tries| {
            let (by_network, by_time) = (again.clone(), again);
            let online =
                web_sys::window().map(|window| EventListener::new(&window, "online", move |_| by_network.emit(())));
            let later = Timeout::new(wait(*tries), move || by_time.emit(()));
            move || drop((online, later))
        });
    }
    let on_click = Callback::from(move |_: MouseEvent| {
        if !is_asking {
            again.emit(());
        }
    });
    let left = ((next_at - now) / 1_000.0).ceil().max(0.0) as u64;
    html! {
        <main id="main" class="gate">
            <section class="card" data-test="away" aria-labelledby="away">
                <div class="pad stack l">
                    <div class="stack s" role="alert">
                        <h1 id="away">{ props.failure.title() }</h1>
                        <p class="muted">{ marked(&props.failure.help()) }</p>
                    </div>
                    <div class="banner warn"><Icon name="alert" />
                        <p>{ text::A_KILL_NEEDS_NO_CONSOLE }<code class="wrapany">{ text::DOWNHAUL_KILL }</code>{ text::OR_AT }<a href="/kill">{ text::THE_KILL_PAGE }</a>{ text::WHERE_IT_STILL_OPENS }</p></div>
                    <div class="row wrap">
                        <button class="btn primary" data-test="away-again" aria-disabled={is_asking.to_string()} onclick={on_click}>
                            if is_asking { <span class="spin" aria-hidden="true"></span>{ text::ASKING } } else { { text::TRY_NOW } }
                        </button>
                        if let Some(start_page) = start_page { <a class="btn" href={start_page}>{ text::ANOTHER_CONTROL_PLANE }</a> }
                        if !is_asking { <span class="small muted">{ text::asks_again_in(&left) }</span> }
                    </div>
                </div>
            </section>
        </main>
    }
}
