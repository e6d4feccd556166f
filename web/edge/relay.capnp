# Runs the relay on this machine: npx workerd serve relay.capnp
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ( name = "relay", worker = .relay ),
    # The control plane stands on this machine, so the private network is allowed.
    ( name = "internet", network = ( allow = ["public", "private", "local"] ) ),
  ],
  sockets = [ ( name = "http", address = "127.0.0.1:8793", http = (), service = "relay" ) ],
);

const relay :Workerd.Worker = (
  compatibilityDate = "2026-06-01",
  modules = [ ( name = "relay-worker.js", esModule = embed "dist/relay-worker.js" ) ],
  bindings = [
    ( name = "DOWNHAUL_URL", fromEnvironment = "DOWNHAUL_URL" ),
    ( name = "DOWNHAUL_KILL_FILE", fromEnvironment = "DOWNHAUL_KILL_FILE" ),
    ( name = "RELAY", durableObjectNamespace = "Relay" ),
  ],
  # It keeps nothing: whatever it forgets it asks for again.
  durableObjectNamespaces = [ ( className = "Relay", uniqueKey = "downhaul-relay" ) ],
  durableObjectStorage = ( inMemory = void ),
);
