use crate::backend::{Cancel, Failure, Upload, api};
use crate::components::{Icon, Placed};
use crate::hooks::use_console;
use crate::state::toasts::Tone;
use crate::words::number::counted;
use crate::words::text::common;
use crate::words::text::populations as text;
use downhaul_control::api::{PopulationName, PutPopulationQuery};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, HtmlInputElement};
use yew::prelude::*;

/// Largest file that the server takes, in bytes.
const LARGEST: f64 = 64.0 * 1024.0 * 1024.0;

/// The kinds of file, by their endings.
const FORMS: [(&str, &str); 6] = [
    (".csv", "text/csv"),
    (".jsonl", "application/x-ndjson"),
    (".ndjson", "application/x-ndjson"),
    (".json", "application/x-ndjson"),
    (".parquet", "application/vnd.apache.parquet"),
    (".population", "application/vnd.downhaul.population"),
];

fn form_of(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    FORMS.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, form)| *form)
}

/// How far it is.
#[derive(Clone, PartialEq, Default)]
enum State {
    #[default]
    Idle,
    /// Bytes that have left, and all.
    Sending(f64, f64),
    /// All of it is there, and is being read.
    Reading,
    Done {
        rows: u64,
        left_out: Vec<String>,
        malformed: u64,
    },
    Failed(Failure),
}

#[derive(Debug, Properties, PartialEq)]
pub struct UploadCardProps {
    pub environment: AttrValue,
    pub why_not: Option<String>,
    /// Names of populations that are there.
    pub taken: Vec<String>,
}

