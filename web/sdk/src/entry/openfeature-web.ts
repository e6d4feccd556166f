export { DownhaulWebProvider } from "../openfeature-web.js";
export type { WebProviderOptions } from "../openfeature-web.js";
export type { ProviderOptions, Track } from "../openfeature.js";
