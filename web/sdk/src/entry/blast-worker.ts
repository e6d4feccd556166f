import { answers } from "../blast-answers.js";
import type { Request } from "../blast.js";
import { loadTooling } from "./tooling.js";

const scope = globalThis as unknown as { onmessage: (event: { data: Request }) => void; postMessage(message: unknown): void };
const answer = answers(() => loadTooling());
scope.onmessage = ({ data }) => void answer(data).then((answered) => scope.postMessage(answered));
