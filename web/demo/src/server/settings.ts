// What the shop needs to know, from the environment; the defaults fit `cargo xtask run`.

const environment = process.env;

export const settings = {
  host: environment["SHOP_HOST"] ?? "127.0.0.1",
  port: Number(environment["SHOP_PORT"] ?? 8791),
  /** Where the page reaches Downhaul. */
  downhaul: environment["DOWNHAUL_URL"] ?? "http://127.0.0.1:8790",
  environment: environment["DOWNHAUL_ENVIRONMENT"] ?? "production",
  /** Public: it stands in the page. */
  browserKey: environment["DOWNHAUL_BROWSER_KEY"] ?? "dh_browser_demo",
  /** Secret: signs context tokens. Only back ends hold it. */
  tokenSecret: environment["DOWNHAUL_TOKEN_SECRET"] ?? "",
  tenants: ["acme", "globex", "initech"],
  regions: [
    { key: "de", name: "Germany" },
    { key: "fr", name: "France" },
    { key: "gb", name: "United Kingdom" },
    { key: "us", name: "United States" },
    { key: "br", name: "Brazil" },
    { key: "jp", name: "Japan" },
  ],
};
