//! What the console says stands in its `words`, so that another language is another `words`.

/// Attributes that people read or hear.
const ATTRIBUTES: [&str; 8] =
    ["title", "placeholder", "aria-label", "aria-description", "data-l", "alt", "label", "help"];

/// Every line of the console that has a text of its own.
pub(crate) fn check(path: &str, text: &str) -> Vec<String> {
    let is_drawn = path.strip_prefix("admin-app/ui/src/").is_some_and(|within| !within.starts_with("words/"));
    if !is_drawn || !path.ends_with(".rs") || path.ends_with("/tests.rs") {
        return Vec::new();
    }
    let own = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = own.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let found = lines.filter_map(|(at, line)| Some((at, texts(line).next()?)));
    found
        .map(|(at, text)| format!("{path}:{}: “{text}” is a text; put it into admin-app/ui/src/words/text", at + 1))
        .collect()
}

/// `{ "…" }` between elements, what an attribute says, and what is put together from words.
fn texts(line: &str) -> impl Iterator<Item = &str> {
    let between = after(line, "{ \"").filter(|(before, _)| !before.ends_with("<kbd>")).filter_map(|(_, rest)| {
        let (text, rest) = rest.split_once('"')?;
        (rest.starts_with(" }") && is_said(text)).then_some(text)
    });
    let attributes = ATTRIBUTES.into_iter().flat_map(move |name| {
        after(line, "=\"").filter(move |(before, _)| before.ends_with(&format!(" {name}"))).filter_map(|(_, rest)| {
            let (text, _) = rest.split_once('"')?;
            has_letters(text).then_some(text)
        })
    });
    let formatted = after(line, "format!(\"").filter_map(|(_, rest)| {
        let (text, _) = rest.split_once('"')?;
        (is_said(text) || is_amid_gaps(text)).then_some(text)
    });
    between.chain(attributes).chain(formatted)
}

/// What stands before and after each place of `mark`.
fn after<'a>(line: &'a str, mark: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    line.match_indices(mark).filter_map(move |(at, _)| Some((line.get(..at)?, line.get(at + mark.len()..)?)))
}

fn has_letters(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).count() >= 2
}

/// Begins as a sentence does, or is of several words with a sentence's signs. Names of classes and values of an API are not.
fn is_said(text: &str) -> bool {
    let without_gaps: String =
        text.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
    let mut letters = without_gaps.chars();
    let begins = letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase);
    let several = without_gaps.split_whitespace().filter(|word| has_letters(word)).count() > 1;
    // What a shell takes is the same in every language.
    let is_command = text.starts_with("downhaul ");
    !is_command && (begins || several && [",", ".", "’", "…", "“"].iter().any(|sign| without_gaps.contains(sign)))
}

/// A word beside a gap, as in `{count} more`; of lower case, so it may stand amid a sentence. Classes are not put together so.
fn is_amid_gaps(text: &str) -> bool {
    let is_word = |word: &str| word.len() > 1 && word.chars().all(char::is_lowercase);
    let is_beside = ["} ", " {"].iter().any(|gap| text.contains(gap));
    is_beside && text.split(' ').any(is_word) && !text.starts_with("downhaul ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_outside_words_is_found() {
        let found = |line: &str| check("admin-app/ui/src/pages/flags/mod.rs", line).len();
        assert_eq!(found(r#"<h1>{ "Flags" }</h1>"#), 1);
        assert_eq!(found(r#"<input class="input" aria-label="search" />"#), 1);
        assert_eq!(found(r#"let title = format!("Kill {key} in {environment}");"#), 1);
        assert_eq!(found(r#"<td data-l="Last heard">"#), 1, "a column's name, where there is no head for it");
        assert_eq!(found(r#"<b>{ format!("{} more", rest) }</b>"#), 1);
        assert_eq!(found(r#"let style = format!("width: {width}%; left: {left}%");"#), 0);
        assert_eq!(found(r#"<h1>{ text::FLAGS }</h1><kbd>{ "Enter" }</kbd>"#), 0);
        assert_eq!(found(r#"let class = if is_late { "needle late" } else { "needle" };"#), 0);
        assert_eq!(found(r#"let name = format!("flag-row-{key}");"#), 0);
        assert_eq!(
            found(r#"let background = format!("linear-gradient(90deg, {parts})"), line = format!("{date}, {time}");"#),
            0
        );
        assert_eq!(found("/// Says `{ \"Flags\" }`.\n#[cfg(test)]\nmod tests { \"Any\" }"), 0);
        assert!(check("admin-app/ui/src/words/text/flags.rs", r#"<h1>{ "Flags" }</h1>"#).is_empty());
    }
}
