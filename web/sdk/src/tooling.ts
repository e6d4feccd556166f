import { plain } from "./context.js";
import type { Cause, Context, Json, Kind } from "./types.js";

/** A file of a document: its name (`.yaml` and `.yml` are read as YAML, all else as JSON) and its text. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** A document: its text as JSON, an object, or several files that are put together. */
export type Document = string | object | readonly SourceFile[];

export interface Diagnostic {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly place: { readonly file?: string; readonly pointer: string; readonly span?: { readonly start: number; readonly end: number } };
  readonly message: string;
  readonly help?: string;
  readonly related?: readonly unknown[];
}

export interface Checked {
  readonly valid: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Compiled {
  readonly program: Uint8Array;
  readonly kills: Uint8Array;
  readonly diagnostics: readonly Diagnostic[];
}

/** What the tooling module does. Where a document is refused, all but `check` throw an `Error` with `diagnostics`. */
export interface Tooling {
  /** `lints`: also warn of rules, slices, conditions and kills that are said in vain. */
  check(document: Document, options?: { today?: string; lints?: boolean }): Checked;
  compile(document: Document, options?: { audience?: Kind | "all"; killRevision?: number }): Compiled;
  /** One decision, and step by step how it came about. */
  explain(document: Document, flag: string, context: Context, overrides?: { readonly [flag: string]: Exclude<Cause, "kill"> }): Record<string, Json>;
  specialise(document: Document, known: { readonly [attribute: string]: Json }): Record<string, Json>;
  /** For which contexts two documents decide differently: complete, in disjoint regions, each with a witness. */
  compare(old: Document, next: Document, options?: Limits): Comparison;
  /** Claims about the change from one document to another, each proved, or refuted by a context. */
  prove(old: Document, next: Document, assertions: readonly Assertion[], options?: Limits): readonly Verdict[];
  /** Contexts with weights: JSON lines, or the bytes of a sample that `toSample` gave. */
  population(data: string | Uint8Array, mapping?: Mapping): Population;
  /** A document that others are compared with again and again, read once. */
  published(document: Document): Published;
  digest(document: Document): string;
  schema(): Record<string, Json>;
}

/** Which column of a population is what. */
export interface Mapping {
  readonly targetingKey?: string;
  readonly tenant?: string;
  readonly region?: string;
  /** The column that holds weights; `weight` if there is one, unless given; `false` for none. */
  readonly weight?: string | false;
  readonly rename?: { readonly [column: string]: string };
  readonly drop?: readonly string[];
}

/** Lives in the module's memory until `free` is called. */
export interface Population {
  rows(): number;
  weight(): number;
  /** At most so many rows, drawn evenly and always the same, as bytes for `population`. */
  toSample(rows: number): Uint8Array;
  free(): void;
}

export interface Published {
  compare(next: Document, options?: Limits): Comparison;
  replay(next: Document, population: Population, options?: ReplayOptions): Replay;
  free(): void;
}

export interface ReplayOptions {
  /** Attributes by which those who are moved are grouped, beside tenant, region and segment. */
  readonly by?: readonly string[];
  /** Most examples of a flag; 3 unless given. */
  readonly examples?: number;
  /** Most groups that are listed of an attribute; 1000 unless given. */
  readonly groups?: number;
}

/** Who of a population is moved. */
export interface Replay {
  readonly rows: number;
  /** The weight of all rows, and of those that some flag moves. */
  readonly of: number;
  readonly moved: number;
  readonly moved_rows: number;
  readonly by: { readonly [attribute: string]: Groups };
  readonly tenants: readonly Group[];
  readonly flags: { readonly [flag: string]: FlagReplay };
}

export interface FlagReplay {
  readonly moved: number;
  readonly of: number;
  readonly moved_rows: number;
  readonly transitions: readonly { readonly from: string; readonly to: string; readonly weight: number; readonly rows: number; readonly value_changed?: boolean }[];
  readonly by: { readonly [attribute: string]: Groups };
  readonly tenants: readonly Group[];
  readonly examples: readonly { readonly row: number; readonly weight: number; readonly context: Context }[];
}

export interface Groups {
  readonly touched: number;
  readonly groups: readonly Group[];
  readonly others: number;
  /** Of `region`: those that have regions within them, as far as weight moves there, by the draft's tree; each before those within it. */
  readonly within?: readonly Within[];
}

/** A region with what lies within it, and of this those who name this very region. */
export interface Within {
  readonly region: string;
  readonly parent?: string;
  readonly moved: number;
  readonly of: number;
  readonly directly: { readonly moved: number; readonly of: number };
}

export interface Group {
  readonly value: Json;
  readonly moved: number;
  readonly of: number;
}

export interface Limits {
  /** Nodes of the decision diagrams that one flag may take; 200 000 unless given. */
  readonly nodes?: number;
}

export interface Comparison {
  /** The flags whose decision can differ. */
  readonly flags: readonly FlagDifference[];
  /** How many give every context what they gave it. */
  readonly unchanged: number;
}

export interface FlagDifference {
  readonly flag: string;
  /** `unknown`: the comparison ended at its limit, and any context may be treated differently. */
  readonly status: "compared" | "added" | "removed" | "unknown";
  /** Whether the flag itself was edited; else something that it depends on was. */
  readonly edited: boolean;
  readonly regions: readonly Region[];
  /** Where the variant stays and only the reason is another. */
  readonly reason_regions: readonly Region[];
}

/** Contexts that are moved alike. */
export interface Region {
  /** Conditions of the document's language, all of which hold. */
  readonly when: readonly Json[];
  readonly bucket: Bucket | null;
  readonly and_buckets?: readonly Bucket[];
  /** Attributes that hold no bucketing unit, and attributes that hold one. */
  readonly no_unit?: readonly string[];
  readonly unit?: readonly string[];
  /** Attributes in which, for `when`, a list counts as an empty one. */
  readonly lists_aside?: readonly string[];
  /** Of the contexts that `when` describes, by their buckets: from 0 to 1. */
  readonly share: number;
  readonly from: string;
  readonly to: string;
  readonly from_reason: string;
  readonly to_reason: string;
  /** Where the variant keeps its key: old and new value. */
  readonly values?: readonly [Json, Json];
  /** A context that is moved so; null where none was found, and it is not proved that there is one. */
  readonly witness: Context | null;
  /** Why there is no witness: whether any context is like this was not decided. */
  readonly undecided?: string;
  /** Whether `when` says exactly these contexts; else it says more, never less. */
  readonly exact: boolean;
}

/** Buckets `from` to below `to`, of 100 000. */
export interface Bucket {
  readonly by: string;
  readonly salt: string;
  readonly from: number;
  readonly to: number;
}

export interface Assertion {
  readonly name?: string;
  readonly flags?: readonly string[];
  readonly claim: "changes-nothing" | "only-narrows" | { readonly "never-serves": string };
  readonly when?: readonly Json[];
}

export interface Verdict {
  readonly name: string;
  readonly outcome: "proved" | "refuted" | "open";
  readonly against?: readonly { readonly flag: string; readonly context: Context | null; readonly why: string; readonly from?: string; readonly to?: string }[];
}

/** The exports of the generated half; documents cross as files. */
export interface Bound {
  check(files: readonly SourceFile[], today: string | undefined, lints: boolean): Checked;
  compile(files: readonly SourceFile[], audience: string, killRevision: number): Compiled;
  explain(files: readonly SourceFile[], context: unknown, flag: string, overrides: unknown): Record<string, Json>;
  specialise(files: readonly SourceFile[], known: unknown): Record<string, Json>;
  compare(old: readonly SourceFile[], next: readonly SourceFile[], nodes: number): Comparison;
  prove(old: readonly SourceFile[], next: readonly SourceFile[], assertions: readonly Assertion[], nodes: number): readonly Verdict[];
  readonly Population: { fromJsonLines(text: string, mapping: Mapping): Population; fromSample(bytes: Uint8Array): Population };
  readonly Published: new (files: readonly SourceFile[]) => {
    compare(next: readonly SourceFile[], nodes: number): Comparison;
    replay(next: readonly SourceFile[], population: Population, options: ReplayOptions): Replay;
    free(): void;
  };
  digest(files: readonly SourceFile[]): string;
  schema(): Record<string, Json>;
}

export function tooling(bound: Bound): Tooling {
  return {
    check: (document, { today, lints = false } = {}) => bound.check(files(document), today, lints),
    compile: (document, { audience = "all", killRevision = 0 } = {}) => bound.compile(files(document), audience, killRevision),
    explain: (document, flag, context, overrides = {}) => bound.explain(files(document), plain(context), flag, overrides),
    specialise: (document, known) => bound.specialise(files(document), known),
    compare: (old, next, { nodes = 0 } = {}) => bound.compare(files(old), files(next), nodes),
    prove: (old, next, assertions, { nodes = 0 } = {}) => bound.prove(files(old), files(next), assertions, nodes),
    population: (data, mapping = {}) => (typeof data === "string" ? bound.Population.fromJsonLines(data, mapping) : bound.Population.fromSample(data)),
    published: (document) => {
      const own = new bound.Published(files(document));
      return {
        compare: (next, { nodes = 0 } = {}) => own.compare(files(next), nodes),
        replay: (next, population, options = {}) => own.replay(files(next), population, options),
        free: () => own.free(),
      };
    },
    digest: (document) => bound.digest(files(document)),
    schema: () => bound.schema(),
  };
}

function files(document: Document): readonly SourceFile[] {
  if (Array.isArray(document)) return (document as readonly SourceFile[]).map(({ name, text }) => ({ name, text }));
  return [{ name: "document.json", text: typeof document === "string" ? document : JSON.stringify(document) }];
}
