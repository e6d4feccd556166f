//! Alarms: what each is about, and the pages on which somebody acts.

use super::change::plain;
use super::message::capital;
use super::{guard, time};
use crate::route::Route;
use downhaul_control::api::AlarmView;

/// A page on which somebody acts, and what the way there is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    pub name: &'static str,
    pub to: Route,
    /// It leads to a kill control.
    pub kills: bool,
}

/// Nobody has it, and nobody has silenced it.
pub fn is_unattended(alarm: &AlarmView) -> bool {
    alarm.recovered.is_none() && alarm.standing == "raised"
}

/// What it is about, for people.
pub fn title(about: &str) -> String {
    match about {
        "guard-acted" => "Guard acted".to_owned(),
        "guard-would-have" => "Guard would have acted".to_owned(),
        "kill-withheld" => "Kill withheld".to_owned(),
        "rollout-held" => "Rollout held".to_owned(),
        "rollback-held" => "Rollback held".to_owned(),
        "rollback-late" => "Rollback late".to_owned(),
        "log-not-writable" => "Nothing can be kept".to_owned(),
        // What else a server may know says its name.
        other => capital(&other.replace('-', " ")),
    }
}

/// What the server says of it, as a sentence: times by the hour here, and evidence as it is written.
pub fn said(message: &str, offset: i32) -> String {
    let word = |word: &str| {
        let bare = word.trim_end_matches([':', ';', ',', '.']);
        let at = bare.ends_with('Z').then(|| time::parse(bare)).flatten();
        at.map_or_else(|| word.to_owned(), |at| word.replacen(bare, &time::hour(at, offset), 1))
    };
    let words: Vec<String> = guard::evidence(message).split(' ').map(word).collect();
    capital(&words.join(" "))
}

/// What acts, the most fitting first. Its commands say what that is.
pub fn ways(alarm: &AlarmView, environment: &str) -> Vec<Way> {
    let environment = || environment.to_owned();
    let kill_control = |flag: &String| Way {
        name: "Kill…",
        to: Route::Kill { environment: environment(), key: flag.clone() },
        kills: true,
    };
    let opens = |name, to| Way { name, to, kills: false };
    let act = alarm.act.as_deref().unwrap_or_default();
    let words: Vec<&str> = act.split_whitespace().collect();
    let by_command = match (words.as_slice(), &alarm.flag) {
        (["downhaul", "restore", id, ..], _) => {
            Some(opens("Open the kill", Route::LiveKill { environment: environment(), id: (*id).to_owned() }))
        }
        (["downhaul", "rollout", _, id, ..], _) => {
            Some(opens("Open the rollout", Route::Rollout { environment: environment(), id: (*id).to_owned() }))
        }
        (["downhaul", "rollback", key, ..], _) => {
            Some(opens("Open the release", Route::Release { environment: environment(), key: (*key).to_owned() }))
        }
        (_, Some(flag)) => Some(kill_control(flag)),
        (_, None) => None,
    };
    let mut ways: Vec<Way> = by_command.into_iter().collect();
    let runbooks = alarm.runbooks.iter().map(|key| {
        let to = Route::Release { environment: environment(), key: key.clone() };
        opens("Roll back…", to)
    });
    let is_new = |way: &Way| ways.iter().all(|known| known.to != way.to);
    let more: Vec<Way> = runbooks.filter(is_new).take(1).collect();
    ways.extend(more);
    if ways.is_empty() {
        ways.push(opens("Open the fleet", Route::Fleet { environment: environment() }));
    }
    ways
}

