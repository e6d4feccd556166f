use super::Icon;
use crate::words::text::components as text;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

/// Something to go to.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub group: &'static str,
    pub icon: &'static str,
    pub title: String,
    pub hint: String,
    /// What `on_choose` is told.
    pub id: usize,
}

#[derive(Debug, Properties, PartialEq)]
pub struct PaletteProps {
    pub entries: Vec<Entry>,
    /// What is typed already.
    #[prop_or_default]
    pub query: &'static str,
    pub on_choose: Callback<usize>,
    pub on_close: Callback<()>,
}

const SHOWN: usize = 12;

/// Flags, pages and commands by name.
#[function_component]
pub fn Palette(props: &PaletteProps) -> Html {
    let query = use_state(|| props.query.to_owned());
    let at = use_state(|| 0_usize);
    let input = use_node_ref();
    let dialog = use_node_ref();
    {
        let input = input.clone();
        use_effect_with((), move |()| {
            let before = web_sys::window().and_then(|window| window.document()).and_then(|page| page.active_element());
            if let Some(input) = input.cast::<HtmlInputElement>() {
                let _ = input.focus();
            }
            move || {
                if let Some(before) = before.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
                    let _ = before.focus();
                }
            }
        });
    }
    let found = matching(&props.entries, &query);
    let chosen = (*at).min(found.len().saturating_sub(1));
    let on_input = {
        let (query, at) = (query.clone(), at.clone());
        Callback::from(move |event: InputEvent| {
            query.set(event.target_unchecked_into::<HtmlInputElement>().value());
            at.set(0);
        })
    };
    let on_key = {
        let (at, count, id) = (at.clone(), found.len(), found.get(chosen).map(|entry| entry.id));
        let (choose, close) = (props.on_choose.clone(), props.on_close.clone());
        Callback::from(move |event: KeyboardEvent| {
            match event.key().as_str() {
                "ArrowDown" => at.set((chosen + 1).min(count.saturating_sub(1))),
                "ArrowUp" => at.set(chosen.saturating_sub(1)),
                "Enter" => {
                    if let Some(id) = id {
                        choose.emit(id);
                    }
                }
                "Escape" => close.emit(()),
                // Focus stays on the field while the palette is open.
                "Tab" => {}
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let on_outside = {
        let (close, dialog) = (props.on_close.clone(), dialog.clone());
        Callback::from(move |event: MouseEvent| {
            let target = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            let inside = dialog.cast::<web_sys::Node>().is_some_and(|dialog| dialog.contains(target.as_ref()));
            if !inside {
                close.emit(());
            }
        })
    };
    let mut group = "";
    let rows: Html = found
        .iter()
        .enumerate()
        .map(|(row, entry)| {
            let heading = (entry.group != group).then(|| html! { <h4 role="presentation">{ entry.group }</h4> });
            group = entry.group;
            let (choose, id) = (props.on_choose.clone(), entry.id);
            html! {
                <>
                    { heading.unwrap_or_default() }
                    <li id={format!("palette-{row}")} role="option" aria-selected={(row == chosen).to_string()}
                        onclick={Callback::from(move |_| choose.emit(id))}>
                        <Icon name={entry.icon} /><span class="trunc">{ &entry.title }</span><small>{ &entry.hint }</small>
                    </li>
                </>
            }
        })
        .collect();
    html! {
        <div class="overlay" onmousedown={on_outside}>
            <div class="palette" role="dialog" aria-modal="true" aria-label={text::SEARCH_OR_RUN_A_COMMAND} ref={dialog} data-test="palette">
                <div class="q">
                    <Icon name="search" />
                    <input ref={input} value={(*query).clone()} oninput={on_input} onkeydown={on_key} placeholder={text::SEARCH_FLAGS_AND_COMMANDS}
                        role="combobox" aria-expanded="true" aria-controls="palette-list" aria-label={text::SEARCH_FLAGS_AND_COMMANDS}
                        aria-activedescendant={format!("palette-{chosen}")} autocomplete="off" spellcheck="false" />
                    <kbd>{ "Esc" }</kbd>
                </div>
                <ul id="palette-list" role="listbox" aria-label={text::RESULTS}>{ rows }</ul>
                if found.is_empty() { <p class="pad muted">{ text::nothing_is_called(&*query) }</p> }
                <footer><span><kbd>{ "↑" }</kbd>{ " " }<kbd>{ "↓" }</kbd>{ text::MOVE }</span><span><kbd>{ "Enter" }</kbd>{ text::OPEN }</span></footer>
            </div>
        </div>
    }
}

/// Entries that contain every word of the query; those that begin with it first, otherwise in the order given.
fn matching<'a>(entries: &'a [Entry], query: &str) -> Vec<&'a Entry> {
    let query = query.trim().to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    let holds = |entry: &&Entry| {
        let text = format!("{} {}", entry.title, entry.hint).to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let mut found: Vec<&Entry> = entries.iter().filter(holds).collect();
    found.sort_by_key(|entry| !entry.title.to_lowercase().starts_with(&query));
    found.truncate(SHOWN);
    // Groups stay together after the best matches came first.
    let order: Vec<&str> = found.iter().map(|entry| entry.group).collect();
    found.sort_by_key(|entry| order.iter().position(|group| *group == entry.group));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(group: &'static str, title: &str) -> Entry {
        Entry { group, icon: "flag", title: title.to_owned(), hint: String::new(), id: 0 }
    }

    #[test]
    fn every_word_must_be_there_and_beginnings_come_first() {
        let entries = [
            entry("Flags", "new-checkout"),
            entry("Flags", "checkout-v2"),
            entry("Commands", "Kill checkout-v2…"),
            entry("Pages", "Chart"),
        ];
        let titles =
            |query| matching(&entries, query).iter().map(|entry| entry.title.clone()).collect::<Vec<_>>().join(" | ");
        assert_eq!(titles("CHECKOUT"), "checkout-v2 | new-checkout | Kill checkout-v2…");
        assert_eq!(titles("kill check"), "Kill checkout-v2…");
        assert_eq!(titles("zzz"), "");
        assert_eq!(matching(&entries, "").len(), 4);
    }
}
