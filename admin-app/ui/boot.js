// Starts the console. A file of its own, so that no inline script has to be allowed.
import init from "./downhaul-ui.js";

try {
  await init({ module_or_path: new URL("./downhaul-ui_bg.wasm", import.meta.url) });
} catch (error) {
  const place = document.querySelector("#app");
  place.replaceChildren();
  for (const text of [
    `The console could not start: ${error?.message ?? error}`,
    "Reload the page. A kill works without the console: downhaul kill FLAG --reason TEXT",
  ]) {
    const line = document.createElement("p");
    line.className = "boot";
    line.setAttribute("role", "alert");
    line.textContent = text;
    place.append(line);
  }
  const way = document.createElement("a");
  way.className = "boot";
  way.href = "/kill";
  way.textContent = "Open the kill page, which needs no WebAssembly";
  place.append(way);
  console.error(error);
}
