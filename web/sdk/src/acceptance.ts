import { agrees, canonical } from "./context.js";
import type { Audience, Header } from "./envelope.js";
import type { Context, Kind, Position, ProblemCode } from "./types.js";

/** What a client has, as far as acceptance asks. */
export interface Held {
  readonly environment: string | null;
  /** The program in use. */
  readonly program: { readonly epoch: number; readonly revision: number; readonly digest: string; readonly audience: Audience } | null;
  /** The kill set in use. */
  readonly kills: { readonly epoch: number; readonly kill_revision: number } | null;
  /** The highest position ever accepted here, kept between visits. */
  readonly ratchet: Position | null;
}

/** Whom the client is, and asks for. */
export interface Asked {
  readonly kind: Kind;
  readonly environment: string | undefined;
  readonly context: Context;
  /** Digest of the context as claimed to the control plane; undefined where the engine can't compute one. */
  readonly decidedFor: string | undefined;
  readonly formats: readonly number[];
}

/** What to take over. With a `code` something was refused; kills can be taken over all the same. */
export interface Verdict {
  readonly program: boolean;
  readonly kills: boolean;
  readonly code?: ProblemCode;
  readonly message?: string;
}

/** The acceptance table of the protocol from `environment` downwards; signature and digests were checked before. */
export function judge(header: Header, held: Held, asked: Asked): Verdict {
  const environment = asked.environment ?? held.environment;
  if (environment !== null && header.environment !== environment) {
    return refuse("other-environment", `flag set of environment \`${header.environment}\`, expected \`${environment}\``);
  }
  const audience = unfitting(header.audience, asked);
  if (audience) return refuse("other-audience", audience);

  const epoch = Math.max(held.program?.epoch ?? 0, held.kills?.epoch ?? 0, held.ratchet?.epoch ?? 0);
  if (header.epoch < epoch) return refuse("revision-lower", `epoch ${header.epoch} is lower than ${epoch}`);
  const kills = takesKills(header, held);
  return header.type === "downhaul.kills/1" ? judgeKills(header, kills, held) : judgeProgram(header, kills, held, asked);
}

function judgeProgram(header: Header, kills: boolean, held: Held, asked: Asked): Verdict {
  const { program, ratchet } = held;
  // The ratchet counts for a client that has no program: the position outlives the flag set.
  const floor = ratchet && ratchet.epoch === header.epoch ? ratchet.revision : 0;
  const revision = Math.max(floor, program?.epoch === header.epoch ? program.revision : 0);
  if (header.revision < revision) return refuse("revision-lower", `revision ${header.revision} is lower than ${revision}`);

  const same = program?.epoch === header.epoch && program.revision === header.revision && sameAudience(program.audience, header.audience);
  if (same && program.digest !== header.program_sha256) {
    return refuse("equivocation", `two programs under revision ${header.revision}: the control plane contradicts itself`);
  }
  if (!asked.formats.includes(header.program_format)) {
    return { program: false, kills, code: "program-refused", message: `program format ${header.program_format} is not one of ${asked.formats.join(", ")}` };
  }
  return { program: true, kills };
}

function judgeKills(header: Header, kills: boolean, held: Held): Verdict {
  const old = held.kills !== null && held.kills.epoch === header.epoch && header.kill_revision < held.kills.kill_revision;
  if (old) return refuse("revision-lower", `kill revision ${header.kill_revision} is lower than ${held.kills?.kill_revision}`);
  return { program: false, kills };
}

/** A higher epoch replaces the kills whatever they are; within an epoch only what is not older does. */
function takesKills(header: Header, held: Held): boolean {
  const floor = held.ratchet?.epoch === header.epoch ? held.ratchet.kill_revision : 0;
  const known = held.kills?.epoch === header.epoch ? Math.max(floor, held.kills.kill_revision) : floor;
  if (header.type === "downhaul.flag-set/1") return header.kill_revision >= known;
  return held.kills?.epoch === header.epoch ? header.kill_revision > known : header.kill_revision >= known;
}

function unfitting(audience: Audience, asked: Asked): string | undefined {
  if (audience.kind !== asked.kind) return `flag set for a client of kind \`${audience.kind}\`, this one is \`${asked.kind}\``;
  for (const [name, value] of Object.entries(audience.attributes)) {
    if (!agrees(asked.context, name, value)) return `flag set for another \`${name}\` than the context's`;
  }
  const decided = audience.decided_for ?? null;
  if (decided !== null && asked.decidedFor !== undefined && decided !== asked.decidedFor) return "flag set decided for another context";
  return undefined;
}

export function sameAudience(a: Audience, b: Audience): boolean {
  return a.kind === b.kind && (a.decided_for ?? null) === (b.decided_for ?? null) && canonical(a.attributes) === canonical(b.attributes);
}

const refuse = (code: ProblemCode, message: string): Verdict => ({ program: false, kills: false, code, message });
