import { SignJWT } from "jose";
import { settings } from "./settings.js";

/** How long a token holds. The page fetches a new one when it changes tenant or region, and before this runs out. */
const MINUTES = 60;

/** A context token: the attributes that the control plane may specialise by, signed by this back end. */
export async function contextToken(visit: { visitor: string; tenant: string; region: string }): Promise<string> {
  const attributes = { tenant: visit.tenant, region: visit.region };
  return await new SignJWT({ attributes })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(visit.visitor)
    .setAudience(settings.environment)
    .setIssuedAt()
    .setExpirationTime(`${MINUTES}m`)
    .sign(new TextEncoder().encode(settings.tokenSecret));
}
