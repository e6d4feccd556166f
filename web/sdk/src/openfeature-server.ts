import { OpenFeatureEventEmitter, type EvaluationContext, type JsonValue, type Provider, type ResolutionDetails, type TrackingEventDetails } from "@openfeature/server-sdk";
import { mustHaveValues, NAME, resolved, start, tracked, type ProviderOptions } from "./openfeature.js";
import type { Client, Context } from "./types.js";

/**
 * A client as a provider of OpenFeature's server SDK: each call has its own context, and is decided in this process.
 * Closing the provider closes the client.
 */
export class DownhaulServerProvider implements Provider {
  readonly runsOn = "server";
  readonly metadata = { name: NAME } as const;
  readonly events = new OpenFeatureEventEmitter();
  readonly #client: Client;
  readonly #options: ProviderOptions;
  #stop: (() => void) | undefined;

  constructor(client: Client, options: ProviderOptions = {}) {
    this.#client = client;
    this.#options = options;
  }

  async initialize(): Promise<void> {
    this.#stop ??= await start(this.#client, this.events);
    mustHaveValues(this.#client.status());
  }

  async onClose(): Promise<void> {
    this.#stop?.();
    this.#stop = undefined;
    await this.#client.close();
  }

  async resolveBooleanEvaluation(key: string, fallback: boolean, context: EvaluationContext): Promise<ResolutionDetails<boolean>> {
    return this.#resolve(key, fallback, context);
  }

  async resolveStringEvaluation(key: string, fallback: string, context: EvaluationContext): Promise<ResolutionDetails<string>> {
    return this.#resolve(key, fallback, context);
  }

  async resolveNumberEvaluation(key: string, fallback: number, context: EvaluationContext): Promise<ResolutionDetails<number>> {
    return this.#resolve(key, fallback, context);
  }

  async resolveObjectEvaluation<T extends JsonValue>(key: string, fallback: T, context: EvaluationContext): Promise<ResolutionDetails<T>> {
    return this.#resolve(key, fallback, context);
  }

  track(name: string, context: EvaluationContext, details: TrackingEventDetails): void {
    tracked(this.#options, () => this.#client.evaluate(context as Context), name, context as Context, details);
  }

  #resolve<T extends JsonValue>(key: string, fallback: T, context: EvaluationContext): ResolutionDetails<T> {
    return resolved(this.#client.evaluate(context as Context), key, fallback);
  }
}
