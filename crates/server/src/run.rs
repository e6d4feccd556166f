use crate::alarms;
use crate::automatic;
use crate::break_glass;
use crate::environment::Environment;
use crate::guards;
use crate::heartbeat;
use crate::listener::{BoundedListener, ClientAddress};
use crate::metrics::EnvironmentLabels;
use crate::minutes;
use crate::otlp;
use crate::reminders;
use crate::replica;
use crate::rollouts;
use crate::router::router;
use crate::runner;
use crate::state::AppState;
use crate::task::Task;
use crate::usage;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How long requests under way may take when the server closes.
const CLOSING: Duration = Duration::from_secs(10);
/// How often rosters and caches are swept, and a log that failed is tried again.
const SWEEP: Duration = Duration::from_secs(5);
/// With every so many sweeps what clients told of contexts is kept, where it is new.
const SAVES: u64 = 12;

/// Serves until `shutdown`: then streams are told when to come back, requests under way are answered, and the log is
/// closed. Nothing that was acknowledged is lost, whether it ends this way or not.
pub async fn run(
    listener: TcpListener,
    state: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = BoundedListener { inner: listener, write_limit: state.options().write_limit };
    let service = router(state.clone()).into_make_service_with_connect_info::<ClientAddress>();
    let closing = state.clone();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        shutdown.await;
        closing.close();
    });
    attended(state, serving).await
}

/// Does until `shutdown` what a control plane does besides answering, and closes the log as [`run`] does. For a program
/// that asks [`router`] itself and opens no port.
pub async fn attend(state: AppState, shutdown: impl Future<Output = ()> + Send + 'static) {
    let closing = state.clone();
    let answering = async move {
        shutdown.await;
        closing.close();
        Ok(())
    };
    // Such answering does not fail.
    let _ = attended(state, answering).await;
}

async fn attended(state: AppState, serving: impl IntoFuture<Output = io::Result<()>>) -> io::Result<()> {
    let with_others = [
        Task::spawn(replica::follow(state.clone())),
        Task::spawn(replica::tell(state.clone())),
        Task::spawn(replica::lead(state.clone())),
    ];
    let sweeping = Task::spawn(sweep(state.clone()));
    let running = Task::spawn(runner::carry_out(state.clone()));
    let reminding = Task::spawn(reminders::carry_out(state.clone()));
    let beating = Task::spawn(heartbeat::carry_out(state.clone()));
    let rolling_out = Task::spawn(rollouts::carry_out(state.clone()));
    let writing = Task::spawn(minutes::carry_out(state.clone()));
    let guarding = Task::spawn(guards::carry_out(state.clone()));
    let limiting = Task::spawn(automatic::carry_out(state.clone()));
    let exporting = Task::spawn(otlp::carry_out(state.clone()));
    let alarming = Task::spawn(alarms::carry_out(state.clone()));
    let showing = Task::spawn(alarms::show(state.clone()));
    let taking_up = Task::spawn(break_glass::carry_out(state.clone()));
    let mut closed = state.closing();
    let result = tokio::select! {
        result = serving.into_future() => result,
        () = async {
            // An error here means that nobody can close any more, which does not happen while `state` lives.
            let _ = closed.wait_for(|closing| *closing).await;
            tokio::time::sleep(CLOSING).await;
        } => {
            tracing::warn!("requests under way were given up");
            Ok(())
        }
    };
    drop((
        sweeping,
        running,
        beating,
        reminding,
        rolling_out,
        writing,
        guarding,
        limiting,
        exporting,
        alarming,
        showing,
        taking_up,
    ));
    for environment in state.environments() {
        minutes::write_left(environment).await;
    }
    for environment in state.environments().filter(|environment| state.leads(environment)) {
        // No flag stays killed because a beat was cut short.
        if timeout(CLOSING, heartbeat::end_left(environment)).await.is_err() {
            tracing::warn!(environment = %environment.key(), "a beat is left over: whoever starts next ends it");
        }
        save_live(environment).await;
        save_usage(environment).await;
    }
    drop(with_others);
    if let Some(replica) = state.replica() {
        replica.leave().await;
    }
    state.log().close().await;
    result
}

async fn sweep(state: AppState) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sweeps = 0_u64;
    loop {
        ticks.tick().await;
        sweeps += 1;
        for environment in state.environments() {
            let live = environment.fleet().tick();
            environment.slots().sweep(Instant::now());
            let rollouts = Arc::clone(&environment.current().state);
            environment.gates().keep(|number| rollouts.rollouts.going_on().any(|rollout| rollout.number == number));
            // Each replica knows what clients of the others tell too; one of them keeps it.
            if state.leads(environment) {
                if sweeps.is_multiple_of(SAVES) || environment.live().instruction().is_none() {
                    save_live(environment).await;
                }
                if sweeps.is_multiple_of(SAVES) {
                    save_usage(environment).await;
                }
            }
            if !environment.is_writable() {
                environment.probe().await;
            }
            let labels = EnvironmentLabels { environment: environment.key().to_string() };
            let live = i64::try_from(live).unwrap_or(i64::MAX);
            state.metrics().live.get_or_create(&labels).set(live);
        }
    }
}

/// What cannot be kept now is kept later, or lost with the process: it is a sample.
async fn save_live(environment: &Environment) {
    if let Err(error) = environment.save_live().await {
        tracing::warn!(environment = %environment.key(), ?error, "the live sample was not kept");
    }
}

/// What cannot be kept now is kept later.
async fn save_usage(environment: &Environment) {
    if let Err(error) = usage::save(environment).await {
        tracing::warn!(environment = %environment.key(), ?error, "which flags were asked for was not kept");
    }
}
