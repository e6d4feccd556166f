export { DownhaulServerProvider } from "../openfeature-server.js";
export type { ProviderOptions, Track } from "../openfeature.js";
