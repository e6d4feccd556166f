// The times between frames while a page scrolls, and what the browser did in those that came late.

/** A frame that comes after so many milliseconds is late: one was left out. */
export const LATE = 25;

/** Scrolls by 300 pixels a frame for four seconds, and gives the milliseconds between two frames. */
export async function scrolling(page) {
  await page.evaluate(() => window.scrollTo(0, 0));
  return await page.evaluate(async () => {
    const times = [];
    let last = performance.now();
    let going = true;
    const draw = (now) => {
      times.push(now - last);
      last = now;
      window.scrollBy(0, 300);
      if (going) requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
    await new Promise((resolve) => setTimeout(resolve, 4000));
    going = false;
    return times.slice(2);
  });
}

/** A page with a plain list of so many rows and nothing else: what this machine and browser can do at best. */
export async function plain(context, rows, height) {
  const page = await context.newPage();
  const row = (at) => `<li><b>made-${String(at).padStart(4, "0")}</b><small>What number ${at} changes, release, payments</small></li>`;
  await page.setContent(`<!doctype html><html lang="en"><title>rows</title>
    <style>body { margin: 0; font: 13px sans-serif } ul { margin: 0; padding: 0; list-style: none }
    li { height: ${height}px; box-sizing: border-box; border-bottom: 1px solid #ddd } small { display: block }</style>
    <ul>${Array.from({ length: rows }, (_, at) => row(at)).join("")}</ul>`);
  return page;
}

/** What the main thread was at, by the names that the browser gives to it. */
const KINDS = {
  script: ["FunctionCall", "EventDispatch", "FireAnimationFrame", "RunMicrotasks", "EvaluateScript", "TimerFire", "v8.run", "RequestAnimationFrame"],
  style: ["UpdateLayoutTree", "RecalcStyle", "Document::updateStyle", "InvalidateLayout", "ScheduleStyleRecalculation"],
  layout: ["Layout", "HitTest"],
  paint: ["PrePaint", "Paint", "UpdateLayer", "UpdateLayerTree", "Layerize", "Commit", "CompositeLayers", "PaintImage"],
  collection: ["MinorGC", "MajorGC", "V8.GCScavenger", "V8.GCFinalizeMC", "BlinkGC.AtomicPhase"],
};
const kind = (name) => Object.keys(KINDS).find((each) => KINDS[each].includes(name));

/** Traces what `scroll` does; gives, of the frames that came late and of the others, the milliseconds a frame by kind of work. */
export async function traced(browser, page, scroll) {
  const categories = ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel", "cc", "blink", "v8", "disabled-by-default-v8.gc", "viz"];
  await browser.startTracing(page, { categories });
  const times = await scroll(page);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const fired = traceEvents.filter((each) => each.name === "FireAnimationFrame");
  const main = fired.at(-1);
  const own = traceEvents.filter((each) => each.pid === main.pid && each.tid === main.tid && each.ph === "X" && each.dur !== undefined);
  own.sort((one, other) => one.ts - other.ts || other.dur - one.dur);
  // Each stretch counts for the innermost event of a kind that holds it.
  const pieces = [];
  const open = [];
  const close = (until) => {
    while (open.length > 0 && open.at(-1).end <= until) {
      const event = open.pop();
      pieces.push({ kind: event.kind, ts: event.ts, own: event.end - event.ts - event.inner });
    }
  };
  for (const event of own) {
    close(event.ts);
    const of = kind(event.name) ?? (open.length > 0 ? null : "else");
    if (of === null) continue;
    if (open.length > 0) open.at(-1).inner += event.dur;
    open.push({ kind: of, ts: event.ts, end: event.ts + event.dur, inner: 0 });
  }
  close(Infinity);
  const starts = [...new Set(own.filter((each) => each.name === "FireAnimationFrame").map((each) => each.ts))];
  const sums = { late: [], inTime: [] };
  for (let at = 2; at + 1 < starts.length; at++) {
    const [from, to] = [starts[at], starts[at + 1]];
    const frame = { whole: (to - from) / 1000 };
    for (const piece of pieces) if (piece.ts >= from && piece.ts < to) frame[piece.kind] = (frame[piece.kind] ?? 0) + piece.own / 1000;
    sums[frame.whole > LATE ? "late" : "inTime"].push(frame);
  }
  const mean = (frames) => Object.fromEntries(["whole", ...Object.keys(KINDS), "else"].map((each) => [each, frames.reduce((sum, frame) => sum + (frame[each] ?? 0), 0) / Math.max(1, frames.length)]));
  return { times, late: { count: sums.late.length, ...mean(sums.late) }, inTime: { count: sums.inTime.length, ...mean(sums.inTime) }, traceEvents };
}
