/** Where a data change stands, first to last; see the guide to migrations. */
export type Phase = "expand" | "dual-write" | "backfill" | "read-new" | "stop-old-writes" | "contract";

/** One of the two shapes that the data has while it moves. */
export type Shape = "old" | "new";

/** What a phase reads and writes. */
export interface Does {
  /** The shape that a reader is answered from. */
  readonly read: Shape;
  /** The shape whose answer is compared with it. */
  readonly compare: Shape | undefined;
  /** The shapes that a writer writes, in order: the first is the one that counts. */
  readonly write: readonly Shape[];
}

/** The table that the control plane has too: tests/vectors/phases.json. */
export const PHASES: { readonly [phase in Phase]: Does } = {
  expand: { read: "old", compare: undefined, write: ["old"] },
  "dual-write": { read: "old", compare: undefined, write: ["old", "new"] },
  backfill: { read: "old", compare: "new", write: ["old", "new"] },
  "read-new": { read: "new", compare: "old", write: ["new", "old"] },
  "stop-old-writes": { read: "new", compare: undefined, write: ["new"] },
  contract: { read: "new", compare: undefined, write: ["new"] },
};

export const isPhase = (text: string): text is Phase => Object.hasOwn(PHASES, text);
