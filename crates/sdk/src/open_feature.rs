//! A client as a provider of OpenFeature's Rust SDK.
//!
//! Each call has its own context, and is decided in this process.
//!
//! ```no_run
//! use downhaul_sdk::{Options, open_feature::DownhaulProvider};
//! use open_feature::{EvaluationContext, OpenFeature};
//!
//! # async fn run() -> Result<(), downhaul_sdk::StartError> {
//! let client = Options::new("https://flags.example.com", "dhk_…").start()?;
//! let mut api = OpenFeature::singleton_mut().await;
//! api.set_provider(DownhaulProvider::new(client)).await;
//! let flags = api.create_client();
//! let context = EvaluationContext::default().with_targeting_key("user-1").with_custom_field("tenant", "acme");
//! let on = flags.get_bool_value("checkout-v2", Some(&context), None).await.unwrap_or(false);
//! # Ok(()) }
//! ```
//!
//! The SDK has no tracking and no events as yet: outcomes are counted by [`Decisions`](crate::Decisions), events are the client's.

use crate::client::Client;
use crate::context::Context;
use crate::decisions::{Details, FlagValue, Metadata};
use crate::status::State;
use downhaul_core::decision::{Cause, ErrorCode, Reason};
use jiff::Timestamp;
use open_feature::provider::{FeatureProvider, ProviderMetadata, ProviderStatus, ResolutionDetails};
use open_feature::{
    EvaluationContext, EvaluationContextFieldValue, EvaluationError, EvaluationErrorCode, EvaluationReason,
    EvaluationResult, FlagMetadata, StructValue, Value,
};
use serde_json::{Map, Value as Json};

/// See the [module](self). Dropping it closes nothing: the client is the application's.
#[derive(Debug)]
pub struct DownhaulProvider {
    client: Client,
    metadata: ProviderMetadata,
}

impl DownhaulProvider {
    pub fn new(client: Client) -> DownhaulProvider {
        DownhaulProvider { client, metadata: ProviderMetadata::new("downhaul") }
    }

    fn resolve<T: FlagValue>(
        &self,
        key: &str,
        default: T,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<T>> {
        resolved(self.client.evaluate(&converted(context)).details(key, default))
    }
}

#[open_feature::async_trait]
impl FeatureProvider for DownhaulProvider {
    /// Waits for values, as long as the client does.
    async fn initialize(&mut self, _context: &EvaluationContext) {
        self.client.ready().await;
    }

    fn status(&self) -> ProviderStatus {
        match self.client.status().state {
            State::Connecting | State::Closed => ProviderStatus::NotReady,
            State::Stale => ProviderStatus::STALE,
            State::Ready | State::Offline => ProviderStatus::Ready,
        }
    }

    fn metadata(&self) -> &ProviderMetadata {
        &self.metadata
    }

    async fn resolve_bool_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<bool>> {
        self.resolve(key, false, context)
    }

    async fn resolve_int_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<i64>> {
        self.resolve(key, 0, context)
    }

    async fn resolve_float_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<f64>> {
        self.resolve(key, 0.0, context)
    }

    async fn resolve_string_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<String>> {
        self.resolve(key, String::new(), context)
    }

