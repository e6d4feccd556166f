import { ask, type Failure, type Kill, type Progress, within } from "./api.js";
import { byId, element, hide, say } from "./page.js";
import { NOT_TOLD, NO_REGION, OF, RESTORED_BY, SINCE, UNTIL_LAST, killedBy, stillLit } from "./texts.js";
import { ago, announcement, count, dark, duration, killed, region, remaining, stopwatch } from "./words.js";

/** Asked this often while a kill is young, then less often; milliseconds. */
const OFTEN = 250;
const SELDOM = 2000;
const YOUNG = 60_000;
/** A screen reader is told at most this often; milliseconds. */
const ANNOUNCED = 2000;

/** Shows a kill that was fired, and keeps it fresh by asking: a stream could not come through everything that this page can. */
export function watch(environment: string, first: Kill): void {
  const path = `kills/${encodeURIComponent(first.id)}`;
  let kill = first;
  let received = performance.now();
  let announced = -ANNOUNCED;
  const draw = () => {
    drawKill(kill);
    const now = performance.now();
    if (kill.progress && (now - announced >= ANNOUNCED || kill.progress.complete)) {
      announced = now;
      say("announced", announcement(kill.progress));
    }
  };
  const tick = () => {
    say("clock", clock(kill, received));
    requestAnimationFrame(tick);
  };
  const poll = async () => {
    try {
      kill = await ask<Kill>("GET", within(environment, path));
      received = performance.now();
      hide("lost", true);
      draw();
    } catch (error) {
      hide("lost", false);
      say("lost", `${(error as Failure).message}. The kill is made; these figures are old.`);
    }
    setTimeout(poll, (kill.progress?.elapsed_ms ?? YOUNG) < YOUNG ? OFTEN : SELDOM);
  };
  byId<HTMLAnchorElement>("to-console").href = `e/${encodeURIComponent(environment)}/${path}`;
  draw();
  tick();
  void poll();
}

/** It stops when the last client is dark. */
function clock({ progress }: Kill, received: number): string {
  return stopped(progress) ?? stopwatch((progress?.elapsed_ms ?? 0) + performance.now() - received);
}

const stopped = (progress: Progress | undefined) =>
  progress?.complete && progress.slowest_ms !== undefined ? duration(progress.slowest_ms) : undefined;

function drawKill(kill: Kill): void {
  const { progress, restored } = kill;
  document.title = killed(kill);
  say("killed", document.title);
  say("killed-by", killedBy(kill));
  say("sees", restored ? `${RESTORED_BY}${restored.by}: ${restored.reason}` : kill.effect);
  hide("measured", progress === undefined);
  hide("unmeasured", progress !== undefined);
  if (progress === undefined) return;
  say("since", stopped(progress) ? UNTIL_LAST : SINCE);
  say("dark", dark(progress));
  hide("complete", !(progress.complete && progress.dark_total > 0));
  say("remaining", progress.complete ? "" : remaining(progress));
  byId<HTMLProgressElement>("bar").value = progress.dark / (progress.live || 1);
  for (const name of ["p50", "p99", "slowest"] as const) say(name, duration(progress[`${name}_ms`]));
  table(
    "regions",
    Object.entries(progress.by_region).map(([name, each]) => [name || NO_REGION, count(each.dark) + OF + count(each.live + each.unknown), region(each)]),
  );
  const more = progress.stragglers_total - progress.stragglers.length;
  say("still-lit", stillLit(progress.stragglers_total, more));
  table(
    "stragglers",
    progress.stragglers.map((each) => [each.instance, each.region ?? NOT_TOLD, ago(each.last_seen_ms), each.will]),
  );
}

/** A table and what stands around it; gone while it has no row. */
function table(id: string, rows: readonly (readonly string[])[]): void {
  hide(id, rows.length === 0);
  byId(`${id}-rows`).replaceChildren(...rows.map((cells) => element("tr", ...cells.map((cell, at) => element(at === 0 ? "th" : "td", cell)))));
}
