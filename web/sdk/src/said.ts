/** What whoever threw has to say. */
export const said = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
