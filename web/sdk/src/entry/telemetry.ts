export { telemetry } from "../telemetry/telemetry.js";
export type { Telemetry, Under } from "../telemetry/telemetry.js";
