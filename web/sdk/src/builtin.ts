/**
 * A module of Node's own, when it is needed. An `import` would load it with the package, and what Node wraps around it for ES
 * modules takes longer than all of the package.
 */
export const builtin: typeof process.getBuiltinModule = (id: string) => process.getBuiltinModule(id) as never;
