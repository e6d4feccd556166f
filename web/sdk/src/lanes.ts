export type Lane = "program" | "kills";

/** By what brought it. */
export const laneOf = (change: string): Lane => (change === "kill" || change === "restore" ? "kills" : "program");

/**
 * Programs follow one another, and so do kill sets. A program also waits for the kills that came before it, a kill for nothing
 * but kills. What fails is told, and gives false.
 */
export function lanesOf(failed: (cause: unknown) => void): (lane: Lane, work: () => Promise<boolean>) => Promise<boolean> {
  const last = { program: Promise.resolve(true), kills: Promise.resolve(true) };
  return (lane, work) => {
    const before = lane === "kills" ? last.kills : Promise.all([last.kills, last.program]);
    const done = before.then(work).catch((cause: unknown) => {
      failed(cause);
      return false;
    });
    return (last[lane] = done);
  };
}
