# Runs the worker on this machine: npx workerd serve worker.capnp
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ( name = "edge", worker = .edge ),
    # The control plane and the shop stand on this machine, so the private network is allowed.
    ( name = "internet", network = ( allow = ["public", "private", "local"] ) ),
  ],
  sockets = [ ( name = "http", address = "127.0.0.1:8792", http = (), service = "edge" ) ],
);

const edge :Workerd.Worker = (
  compatibilityDate = "2026-06-01",
  modules = [
    ( name = "worker.js", esModule = embed "dist/worker.js" ),
    ( name = "flags-server.wasm", wasm = embed "dist/flags-server.wasm" ),
  ],
  bindings = [
    ( name = "DOWNHAUL_URL", fromEnvironment = "DOWNHAUL_URL" ),
    ( name = "DOWNHAUL_EDGE_KEY", fromEnvironment = "DOWNHAUL_EDGE_KEY" ),
    ( name = "DOWNHAUL_PUBLIC_KEY", fromEnvironment = "DOWNHAUL_PUBLIC_KEY" ),
    ( name = "SHOP_URL", fromEnvironment = "SHOP_URL" ),
  ],
);
