mod away;
mod link;

use crate::state::session::wait;
use crate::words::text::sign_in as text;
pub use away::Away;
pub use link::take_token_from_address;

use crate::backend::{Failure, api};
use crate::components::Icon;
use crate::hooks::{use_console, use_document_title};
use gloo::timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Debug, Properties, PartialEq)]
pub struct SignInProps {
    pub failure: Option<Failure>,
    /// The token is being checked.
    pub busy: bool,
    pub on_submit: Callback<String>,
}

/// For whoever has no session: a token, or the provider where the server knows one.
#[function_component]
pub fn SignIn(props: &SignInProps) -> Html {
    use_document_title(text::SIGN_IN.to_owned());
    let token = use_node_ref();
    let missing = use_state(|| false);
    {
        let token = token.clone();
        use_effect_with((), move |()| {
            if let Some(token) = token.cast::<HtmlInputElement>() {
                let _ = token.focus();
            }
        });
    }
    let provider = use_state(|| None::<String>);
    {
        let (backend, provider, tries) = (use_console().backend, provider.clone(), use_state(|| 0_u32));
        use_effect_with(*tries, move |at| {
            let at = *at;
            // Until there is an answer a token is asked for, as without a provider.
            let later = Timeout::new(if at == 0 { 0 } else { wait(at) }, move || {
                spawn_local(async move {
                    match api::sign_in_with(&backend).await {
                        Ok(view) => provider.set(view.name),
                        Err(failure) if failure.may_pass() => tries.set(at + 1),
                        Err(_) => {}
                    }
                });
            });
            move || drop(later)
        });
    }
    let on_submit = {
        let (token, missing, submit, busy) = (token.clone(), missing.clone(), props.on_submit.clone(), props.busy);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let value = token.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
            missing.set(value.trim().is_empty());
            if !value.trim().is_empty() && !busy {
                submit.emit(value.trim().to_owned());
            }
        })
    };
    let error = match &props.failure {
        _ if *missing => Some((text::TYPE_OR_PASTE_A_TOKEN.to_owned(), String::new())),
        Some(failure) => Some((failure.title(), failure.help())),
        None => None,
    };
    html! {
        <main id="main" class="gate">
            <form class="card" onsubmit={on_submit} aria-labelledby="sign-in">
                <div class="pad stack l">
                    <div class="stack s">
                        <h1 id="sign-in">{ text::SIGN_IN_TO_DOWNHAUL }</h1>
                        <p class="muted">
                            { match &*provider {
                                Some(name) => text::with_a_token_or_your_account(&name),
                                None => text::WITH_A_TOKEN_OF_THIS_CONTROL.to_owned(),
                            } }
                        </p>
                    </div>
                    <div class="field">
                        <input type="text" autocomplete="username" value="admin" hidden=true readonly=true />
                        <label for="token">{ text::TOKEN }</label>
                        <input class="input mono" id="token" type="password" autocomplete="current-password" spellcheck="false"
                            ref={token} data-test="sign-in-token" aria-invalid={error.is_some().to_string()} aria-describedby="token-help" />
                        if let Some((title, help)) = error {
                            <p class="error" role="alert" id="token-help" data-test="sign-in-error">
                                <Icon name="alert" small=true /><span><b>{ title }</b><span class="blk">{ help }</span></span>
                            </p>
                        } else {
                            <p class="help" id="token-help">{ text::YOURS_FROM }<code>{ text::DOWNHAUL_TOKENS_CREATE }</code>{ text::OR_THE_ADMIN_TOKEN_WHICH_STANDS }<code>{ text::ADMIN_TOKEN }</code>{ text::IN_THE_DATA_FOLDER }<code>{ text::CARGO_XTASK_RUN }</code>{ text::PRINTS_A_LINK_THAT_SIGNS_IN }</p>
                        }
                    </div>
                    <button class="btn primary l block" data-test="sign-in" aria-disabled={props.busy.to_string()}>
                        if props.busy { <span class="spin" aria-hidden="true"></span>{ text::SIGNING_IN } } else { { text::SIGN_IN } }
                    </button>
                    if let Some(name) = &*provider {
                        <a class="btn l block" href="/sign-in/v1/start" data-test="sign-in-provider">{ text::sign_in_with(&name) }</a>
                    }
                </div>
            </form>
        </main>
    }
}
