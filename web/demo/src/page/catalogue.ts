// What the shop sells. Prices in cents.

export interface Good {
  id: string;
  name: string;
  note: string;
  cents: number;
  /** The hue of its picture, in degrees. */
  hue: number;
  shape: "rope" | "block" | "jacket" | "cleat" | "lamp" | "knife";
}

export const goods: Good[] = [
  { id: "halyard", name: "Halyard, 30 m", note: "Dyneema, 10 mm, spliced eye", cents: 8900, hue: 210, shape: "rope" },
  { id: "downhaul", name: "Downhaul, 12 m", note: "Polyester, 8 mm, soft on hands", cents: 2450, hue: 350, shape: "rope" },
  { id: "block", name: "Double block", note: "Ball bearing, for 10 mm line", cents: 5600, hue: 200, shape: "block" },
  { id: "jacket", name: "Offshore jacket", note: "Three layers, taped seams", cents: 31900, hue: 45, shape: "jacket" },
  { id: "cleat", name: "Cam cleat", note: "Carbon cams, 6 to 12 mm", cents: 3100, hue: 265, shape: "cleat" },
  { id: "lamp", name: "Masthead lamp", note: "LED, three miles", cents: 7400, hue: 130, shape: "lamp" },
];

export const advised: Good[] = [
  { id: "knife", name: "Rigging knife", note: "Goes with every line", cents: 4200, hue: 15, shape: "knife" },
  { id: "lamp", name: "Masthead lamp", note: "Others fitted it in the same week", cents: 7400, hue: 130, shape: "lamp" },
  { id: "cleat", name: "Cam cleat", note: "Holds the downhaul you looked at", cents: 3100, hue: 265, shape: "cleat" },
];

export function money(cents: number, region: string): string {
  const currency = { us: "USD", gb: "GBP", br: "BRL", jp: "JPY" }[region] ?? "EUR";
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(cents / 100);
}