/// What is said of those that nobody has, for whoever does not see them.
pub fn announcement(unattended: &[&AlarmView]) -> String {
    match unattended {
        [] => String::new(),
        [only] => format!("Alarm: {}", plain(&only.message)),
        [newest, ..] => {
            format!("{} alarms that nobody has acknowledged. The newest: {}", unattended.len(), plain(&newest.message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_server_says_is_a_sentence_with_the_hour_here() {
        let said = said("guard `errors` of `cart` fired at 2026-11-27T22:55:00.000Z: 3 of 4 fail", 60);
        assert_eq!(said, "Guard `errors` of `cart` fired at 23:55: 3 of 4 fail");
    }

    fn alarm(act: Option<&str>, flag: Option<&str>, runbooks: &[&str]) -> AlarmView {
        serde_json::from_value(json!({
            "id": "al-1", "about": "guard-acted", "standing": "raised", "message": "guard `errors` of `checkout-v2` acted",
            "since": "2026-11-26T14:03:18.120Z", "raised": "2026-11-26T14:03:18.120Z", "look": "downhaul status",
            "act": act, "flag": flag, "runbooks": runbooks, "told": [],
        }))
        .unwrap()
    }

    /// Command, flag, runbooks; and the buttons: what each says, and where it leads.
    type Case =
        (Option<&'static str>, Option<&'static str>, &'static [&'static str], &'static [(&'static str, &'static str)]);

    #[test]
    fn what_acts_is_where_the_command_leads() {
        let cases: [Case; 8] = [
            (Some("downhaul restore guard-5d"), Some("f"), &[], &[("Open the kill", "/e/production/kills/guard-5d")]),
            (
                Some("downhaul restore guard-5d"),
                Some("f"),
                &["shop-2", "shop-1"],
                &[("Open the kill", "/e/production/kills/guard-5d"), ("Roll back…", "/e/production/releases/shop-2")],
            ),
            (
                Some("downhaul rollout resume ro-4"),
                Some("f"),
                &[],
                &[("Open the rollout", "/e/production/rollouts/ro-4")],
            ),
            (
                Some("downhaul rollback shop-1 --resume"),
                None,
                &["shop-1"],
                &[("Open the release", "/e/production/releases/shop-1")],
            ),
            (Some("downhaul kill f --reason '…'"), Some("f"), &[], &[("Kill…", "/e/production/kill/f")]),
            (None, Some("f"), &[], &[("Kill…", "/e/production/kill/f")]),
            (None, None, &["shop-1"], &[("Roll back…", "/e/production/releases/shop-1")]),
            (None, None, &[], &[("Open the fleet", "/e/production/fleet")]),
        ];
        for (act, flag, runbooks, expected) in cases {
            use yew_router::Routable;
            let ways = ways(&alarm(act, flag, runbooks), "production");
            let found: Vec<(&str, String)> = ways.iter().map(|way| (way.name, way.to.to_path())).collect();
            let expected: Vec<(&str, String)> = expected.iter().map(|(name, to)| (*name, (*to).to_owned())).collect();
            assert_eq!(found, expected, "{act:?} {flag:?} {runbooks:?}");
        }
    }

    #[test]
    fn what_somebody_has_is_not_unattended() {
        let standing = |standing: &str| AlarmView { standing: standing.to_owned(), ..alarm(None, None, &[]) };
        assert!(is_unattended(&standing("raised")));
        for other in ["acknowledged", "silenced", "recovered"] {
            assert!(!is_unattended(&standing(other)), "{other}");
        }
    }

    #[test]
    fn each_says_what_it_is_about() {
        for (about, said) in
            [("log-not-writable", "Nothing can be kept"), ("heartbeat-missed", "Heartbeat missed"), ("", "")]
        {
            assert_eq!(title(about), said);
        }
    }

    #[test]
    fn the_newest_is_read_out() {
        let alarm = alarm(None, None, &[]);
        assert_eq!(announcement(&[]), "");
        assert_eq!(announcement(&[&alarm]), "Alarm: guard errors of checkout-v2 acted");
        let two = announcement(&[&alarm, &alarm]);
        assert_eq!(two, "2 alarms that nobody has acknowledged. The newest: guard errors of checkout-v2 acted");
    }
}
