use super::flags::changed;
use super::migrations::next_step;
use super::{environment, hygiene, looked_at, request, today};
use crate::auth::admin::{Admin, Approver, By};
use crate::draft;
use crate::environment::{Environment, Publication, Urgency};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::planner::Work;
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{
    ApproveRequest, Changed, DraftRequest, MigrationDraft, PlanRequest, Problem, ProposalActRequest, ProposalPage,
    ProposalView,
};
use downhaul_control::proposal::{Draft, ProposalState};
use downhaul_control::rollout::{self, Rollout};
use downhaul_control::{
    Command, Policy, Refusal, RefusalCode, Request, State as EnvironmentState, decide, policy, views,
};
use downhaul_core::check::{Checked, check};
use downhaul_core::document::FlagSet;
use jiff::Timestamp;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Proposals, newest first: those that are open, and the last of the others.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/proposals", tag = "proposals", params(("environment" = String, Path)),
    responses((status = 200, body = ProposalPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<ProposalPage>> {
    let current = environment(&state, &key)?.current();
    Ok(Json(views::proposals(&current.state, &current.valid, Timestamp::now(), &state.actors())))
}

/// A proposal, whom it would move now, who has approved that, and what is in its way.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/proposals/{id}", tag = "proposals",
    params(("environment" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = ProposalView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, id)): Path<(String, String)>,
) -> AppResult<Json<ProposalView>> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    let proposal = Arc::clone(decide::proposal(&current.state, &id)?);
    let mut view = view(&state, &environment, &current, &proposal).await?;
    if let Some(now) = view.now.as_mut().filter(|now| now.digest.is_some()) {
        now.plan = plan(&state, &environment, current, &proposal).await?;
    }
    Ok(Json(view))
}

/// Propose a change that others have to approve.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/proposals", tag = "proposals", request_body = DraftRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = ProposalView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    admin: Admin,
    Path(key): Path<String>,
    Json(body): Json<DraftRequest>,
) -> AppResult<Json<ProposalView>> {
    let environment = environment(&state, &key)?;
    let wanted = Wanted::of(body).await?;
    wanted.check_pruned(&environment).await?;
    let counting = Arc::clone(&environment);
    let request = move |state: &EnvironmentState| {
        let draft = Box::new(wanted.draft(&counting, state)?);
        let command = Command::Propose { proposal: state.proposals.next(), draft };
        Ok(request(&admin, &wanted.reason, command))
    };
    said(&state, &environment, request).await
}

/// Put another change in place of the one that was proposed; approvals of what it was are void.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/proposals/{id}/amend", tag = "proposals", request_body = DraftRequest,
    params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = ProposalView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn amend(
    State(state): State<AppState>,
    admin: Admin,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<DraftRequest>,
) -> AppResult<Json<ProposalView>> {
    let environment = environment(&state, &key)?;
    let wanted = Wanted::of(body).await?;
    wanted.check_pruned(&environment).await?;
    let reason = wanted.reason.clone();
    let counting = Arc::clone(&environment);
    about(&state, &environment, (admin, reason), id, move |state, proposal| {
        Ok(Command::Amend { proposal, draft: Box::new(wanted.draft(&counting, state)?) })
    })
    .await
}

/// Approve exactly what was looked at.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/proposals/{id}/approve", tag = "proposals",
    request_body = ApproveRequest, params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = ProposalView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn approve(
    State(state): State<AppState>,
    admin: By<Approver>,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<ApproveRequest>,
) -> AppResult<Json<ProposalView>> {
    let environment = environment(&state, &key)?;
    let digest = looked_at(&body.digest, "proposal")?;
    // Whether it is of the root is said by the authority.
    let approve = move |_: &EnvironmentState, proposal| Ok(Command::Approve { proposal, digest, root: false });
    about(&state, &environment, (admin.clone(), body.reason), id, approve).await
}

/// Close a proposal that is not to be carried out.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/proposals/{id}/reject", tag = "proposals",
    request_body = ProposalActRequest, params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = ProposalView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn reject(
    State(state): State<AppState>,
    admin: By<Approver>,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<ProposalActRequest>,
) -> AppResult<Json<ProposalView>> {
    let environment = environment(&state, &key)?;
    let reject = |_: &EnvironmentState, proposal| Ok(Command::Reject { proposal });
    about(&state, &environment, (admin.clone(), body.reason), id, reject).await
}

