export { migration, MigrationRefused } from "../migration.js";
export type { Migration, MigrationAnswer, MigrationOptions, Reads, Sides } from "../migration.js";
export { isPhase, PHASES } from "../phases.js";
export type { Does, Phase, Shape } from "../phases.js";
