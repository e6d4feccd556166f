import type { Ciphers } from "./ciphers.js";
import type { Engine } from "./engine.js";
import type { Host } from "./host.js";
import type { Remote } from "./remote.js";
import type { Sampler } from "./sampler.js";
import type { Kind, Options, Store } from "./types.js";

/** What differs between the places a client runs in. */
export interface Platform {
  readonly kind: Kind;
  /** Made once for a client. Not a promise where the module is at hand. */
  engine(options: Options): Engine | Promise<Engine>;
  store(): Store | undefined;
  /** Loaded only where the control plane asks for samples. */
  sampler?(): Promise<Sampler>;
  /** Loaded only where the engine can't start. */
  remote?(): Promise<Remote>;
  host?: Host;
  ciphers?: Ciphers;
}
