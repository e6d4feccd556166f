import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, type Asked, type Held } from "../src/acceptance.js";
import type { Audience, Header } from "../src/envelope.js";

const audience: Audience = { kind: "server", attributes: {}, decided_for: null };
const header = (more: Partial<Header> = {}): Header => ({
  type: "downhaul.flag-set/1",
  epoch: 100,
  environment: "production",
  audience,
  revision: 42,
  kill_revision: 3,
  issued_at: "2026-11-23T20:00:00.000Z",
  valid_until: "2026-11-24T20:00:00.000Z",
  program_format: 1,
  program_length: 0,
  program_sha256: "a",
  kills_length: 20,
  kills_sha256: "k",
  ...more,
});
const held: Held = {
  environment: "production",
  program: { epoch: 100, revision: 42, digest: "a", audience },
  kills: { epoch: 100, kill_revision: 3 },
  ratchet: { epoch: 100, revision: 42, kill_revision: 3 },
};
const nothing: Held = { environment: null, program: null, kills: null, ratchet: null };
const asked: Asked = { kind: "server", environment: undefined, context: {}, decidedFor: undefined, formats: [1] };
const acme: Audience = { kind: "server", attributes: { tenant: "acme" }, decided_for: null };
const kills = (more: Partial<Header> = {}): Partial<Header> => ({ type: "downhaul.kills/1", ...more });

interface Case {
  name: string;
  header?: Partial<Header>;
  held?: Held;
  asked?: Partial<Asked>;
  program: boolean;
  kills: boolean;
  code?: string;
}

const cases: Case[] = [
  { name: "the first one", held: nothing, program: true, kills: true },
  { name: "the same again renews it", program: true, kills: true },
  { name: "a higher revision", header: { revision: 43, program_sha256: "b" }, program: true, kills: true },
  { name: "a lower revision", header: { revision: 41 }, program: false, kills: false, code: "revision-lower" },
  { name: "a lower revision, though kills are newer", header: { revision: 41, kill_revision: 9 }, program: false, kills: false, code: "revision-lower" },
  { name: "a lower epoch, whatever its revision", header: { epoch: 99, revision: 99 }, program: false, kills: false, code: "revision-lower" },
  { name: "a wiped data folder: higher epoch, lower revision", header: { epoch: 101, revision: 1, kill_revision: 0, program_sha256: "b" }, program: true, kills: true },
  { name: "two programs under one position", header: { program_sha256: "b" }, program: false, kills: false, code: "equivocation" },
  { name: "two programs for two audiences are none", header: { program_sha256: "b", audience: acme }, program: true, kills: true },
  { name: "another environment", header: { environment: "staging", revision: 43 }, program: false, kills: false, code: "other-environment" },
  { name: "not the configured environment", held: nothing, asked: { environment: "staging" }, program: false, kills: false, code: "other-environment" },
  { name: "another kind", held: nothing, header: { audience: { ...audience, kind: "browser" } }, program: false, kills: false, code: "other-audience" },
  { name: "another tenant's", held: nothing, header: { audience: acme }, asked: { context: { tenant: "globex" } }, program: false, kills: false, code: "other-audience" },
  { name: "the tenant's own", held: nothing, header: { audience: acme }, asked: { context: { tenant: "acme" } }, program: true, kills: true },
  { name: "a tenant of another type", held: nothing, header: { audience: { ...acme, attributes: { tenant: "1" } } }, asked: { context: { tenant: 1 } }, program: false, kills: false, code: "other-audience" },
  { name: "decided for another context", held: nothing, header: { audience: { ...audience, decided_for: "x" } }, asked: { decidedFor: "y" }, program: false, kills: false, code: "other-audience" },
  { name: "decided for this context", held: nothing, header: { audience: { ...audience, decided_for: "x" } }, asked: { decidedFor: "x" }, program: true, kills: true },
  { name: "a format from the future: its kills are applied", header: { revision: 43, program_format: 2, kill_revision: 4 }, program: false, kills: true, code: "program-refused" },
  { name: "a put that was overtaken by a kill", header: { revision: 43, kill_revision: 2, program_sha256: "b" }, program: true, kills: false },
  { name: "a put that brings a kill", header: { revision: 43, kill_revision: 4, program_sha256: "b" }, program: true, kills: true },
  { name: "a kill", header: kills({ kill_revision: 4, program_sha256: "" }), program: false, kills: true },
  { name: "the kill set that is there already", header: kills(), program: false, kills: false },
  { name: "an old restore", header: kills({ kill_revision: 2 }), program: false, kills: false, code: "revision-lower" },
  { name: "a kill of a higher epoch", header: kills({ epoch: 101, kill_revision: 1 }), program: false, kills: true },
  { name: "a kill of a lower epoch", header: kills({ epoch: 99, kill_revision: 9 }), program: false, kills: false, code: "revision-lower" },
  { name: "a kill for another environment", header: kills({ environment: "staging", kill_revision: 9 }), program: false, kills: false, code: "other-environment" },
  { name: "after a restart: below the ratchet", held: { ...nothing, ratchet: held.ratchet }, header: { revision: 41 }, program: false, kills: false, code: "revision-lower" },
  { name: "after a restart: at the ratchet", held: { ...nothing, ratchet: held.ratchet }, program: true, kills: true },
  { name: "after a restart: kills below the ratchet", held: { ...nothing, ratchet: held.ratchet }, header: { kill_revision: 2 }, program: true, kills: false },
];

for (const each of cases) {
  test(each.name, () => {
    const verdict = judge(header(each.header), each.held ?? held, { ...asked, ...each.asked });
    assert.deepEqual({ program: verdict.program, kills: verdict.kills, code: verdict.code }, { program: each.program, kills: each.kills, code: each.code });
  });
}
