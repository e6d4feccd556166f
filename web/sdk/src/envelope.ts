import { after } from "./after.js";
import { fromBase64, fromUtf8, toHex, utf8 } from "./bytes.js";
import type { Ciphers } from "./ciphers.js";
import type { Breakers } from "./guard/settings.js";
import type { Kind, ProblemCode } from "./types.js";

/** Who a flag set was made for. */
export interface Audience {
  readonly kind: Kind;
  /** Attributes it was specialised for: it answers only for contexts that agree with them. */
  readonly attributes: { readonly [name: string]: unknown };
  /** Digest of the claimed context for which the control plane decided some flags itself; null where it decided none. */
  readonly decided_for: string | null;
}

/** The signed part of an envelope. */
export interface Header {
  readonly type: "downhaul.flag-set/1" | "downhaul.kills/1";
  readonly epoch: number;
  readonly environment: string;
  readonly audience: Audience;
  readonly revision: number;
  readonly kill_revision: number;
  readonly issued_at: string;
  readonly valid_until: string;
  readonly program_format: number;
  readonly program_length: number;
  readonly program_sha256: string;
  readonly kills_length: number;
  readonly kills_sha256: string;
  /** Ids of the keys in force; absent where the environment has only ever had one. */
  readonly keys?: readonly string[];
  /** The circuit breakers of its flags; absent where none has one. */
  readonly breakers?: Breakers;
}

/** An envelope whose signature and digests are as they should be, or could not be checked under the policy. */
export interface Envelope {
  readonly bytes: Uint8Array;
  readonly header: Header;
  readonly program: Uint8Array;
  readonly kills: Uint8Array;
}

/** Gives the verdict on a signature: right, wrong, or not checked (and the policy allows that). */
export type CheckSignature = (keyId: string, signature: Uint8Array, message: Uint8Array) => Verdict | Promise<Verdict>;
export type Verdict = "right" | "wrong" | "unchecked";

export type Opened = { readonly envelope: Envelope } | { readonly code: ProblemCode; readonly message: string };

const LIMIT = 34 * 1024 * 1024;
const START = 80;

/**
 * Reads an envelope: signature first, then the header, then the digests; nothing else is looked at before these hold.
 * At once where signature and digests are checked at once.
 */
export function openEnvelope(bytes: Uint8Array, check: CheckSignature, { sha256 }: Ciphers): Opened | Promise<Opened> {
  const frame = split(bytes);
  if (!frame) return malformed(`${bytes.length} bytes are no envelope`);

  const message = concat([utf8(`DHEv1 ${frame.header.length} `), frame.header]);
  return after(check(frame.keyId, frame.signature, message), (verdict): Opened | Promise<Opened> => {
    if (verdict === "wrong") {
      return { code: "signature-invalid", message: `signature by key \`${frame.keyId}\` is not right, or the key is not trusted` };
    }
    const header = readHeader(frame.header);
    if (!header) return malformed("the header can't be read");
    if (frame.body.length !== header.program_length + header.kills_length) {
      return malformed(`${frame.body.length} bytes after the header instead of ${header.program_length} + ${header.kills_length}`);
    }
    const program = frame.body.subarray(0, header.program_length);
    const kills = frame.body.subarray(header.program_length);
    return after(program.length ? sha256(program) : undefined, (programDigest) =>
      after(sha256(kills), (killsDigest) => {
        if (programDigest !== undefined && programDigest !== header.program_sha256) return digest("program");
        if (killsDigest !== undefined && killsDigest !== header.kills_sha256) return digest("kill set");
        return { envelope: { bytes, header, program, kills } };
      }),
    );
  });
}

/** A difference from the program with digest `base` to the next one, as the event `patch` carries it. */
export interface Patch {
  readonly base: string;
  readonly header: string;
  readonly kills: string;
  readonly ops: readonly (string | readonly [number, number])[];
}

/** The envelope that a patch makes out of the program it is based on; undefined where it does not fit. */
export function applyPatch(patch: Patch, base: Uint8Array): Uint8Array | undefined {
  const parts = [fromBase64(patch.header)];
  let size = parts[0]?.length ?? 0;
  for (const op of patch.ops) {
    let part: Uint8Array;
    if (typeof op === "string") {
      part = fromBase64(op);
    } else {
      const [offset, length] = op;
      if (!(offset >= 0 && length >= 0 && offset + length <= base.length)) return undefined;
      part = base.subarray(offset, offset + length);
    }
    size += part.length;
    if (size > LIMIT) return undefined;
    parts.push(part);
  }
  parts.push(fromBase64(patch.kills));
  return concat(parts);
}

interface Frame {
  readonly keyId: string;
  readonly signature: Uint8Array;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
}

function split(bytes: Uint8Array): Frame | undefined {
  if (bytes.length < START || bytes.length > LIMIT) return undefined;
  // "DHE1"
  if (bytes[0] !== 0x44 || bytes[1] !== 0x48 || bytes[2] !== 0x45 || bytes[3] !== 0x31) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(76, true);
  if (START + length > bytes.length) return undefined;
  return {
    keyId: toHex(bytes.subarray(4, 12)),
    signature: bytes.subarray(12, 76),
    header: bytes.subarray(START, START + length),
    body: bytes.subarray(START + length),
  };
}

function readHeader(bytes: Uint8Array): Header | undefined {
  let header: Header;
  try {
    header = JSON.parse(fromUtf8(bytes)) as Header;
  } catch {
    return undefined;
  }
  if (header === null || typeof header !== "object") return undefined;
  const counts = [header.epoch, header.revision, header.kill_revision, header.program_length, header.kills_length];
  const texts = [header.environment, header.issued_at, header.valid_until, header.kills_sha256, header.audience?.kind];
  const flagSet = header.type === "downhaul.flag-set/1";
  if (!flagSet && (header.type !== "downhaul.kills/1" || header.program_length !== 0)) return undefined;
  if (!counts.every((n) => Number.isSafeInteger(n) && n >= 0) || !texts.every((t) => typeof t === "string")) return undefined;
  if (flagSet && (typeof header.program_sha256 !== "string" || !Number.isSafeInteger(header.program_format))) return undefined;
  const { attributes, decided_for } = header.audience;
  if (attributes === null || typeof attributes !== "object" || Array.isArray(attributes)) return undefined;
  if (decided_for !== null && decided_for !== undefined && typeof decided_for !== "string") return undefined;
  return header;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const malformed = (message: string): Opened => ({ code: "envelope-malformed", message });
const digest = (what: string): Opened => ({ code: "digest-mismatch", message: `digest of the ${what} is not the one in the header` });
