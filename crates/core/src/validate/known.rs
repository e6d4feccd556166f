use crate::document::{Flag, FlagSet};
use crate::ids::TenantId;
use crate::suggest::Suggestions;
use std::collections::{BTreeMap, BTreeSet};

/// What names there are, looked up quickly.
pub(super) struct Known<'a> {
    /// The first flag of each key.
    pub(super) flags: BTreeMap<&'a str, usize>,
    pub(super) segments: BTreeMap<&'a str, usize>,
    pub(super) regions: BTreeSet<&'a str>,
    /// By the number of the flag.
    variants: Vec<BTreeSet<&'a str>>,
    tenants: Vec<&'a str>,
    document: &'a FlagSet,
    suggestions: Suggestions,
}

impl<'a> Known<'a> {
    pub(super) fn of(document: &'a FlagSet) -> Self {
        let mut flags = BTreeMap::new();
        for (index, flag) in document.flags.iter().enumerate() {
            flags.entry(flag.key.as_str()).or_insert(index);
        }
        Known {
            flags,
            segments: document.segments.keys().enumerate().map(|(index, key)| (key.as_str(), index)).collect(),
            variants: document.flags.iter().map(variants).collect(),
            regions: document.regions.names().into_iter().map(|name| name.as_str()).collect(),
            tenants: document.tenants.keys().map(TenantId::as_str).collect(),
            document,
            suggestions: Suggestions::new(),
        }
    }

    pub(super) fn flag_help(&self, key: &str) -> Option<String> {
        self.suggestions.help(key, self.flags.keys().copied())
    }

    pub(super) fn segment_help(&self, key: &str) -> Option<String> {
        self.suggestions.help(key, self.segments.keys().copied())
    }

    pub(super) fn region_help(&self, name: &str) -> Option<String> {
        self.suggestions.help(name, self.regions.iter().copied())
    }

    /// `flag` is the flag's number.
    pub(super) fn has_variant(&self, flag: usize, variant: &str) -> bool {
        self.variants.get(flag).is_some_and(|variants| variants.contains(variant))
    }

    pub(super) fn variant_help(&self, flag: usize, variant: &str) -> Option<String> {
        self.suggestions.help(variant, self.variants.get(flag)?.iter().copied())
    }

    /// The declared tenant that `tenant` is a misspelling of, it seems. Numbered tenants are no misspellings of each other.
    pub(super) fn tenant_near(&self, tenant: &TenantId) -> Option<&'a str> {
        if self.document.tenants.contains_key(tenant) {
            return None;
        }
        let near = self.suggestions.near(tenant.as_str(), self.tenants.iter().copied())?;
        let letters = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>().to_lowercase();
        let only_digits_differ =
            letters(near) == letters(tenant.as_str()) && near.to_lowercase() != tenant.as_str().to_lowercase();
        let close = strsim::damerau_levenshtein(&near.to_lowercase(), &tenant.as_str().to_lowercase()) <= 2;
        (close && !only_digits_differ).then_some(near)
    }
}

fn variants(flag: &Flag) -> BTreeSet<&str> {
    flag.variants.iter().map(|(key, _)| key.as_str()).collect()
}
