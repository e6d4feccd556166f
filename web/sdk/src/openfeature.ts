// What both OpenFeature providers share: how a client's answers and events are told in OpenFeature's words.
import type { ErrorCode as OpenFeatureCode, JsonValue, ResolutionDetails, TrackingEventDetails } from "@openfeature/core";
import type { Outcomes } from "./outcomes.js";
import type { Client, Context, Decisions, Json, Status } from "./types.js";

/** What becomes of `client.track(…)` beside outcomes; Downhaul itself keeps no tracking events. */
export type Track = (name: string, context: Context, details: TrackingEventDetails) => void;

export interface ProviderOptions {
  /** Given each tracking event, to pass it on to where the application counts. What it throws is swallowed. */
  readonly track?: Track;
  /**
   * `outcomes(client)` of `downhaul/outcomes`: counts tracking events whose details name a `flag` (or several, in a list), as
   * failed where `ok` is `false`, under the variant that the flag gives the event's context, or under the `variant` in the details.
   */
  readonly outcomes?: Outcomes;
}

/** The emitter of either SDK; their events have the same names. */
interface Emitter {
  emit(event: string, details?: { readonly message?: string; readonly flagsChanged?: string[] }): void;
}

export const NAME = "downhaul";

/** A decision in OpenFeature's words. Never throws: what can't be answered is the caller's default with a code. */
export function resolved<T extends JsonValue>(decisions: Decisions, key: string, fallback: T): ResolutionDetails<T> {
  // For a client a default of `null` is of any type; for OpenFeature it is an object.
  const { value, variant, reason, errorCode, errorMessage, flagMetadata } = decisions.details<Json>(key, fallback === null ? {} : (fallback as Json));
  const failed = errorCode !== undefined;
  return {
    value: (failed ? fallback : value) as T,
    reason,
    ...(variant === undefined ? {} : { variant }),
    ...(failed ? { errorCode: errorCode as OpenFeatureCode, errorMessage: errorMessage ?? "" } : {}),
    flagMetadata: { ...flagMetadata },
  };
}

/** Waits for values, as long as the client does, and passes its events on from then until the result is called. */
export async function start(client: Client, emitter: object): Promise<() => void> {
  const emit: Emitter["emit"] = (event, details) => (emitter as Emitter).emit(event, details);
  const status = await client.ready();
  const off = [
    client.on("ready", () => emit("PROVIDER_READY")),
    client.on("stale", ({ stale, expired }) => emit(stale || expired ? "PROVIDER_STALE" : "PROVIDER_READY")),
    client.on("error", ({ message }) => emit("PROVIDER_ERROR", { message })),
    // Another context is told by the SDK itself.
    client.on("changed", ({ kind, keys }) => (kind === "context" ? undefined : emit("PROVIDER_CONFIGURATION_CHANGED", { flagsChanged: [...keys] }))),
  ];
  // After the SDK has said that the provider is ready.
  if (status.state === "stale") setTimeout(() => emit("PROVIDER_STALE"), 0);
  return () => off.forEach((each) => each());
}

/** Rejects where there are no values. */
export function mustHaveValues({ source, problems }: Status): void {
  if (source !== "none") return;
  const why = problems.length > 0 ? ` (${problems.join(", ")})` : "";
  throw new Error(`no flag set has come yet${why}; the client keeps trying, and callers get their defaults until then`);
}

/** `decided` gives the decisions for the event's context. */
export function tracked(options: ProviderOptions, decided: () => Decisions, name: string, context: Context, details: TrackingEventDetails = {}): void {
  try {
    const { flag, ok, variant } = details;
    if (options.outcomes && flag !== undefined) {
      const under = typeof variant === "string" ? variant : decided();
      for (const each of Array.isArray(flag) ? flag : [flag]) options.outcomes.outcome(each as string, ok !== false, under);
    }
    options.track?.(name, context, details);
  } catch (cause) {
    console.error("downhaul: `track` threw", cause);
  }
}
