import type { Client, Decisions, Details } from "../types.js";

/** An answer that was read, and for whom; nobody is named where it is not of one context's own decisions. */
export type Exposed = (details: Details, unit?: unknown) => void;

/** What others may know these decisions by. */
export const UNDER = Symbol.for("downhaul.decisions");
/** Keys that nobody has are no reason to remember more and more of them. */
const MOST = 10_000;

const READS = ["boolean", "string", "number", "object", "details"] as const;

/**
 * Tells of each answer that is read, once for all the decisions that are made for one context; of the client's own, once until
 * it is another one. What is not told of is read as before: a client without telemetry has nothing of this.
 */
export function exposing(client: Client, exposed: Exposed): void {
  const evaluate = client.evaluate;
  const own = new Set<string>();
  watch(client, own, exposed);
  client.on("changed", ({ keys }) => keys.forEach((key) => own.delete(key)));
  client.evaluate = (who) => {
    const decisions = evaluate(who);
    const unit = (who as { readonly targetingKey?: unknown } | undefined)?.targetingKey;
    return watch({ ...copy(decisions), [UNDER]: decisions }, new Set(), (details) => exposed(details, unit));
  };
}

/** Decisions as plain functions: those of servers make them where they are asked for. */
const copy = ({ boolean, string, number, object, details, all, bootstrapData }: Decisions): Decisions => ({ boolean, string, number, object, details, all, bootstrapData });

function watch<D extends Decisions>(decisions: D, seen: Set<string>, exposed: Exposed): D {
  const { details, all } = decisions;
  const note = (key: string): void => {
    if (seen.has(key) || seen.size >= MOST) return;
    seen.add(key);
    exposed(details(key, null));
  };
  const watched = decisions as unknown as Record<string, (key: string, fallback: never) => unknown>;
  for (const name of READS) {
    const read = watched[name] as (key: string, fallback: never) => unknown;
    watched[name] = (key, fallback) => {
      note(key);
      return read(key, fallback);
    };
  }
  decisions.all = () => {
    const found = all();
    Object.keys(found).forEach(note);
    return found;
  };
  return decisions;
}
