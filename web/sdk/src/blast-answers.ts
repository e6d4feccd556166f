import type { Answer, Request } from "./blast.js";
import type { Document, Limits, Mapping, Population, Published, ReplayOptions, Tooling } from "./tooling.js";

/** The worker's half: holds the published document and the population, and answers one request after another. */
export function answers(load: () => Promise<Tooling>): (request: Request) => Promise<Answer> {
  let tooling: Promise<Tooling> | undefined;
  let published: Published | undefined;
  let population: Population | undefined;

  const needed = <T>(value: T | undefined, what: string): T => {
    if (value === undefined) throw new Error(`call \`${what}\` first`);
    return value;
  };
  const run = async ({ method, args }: Request): Promise<unknown> => {
    const tools = await (tooling ??= load());
    switch (method) {
      case "published": {
        const next = tools.published(args[0] as Document);
        published?.free();
        published = next;
        return undefined;
      }
      case "population": {
        const next = tools.population(args[0] as string | Uint8Array, args[1] as Mapping | undefined);
        population?.free();
        population = next;
        return { rows: next.rows(), weight: next.weight() };
      }
      case "compare":
        return needed(published, "published").compare(args[0] as Document, args[1] as Limits | undefined);
      case "replay":
        return needed(published, "published").replay(args[0] as Document, needed(population, "population"), args[1] as ReplayOptions | undefined);
    }
  };
  return async (request) => {
    try {
      return { id: request.id, result: await run(request) };
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      return { id: request.id, error: error.message, diagnostics: (error as { diagnostics?: unknown }).diagnostics };
    }
  };
}
