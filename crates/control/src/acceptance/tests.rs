use super::*;
use proptest::prelude::*;
use serde_json::json;

fn audience(attributes: Value) -> Audience {
    Audience { kind: ClientKind::Server, attributes: serde_json::from_value(attributes).unwrap(), decided_for: None }
}

/// Of the flag set at 100.42.3 unless changed.
fn header(change: impl FnOnce(&mut Header)) -> Header {
    let mut header = Header {
        kind: EnvelopeType::FlagSet,
        epoch: 100,
        environment: "production".to_owned(),
        audience: audience(json!({})),
        revision: 42,
        kill_revision: 3,
        issued_at: String::new(),
        valid_until: String::new(),
        program_format: 1,
        program_length: 0,
        program_sha256: Hash::of(b"a"),
        kills_length: 0,
        kills_sha256: Hash::ZERO,
        document_digest: None,
        keys: None,
        break_glass: None,
        breakers: std::collections::BTreeMap::new(),
    };
    change(&mut header);
    header
}

fn kills(change: impl FnOnce(&mut Header)) -> Header {
    header(|header| {
        header.kind = EnvelopeType::Kills;
        change(header);
    })
}

fn held() -> Held {
    let mut held = Held::default();
    held.note(&header(|_| {}), Take { program: true, kills: true });
    held
}

fn judge(held: &Held, header: &Header, environment: Option<&str>, context: Value) -> Result<Take, EnvelopeError> {
    let Value::Object(context) = context else { panic!("a context is an object") };
    let kind = ClientKind::Server;
    held.accept(header, &Asked { kind, environment, context: &context, decided_for: None, formats: &[1] })
}

/// The cases of `web/sdk/test/acceptance.test.ts`.
#[test]
fn what_is_taken() {
    use EnvelopeError::{Equivocation, OtherAudience, OtherEnvironment, RevisionLower};
    let all = Ok(Take { program: true, kills: true });
    let program = Ok(Take { program: true, kills: false });
    let only_kills = Ok(Take { program: false, kills: true });
    let nothing = Ok(Take { program: false, kills: false });
    let b = Hash::of(b"b");
    let now = held();
    let none = Held::default();
    let restarted = Held { ratchet: now.ratchet, ..Held::default() };
    let acme = || audience(json!({ "tenant": "acme" }));
    let cases: Vec<(&str, &Held, Header, Result<Take, EnvelopeError>)> = vec![
        ("the first one", &none, header(|_| {}), all),
        ("the same again renews it", &now, header(|_| {}), all),
        ("a higher revision", &now, header(|h| (h.revision, h.program_sha256) = (43, b)), all),
        ("a lower revision", &now, header(|h| h.revision = 41), Err(RevisionLower)),
        (
            "a lower revision with newer kills",
            &now,
            header(|h| (h.revision, h.kill_revision) = (41, 9)),
            Err(RevisionLower),
        ),
        ("a lower epoch", &now, header(|h| (h.epoch, h.revision) = (99, 99)), Err(RevisionLower)),
        ("a wiped data folder", &now, header(|h| (h.epoch, h.revision, h.kill_revision) = (101, 1, 0)), all),
        ("two programs under one position", &now, header(|h| h.program_sha256 = b), Err(Equivocation)),
        ("two programs for two audiences", &now, header(|h| (h.program_sha256, h.audience) = (b, acme())), all),
        ("another environment", &now, header(|h| h.environment = "staging".into()), Err(OtherEnvironment)),
        ("another kind", &none, header(|h| h.audience.kind = ClientKind::Browser), Err(OtherAudience)),
        (
            "a format from the future: its kills are applied",
            &now,
            header(|h| (h.revision, h.program_format, h.kill_revision) = (43, 2, 4)),
            only_kills,
        ),
        (
            "a put that was overtaken by a kill",
            &now,
            header(|h| (h.revision, h.kill_revision, h.program_sha256) = (43, 2, b)),
            program,
        ),
        (
            "a put that brings a kill",
            &now,
            header(|h| (h.revision, h.kill_revision, h.program_sha256) = (43, 4, b)),
            all,
        ),
        ("a kill", &now, kills(|h| h.kill_revision = 4), only_kills),
        ("the kill set that is there already", &now, kills(|_| {}), nothing),
        ("an old restore", &now, kills(|h| h.kill_revision = 2), Err(RevisionLower)),
        ("a kill of a higher epoch", &now, kills(|h| (h.epoch, h.kill_revision) = (101, 1)), only_kills),
        ("a kill of a lower epoch", &now, kills(|h| (h.epoch, h.kill_revision) = (99, 9)), Err(RevisionLower)),
        (
            "a kill for another environment",
            &now,
            kills(|h| (h.environment, h.kill_revision) = ("staging".into(), 9)),
            Err(OtherEnvironment),
        ),
        ("after a restart: below the ratchet", &restarted, header(|h| h.revision = 41), Err(RevisionLower)),
        ("after a restart: at the ratchet", &restarted, header(|_| {}), all),
        ("after a restart: kills below the ratchet", &restarted, header(|h| h.kill_revision = 2), program),
    ];
    for (name, held, header, expected) in cases {
        assert_eq!(judge(held, &header, None, json!({})), expected, "{name}");
    }
}

