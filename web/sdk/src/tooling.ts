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
  check(document: Document, options?: { today?: string }): Checked;
  compile(document: Document, options?: { audience?: Kind | "all"; killRevision?: number }): Compiled;
  /** One decision, and step by step how it came about. */
  explain(document: Document, flag: string, context: Context, overrides?: { readonly [flag: string]: Exclude<Cause, "kill"> }): Record<string, Json>;
  specialise(document: Document, known: { readonly [attribute: string]: Json }): Record<string, Json>;
  digest(document: Document): string;
  schema(): Record<string, Json>;
}

/** The exports of the generated half; documents cross as files. */
export interface Bound {
  check(files: readonly SourceFile[], today: string | undefined): Checked;
  compile(files: readonly SourceFile[], audience: string, killRevision: number): Compiled;
  explain(files: readonly SourceFile[], context: unknown, flag: string, overrides: unknown): Record<string, Json>;
  specialise(files: readonly SourceFile[], known: unknown): Record<string, Json>;
  digest(files: readonly SourceFile[]): string;
  schema(): Record<string, Json>;
}

export function tooling(bound: Bound): Tooling {
  return {
    check: (document, { today } = {}) => bound.check(files(document), today),
    compile: (document, { audience = "all", killRevision = 0 } = {}) => bound.compile(files(document), audience, killRevision),
    explain: (document, flag, context, overrides = {}) => bound.explain(files(document), plain(context), flag, overrides),
    specialise: (document, known) => bound.specialise(files(document), known),
    digest: (document) => bound.digest(files(document)),
    schema: () => bound.schema(),
  };
}

function files(document: Document): readonly SourceFile[] {
  if (Array.isArray(document)) return (document as readonly SourceFile[]).map(({ name, text }) => ({ name, text }));
  return [{ name: "document.json", text: typeof document === "string" ? document : JSON.stringify(document) }];
}
