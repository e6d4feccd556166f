// What the shop needs to know, from the environment; `cargo xtask run` sets it.

const environment = process.env;

/** A variable without which the shop cannot work; the command that makes its value is in the error. */
function required(name: string): string {
  const value = environment[name];
  if (value) return value;
  console.error(
    `the shop needs ${name}: \`downhaul keys create shop --kind browser --origin http://127.0.0.1:8791 --reason demo\` shows the key and its token secret once; \`cargo xtask run\` does all of it`,
  );
  process.exit(2);
}

export const settings = {
  host: environment["SHOP_HOST"] ?? "127.0.0.1",
  port: Number(environment["SHOP_PORT"] ?? 8791),
  /** Where the page reaches Downhaul. */
  downhaul: environment["DOWNHAUL_URL"] ?? "http://127.0.0.1:8790",
  environment: environment["DOWNHAUL_ENVIRONMENT"] ?? "production",
  /** Public: it stands in the page. */
  browserKey: required("DOWNHAUL_BROWSER_KEY"),
  /** Secret: signs context tokens. Only back ends hold it. */
  tokenSecret: required("DOWNHAUL_TOKEN_SECRET"),
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