    async fn resolve_struct_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<StructValue>> {
        let ResolutionDetails { value, variant, reason, flag_metadata } = self.resolve(key, Json::Null, context)?;
        match value {
            Json::Object(fields) => Ok(ResolutionDetails { value: structure(fields), variant, reason, flag_metadata }),
            _ => Err(EvaluationError {
                code: EvaluationErrorCode::TypeMismatch,
                message: Some(format!("flag `{key}` is no structure")),
            }),
        }
    }
}

fn resolved<T>(details: Details<T>) -> EvaluationResult<ResolutionDetails<T>> {
    let Details { value, variant, reason, error, metadata } = details;
    match error {
        Some(error) => Err(EvaluationError { code: code(error.code), message: Some(error.message) }),
        None => {
            Ok(ResolutionDetails { value, variant, reason: Some(said(reason)), flag_metadata: Some(told(&metadata)) })
        }
    }
}

fn code(code: ErrorCode) -> EvaluationErrorCode {
    match code {
        ErrorCode::FlagNotFound => EvaluationErrorCode::FlagNotFound,
        ErrorCode::TypeMismatch => EvaluationErrorCode::TypeMismatch,
        ErrorCode::TargetingKeyMissing => EvaluationErrorCode::TargetingKeyMissing,
        ErrorCode::InvalidContext => EvaluationErrorCode::InvalidContext,
        ErrorCode::ParseError => EvaluationErrorCode::ParseError,
        ErrorCode::ProviderNotReady => EvaluationErrorCode::ProviderNotReady,
        ErrorCode::General => EvaluationErrorCode::General("GENERAL".to_owned()),
    }
}

fn said(reason: Reason) -> EvaluationReason {
    match reason {
        Reason::Static => EvaluationReason::Static,
        Reason::Default => EvaluationReason::Default,
        Reason::TargetingMatch => EvaluationReason::TargetingMatch,
        Reason::Split => EvaluationReason::Split,
        Reason::Disabled => EvaluationReason::Disabled,
        Reason::Error => EvaluationReason::Error,
        Reason::Stale | Reason::PrerequisiteFailed => EvaluationReason::Other(reason.as_str().to_owned()),
    }
}

/// Under the names that the JavaScript providers use.
fn told(metadata: &Metadata) -> FlagMetadata {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut all = FlagMetadata::default();
    if let Some(cause) = metadata.cause.and_then(Cause::as_str) {
        all.add_value("cause", cause);
    }
    if let Some(rule) = metadata.rule_index {
        all.add_value("ruleIndex", i64::from(rule));
    }
    if let Some(reason) = metadata.true_reason {
        all.add_value("trueReason", reason.as_str());
    }
    if let Some(revision) = metadata.revision {
        all.add_value("revision", whole(revision));
    }
    all
}

/// A structure of the context is read where it is a [`serde_json::Value`], a [`Map`] or a [`StructValue`]; of any other type
/// nothing can be known, and it reads as absent.
fn converted(context: &EvaluationContext) -> Context {
    let attributes: Map<String, Json> =
        context.custom_fields.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
    let others = Context::from(attributes);
    match &context.targeting_key {
        Some(key) => others.with("targetingKey", key.as_str()),
        None => others,
    }
}

fn attribute(value: &EvaluationContextFieldValue) -> Json {
    match value {
        EvaluationContextFieldValue::Bool(value) => Json::from(*value),
        EvaluationContextFieldValue::Int(value) => Json::from(*value),
        EvaluationContextFieldValue::Float(value) => Json::from(*value),
        EvaluationContextFieldValue::String(value) => Json::from(value.as_str()),
        EvaluationContextFieldValue::DateTime(time) => {
            let at = Timestamp::from_nanosecond(time.unix_timestamp_nanos());
            at.map_or(Json::Null, |at| Json::from(at.to_string()))
        }
        EvaluationContextFieldValue::Struct(any) => {
            let object = any.downcast_ref::<Map<String, Json>>().map(|map| Json::Object(map.clone()));
            let json = || any.downcast_ref::<Json>().cloned();
            let own = || any.downcast_ref::<StructValue>().map(fields);
            object.or_else(json).or_else(own).unwrap_or_default()
        }
    }
}

fn fields(value: &StructValue) -> Json {
    Json::Object(value.fields.iter().map(|(name, value)| (name.clone(), json(value))).collect())
}

fn json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::from(*value),
        Value::Int(value) => Json::from(*value),
        Value::Float(value) => Json::from(*value),
        Value::String(value) => Json::from(value.as_str()),
        Value::Array(values) => values.iter().map(json).collect(),
        Value::Struct(value) => fields(value),
    }
}

/// The SDK knows no null: members that are null are left out.
fn structure(fields: Map<String, Json>) -> StructValue {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, open(value)?))).collect();
    StructValue { fields }
}

fn open(value: Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64()?),
        },
        Json::String(text) => Value::String(text),
        Json::Array(values) => Value::Array(values.into_iter().filter_map(open).collect()),
        Json::Object(fields) => Value::Struct(structure(fields)),
    })
}