/// Puts a file as a population: chosen or dropped here, with how much of it has left, and what the server made of it.
#[function_component]
pub fn UploadCard(props: &UploadCardProps) -> Html {
    let console = use_console();
    let (file, name, day) = (use_state(|| None::<File>), use_state(|| "default".to_owned()), use_state(String::new));
    let (columns, malformed) = (use_state(String::new), use_state(String::new));
    let (state, over) = (use_state(State::default), use_state(|| false));
    let cancel = use_mut_ref(Cancel::default);
    let form = file.as_ref().and_then(|file| form_of(&file.name()));
    let size = file.as_ref().map_or(0.0, |file| file.size());
    let wrong_name = name.parse::<PopulationName>().err().map(|why| why.to_string());
    let wrong_mapping = (!columns.trim().is_empty())
        .then(|| serde_json::from_str::<serde_json::Value>(&columns).err().map(|why| why.to_string()))
        .flatten();
    let is_busy = matches!(*state, State::Sending(..) | State::Reading);
    let why_not = props
        .why_not
        .clone()
        .or_else(|| file.is_none().then(|| text::CHOOSE_A_FILE_FIRST.to_owned()))
        .or_else(|| form.is_none().then(|| text::THE_FILE_ENDS_IN_NONE_OF.to_owned()))
        .or_else(|| (size > LARGEST).then(|| text::THE_FILE_IS_LARGER_THAN_64.to_owned()))
        .or_else(|| wrong_name.clone())
        .or_else(|| wrong_mapping.clone());
    let is_ready = why_not.is_none() && !is_busy;
    let choose = {
        let (file, state) = (file.clone(), state.clone());
        move |chosen: Option<File>| {
            state.set(State::Idle);
            file.set(chosen);
        }
    };
    let on_file = {
        let choose = choose.clone();
        Callback::from(move |event: Event| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            choose(input.files().and_then(|files| files.get(0)));
        })
    };
    let on_drop = {
        let (choose, over, may) = (choose, over.clone(), props.why_not.is_none());
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            over.set(false);
            if let Some(files) = event.data_transfer().and_then(|data| data.files()).filter(|_| may) {
                choose(files.get(0));
            }
        })
    };
    let on_over = |value: bool| {
        let over = over.clone();
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            over.set(value);
        })
    };
    let typed = |text: &UseStateHandle<String>| {
        let text = text.clone();
        Callback::from(move |event: InputEvent| text.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let on_submit = {
        let (console, environment, state, cancel) =
            (console.clone(), props.environment.to_string(), state.clone(), cancel.clone());
        let (file, name, day, columns, malformed) =
            (file.clone(), name.clone(), day.clone(), columns.clone(), malformed.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (Some(file), Some(form), true) = ((*file).clone(), form, is_ready) else { return };
            let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            let query = PutPopulationQuery {
                source: Some(file.name()),
                taken_at: given(&day),
                mapping: given(&columns),
                malformed: malformed.trim().parse().ok(),
            };
            let told = {
                let state = state.setter();
                move |sent: f64, all: f64| {
                    state.set(if sent < all { State::Sending(sent, all) } else { State::Reading })
                }
            };
            cancel.replace(Cancel::default());
            let upload = Upload {
                content_type: form.to_owned(),
                on_progress: Rc::new(told),
                cancel: cancel.borrow().clone(),
                file,
            };
            state.set(State::Sending(0.0, size));
            let (console, state, name) = (console.clone(), state.setter(), (*name).clone());
            let put = api::put_population(console.backend.clone(), environment.clone(), name.clone(), query, upload);
            spawn_local(async move {
                match put.await {
                    Ok(put) => {
                        let rows = counted(put.population.rows as usize, text::CONTEXT, text::AMID_CONTEXTS);
                        console.toast(Tone::Ok, text::kept_the_population(&name), rows);
                        state.set(State::Done {
                            rows: put.population.rows,
                            left_out: put.left_out,
                            malformed: put.malformed,
                        });
                        // Nothing is told of a population: what shows one asks again.
                        console.live.dispatch(crate::state::live::Action::Stale);
                    }
                    Err(failure) => {
                        console.failed(&failure);
                        state.set(State::Failed(failure));
                    }
                }
            });
        })
    };
    let on_cancel = {
        let cancel = cancel.clone();
        Callback::from(move |_: MouseEvent| cancel.borrow().now())
    };
    let replaces = props.taken.contains(&name);
    html! {
        <section class="card"><header><h2>{ text::PUT_A_POPULATION }</h2><p>{ text::CSV_JSON_LINES_OR_PARQUET_AT }</p></header>
            <form class="pad stack" onsubmit={on_submit} aria-label={text::PUT_A_POPULATION}>
                if let Some(why) = &props.why_not { <p class="why-not"><Icon name="lock" small=true />{ why }</p> }
                <label class={classes!("dropzone", over.then_some("over"))} ondragover={on_over(true)} ondragleave={on_over(false)} ondrop={on_drop}>
                    <input type="file" class="sr" accept=".csv,.jsonl,.ndjson,.json,.parquet,.population" disabled={props.why_not.is_some() || is_busy} onchange={on_file} data-test="population-file" />
                    <Icon name="upload" />
                    { match &*file {
                        Some(file) => html! { <span><b class="mono">{ file.name() }</b><span class="muted">{ format!(", {}", bytes(file.size())) }</span></span> },
                        None => html! { <span>{ text::CHOOSE_A_FILE_OR_DROP_IT }</span> },
                    } }
                </label>
                <div class="cols c3">
                    <div class="field"><label for="population-name">{ common::NAME }</label><input class="input mono" id="population-name" data-test="population-name" value={(*name).clone()} oninput={typed(&name)} disabled={props.why_not.is_some()} autocomplete="off" spellcheck="false" aria-invalid={wrong_name.is_some().to_string()} />
                        <span class="help">{ if replaces { text::TAKES_THE_PLACE_OF_THE_ONE } else if *name == "default" { text::USED_WHEREVER_NONE_IS_NAMED } else { text::USED_WHERE_IT_IS_NAMED } }</span></div>
                    <div class="field"><label for="population-day">{ text::WHEN_THE_PEOPLE_WERE_LIKE_THIS }</label><input class="input" id="population-day" type="date" value={(*day).clone()} oninput={typed(&day)} disabled={props.why_not.is_some()} /><span class="help">{ text::NOW_UNLESS_GIVEN }</span></div>
                    <div class="field"><label for="population-malformed">{ text::MALFORMED_ROWS_TO_LEAVE_OUT }</label><input class="input mono" id="population-malformed" inputmode="numeric" placeholder="0" value={(*malformed).clone()} oninput={typed(&malformed)} disabled={props.why_not.is_some()} autocomplete="off" /><span class="help">{ text::ONE_MORE_REFUSES_ALL_OF_IT }</span></div>
                </div>
                <details><summary class="small">{ text::WHAT_THE_COLUMNS_ARE }</summary>
                    <div class="field"><label class="sr" for="population-mapping">{ text::MAPPING_AS_JSON }</label><input class="input mono" id="population-mapping" data-test="population-mapping" value={(*columns).clone()} oninput={typed(&columns)} disabled={props.why_not.is_some()} autocomplete="off" spellcheck="false" placeholder={"{\"targetingKey\": \"user_id\", \"weight\": \"visits\", \"rename\": {\"ver\": \"app.version\"}}"} aria-invalid={wrong_mapping.is_some().to_string()} />
                    <span class="help">{ text::LEFT_EMPTY_COLUMNS_ARE_ATTRIBUTES_BY }</span></div></details>
                <div class="row wrap">
                    <button class="btn primary" data-test="population-put" aria-disabled={(!is_ready).to_string()}>{ if replaces { text::PUT_IT_IN_ITS_PLACE } else { text::PUT_IT } }</button>
                    if is_busy { <button type="button" class="btn quiet" onclick={on_cancel} data-test="population-cancel">{ text::STOP }</button> }
                    if !is_busy && props.why_not.is_none() { <span class="small muted" role="status">{ why_not.filter(|_| !matches!(*state, State::Done { .. })) }</span> }
                </div>
                <div role="status" data-test="population-state" data-state={state_name(&state)}>{ progress(&state) }</div>
            </form>
        </section>
    }
}

