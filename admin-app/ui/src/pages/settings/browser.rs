use crate::hooks::preferences::{self, Preferences};
use crate::hooks::{clock, use_now};
use crate::shell::theme;
use crate::words::text::settings as text;
use crate::words::time::clock as shown;
use yew::prelude::*;

const THEMES: [(&str, &str); 3] = [("system", text::AS_THE_SYSTEM), ("light", text::LIGHT), ("dark", text::DARK)];

/// What concerns nobody else: the theme, single letters, the time zone.
#[function_component]
pub fn Browser() -> Html {
    let update = use_force_update();
    let now = use_now(1_000);
    let chosen = preferences::now();
    let kept = theme::kept().unwrap_or_else(|| "system".to_owned());
    let choose = {
        let update = update.clone();
        Callback::from(move |next: Preferences| {
            preferences::choose(next);
            update.force_update();
        })
    };
    let theme_button = |(name, words): &(&'static str, &'static str)| {
        let (name, update) = (*name, update.clone());
        let pick = Callback::from(move |_: MouseEvent| {
            theme::choose((name != "system").then_some(name));
            update.force_update();
        });
        html! { <button type="button" aria-pressed={(kept == name).to_string()} data-test={format!("theme-{name}")} onclick={pick}>{ *words }</button> }
    };
    let zone = |utc: bool, words: &'static str, test: &'static str| {
        let choose = choose.clone();
        let pick = Callback::from(move |_: MouseEvent| choose.emit(Preferences { utc, ..chosen }));
        html! { <button type="button" aria-pressed={(chosen.utc == utc).to_string()} data-test={test} onclick={pick}>{ words }</button> }
    };
    let letters = choose.reform(move |_: Event| Preferences { letters_off: !chosen.letters_off, ..chosen });
    html! {
        <section class="card"><div class="pad stack l">
            <div class="field"><span class="label">{ text::THEME }</span><div class="row"><div class="seg" role="group" aria-label={text::THEME}>{ for THEMES.iter().map(theme_button) }</div></div></div>
            <div class="field"><span class="label">{ text::TIMES }</span><div class="row wrap"><div class="seg" role="group" aria-label={text::TIMES}>
                { zone(false, text::LOCAL, "zone-local") }{ zone(true, "UTC", "zone-utc") }</div>
                <span class="muted">{ text::NOW_IT_IS }<span data-test="zone-now">{ shown(now, clock::offset()) }</span></span></div>
                <span class="help">{ text::IN_THE_CHART_ON_RUNS_AND }</span></div>
            <div class="field"><label class="row"><input type="checkbox" class="check" checked={!chosen.letters_off} onchange={letters} data-test="letters" />{ text::SINGLE_LETTERS_ARE_SHORTCUTS_SUCH_AS }</label>
                <span class="help">{ text::OFF_ONLY_KEYS_WITH_CTRL_OR }</span></div>
        </div></section>
    }
}
