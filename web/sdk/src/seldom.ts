// What a page fetches only where it is needed: where the control plane asks for samples, or no module can run.
export { remotely } from "./remote.js";
export { sampled } from "./sampler.js";
