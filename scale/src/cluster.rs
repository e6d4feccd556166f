//! The same replay on a Ballista cluster: what its client, its scheduler and its executors have to know.

use crate::failure::Failure;
use crate::function;
use ballista::prelude::{SessionConfigExt, SessionContextExt};
use ballista_core::serde::{BallistaLogicalExtensionCodec, BallistaPhysicalExtensionCodec};
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::file_format::FileFormatFactory;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SessionStateBuilder, TaskContext};
use datafusion::logical_expr::{AggregateUDF, Extension, LogicalPlan};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_proto::logical_plan::LogicalExtensionCodec;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use std::net::SocketAddr;
use std::sync::Arc;

/// A session of which queries run on the cluster with this scheduler, such as `df://host:50050`.
///
/// # Errors
/// Where the address is none.
pub async fn connect(scheduler: &str) -> Result<SessionContext, Failure> {
    let config = SessionConfig::new_with_ballista()
        .with_ballista_logical_extension_codec(Arc::new(Logical::default()))
        .with_ballista_physical_extension_codec(Arc::new(Physical::default()));
    let state = SessionStateBuilder::new().with_config(config).with_default_features().build();
    SessionContext::remote_with_state(scheduler, state).await.map_err(|error| {
        Failure::could_not_run("cluster", format!("cannot reach the cluster at `{scheduler}`: {error}"))
            .help("give the address of its scheduler, such as `df://host:50050`")
    })
}

/// Parts queries among the executors that come to it, until it is stopped.
///
/// # Errors
/// Where it cannot listen.
pub async fn schedule(listen: SocketAddr) -> Result<(), Failure> {
    let config = SchedulerConfig {
        bind_host: listen.ip().to_string(),
        bind_port: listen.port(),
        external_host: listen.ip().to_string(),
        override_logical_codec: Some(Arc::new(Logical::default())),
        override_physical_codec: Some(Arc::new(Physical::default())),
        ..SchedulerConfig::default()
    };
    let failed = |error| Failure::could_not_run("scheduler-ended", format!("the scheduler has ended: {error}"));
    let cluster = BallistaCluster::new_from_config(&config).await.map_err(failed)?;
    start_server(cluster, listen, Arc::new(config)).await.map_err(failed)
}

/// Where an executor listens, whom it works for, and how much.
#[derive(Debug)]
pub struct Executor {
    /// For what others fetch from it.
    pub listen: SocketAddr,
    /// For what the scheduler says.
    pub control: SocketAddr,
    /// As others reach it.
    pub host: Option<String>,
    pub scheduler: (String, u16),
    /// Where it keeps what others fetch; a folder of its own for the time where left out.
    pub folder: Option<String>,
    /// Tasks at once; 0 for one a core.
    pub tasks: usize,
    pub memory: Option<u64>,
}

/// Works for a scheduler until it is stopped.
///
/// # Errors
/// Where the scheduler cannot be reached.
pub async fn execute(executor: Executor) -> Result<(), Failure> {
    let (scheduler_host, scheduler_port) = executor.scheduler;
    let config = ExecutorProcessConfig {
        bind_host: executor.listen.ip().to_string(),
        external_host: executor.host,
        port: executor.listen.port(),
        grpc_port: executor.control.port(),
        scheduler_host,
        scheduler_port,
        scheduler_connect_timeout_seconds: 30,
        work_dir: executor.folder,
        vcores: executor.tasks,
        memory_pool_size: executor.memory,
        override_logical_codec: Some(Arc::new(Logical::default())),
        override_physical_codec: Some(Arc::new(Physical::default())),
        ..ExecutorProcessConfig::default()
    };
    let failed = |error| Failure::could_not_run("executor-ended", format!("the executor has ended: {error}"));
    start_executor_process(Arc::new(config)).await.map_err(failed)
}

/// Writes the order that a function of ours carries; nothing of other functions, which go by their name.
fn encode(function: &AggregateUDF, into: &mut Vec<u8>) {
    into.extend(function::encoded(function).unwrap_or_default().as_bytes());
}

fn decode(name: &str, order: &[u8]) -> Result<Arc<AggregateUDF>> {
    match function::decoded(name, order) {
        Some(decoded) => Ok(Arc::new(decoded?)),
        None => Err(DataFusionError::NotImplemented(format!("there is no aggregate function {name}"))),
    }
}

/// How plans travel to the scheduler: as Ballista's do, and our functions with what they carry.
#[derive(Debug, Default)]
struct Logical(BallistaLogicalExtensionCodec);

impl LogicalExtensionCodec for Logical {
    fn try_decode(&self, buf: &[u8], inputs: &[LogicalPlan], ctx: &TaskContext) -> Result<Extension> {
        self.0.try_decode(buf, inputs, ctx)
    }

    fn try_encode(&self, node: &Extension, buf: &mut Vec<u8>) -> Result<()> {
        self.0.try_encode(node, buf)
    }

    fn try_decode_table_provider(
        &self,
        buf: &[u8],
        table_ref: &TableReference,
        schema: SchemaRef,
        ctx: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        self.0.try_decode_table_provider(buf, table_ref, schema, ctx)
    }

    fn try_encode_table_provider(
        &self,
        table_ref: &TableReference,
        node: Arc<dyn TableProvider>,
        buf: &mut Vec<u8>,
    ) -> Result<()> {
        self.0.try_encode_table_provider(table_ref, node, buf)
    }

    fn try_decode_file_format(&self, buf: &[u8], ctx: &TaskContext) -> Result<Arc<dyn FileFormatFactory>> {
        self.0.try_decode_file_format(buf, ctx)
    }

    fn try_encode_file_format(&self, buf: &mut Vec<u8>, node: Arc<dyn FileFormatFactory>) -> Result<()> {
        self.0.try_encode_file_format(buf, node)
    }

    fn try_decode_udaf(&self, name: &str, buf: &[u8]) -> Result<Arc<AggregateUDF>> {
        decode(name, buf)
    }

    fn try_encode_udaf(&self, node: &AggregateUDF, buf: &mut Vec<u8>) -> Result<()> {
        encode(node, buf);
        Ok(())
    }
}

/// How stages travel to the executors.
#[derive(Debug, Default)]
struct Physical(BallistaPhysicalExtensionCodec);

impl PhysicalExtensionCodec for Physical {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        ctx: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.0.try_decode(buf, inputs, ctx, converter)
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        self.0.try_encode(node, buf, converter)
    }

    fn try_decode_udaf(&self, name: &str, buf: &[u8]) -> Result<Arc<AggregateUDF>> {
        decode(name, buf)
    }

    fn try_encode_udaf(&self, node: &AggregateUDF, buf: &mut Vec<u8>) -> Result<()> {
        encode(node, buf);
        Ok(())
    }
}
