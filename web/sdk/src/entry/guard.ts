export { guarded, guards } from "../guard/guards.js";
export type { GuardOptions, Guards, GuardsOptions } from "../guard/guards.js";
export { GuardTimeout } from "../guard/errors.js";
export type { BreakerCause, BreakerState, Move } from "../guard/machine.js";
export type { MarkStore } from "../guard/marks.js";
export type { BreakerStatus, GuardTally } from "../guard/watched.js";