/// Take back a proposal of one's own.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/proposals/{id}/withdraw", tag = "proposals",
    request_body = ProposalActRequest, params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = ProposalView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn withdraw(
    State(state): State<AppState>,
    admin: Admin,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<ProposalActRequest>,
) -> AppResult<Json<ProposalView>> {
    let environment = environment(&state, &key)?;
    let withdraw = |_: &EnvironmentState, proposal| Ok(Command::Withdraw { proposal });
    about(&state, &environment, (admin, body.reason), id, withdraw).await
}

/// Carry out a proposal that enough others have approved.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/proposals/{id}/land", tag = "proposals",
    request_body = ProposalActRequest, params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = Changed), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn land(
    State(state): State<AppState>,
    admin: Admin,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<ProposalActRequest>,
) -> AppResult<Json<Changed>> {
    let environment = environment(&state, &key)?;
    // Patient even for a restore: whether it was approved takes a look at all that it reaches.
    let committed = environment.command(Urgency::Patient, move |state: &EnvironmentState| {
        let proposal = decide::proposal(state, &id)?;
        let reason = if body.reason.trim().is_empty() { &proposal.made.reason } else { &body.reason };
        let landing = Some(proposal.number);
        Ok(Request { landing, ..request(&admin, reason, proposal.draft.command.clone()) })
    });
    Ok(Json(changed(&state, committed.await?)))
}

/// Says something about one that is there.
async fn about<F>(
    state: &AppState,
    environment: &Arc<Environment>,
    (who, reason): (Admin, String),
    id: String,
    command: F,
) -> AppResult<Json<ProposalView>>
where
    F: Fn(&EnvironmentState, u64) -> Result<Command, Refusal> + Send + Sync + 'static,
{
    let request = move |state: &EnvironmentState| {
        let proposal = decide::proposal(state, &id)?.number;
        Ok(request(&who, &reason, command(state, proposal)?))
    };
    said(state, environment, request).await
}

/// Says something about a proposal, and gives how it stands then.
async fn said<F>(state: &AppState, environment: &Arc<Environment>, request: F) -> AppResult<Json<ProposalView>>
where
    F: Fn(&EnvironmentState) -> Result<Request, Refusal> + Send + Sync + 'static,
{
    let committed = environment.command(Urgency::Patient, request).await?;
    let number = committed.record.as_ref().and_then(|record| record.change().command.proposal());
    let known = number.and_then(|number| committed.publication.state.proposals.by_number.get(&number));
    let proposal = Arc::clone(known.ok_or_else(|| AppError::internal("nothing was said about a proposal"))?);
    view(state, environment, &committed.publication, &proposal).await.map(Json)
}

async fn view(
    state: &AppState,
    environment: &Environment,
    publication: &Arc<Publication>,
    proposal: &Arc<ProposalState>,
) -> AppResult<ProposalView> {
    if !proposal.is_open() {
        return Ok(views::proposal(&publication.state, proposal, None, &state.actors()));
    }
    let (publication, proposal, names) = (Arc::clone(publication), Arc::clone(proposal), state.actors());
    let people = environment.judges(&publication.state, &proposal.draft.command).await?;
    environment
        .over(people, move |people| {
            let Publication { state, valid, .. } = &*publication;
            let assessment = decide::assess(state, valid, &proposal, Timestamp::now(), people);
            views::proposal(state, &proposal, Some(&assessment), &names)
        })
        .await
}

/// Whom it would move; nothing of what defines nothing, and where no plan can be made in time.
async fn plan(
    state: &AppState,
    environment: &Environment,
    before: Arc<Publication>,
    proposal: &ProposalState,
) -> AppResult<Option<serde_json::Value>> {
    let commands = match &proposal.draft.command {
        Command::Apply { commands } => commands.clone(),
        command if command.is_definition() => vec![command.clone()],
        // Of all that it may come to give.
        Command::StartRollout { rollout, .. } => {
            let flag = before.state.flag_set.flag(rollout.flag.as_str());
            let whole = flag.and_then(|flag| rollout::whole(rollout, flag));
            whole.map(|flag| Command::PutFlag { flag: Box::new(flag) }).into_iter().collect()
        }
        _ => return Ok(None),
    };
    let people = environment.people(&before.state).await?;
    let budget = Some(before.state.policy.budget.clone()).filter(|budget| !budget.is_empty());
    let work = Work { before, people, budget, asked: PlanRequest::of(commands) };
    match state.planner().plan(work).await {
        Ok(plan) => serde_json::to_value(plan).map(Some).map_err(AppError::internal),
        Err(error) if error.status() == 500 => Err(error),
        Err(_) => Ok(None),
    }
}

