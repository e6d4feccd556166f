//! Why a control cannot be used, and whom to ask.

use downhaul_control::api::{PersonView, Role, Whoami};

/// Whether a role, or that of an admin, is held there.
pub fn has(who: &Whoami, environment: &str, role: Role) -> bool {
    who.roles.get(environment).is_some_and(|roles| roles.iter().any(|each| *each == role || *each == Role::Admin))
}

/// `Only an approver may do this. Ask Ada Lovelace or Jonas Weber.` Whom to ask is not said until the people are known.
pub fn ask_whom(role: Role, people: Option<&[PersonView]>) -> String {
    let holds = |person: &&PersonView| person.roles.iter().any(|each| *each == role || *each == Role::Admin);
    let only = format!("Only {} may do this.", a(role));
    let Some(people) = people else { return only };
    let names: Vec<&str> = people.iter().filter(holds).filter_map(|person| person.name.as_deref()).collect();
    match names.as_slice() {
        [] => format!("{only} Ask whoever has the admin token."),
        [one] => format!("{only} Ask {one}."),
        [first, second] => format!("{only} Ask {first} or {second}."),
        [first, second, rest @ ..] => format!("{only} Ask {first}, {second} or {} more.", rest.len()),
    }
}

/// A text of the server in which people are called by their ids, with their names.
pub fn named(text: &str, people: &[PersonView]) -> String {
    people.iter().fold(text.to_owned(), |text, person| match &person.name {
        Some(name) => text.replace(&person.actor, name),
        None => text,
    })
}

fn a(role: Role) -> String {
    let article = if matches!(role, Role::Viewer) { "a" } else { "an" };
    match role {
        Role::Admin => "an admin".to_owned(),
        Role::Viewer | Role::Editor | Role::Operator | Role::Approver => {
            format!("{article} {} or admin", role.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: Option<&str>, role: Role) -> PersonView {
        PersonView { actor: "a".into(), name: name.map(str::to_owned), roles: vec![role], tokens: vec![] }
    }

    #[test]
    fn those_who_may_are_named() {
        let check = |role, people: &[PersonView], words: &str| assert_eq!(ask_whom(role, Some(people)), words);
        let (ada, jonas) = (person(Some("Ada"), Role::Approver), person(Some("Jonas"), Role::Admin));
        let only = "Only an approver or admin may do this.";
        assert_eq!(ask_whom(Role::Approver, None), only, "nobody wrong is named");
        check(Role::Approver, &[], &format!("{only} Ask whoever has the admin token."));
        check(Role::Approver, &[ada.clone(), person(None, Role::Approver)], &format!("{only} Ask Ada."));
        check(Role::Approver, &[ada.clone(), jonas.clone(), ada.clone()], &format!("{only} Ask Ada, Jonas or 1 more."));
        check(Role::Operator, &[ada.clone(), jonas.clone()], "Only an operator or admin may do this. Ask Jonas.");
        check(Role::Admin, &[ada, jonas], "Only an admin may do this. Ask Jonas.");
    }

    #[test]
    fn people_are_called_by_name() {
        let known = PersonView { actor: "a-1f".into(), ..person(Some("Ada"), Role::Editor) };
        let nameless = PersonView { actor: "a-2f".into(), ..person(None, Role::Editor) };
        assert_eq!(named("by a-1f and a-2f", &[known, nameless]), "by Ada and a-2f");
    }

    #[test]
    fn roles_are_of_one_environment() {
        let who = |role| Whoami {
            actor: "u".into(),
            name: "Maya".into(),
            environments: vec![],
            roles: [("production".into(), vec![role])].into(),
            version: String::new(),
            flags: serde_json::Map::new(),
        };
        assert!(has(&who(Role::Approver), "production", Role::Approver));
        assert!(has(&who(Role::Admin), "production", Role::Operator));
        assert!(!has(&who(Role::Approver), "staging", Role::Approver));
        assert!(!has(&who(Role::Operator), "production", Role::Approver));
    }
}
