/** How long a kill is held, in milliseconds; `HOLD_MS` in the console and `--hold` in the styles are the same. */
export const HOLD_MS = 1200;

/** The button that kills. It fires once, after a hold or after two separate presses, and never again. */
export type Hold =
  | { readonly is: "ready" }
  /** Held since that time, in milliseconds of a monotonic clock. */
  | { readonly is: "holding"; readonly since: number }
  /** Two presses: the first was made, the effect is read out, the second fires. */
  | { readonly is: "armed" }
  | { readonly is: "fired" };

export type Action =
  /** Pointer or Space goes down. */
  | { readonly do: "press"; readonly now: number }
  /** Time passes while held. */
  | { readonly do: "tick"; readonly now: number }
  /** Let go, left the button, lost focus, or Escape. */
  | { readonly do: "cancel" }
  /** A press without a hold, by a screen reader or a switch device. */
  | { readonly do: "click" }
  /** The server refused: it may be tried again. */
  | { readonly do: "reset" };

export const READY: Hold = { is: "ready" };

/**
 * When a hold that began at `since` is over. Whoever ticks then compares with this very number: what is left of it after `since`
 * is taken away again may be a rounding short of {@link HOLD_MS}.
 */
export const due = (since: number): number => since + HOLD_MS;

export function after(hold: Hold, action: Action): Hold {
  if (hold.is === "fired") return action.do === "reset" ? READY : hold;
  switch (action.do) {
    case "cancel":
    case "reset":
      return READY;
    case "press":
      // A key that repeats presses again.
      return hold.is === "holding" ? hold : { is: "holding", since: action.now };
    case "tick":
      return hold.is === "holding" && action.now >= due(hold.since) ? { is: "fired" } : hold;
    case "click":
      if (hold.is === "ready") return { is: "armed" };
      return hold.is === "armed" ? { is: "fired" } : hold;
  }
}
