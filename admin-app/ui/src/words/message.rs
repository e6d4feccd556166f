/// The same text with a capital at its start; what is quoted keeps its letters.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Messages begin with a small letter, have no full stop and set the user's text in backticks; on screen they are
/// sentences with quotation marks.
pub fn sentence(text: &str) -> String {
    let mut is_open = false;
    let quoted = text.chars().map(|c| {
        if c != '`' {
            return c;
        }
        is_open = !is_open;
        if is_open { '“' } else { '”' }
    });
    capital(&quoted.collect::<String>())
}
