//! `downhaul://` links: to a flag, a change, or the kill control of a flag. A link opens a page and does nothing else.

use downhaul_core::ids::{EnvironmentKey, FlagKey};

const SCHEME: &str = "downhaul://";

/// Whether an argument is meant as one.
pub fn is_link(argument: &str) -> bool {
    argument.starts_with(SCHEME)
}

/// The path of the console that a link leads to.
pub fn path(link: &str) -> Option<String> {
    let rest = link.strip_prefix(SCHEME)?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let mut parts = rest.split('/');
    let (what, environment, which) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let environment: EnvironmentKey = environment.parse().ok()?;
    match what {
        "flag" => which.parse::<FlagKey>().ok().map(|flag| format!("/e/{environment}/flags/{flag}")),
        "kill" => which.parse::<FlagKey>().ok().map(|flag| format!("/e/{environment}/kill/{flag}")),
        "change" => which.parse::<u64>().ok().map(|revision| format!("/e/{environment}/chart/{revision}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn links_lead_to_pages_of_the_console() {
        for (link, expected) in [
            ("downhaul://flag/production/checkout-v2", Some("/e/production/flags/checkout-v2")),
            ("downhaul://kill/production/checkout-v2/", Some("/e/production/kill/checkout-v2")),
            ("downhaul://change/production/17", Some("/e/production/chart/17")),
            ("downhaul://change/production/latest", None),
            ("downhaul://flag/production", None),
            ("downhaul://flag/production/a/b", None),
            ("downhaul://flag/production/..%2F..%2Fapi", None),
            ("downhaul://restore/production/checkout-v2", None),
            ("https://flags.example/e/production/flags/a", None),
        ] {
            assert_eq!(path(link).as_deref(), expected, "{link}");
        }
    }
}
