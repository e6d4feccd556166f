/** Goes on with a value: at once where it is there. */
export const after = <T, R>(value: T | Promise<T>, use: (value: T) => R | Promise<R>): R | Promise<R> => (value instanceof Promise ? value.then(use) : use(value));
