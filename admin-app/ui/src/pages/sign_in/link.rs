/// The token of a sign-in link (`/#token=…` or `/?token=…`), which leaves the address and the history at once.
pub fn take_token_from_address() -> Option<String> {
    let window = web_sys::window()?;
    let location = window.location();
    let (search, hash) = (location.search().ok()?, location.hash().ok()?);
    let (token, rest) = split_token(&search, &hash)?;
    let address = format!("{}{rest}", location.pathname().ok()?);
    window.history().ok()?.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&address)).ok()?;
    Some(token)
}

/// The token, and what remains of query and fragment.
fn split_token(search: &str, hash: &str) -> Option<(String, String)> {
    let of = |part: &str| part.strip_prefix("token=").filter(|token| !token.is_empty()).map(str::to_owned);
    if let Some(token) = of(hash.trim_start_matches('#')) {
        return Some((token, search.to_owned()));
    }
    let parts: Vec<&str> = search.trim_start_matches('?').split('&').collect();
    let token = parts.iter().find_map(|part| of(part))?;
    let rest: Vec<&str> = parts.into_iter().filter(|part| of(part).is_none() && !part.is_empty()).collect();
    let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    Some((token, format!("{query}{hash}")))
}

#[cfg(test)]
mod tests {
    use super::split_token;

    #[test]
    fn takes_the_token_and_leaves_the_rest() {
        let check = |search, hash, expected: Option<(&str, &str)>| {
            let found = split_token(search, hash);
            let found = found.as_ref().map(|(token, rest)| (token.as_str(), rest.as_str()));
            assert_eq!(found, expected, "{search}{hash}");
        };
        check("", "#token=dha_1", Some(("dha_1", "")));
        check("?a=b", "#token=dha_1", Some(("dha_1", "?a=b")));
        check("?token=dha_1", "", Some(("dha_1", "")));
        check("?a=b&token=dha_1&c=d", "#main", Some(("dha_1", "?a=b&c=d#main")));
        check("?token=", "", None);
        check("?atoken=x", "#main", None);
        check("", "", None);
    }
}
