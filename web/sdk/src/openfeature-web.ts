import { OpenFeatureEventEmitter, type EvaluationContext, type JsonValue, type Provider, type ResolutionDetails, type TrackingEventDetails } from "@openfeature/web-sdk";
import { mustHaveValues, NAME, resolved, start, tracked, type ProviderOptions } from "./openfeature.js";
import type { Client, Context, Options } from "./types.js";

export interface WebProviderOptions extends ProviderOptions {
  /** The token that vouches for a context, asked at each change of it; see `contextToken` of the client. */
  readonly contextToken?: (context: EvaluationContext) => ReturnType<Extract<NonNullable<Options["contextToken"]>, () => unknown>>;
}

/**
 * A client as a provider of OpenFeature's web SDK: one context for the whole page, reads that are table look-ups.
 * The SDK's context becomes the client's, unless it is empty at the start; closing the provider closes the client.
 */
export class DownhaulWebProvider implements Provider {
  readonly runsOn = "client";
  readonly metadata = { name: NAME } as const;
  /** The client's context is one: so is what the provider can be bound to. */
  readonly domainScoped = true;
  readonly events = new OpenFeatureEventEmitter();
  readonly #client: Client;
  readonly #options: WebProviderOptions;
  #stop: (() => void) | undefined;

  constructor(client: Client, options: WebProviderOptions = {}) {
    this.#client = client;
    this.#options = options;
  }

  async initialize(context: EvaluationContext = {}): Promise<void> {
    if (Object.keys(context).length > 0) await this.#setContext(context);
    this.#stop ??= await start(this.#client, this.events);
    mustHaveValues(this.#client.status());
  }

  async onContextChange(_: EvaluationContext, context: EvaluationContext): Promise<void> {
    await this.#setContext(context);
  }

  async onClose(): Promise<void> {
    this.#stop?.();
    this.#stop = undefined;
    await this.#client.close();
  }

  resolveBooleanEvaluation(key: string, fallback: boolean): ResolutionDetails<boolean> {
    return resolved(this.#client, key, fallback);
  }

  resolveStringEvaluation(key: string, fallback: string): ResolutionDetails<string> {
    return resolved(this.#client, key, fallback);
  }

  resolveNumberEvaluation(key: string, fallback: number): ResolutionDetails<number> {
    return resolved(this.#client, key, fallback);
  }

  resolveObjectEvaluation<T extends JsonValue>(key: string, fallback: T): ResolutionDetails<T> {
    return resolved(this.#client, key, fallback);
  }

  track(name: string, context: EvaluationContext, details: TrackingEventDetails): void {
    tracked(this.#options, () => this.#client, name, context as Context, details);
  }

  async #setContext(context: EvaluationContext): Promise<void> {
    const { contextToken } = this.#options;
    await this.#client.setContext(context as Context, contextToken && { contextToken: () => contextToken(context) });
  }
}
