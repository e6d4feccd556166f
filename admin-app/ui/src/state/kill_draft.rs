use crate::backend::api::encoded;
use crate::words::text::common;
use crate::words::text::state as text;
use downhaul_control::api::{KillRequest, KillScope};
use std::rc::Rc;
use yew::Reducible;

/// A kill before it is fired.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KillDraft {
    pub part: Part,
    pub regions: Vec<String>,
    pub tenants: Vec<String>,
    pub segments: Vec<String>,
    pub variants: Vec<String>,
    pub reason: String,
    pub incident: String,
}

/// By what the scope is chosen. What was chosen under another part is kept, but does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    #[default]
    Everyone,
    Region,
    Tenant,
    Segment,
    Variant,
}

impl Part {
    pub const ALL: [Part; 5] = [Part::Everyone, Part::Region, Part::Tenant, Part::Segment, Part::Variant];

    pub fn name(self) -> &'static str {
        match self {
            Part::Everyone => common::EVERYONE,
            Part::Region => common::REGION_HEAD,
            Part::Tenant => common::TENANT,
            Part::Segment => common::SEGMENT,
            Part::Variant => common::VARIANT,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Part(Part),
    /// Adds a value to a part's list, or takes it away.
    Toggle(Part, String),
    Reason(String),
    Incident(String),
}

impl Reducible for KillDraft {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut draft = (*self).clone();
        match action {
            Action::Part(part) => draft.part = part,
            Action::Toggle(part, value) => {
                if let Some(list) = draft.list_mut(part) {
                    match list.iter().position(|each| *each == value) {
                        Some(at) => {
                            list.remove(at);
                        }
                        None => list.push(value),
                    }
                }
            }
            Action::Reason(reason) => draft.reason = reason,
            Action::Incident(incident) => draft.incident = incident,
        }
        draft.into()
    }
}

impl KillDraft {
    fn list_mut(&mut self, part: Part) -> Option<&mut Vec<String>> {
        match part {
            Part::Everyone => None,
            Part::Region => Some(&mut self.regions),
            Part::Tenant => Some(&mut self.tenants),
            Part::Segment => Some(&mut self.segments),
            Part::Variant => Some(&mut self.variants),
        }
    }

    /// Whom it would reach; `None` while the part that was chosen is empty, so that nothing chosen never means everyone.
    pub fn scope(&self) -> Option<KillScope> {
        let chosen = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        let scope = KillScope::default();
        match self.part {
            Part::Everyone => Some(scope),
            Part::Region => Some(KillScope { region: Some(chosen(&self.regions)?), ..scope }),
            Part::Tenant => Some(KillScope { tenant: Some(chosen(&self.tenants)?), ..scope }),
            Part::Segment => Some(KillScope { segment: Some(chosen(&self.segments)?), ..scope }),
            Part::Variant => Some(KillScope { variant: Some(chosen(&self.variants)?), ..scope }),
        }
    }