/// What someone would have carried out.
#[derive(Debug)]
struct Wanted {
    what: What,
    reason: String,
    base: Option<u64>,
    expected_revision: Option<u64>,
    expected_digest: Option<String>,
}

#[derive(Debug)]
enum What {
    Document { document: Box<FlagSet>, prune: bool, anyway: bool },
    Commands(Vec<Command>),
    Rollout(Box<Rollout>),
    Migration(Box<MigrationDraft>),
    Restore(String),
    Policy(Box<Policy>),
}

impl Wanted {
    async fn of(body: DraftRequest) -> AppResult<Wanted> {
        let DraftRequest {
            sources,
            prune,
            anyway,
            flag,
            commands,
            rollout,
            migration,
            restore,
            policy,
            reason,
            base,
            expected_revision,
            expected_digest,
        } = body;
        let what = match (sources.is_empty(), flag, commands.is_empty(), rollout, migration, restore, policy) {
            (false, None, true, None, None, None, None) => {
                let sources = draft::sources(sources);
                let checked = spawn_blocking(move || check(&sources, Some(&today()))).await;
                let Checked { valid, diagnostics } = checked.map_err(AppError::internal)?;
                let valid = valid.ok_or_else(|| Refusal::invalid(diagnostics))?;
                What::Document { document: Box::new(valid.into_document()), prune, anyway }
            }
            (true, Some(flag), true, None, None, None, None) => {
                What::Commands(vec![Command::PutFlag { flag: Box::new(draft::flag(flag)?) }])
            }
            (true, None, false, None, None, None, None) => What::Commands(commands),
            (true, None, true, Some(rollout), None, None, None) => {
                What::Rollout(Box::new(super::rollouts::read(&rollout)?))
            }
            (true, None, true, None, Some(step), None, None) => What::Migration(Box::new(step)),
            (true, None, true, None, None, Some(kill), None) => What::Restore(kill),
            (true, None, true, None, None, None, Some(document)) => {
                What::Policy(Box::new(policy::read(&document).map_err(Refusal::invalid)?))
            }
            _ => {
                return Err(AppError::bad_request(
                    "no-draft",
                    "what is proposed is one of `sources`, `flag`, `commands`, `rollout`, `migration`, `restore` and `policy`",
                    "give exactly one of them",
                ));
            }
        };
        Ok(Wanted { what, reason, base, expected_revision, expected_digest })
    }

    /// Whether the flags may go that a document does not name, where it is to prune.
    async fn check_pruned(&self, environment: &Arc<Environment>) -> AppResult<()> {
        let What::Document { document, prune: true, anyway } = &self.what else { return Ok(()) };
        match decide::plan(&environment.current().state, document, true).command {
            Some(command) => hygiene::check_pruned(environment, &command, *anyway).await,
            None => Ok(()),
        }
    }

    /// As the state is that it is proposed on.
    fn draft(&self, environment: &Environment, state: &EnvironmentState) -> Result<Draft, Refusal> {
        decide::check_base(state, self.expected_revision, self.expected_digest.as_deref())?;
        let command = match &self.what {
            What::Document { document, prune, .. } => {
                decide::plan(state, document, *prune).command.ok_or_else(|| {
                    Refusal::new(RefusalCode::AlreadyDone, "it is so already", "nothing differs from what is published")
                })?
            }
            What::Commands(commands) => match commands.as_slice() {
                [command] => command.clone(),
                _ => Command::Apply { commands: commands.clone() },
            },
            What::Rollout(rollout) => rollout::start(state, rollout)?,
            What::Migration(draft) => {
                let step = next_step(environment, state, &draft.flag, &draft.step)?;
                Command::Migrate { step: Box::new(step) }
            }
            What::Restore(kill) => Command::Restore { id: kill.clone() },
            What::Policy(policy) => Command::PutPolicy { policy: policy.clone() },
        };
        Ok(Draft { command, base: self.base.unwrap_or(state.flag_set.revision) })
    }
}
