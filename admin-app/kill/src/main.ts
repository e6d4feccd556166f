// The kill control as a page of its own: for when the console has failed, is too slow to load, or cannot run at all.
import { ask, type Failure, type Flag, type Kill, type KillRequest, type Scope, type Whoami, within } from "./api.js";
import { holdButton } from "./hold-button.js";
import { read } from "./kept.js";
import { byId, complain, hide, offer, on, say, show } from "./page.js";
import { MAYBE_MADE, MAY_NOT, OPENS_NOTHING, THE_DEGRADED_VARIANT, WHOEVER_GETS, WITHOUT_FLAGS } from "./texts.js";
import { watch } from "./watch.js";
import { names, scopeWords, whoGet, whyNot } from "./words.js";

const PARTS = ["tenant", "region", "segment", "variant"] as const;

const kept = read(location.hash);
const field = (id: string) => byId<HTMLInputElement>(id);
let flags: readonly Flag[] = [];
let who: Whoami | undefined;

/** The console's choice of light or dark, or else the system's; private windows may refuse storage. */
function theme(): void {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem("downhaul.theme");
  } catch {
    // The system's choice stands.
  }
  const isDark = chosen === null ? matchMedia("(prefers-color-scheme: dark)").matches : chosen.includes("dark");
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
}

async function begin(): Promise<void> {
  try {
    take(await ask<Whoami>("GET", "session"));
  } catch (error) {
    const { status, message, help } = error as Failure;
    if (status === 401) return show("sign-in");
    // Without knowing who asks it may still work: the server decides.
    take(undefined);
    complain("trouble", message, help);
  }
}

function take(found: Whoami | undefined): void {
  who = found;
  const known = found?.environments ?? [];
  offer("environment", [...new Set([...(kept.environment ? [kept.environment] : []), ...known])]);
  if (kept.environment) field("environment").value = kept.environment;
  show("control");
  void environmentChosen();
  if (kept.flag) field(kept.reason ? "reason" : "flag").focus();
}

async function environmentChosen(): Promise<void> {
  const environment = chosenEnvironment();
  document.body.dataset["env"] = environment;
  flags = [];
  draw();
  try {
    const page = await ask<{ flags: Flag[] }>("GET", within(environment, "flags"));
    if (environment !== chosenEnvironment()) return;
    flags = page.flags;
    offer("flags", flags.map((flag) => flag.key));
  } catch (error) {
    complain("trouble", (error as Failure).message, WITHOUT_FLAGS);
  }
  draw();
}

const chosenEnvironment = () => field("environment").value || kept.environment || "production";

/** `undefined` while a part is being chosen. */
function scope(): Scope | undefined {
  if (field("everyone").checked) return {};
  const chosen: Scope = {};
  for (const part of PARTS) {
    const values = names(field(part).value);
    if (values.length > 0) chosen[part] = values;
  }
  return Object.keys(chosen).length === 0 ? undefined : chosen;
}

function request(chosen: Scope): KillRequest {
  const incident = field("incident").value.trim();
  return { flag: field("flag").value.trim(), scope: chosen, reason: field("reason").value.trim(), ...(incident ? { incident } : {}) };
}

const hold = holdButton(() => void fire());

function draw(): void {
  const [environment, chosen, key] = [chosenEnvironment(), scope(), field("flag").value.trim()];
  const flag = flags.find((each) => each.key === key);
  hide("some-parts", field("everyone").checked);
  const gets = chosen ? whoGet(chosen) : WHOEVER_GETS;
  const effect = `${gets} ${flag ? `${flag.degraded_variant}: ${flag.degraded_meaning}` : THE_DEGRADED_VARIANT}.`;
  say("effect", effect);
  hide("unknown", flag !== undefined || flags.length === 0 || key === "");
  const target = `${key || "…"} for ${chosen ? scopeWords(chosen) : "…"} in ${environment}`;
  hold.label({ target, effect, whyNot: refusal(environment) || whyNot(key, chosen, field("reason").value) });
}

/** Why whoever is here may not kill; the server would say the same. */
function refusal(environment: string): string {
  const may = who === undefined || who.roles[environment]?.some((role) => role === "operator" || role === "admin");
  return may ? "" : MAY_NOT;
}

async function fire(): Promise<void> {
  const [environment, chosen] = [chosenEnvironment(), scope()];
  if (chosen === undefined) return hold.again();
  complain("trouble", "");
  try {
    const kill = await ask<Kill>("POST", within(environment, "kills"), request(chosen));
    show("live");
    watch(environment, kill);
  } catch (error) {
    const { status, message, help } = error as Failure;
    hold.again();
    if (status === 401) return show("sign-in");
    complain("trouble", message, (status === 0 ? MAYBE_MADE : "") + help);
  }
}

async function signIn(event: Event): Promise<void> {
  event.preventDefault();
  complain("refused", "");
  try {
    const found = await ask<Whoami>("POST", "session", { token: field("token").value.trim() });
    field("token").value = "";
    take(found);
    draw();
  } catch (error) {
    const { status, message, help } = error as Failure;
    complain("refused", status === 401 ? OPENS_NOTHING : message, help);
    field("token").focus();
  }
}

function fill(): void {
  field("flag").value = kept.flag;
  field("reason").value = kept.reason;
  field("incident").value = kept.incident;
  const isEveryone = kept.scope !== undefined && Object.keys(kept.scope).length === 0;
  field(isEveryone ? "everyone" : "some").checked = true;
  for (const part of PARTS) field(part).value = (kept.scope?.[part] ?? []).join(", ");
}

theme();
fill();
on(byId("sign-in"), "submit", (event) => void signIn(event));
on(byId("control"), "submit", (event) => event.preventDefault());
on(byId("control"), "input", draw);
on(byId("environment"), "change", () => void environmentChosen());
void begin();
