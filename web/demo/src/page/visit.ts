// Who is visiting: kept in this browser, proved by the shop's back end.

export interface Visit {
  visitor: string;
  tenant: string;
  region: string;
}

export interface ShopSettings {
  downhaul: string;
  key: string;
  environment: string;
  tenants: string[];
  regions: { key: string; name: string }[];
}

const KEPT = "leeward.visit";

export function keptVisit(settings: ShopSettings): Visit {
  const fresh = { visitor: newVisitor(), tenant: settings.tenants[0] ?? "acme", region: settings.regions[0]?.key ?? "de" };
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<Visit>;
    const asked = new URLSearchParams(location.search);
    return {
      visitor: asked.get("visitor") ?? kept.visitor ?? fresh.visitor,
      tenant: asked.get("tenant") ?? kept.tenant ?? fresh.tenant,
      region: asked.get("region") ?? kept.region ?? fresh.region,
    };
  } catch {
    return fresh;
  }
}

export function keep(visit: Visit): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(visit));
  } catch {
    // Private windows may refuse; the visit then lasts as long as the page.
  }
}

export function newVisitor(): string {
  return `visitor-${crypto.randomUUID().slice(0, 8)}`;
}

/** The context token for a visit, or undefined when the shop's back end is out of reach. */
export async function tokenFor(visit: Visit): Promise<string | undefined> {
  try {
    const answer = await fetch(`/api/visit?${new URLSearchParams({ ...visit })}`);
    return answer.ok ? ((await answer.json()) as { token: string }).token : undefined;
  } catch {
    return undefined;
  }
}

/** Settings from the back end; offline, those of the last visit. */
export async function shopSettings(): Promise<ShopSettings> {
  const KEY = "leeward.settings";
  try {
    const answer = await fetch("/api/settings");
    const text = await answer.text();
    localStorage.setItem(KEY, text);
    return JSON.parse(text) as ShopSettings;
  } catch (error) {
    const kept = localStorage.getItem(KEY);
    if (kept) return JSON.parse(kept) as ShopSettings;
    throw error;
  }
}

/** Browser and its version, and the release of this page, as the example flags ask for them. */
export function pageOf(agent: string): { browser: { name: string; version: string }; app: { version: string } } {
  const found = /(Edg|Firefox|Chrome|Version)\/(\d+(?:\.\d+)*)/.exec(agent);
  const names: Record<string, string> = { Edg: "edge", Firefox: "firefox", Chrome: "chrome", Version: "safari" };
  const [major = "0", minor = "0", patch = "0"] = (found?.[2] ?? "0").split(".");
  return {
    browser: { name: names[found?.[1] ?? ""] ?? "other", version: `${major}.${minor}.${patch}` },
    app: { version: "2.4.1" },
  };
}

/** What the page says of its visitor; tenant and region count only as far as the token vouches for them. */
export function contextOf(visit: Visit) {
  return { targetingKey: visit.visitor, tenant: visit.tenant, region: visit.region, ...pageOf(navigator.userAgent) };
}
