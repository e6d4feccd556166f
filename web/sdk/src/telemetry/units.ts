/** Units of all flags that are told apart; later ones count as known, whatever they are given. */
const MOST = 50_000;

/** Which bucketing units have been exposed to which flag. What is kept are 32 bits of each, in memory only. */
export class Units {
  #known = new Set<number>();

  /** True the first time. Whoever has no unit is nobody, and two of the same 32 bits are one. */
  isNew(flag: string, unit: unknown): boolean {
    if (!(typeof unit === "string" ? unit !== "" : Number.isSafeInteger(unit)) || this.#known.size >= MOST) return false;
    const hash = fnv1a(`${flag}\0${unit}`);
    if (this.#known.has(hash)) return false;
    this.#known.add(hash);
    return true;
  }
}

/** FNV-1a over code units. It decides of nothing: buckets are another hash, so that what collides does not go by arms. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
