export { outcomes } from "../outcomes.js";
export type { Decided, Outcomes, OutcomesOptions } from "../outcomes.js";
