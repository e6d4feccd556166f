export { secondPath } from "../second-path/second-path.js";
export type { Second, SecondPathOptions } from "../second-path/second-path.js";
