import type { Engine, Report } from "./engine.js";
import type { Envelope } from "./envelope.js";
import type { Host } from "./host.js";
import type { Remote } from "./remote.js";
import type { Sampler } from "./sampler.js";
import type { Kind, Options, Store } from "./types.js";

/** What differs between the places a client runs in. */
export interface Platform {
  readonly kind: Kind;
  /** Gives the client a flag set that is at hand; the connection waits for what it returns. */
  handed?(take: (envelope: Envelope) => boolean, report: Report, ready: () => unknown): Promise<void>;
  /** Made once for a client. Not a promise where the module is at hand. */
  engine(options: Options): Engine | Promise<Engine>;
  store(): Store | undefined;
  /** Loaded only where the control plane asks for samples. */
  sampler?(): Promise<Sampler>;
  /** Loaded only where the engine can't start. */
  remote?(): Promise<Remote>;
  /** What it has instead of what every engine has. */
  host?: Partial<Host>;
}
