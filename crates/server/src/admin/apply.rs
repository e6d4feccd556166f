use super::hygiene::check_pruned;
use super::{environment, request, today};
use crate::auth::admin::{Admin, By, Editor};
use crate::draft;
use crate::environment::{Committed, Environment, Urgency};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{Applied, ApplyReport, ApplyRequest, Problem};
use downhaul_control::{Refusal, State as EnvironmentState, decide};
use downhaul_core::check::{Checked, check};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::FlagSet;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Check documents, then put what differs, all at once. Kills are never touched.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/apply", tag = "flags", request_body = ApplyRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = ApplyReport), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path(key): Path<String>,
    Json(body): Json<ApplyRequest>,
) -> AppResult<Json<ApplyReport>> {
    let environment = environment(&state, &key)?;
    let ApplyRequest { sources, reason, prune, anyway, dry_run, expected_revision, expected_digest } = body;
    let sources = draft::sources(sources);
    let checked = spawn_blocking(move || check(&sources, Some(&today()))).await.map_err(AppError::internal)?;
    let Checked { valid, diagnostics } = checked;
    let Some(valid) = valid else { return Err(Refusal::invalid(diagnostics).into()) };
    let wanted =
        Arc::new(Wanted { document: valid.into_document(), reason, prune, anyway, expected_revision, expected_digest });
    if dry_run {
        return rehearse(&environment, &admin, &wanted, diagnostics).await.map(Json);
    }
    apply(&environment, &admin, wanted, diagnostics).await.map(Json)
}

/// What is to be applied, and to what.
#[derive(Debug)]
struct Wanted {
    document: FlagSet,
    reason: String,
    prune: bool,
    anyway: bool,
    expected_revision: Option<u64>,
    expected_digest: Option<String>,
}

impl Wanted {
    /// What has to be done, if the environment is what was expected.
    fn plan(&self, state: &EnvironmentState) -> Result<decide::Plan, Refusal> {
        decide::check_base(state, self.expected_revision, self.expected_digest.as_deref())?;
        Ok(decide::plan(state, &self.document, self.prune))
    }
}

async fn apply(
    environment: &Arc<Environment>,
    admin: &Admin,
    wanted: Arc<Wanted>,
    diagnostics: Vec<Diagnostic>,
) -> AppResult<ApplyReport> {
    let before = environment.current();
    let plan = wanted.plan(&before.state)?;
    let Some(command) = plan.command else {
        return Ok(ApplyReport { position: before.position(), dry_run: false, items: plan.items, diagnostics });
    };
    check_pruned(environment, &command, wanted.anyway).await?;
    let admin = admin.clone();
    // The plan that is carried out is made from the state that it is decided on; its items are kept for the report.
    let items = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&items);
    let committed = environment.command(Urgency::Patient, move |state: &EnvironmentState| {
        let plan = wanted.plan(state)?;
        *kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = plan.items;
        let command = plan.command.unwrap_or(downhaul_control::Command::Apply { commands: Vec::new() });
        Ok(request(&admin, &wanted.reason, command))
    });
    let Committed { publication, record, .. } = committed.await?;
    let revision = record.map(|record| record.change().revision);
    let mut items = std::mem::take(&mut *items.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    for item in items.iter_mut().filter(|item| item.outcome != Applied::Unchanged) {
        item.revision = revision;
    }
    Ok(ApplyReport { position: publication.position(), dry_run: false, items, diagnostics })
}

/// What would be done as things stand, refusals included.
async fn rehearse(
    environment: &Arc<Environment>,
    admin: &Admin,
    wanted: &Wanted,
    diagnostics: Vec<Diagnostic>,
) -> AppResult<ApplyReport> {
    let current = environment.current();
    let plan = wanted.plan(&current.state)?;
    if let Some(command) = plan.command {
        check_pruned(environment, &command, wanted.anyway).await?;
        environment.rehearse(request(admin, &wanted.reason, command)).await?;
    }
    Ok(ApplyReport { position: current.position(), dry_run: true, items: plan.items, diagnostics })
}
