// A way to a server: node way.mjs HOST PORT-OF-THE-SERVER [LOSS]. Says its port. With a loss it delays and cuts as one would.
import { connect, createServer } from "node:net";

const [host, target, loss] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4] ?? 0)];
/** The least time after which TCP sends again, which doubles each time. */
const AGAIN_MS = 200;
const CUT_AFTER_MS = 60_000;

/** How much later a piece comes than it would. */
function later() {
  let ms = 0;
  for (let again = AGAIN_MS; Math.random() < loss; again *= 2) ms += again;
  return ms;
}

/** Hands on what comes, in order. */
function pass(from, to) {
  let due = 0;
  from.on("data", (piece) => {
    if (loss === 0) return void to.write(piece);
    due = Math.max(due, Date.now() + later());
    setTimeout(() => to.writable && to.write(piece), due - Date.now());
  });
  from.on("end", () => setTimeout(() => to.end(), Math.max(0, due - Date.now()) + 1));
  from.on("error", () => to.destroy());
  from.on("close", () => setTimeout(() => to.destroy(), Math.max(0, due - Date.now()) + 2));
}

const server = createServer({ noDelay: true }, (client) => {
  const plane = connect({ port: target, host: "127.0.0.1", noDelay: true });
  pass(client, plane);
  pass(plane, client);
  if (loss === 0) return;
  const cut = setTimeout(() => {
    client.destroy();
    plane.destroy();
  }, -Math.log(1 - Math.random()) * CUT_AFTER_MS);
  client.on("close", () => clearTimeout(cut));
});
server.listen({ host, port: 0, backlog: 4096 }, () => process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`));
