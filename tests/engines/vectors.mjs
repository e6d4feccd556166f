// Runs the evaluation vectors through an engine of the npm package, wherever it runs; used in Node and in workerd.

const OVERRIDE = { stale: 2, breaker: 3, "crash-loop": 4 };

/** Decides every case and compares what it expects: `{ judged, wrong, seen }`; `outcomeOf` is the package's. */
export function runVectors(engine, outcomeOf, program, kills, cases) {
  const flags = engine.load(program);
  engine.setKills(kills);
  const wrong = [];
  // What was decided, for a digest that two engines must share.
  const seen = [];
  let judged = 0;
  for (const [index, each] of cases.entries()) {
    const overrides = Uint8Array.from(flags, ({ key }) => OVERRIDE[each.overrides?.[key]] ?? 0);
    const outcomes = engine.evaluate(each.context ?? {}, overrides);
    for (const [key, expected] of Object.entries(each.expect)) {
      judged++;
      const at = flags.findIndex((flag) => flag.key === key);
      const outcome = at < 0 ? undefined : outcomeOf(outcomes, at);
      const got = outcome
        ? { variant: flags[at].variants[outcome.variant]?.key, value: flags[at].variants[outcome.variant]?.value, reason: outcome.reason, rule: outcome.ruleIndex, cause: outcome.cause }
        : { reason: "ERROR", errorCode: "FLAG_NOT_FOUND" };
      seen.push([key, got.variant ?? null, got.reason, got.rule ?? null]);
      const differs = Object.entries(expected).filter(([name, value]) => canonical(got[name]) !== canonical(value));
      if (differs.length > 0) wrong.push({ case: each.name ?? index, flag: key, context: each.context, expected, got });
    }
  }
  return { judged, wrong, seen };
}

function canonical(value) {
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)}}`;
}