    /// Why it cannot be fired yet.
    pub fn why_not(&self) -> Option<&'static str> {
        match (self.scope(), self.part) {
            (Some(_), _) if self.reason.trim().is_empty() => Some(text::GIVE_A_REASON_FIRST),
            (Some(_), _) => None,
            (None, Part::Region) => Some(text::CHOOSE_A_REGION_FIRST),
            (None, Part::Tenant) => Some(text::NAME_A_TENANT_FIRST),
            (None, Part::Segment) => Some(text::CHOOSE_A_SEGMENT_FIRST),
            (None, Part::Variant | Part::Everyone) => Some(text::CHOOSE_A_VARIANT_FIRST),
        }
    }

    pub fn request(&self, flag: &str) -> Option<KillRequest> {
        if self.why_not().is_some() {
            return None;
        }
        let incident = self.incident.trim();
        Some(KillRequest {
            flag: flag.to_owned(),
            scope: self.scope()?,
            reason: self.reason.trim().to_owned(),
            incident: (!incident.is_empty()).then(|| incident.to_owned()),
        })
    }

    /// The same kill for the page of last resort, as the part of its address after `#`.
    pub fn address(&self, environment: &str, flag: &str) -> String {
        // While a part is being chosen it is nobody's, there as here.
        let scope = self.scope().and_then(|scope| serde_json::to_string(&scope).ok()).unwrap_or_default();
        [
            ("environment", environment),
            ("flag", flag),
            ("scope", &scope),
            ("reason", &self.reason),
            ("incident", &self.incident),
        ]
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .join("&")
    }

    /// The same kill for a shell.
    pub fn command(&self, flag: &str) -> String {
        let mut command = format!("downhaul kill {}", quoted(flag));
        let scope = self.scope().unwrap_or_default();
        for (option, values) in
            [("tenant", scope.tenant), ("region", scope.region), ("segment", scope.segment), ("variant", scope.variant)]
        {
            for value in values.unwrap_or_default() {
                command.push_str(&format!(" --{option} {}", quoted(&value)));
            }
        }
        let reason = if self.reason.trim().is_empty() { "…" } else { self.reason.trim() };
        command.push_str(&text::reason_quoted(&quoted(reason)));
        if !self.incident.trim().is_empty() {
            command.push_str(&text::incident_quoted(&quoted(self.incident.trim())));
        }
        command
    }
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(actions: Vec<Action>) -> Rc<KillDraft> {
        actions.into_iter().fold(Rc::new(KillDraft::default()), |draft, action| draft.reduce(action))
    }

    #[test]
    fn a_reason_and_a_whole_scope_are_needed() {
        let draft = run(vec![]);
        assert_eq!(draft.why_not(), Some("Give a reason first."));
        assert_eq!(draft.request("f"), None);
        let draft = run(vec![Action::Reason("  ".into())]);
        assert_eq!(draft.why_not(), Some("Give a reason first."));
        let draft = run(vec![Action::Reason("errors".into()), Action::Part(Part::Region)]);
        assert_eq!(draft.why_not(), Some("Choose a region first."));
        assert_eq!(draft.scope(), None, "nothing chosen is not everyone");
    }

    #[test]
    fn only_the_chosen_part_counts() {
        let draft = run(vec![
            Action::Reason(" errors ".into()),
            Action::Toggle(Part::Region, "eu".into()),
            Action::Toggle(Part::Tenant, "acme".into()),
            Action::Toggle(Part::Tenant, "globex".into()),
            Action::Toggle(Part::Tenant, "acme".into()),
            Action::Part(Part::Tenant),
        ]);
        let request = draft.request("checkout-v2").unwrap();
        assert_eq!(request.scope, KillScope { tenant: Some(vec!["globex".into()]), ..KillScope::default() });
        assert_eq!((request.reason.as_str(), request.incident), ("errors", None));
        let everyone = draft.reduce(Action::Part(Part::Everyone));
        assert!(everyone.scope().unwrap().is_everyone());
    }

    #[test]
    fn the_page_of_last_resort_begins_where_this_ended() {
        let draft = run(vec![Action::Part(Part::Region), Action::Reason("it's down".into())]);
        let address = |scope| format!("environment=production&flag=a%2Fb&scope={scope}&reason=it%27s%20down&incident=");
        assert_eq!(draft.address("production", "a/b"), address(""), "nothing chosen is not everyone");
        let chosen = draft.reduce(Action::Toggle(Part::Region, "eu".into()));
        assert_eq!(chosen.address("production", "a/b"), address("%7B%22region%22%3A%5B%22eu%22%5D%7D"));
        let everyone = chosen.reduce(Action::Part(Part::Everyone));
        assert_eq!(everyone.address("production", "a/b"), address("%7B%7D"));
    }

    #[test]
    fn the_command_can_be_pasted() {
        let draft = run(vec![
            Action::Reason("it's down; $(rm)".into()),
            Action::Incident("INC-1".into()),
            Action::Toggle(Part::Region, "eu".into()),
            Action::Part(Part::Region),
        ]);
        assert_eq!(
            draft.command("checkout-v2"),
            r"downhaul kill checkout-v2 --region eu --reason 'it'\''s down; $(rm)' --incident INC-1"
        );
    }
}
