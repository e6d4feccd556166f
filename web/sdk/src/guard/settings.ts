/** What a flag's document says of its breaker, as the envelope's header carries it; docs/reference/document.md. */
export interface Declared {
  /** The degraded variant. */
  readonly fallback: string;
  /** Names the definition that clients of this audience see: what failed under another one says nothing. */
  readonly of: string;
  readonly mode?: "act" | "observe";
  readonly window_seconds?: number;
  readonly least_calls?: number;
  readonly failure_share?: number;
  readonly slow_ms?: number;
  readonly slow_share?: number;
  readonly consecutive?: number;
  readonly timeout_ms?: number;
  readonly open_seconds?: number;
  readonly open_at_most_seconds?: number;
  readonly probe?: "units" | "never";
  readonly session_failures?: number;
  readonly crash_loop?: number;
  readonly healthy_seconds?: number;
}

/** Declared breakers by flag. */
export type Breakers = { readonly [flag: string]: Declared };

/** The same with nothing left out. */
export interface Settings {
  /** Whether it acts; else it counts, and lets everything through. */
  readonly acts: boolean;
  readonly windowMs: number;
  readonly leastCalls: number;
  readonly failureShare: number;
  readonly slowMs: number;
  readonly slowShare: number;
  readonly consecutive: number;
  readonly timeoutMs: number;
  readonly openMs: number;
  readonly openAtMostMs: number;
  readonly probes: boolean;
  readonly sessionFailures: number;
  readonly crashLoop: number;
  readonly healthyMs: number;
}

/** The defaults of the document. A flag without a breaker is observed. */
export function settingsOf(declared: Partial<Declared> | undefined): Settings {
  const number = (value: unknown, otherwise: number): number => (typeof value === "number" && value > 0 ? value : otherwise);
  const of = declared ?? {};
  return {
    acts: declared !== undefined && of.mode !== "observe",
    windowMs: number(of.window_seconds, 10) * 1000,
    leastCalls: number(of.least_calls, 20),
    failureShare: number(of.failure_share, 0.5),
    slowMs: number(of.slow_ms, Infinity),
    slowShare: number(of.slow_share, 0.8),
    consecutive: number(of.consecutive, 5),
    timeoutMs: number(of.timeout_ms, Infinity),
    openMs: number(of.open_seconds, 5) * 1000,
    openAtMostMs: number(of.open_at_most_seconds, 300) * 1000,
    probes: of.probe !== "never",
    sessionFailures: number(of.session_failures, 2),
    crashLoop: number(of.crash_loop, 2),
    healthyMs: number(of.healthy_seconds, 10) * 1000,
  };
}