#[test]
fn what_was_made_for_somebody_else_is_refused() {
    let all = Ok(Take { program: true, kills: true });
    let acme = header(|header| header.audience = audience(json!({ "tenant": "acme" })));
    let one = header(|header| header.audience = audience(json!({ "tenant": "1" })));
    let none = Held::default();
    let other = Err(EnvelopeError::OtherAudience);
    assert_eq!(judge(&none, &acme, None, json!({ "tenant": "globex" })), other);
    assert_eq!(judge(&none, &one, None, json!({ "tenant": 1 })), other);
    assert_eq!(judge(&none, &acme, None, json!({ "tenant": "acme" })), all);
    assert_eq!(judge(&none, &acme, None, json!({ "tenant": null })), all);
    assert_eq!(judge(&none, &acme, Some("staging"), json!({})), Err(EnvelopeError::OtherEnvironment));
    let (x, y) = (Hash::of(b"x"), Hash::of(b"y"));
    let decided = header(|header| header.audience.decided_for = Some(x));
    let context = Map::new();
    for (own, expected) in [(Some(y), other), (Some(x), all), (None, all)] {
        let kind = ClientKind::Server;
        let asked = Asked { kind, environment: None, context: &context, decided_for: own, formats: &[1] };
        assert_eq!(none.accept(&decided, &asked), expected, "{own:?}");
    }
}

proptest! {
    #[test]
    fn nothing_goes_back(headers in prop::collection::vec((any::<bool>(), 1..3u64, 0..6u64, 0..4u64), 0..40)) {
        let mut held = Held::default();
        for (is_flag_set, epoch, revision, kill_revision) in headers {
            let next = header(|header| {
                header.kind = if is_flag_set { EnvelopeType::FlagSet } else { EnvelopeType::Kills };
                (header.epoch, header.revision, header.kill_revision) = (epoch, revision, kill_revision);
                header.program_sha256 = Hash::of(&revision.to_le_bytes());
            });
            let before = held.clone();
            let result = judge(&held, &next, None, json!({}));
            if let Ok(take) = result {
                held.note(&next, take);
            } else {
                prop_assert_eq!(&held, &before);
            }
            prop_assert!(held.epoch() >= before.epoch());
            if held.epoch() == before.epoch() {
                prop_assert!(held.ratchet >= before.ratchet);
                let kills = |held: &Held| held.kills.map(|kills| (kills.epoch, kills.kill_revision));
                prop_assert!(kills(&held) >= kills(&before));
            }
        }
    }
}
