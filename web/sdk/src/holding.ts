import { judge, sameAudience, type Asked, type Held } from "./acceptance.js";
import { EngineTrap, ProgramRefused, type Engine, type FlagInfo } from "./engine.js";
import type { Envelope, Header } from "./envelope.js";
import { said } from "./said.js";
import type { Position, Problem } from "./types.js";

/** What one envelope changed. */
export interface Taken {
  readonly program: boolean;
  readonly kills: boolean;
  readonly problems: readonly Problem[];
}

/** What came beside the control plane's own kill sets, where somebody looks elsewhere. */
export interface Beside {
  /** The kills of an envelope that is taken over, with the others. */
  join: (envelope: Envelope) => Uint8Array;
}

/** The program and the kills in use, each with the envelope that it came in, and the engine that has them loaded. */
export interface Holding {
  readonly engine: Engine;
  readonly flags: readonly FlagInfo[];
  /** Of the program in use. */
  readonly header: Header | undefined;
  readonly program: Envelope | undefined;
  readonly kills: Envelope | undefined;
  /** Revision of the program, revision of the kills. */
  readonly position: Position | undefined;
  /** The highest position ever accepted. */
  readonly ratchet: Position | undefined;
  raise(ratchet: Position | undefined): void;
  take(envelope: Envelope, asked: Omit<Asked, "formats">, kept?: boolean): Taken;
}

export function holding(engine: Engine, beside: Beside): Holding {
  let flags: readonly FlagInfo[] = [];
  let program: Envelope | undefined;
  let kills: Envelope | undefined;
  let ratchet: Position | undefined;

  const held = (): Held => ({
    environment: (program ?? kills)?.header.environment ?? null,
    program: program
      ? { epoch: program.header.epoch, revision: program.header.revision, digest: program.header.program_sha256, audience: program.header.audience }
      : null,
    kills: kills ? { epoch: kills.header.epoch, kill_revision: kills.header.kill_revision } : null,
    ratchet: ratchet ?? null,
  });

  /** Worked out where program or kills have changed: each decision asks. */
  let position: Position | undefined;
  const locate = (): Position | undefined => {
    if (!program) return undefined;
    const { epoch, revision, kill_revision } = program.header;
    const later = kills && kills.header.epoch >= epoch ? kills.header.kill_revision : kill_revision;
    return { epoch, revision, kill_revision: later };
  };

  const raise = (to: Position | undefined): void => {
    if (!to) return;
    if (!ratchet || to.epoch > ratchet.epoch) ratchet = to;
    else if (to.epoch === ratchet.epoch) {
      ratchet = { ...to, revision: Math.max(to.revision, ratchet.revision), kill_revision: Math.max(to.kill_revision, ratchet.kill_revision) };
    }
  };

  const loadProgram = (envelope: Envelope): Problem | undefined => {
    const same = program?.header.program_sha256 === envelope.header.program_sha256;
    try {
      if (!same) flags = engine.load(envelope.program);
      program = envelope;
      return undefined;
    } catch (cause) {
      return engineProblem(cause, "program");
    }
  };

  const loadKills = (envelope: Envelope): Problem | undefined => {
    try {
      engine.setKills(beside.join(envelope));
      kills = envelope;
      return undefined;
    } catch (cause) {
      return engineProblem(cause, "kill set");
    }
  };

  /** A kept flag set whose own kills are older than what was seen since needs the kill set that was kept with it. */
  const killsAreNoOlder = (header: Header): boolean =>
    !!kills && sameAudience(kills.header.audience, header.audience) && kills.header.epoch === header.epoch && kills.header.kill_revision >= (ratchet?.kill_revision ?? 0);

  return {
    engine,
    get flags() {
      return flags;
    },
    get header() {
      return program?.header;
    },
    get program() {
      return program;
    },
    get kills() {
      return kills;
    },
    get position() {
      return position;
    },
    get ratchet() {
      return ratchet;
    },
    raise,
    take: (envelope, asked, kept = false) => {
      const { header } = envelope;
      const before = held();
      // What was kept for an audience is as old as that audience's last visit; only its kills must be no older than
      // any that were seen since, and its epoch the same.
      const known = kept ? { ...before, program: null, ratchet: before.ratchet && { ...before.ratchet, revision: 0 } } : before;
      const verdict = judge(header, known, { ...asked, formats: engine.formats });
      const problems: Problem[] = verdict.code ? [{ code: verdict.code, message: verdict.message ?? verdict.code, ...(HELP[verdict.code] ? { help: HELP[verdict.code] as string } : {}) }] : [];
      if (kept && !verdict.kills && !killsAreNoOlder(header)) return { program: false, kills: false, problems };

      // The way down first: a program that is refused takes no kill with it.
      const failures: (Problem | undefined)[] = [];
      if (verdict.kills) failures.push(loadKills(envelope));
      if (verdict.program) failures.push(loadProgram(envelope));
      position = locate();
      const newProgram = program === envelope;
      const newKills = kills === envelope;
      for (const failure of failures) if (failure) problems.push(failure);

      if (newProgram || newKills) {
        raise({ epoch: header.epoch, revision: newProgram ? header.revision : 0, kill_revision: newKills ? header.kill_revision : 0 });
      }
      return { program: newProgram, kills: newKills, problems };
    },
  };
}

export function engineProblem(cause: unknown, what: string): Problem {
  const message = said(cause);
  if (cause instanceof ProgramRefused) {
    return { code: "program-refused", message: `${what} refused: ${message}`, help: "is the client older than the control plane?", cause };
  }
  if (cause instanceof EngineTrap) return { code: "engine-trap", message, help: "values stay as they are; please report this with the program's digest", cause: cause.cause };
  return { code: "engine-trap", message: `${what}: ${message}`, cause };
}

const HELP: Partial<Record<string, string>> = {
  "other-environment": "check the client key and the option `environment`",
  "other-audience": "the context must agree with what the key pins and the context token says",
  "revision-lower": "an old answer, or a control plane restored without raising its epoch",
  equivocation: "two different programs were signed under one position: tell whoever runs the control plane",
  "program-refused": "this client is older than what the control plane sends; kills are applied all the same",
};
