// What the page says in one way, beside `kill.html`; sentences that depend on more are in `words.ts`. Another language is another of
// these three files.

import type { Kill } from "./api.js";
import { count, counted } from "./words.js";

export const UNREACHABLE = "The control plane cannot be reached";
export const UNREACHABLE_HELP = "Check the network; from a shell, downhaul kill does the same";
export const unreadable = (status: number): string => `The answer could not be read (status ${status})`;
export const UNREADABLE_HELP = "Something stands in between";

export const KILLING = "Killing…";
export const PRESS_AGAIN = "Press again: Kill ";
export const KILL = "Kill ";
export const HOLD_TO_KILL = "Hold to kill ";
export const TWO_PRESSES_HELP = "Two presses; Escape cancels between them.";
export const HOLD_HELP = "Hold 1.2 s, let go early to cancel. From the keyboard: hold Space on the button.";
export const HOLD_INSTEAD = "Hold instead";
export const TWO_PRESSES_INSTEAD = "Use two presses instead";

export const WITHOUT_FLAGS = "Type the key of a flag to kill it";
export const WHOEVER_GETS = "Whoever you choose gets";
export const THE_DEGRADED_VARIANT = "the degraded variant";
export const MAY_NOT = "Only an operator or admin may kill. Ask one, or sign in as another.";
export const MAYBE_MADE = "The kill may have been made. ";
export const OPENS_NOTHING = "This token opens nothing here";

export const killedBy = ({ id, by, reason }: Kill): string => `Kill ${id} by ${by}. ${reason}`;
export const RESTORED_BY = "Restored by ";
export const UNTIL_LAST = "until the last client was dark";
export const SINCE = "since the kill";
export const NO_REGION = "region not told";
export const NOT_TOLD = "not told";
export const OF = " of ";
export const stillLit = (all: number, more: number): string =>
  `Still lit: ${counted(all, "client", "clients")} by name${more > 0 ? `, ${count(more)} more` : ""}`;
