use yew::prelude::*;

/// A message of the server: what stands between backquotes as code.
pub fn marked(words: &str) -> Html {
    let part = |(at, part): (usize, &str)| {
        if at % 2 == 1 {
            html! { <code>{ part }</code> }
        } else {
            html! { part }
        }
    };
    words.split('`').enumerate().map(part).collect()
}
