//! `downhaul://` links: to a flag or a rule of it, a change, or the kill control of a flag. A link opens a page and does nothing else.

use downhaul_core::ids::{EnvironmentKey, FlagKey};

const SCHEME: &str = "downhaul://";

/// Whether an argument is meant as one.
pub fn is_link(argument: &str) -> bool {
    argument.starts_with(SCHEME)
}

/// The path of the console that a link leads to, with `#rule-3` where it names a rule.
pub fn path(link: &str) -> Option<String> {
    let rest = link.strip_prefix(SCHEME)?;
    let (rest, place) = rest.split_once('#').unwrap_or((rest, ""));
    let rest = rest.split('?').next().unwrap_or_default().trim_end_matches('/');
    let mut parts = rest.split('/');
    let (what, environment, which) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let environment: EnvironmentKey = environment.parse().ok()?;
    match what {
        "flag" => which.parse::<FlagKey>().ok().map(|flag| format!("/e/{environment}/flags/{flag}{}", rule(place))),
        "kill" => which.parse::<FlagKey>().ok().map(|flag| format!("/e/{environment}/kill/{flag}")),
        "change" => which.parse::<u64>().ok().map(|revision| format!("/e/{environment}/chart/{revision}")),
        _ => None,
    }
}

/// The place of a rule within its flag's page; whatever else a link names there is left out.
fn rule(place: &str) -> String {
    let number = place.strip_prefix("rule-").and_then(|number| number.parse::<u32>().ok());
    number.map_or_else(String::new, |number| format!("#rule-{number}"))
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn links_lead_to_pages_of_the_console() {
        for (link, expected) in [
            ("downhaul://flag/production/checkout-v2", Some("/e/production/flags/checkout-v2")),
            ("downhaul://flag/production/checkout-v2#rule-3", Some("/e/production/flags/checkout-v2#rule-3")),
            (
                "downhaul://flag/production/checkout-v2/?from=chat#rule-3",
                Some("/e/production/flags/checkout-v2#rule-3"),
            ),
            ("downhaul://flag/production/checkout-v2#token=a", Some("/e/production/flags/checkout-v2")),
            ("downhaul://kill/production/checkout-v2#rule-3", Some("/e/production/kill/checkout-v2")),
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
