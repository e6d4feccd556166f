/** The new path was not back in time. */
export class GuardTimeout extends Error {
  override readonly name = "GuardTimeout";
  /** For whoever looks at errors by a code. */
  readonly code = "guard-timeout";

  constructor(flag: string, ms: number) {
    super(`what \`${flag}\` leads to was not back within ${ms} ms`);
  }
}

/**
 * Whether an error says nothing of the path that it came from: the caller gave up, or asked for something that nobody could do.
 * Timeouts and too many requests are of the path, all others with a status from 400 to 499 are of the caller.
 */
export function saysNothing(cause: unknown): boolean {
  if (cause === null || typeof cause !== "object") return false;
  const { name, status, statusCode, response } = cause as { name?: unknown; status?: unknown; statusCode?: unknown; response?: { status?: unknown } | null };
  if (name === "AbortError") return true;
  const found = status ?? statusCode ?? response?.status;
  return typeof found === "number" && found >= 400 && found < 500 && found !== 408 && found !== 429;
}
