/** Does a piece of work and says how it went: at once, or when its promise is settled. It gives what the work gives. */
export function settled<T>(work: () => T, went: (ok: boolean) => void): T {
  let result: T;
  try {
    result = work();
  } catch (cause) {
    went(false);
    throw cause;
  }
  if (!isPromise(result)) {
    went(true);
    return result;
  }
  return result.then(
    (value) => {
      went(true);
      return value;
    },
    (cause: unknown) => {
      went(false);
      throw cause;
    },
  ) as T;
}

const isPromise = (value: unknown): value is PromiseLike<unknown> => typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