fn state_name(state: &State) -> &'static str {
    match state {
        State::Idle => "idle",
        State::Sending(..) => "sending",
        State::Reading => "reading",
        State::Done { .. } => "done",
        State::Failed(_) => "failed",
    }
}

fn progress(state: &State) -> Html {
    match state {
        State::Idle => Html::default(),
        State::Sending(sent, all) => html! {
            <div class="stack s"><span class="meter plain" role="img" aria-label={text::SENT_SO_FAR}><Placed class="filled" width={Some(if *all > 0.0 { 100.0 * sent / all } else { 0.0 })} /></span>
                <span class="small muted">{ text::bytes_of_bytes_2_sent(&bytes(*sent), &bytes(*all)) }</span></div>
        },
        State::Reading => {
            html! { <p class="small muted row"><span class="spin"></span>{ text::ALL_OF_IT_HAS_ARRIVED_THE }</p> }
        }
        State::Done { rows, left_out, malformed } => html! {
            <div class="banner ok"><Icon name="check" /><div class="grow"><p><b>{ text::contexts_kept(&counted(*rows as usize, text::CONTEXT, text::AMID_CONTEXTS)) }</b>
                { if *malformed > 0 { text::malformed_rows_left_out(&counted(*malformed as usize, text::MALFORMED_ROW, text::MALFORMED_ROWS)) } else { String::new() } }</p>
                if !left_out.is_empty() { <ul class="small">{ for left_out.iter().map(|why| html! { <li>{ why }</li> }) }</ul> }</div></div>
        },
        State::Failed(Failure::Offline) => html! {
            <div class="banner warn" role="alert"><Icon name="offline" /><p><b>{ text::IT_DID_NOT_ARRIVE }</b>{ text::IT_WAS_STOPPED_OR_THE_CONNECTION }</p></div>
        },
        State::Failed(failure) => html! {
            <div class="banner danger" role="alert" data-test="population-refused" data-code={failure.code().to_owned()}><Icon name="alert" /><p><b>{ failure.title() }</b>{ ". " }{ failure.help() }</p></div>
        },
    }
}

/// A size as people say it.
fn bytes(size: f64) -> String {
    let units = ["bytes", "KiB", "MiB"];
    let (mut size, mut unit) = (size, 0);
    while size >= 1024.0 && unit + 1 < units.len() {
        size /= 1024.0;
        unit += 1;
    }
    let unit = units.get(unit).copied().unwrap_or_default();
    if unit == "bytes" { format!("{size:.0}\u{202F}{unit}") } else { format!("{size:.1}\u{202F}{unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_endings() {
        assert_eq!(form_of("people.JSONL"), Some("application/x-ndjson"));
        assert_eq!(form_of("people.csv"), Some("text/csv"));
        assert_eq!((form_of("people.xlsx"), form_of("csv")), (None, None));
        assert_eq!((bytes(12.0), bytes(3_145_728.0)), ("12\u{202F}bytes".to_owned(), "3.0\u{202F}MiB".to_owned()));
    }
}
