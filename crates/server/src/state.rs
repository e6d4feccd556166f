use crate::auth::host;
use crate::auth::session::Sessions;
use crate::client::limits::StreamLimits;
use crate::environment::{Environment, log_failed};
use crate::error::{AppError, AppResult};
use crate::issue::Issuer;
use crate::metrics::Metrics;
use crate::options::ServerOptions;
use crate::planner::Planner;
use crate::random;
use crate::replica::{Message, Replica};
use crate::sign_in::Pending;
use downhaul_control::views::Names;
use downhaul_control::{AdminToken, ClientKey};
use downhaul_store::{ChangeLog, StoreError};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;

/// What every handler shares.
#[derive(Debug, Clone)]
pub struct AppState {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: ServerOptions,
    pub(crate) log: Arc<dyn ChangeLog>,
    /// Where other processes use the log too.
    pub(crate) replica: Option<Arc<Replica>>,
    pub(crate) environments: BTreeMap<String, Arc<Environment>>,
    pub(crate) admin_tokens: BTreeMap<String, AdminToken>,
    /// Names of actors, by id.
    pub(crate) actors: RwLock<Arc<Names>>,
    pub(crate) issuer: Arc<Issuer>,
    /// Under which the token secrets of client keys are derived.
    pub(crate) token_root: [u8; 32],
    pub(crate) sessions: Sessions,
    /// Those who are at the provider to sign in.
    pub(crate) pending: Pending,
    pub(crate) limits: StreamLimits,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) planner: Planner,
    /// Becomes true when the server closes.
    pub(crate) closing: watch::Sender<bool>,
}

impl AppState {
    pub(crate) fn new(shared: Shared) -> Self {
        AppState { shared: Arc::new(shared) }
    }

    pub(crate) fn options(&self) -> &ServerOptions {
        &self.shared.options
    }

    pub(crate) fn log(&self) -> &dyn ChangeLog {
        &*self.shared.log
    }

    pub(crate) fn replica(&self) -> Option<&Arc<Replica>> {
        self.shared.replica.as_ref()
    }

    /// Whether this process acts in an environment.
    pub(crate) fn leads(&self, environment: &Environment) -> bool {
        self.replica().is_none_or(|replica| replica.leads(environment.key()))
    }

    pub(crate) fn environment(&self, key: &str) -> Option<&Arc<Environment>> {
        self.shared.environments.get(key)
    }

    pub(crate) fn environments(&self) -> impl Iterator<Item = &Arc<Environment>> {
        self.shared.environments.values()
    }

    pub(crate) fn admin_token(&self, id: &str) -> Option<&AdminToken> {
        self.shared.admin_tokens.get(id)
    }

    /// Names of actors, by id, as they are now.
    pub(crate) fn actors(&self) -> Arc<Names> {
        Arc::clone(&self.shared.actors.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Someone new, of this name; gives the opaque id.
    pub(crate) async fn new_actor(&self, name: &str) -> AppResult<String> {
        let id = random::actor().map_err(AppError::internal)?;
        self.name_actor(&id, name).await?;
        Ok(id)
    }

    /// What someone is called from now on.
    pub(crate) async fn name_actor(&self, id: &str, name: &str) -> AppResult<()> {
        if self.actors().get(id).is_some_and(|known| known == name) {
            return Ok(());
        }
        self.log().put_actor(id, name).await.map_err(log_failed)?;
        self.change_actors(|names| drop(names.insert(id.to_owned(), name.to_owned())));
        Ok(())
    }

    /// Forgets a name.
    pub(crate) async fn erase_actor(&self, id: &str) -> AppResult<()> {
        self.log().erase_actor(id).await.map_err(log_failed)?;
        self.change_actors(|names| drop(names.remove(id)));
        Ok(())
    }

    fn change_actors(&self, change: impl FnOnce(&mut Names)) {
        {
            let mut names = self.shared.actors.write().unwrap_or_else(PoisonError::into_inner);
            change(Arc::make_mut(&mut names));
        }
        if let Some(replica) = self.replica() {
            replica.tell(Message::Names);
        }
    }

    /// Reads the names anew, as another replica may have changed them.
    pub(crate) async fn reload_actors(&self) -> Result<(), StoreError> {
        let read = Arc::new(self.log().actors().await?);
        *self.shared.actors.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    pub(crate) fn issuer(&self) -> &Arc<Issuer> {
        &self.shared.issuer
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.shared.sessions
    }

    pub(crate) fn pending(&self) -> &Pending {
        &self.shared.pending
    }

    pub(crate) fn limits(&self) -> &StreamLimits {
        &self.shared.limits
    }

    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.shared.metrics
    }

    pub(crate) fn planner(&self) -> &Planner {
        &self.shared.planner
    }

    /// Under which token secrets and call-backs are derived.
    pub(crate) fn token_root(&self) -> &[u8; 32] {
        &self.shared.token_root
    }

    pub(crate) fn token_secret(&self, key_id: &str) -> String {
        downhaul_control::client_key::token_secret(&self.shared.token_root, key_id)
    }

    /// Turns true when the server closes.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.shared.closing.subscribe()
    }

    /// Tells every stream to end.
    pub(crate) fn close(&self) {
        self.shared.closing.send_replace(true);
    }

    /// A client key that was not revoked, and where it is valid.
    pub(crate) fn client_key(&self, id: &str) -> Option<(Arc<Environment>, ClientKey)> {
        self.environments().find_map(|environment| {
            let key = environment.current().state.keys.get(id).filter(|key| key.revoked.is_none())?.key.clone();
            Some((Arc::clone(environment), key))
        })
    }

    pub(crate) fn allows_host(&self, name: &str) -> bool {
        if name.eq_ignore_ascii_case("localhost") || name.eq_ignore_ascii_case("localhost.") {
            return true;
        }
        let listen = self.options().listen.ip();
        match name.parse::<IpAddr>() {
            // Whoever listens everywhere is asked for under any of the machine's addresses; a name is what rebinds.
            Ok(address) => address.is_loopback() || address == listen || listen.is_unspecified(),
            Err(_) => self.options().allowed_hosts.iter().any(|host| host::name_of(host).eq_ignore_ascii_case(name)),
        }
    }
}
