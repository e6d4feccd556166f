//! The provider, through OpenFeature's own SDK.

use crate::control_plane::{ControlPlane, flag, revision, until};
use downhaul_sdk::Context;
use downhaul_sdk::open_feature::DownhaulProvider;
use open_feature::provider::{FeatureProvider, ProviderStatus};
use open_feature::{
    EvaluationContext, EvaluationContextFieldValue, EvaluationErrorCode, EvaluationReason, FlagMetadataValue,
    OpenFeature, StructValue, Value,
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flags_by_the_official_sdk() {
    let plane = ControlPlane::new().await;
    let with = |key: &str, value: serde_json::Value| {
        let mut flag = flag(key);
        flag["variants"] = json!({ "on": value, "off": value });
        flag
    };
    let mut acme = flag("checkout");
    acme["default"] = json!("off");
    acme["rules"] = json!([
        { "name": "nobody", "when": [{ "tenant": ["nobody"] }], "serve": "on" },
        { "name": "acme", "when": [{ "tenant": ["acme"] }], "serve": "on" },
    ]);
    let mut recent = flag("recent");
    recent["default"] = json!("off");
    recent["rules"] = json!([{ "when": [
        { "attribute": "joined", "op": "after", "values": ["2026-01-01T00:00:00Z"] },
        { "attribute": "device.kind", "op": "in", "values": ["phone"] },
    ], "serve": "on" }]);
    let mut needs = flag("needs");
    needs["requires"] = json!([{ "flag": "checkout", "variants": ["on"] }]);
    plane
        .apply(&[
            acme,
            recent,
            needs,
            with("text", json!("blue")),
            with("number", json!(2.5)),
            with("whole", json!(7)),
            with("limits", json!({ "items": 3, "by": ["a"], "none": null })),
        ])
        .await;
    let client = plane.start(&plane.key().await);
    let mut api = OpenFeature::singleton_mut().await;
    // Ready once it is set: it waits for values.
    api.set_provider(DownhaulProvider::new(client.clone())).await;
    assert_eq!(api.provider_metadata().await.name, "downhaul");
    let flags = api.create_client();

    let acme = EvaluationContext::default().with_targeting_key("user-1").with_custom_field("tenant", "acme");
    let details = flags.get_bool_details("checkout", Some(&acme), None).await.unwrap();
    assert_eq!((details.value, details.variant.as_deref()), (true, Some("on")));
    assert_eq!(details.reason, Some(EvaluationReason::TargetingMatch));
    let metadata = &details.flag_metadata.values;
    assert_eq!(metadata.get("ruleIndex"), Some(&FlagMetadataValue::Int(1)));
    let revision = i64::try_from(revision(&client.status())).unwrap();
    assert_eq!(metadata.get("revision"), Some(&FlagMetadataValue::Int(revision)));
    let nobody = flags.get_bool_details("needs", None, None).await.unwrap();
    assert_eq!(nobody.reason, Some(EvaluationReason::Other("PREREQUISITE_FAILED".to_owned())));

    assert_eq!(flags.get_string_value("text", None, None).await.unwrap(), "blue");
    assert_eq!(flags.get_float_value("number", None, None).await.unwrap(), 2.5);
    assert_eq!(flags.get_int_value("whole", None, None).await.unwrap(), 7);
    let limits = flags.get_struct_value::<StructValue>("limits", None, None).await.unwrap();
    let expected = StructValue::default().with_field("items", 3).with_field("by", Value::Array(vec!["a".into()]));
    assert_eq!(limits, expected);

    // Whatever a context of OpenFeature can hold.
    let device = json!({ "kind": "phone" });
    let joined: std::time::SystemTime =
        std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_790_000_000);
    let known = EvaluationContext::default()
        .with_custom_field("joined", EvaluationContextFieldValue::DateTime(joined.into()))
        .with_custom_field("device", EvaluationContextFieldValue::new_struct(device.clone()));
    assert!(flags.get_bool_value("recent", Some(&known), None).await.unwrap());
    let as_struct = StructValue::default().with_field("kind", "phone");
    let known = known.with_custom_field("device", EvaluationContextFieldValue::new_struct(as_struct));
    assert!(flags.get_bool_value("recent", Some(&known), None).await.unwrap());
    let unknown = known.with_custom_field("device", EvaluationContextFieldValue::new_struct("opaque"));
    assert!(!flags.get_bool_value("recent", Some(&unknown), None).await.unwrap());

    let error = flags.get_bool_value("nowhere", None, None).await.unwrap_err();
    assert_eq!(error.code, EvaluationErrorCode::FlagNotFound);
    let error = flags.get_bool_value("text", None, None).await.unwrap_err();
    assert_eq!(error.code, EvaluationErrorCode::TypeMismatch);
    assert_eq!(error.message.as_deref(), Some("flag `text` is of type string, not boolean"));
    let error = flags.get_struct_value::<StructValue>("whole", None, None).await.unwrap_err();
    assert_eq!(error.code, EvaluationErrorCode::TypeMismatch);

    plane.kill("checkout").await;
    let is_on = || client.evaluate(&Context::new("user-1").with("tenant", "acme")).boolean("checkout", true);
    until(&client, |_| !is_on()).await;
    let details = flags.get_bool_details("checkout", Some(&acme), None).await.unwrap();
    assert_eq!((details.value, details.reason), (false, Some(EvaluationReason::Disabled)));
    assert_eq!(details.flag_metadata.values.get("cause"), Some(&FlagMetadataValue::String("kill".to_owned())));
    api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_it_stands() {
    let plane = ControlPlane::new().await;
    plane.apply(&[flag("checkout")]).await;
    let options = plane.options(&plane.key().await).ready_timeout(std::time::Duration::from_millis(1));
    plane.cut();
    let client = options.start().unwrap();
    let provider = DownhaulProvider::new(client.clone());
    assert_eq!(provider.status(), ProviderStatus::NotReady);
    let error = provider.resolve_bool_value("checkout", &EvaluationContext::default()).await.unwrap_err();
    assert_eq!(error.code, EvaluationErrorCode::ProviderNotReady);
    plane.mend();
    until(&client, |status| status.position.is_some()).await;
    assert_eq!(provider.status(), ProviderStatus::Ready);
    client.close().await;
    assert_eq!(provider.status(), ProviderStatus::NotReady);
}
