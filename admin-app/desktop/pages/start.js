// Chooses where flags are. A page of its own, so that it works before there is any control plane.
const { invoke } = window.__TAURI__.core;
const find = (name) => document.querySelector(`[data-test="${name}"]`);
const trouble = find("trouble");
const buttons = [...document.querySelectorAll("button")];

function report({ what, help } = {}) {
  trouble.replaceChildren();
  trouble.hidden = !what;
  if (!what) return;
  const title = document.createElement("b");
  title.textContent = what[0].toUpperCase() + what.slice(1);
  trouble.append(title, help ? `${help[0].toUpperCase()}${help.slice(1)}.` : "");
}

async function choose(way, token) {
  report();
  for (const button of buttons) button.setAttribute("aria-disabled", "true");
  try {
    await invoke("choose", { choice: { way, token } });
  } catch (why) {
    report(why);
    for (const button of buttons) button.removeAttribute("aria-disabled");
  }
}

const busy = (event) => event.currentTarget.querySelector?.("[aria-disabled]") ?? event.currentTarget.getAttribute?.("aria-disabled");
find("way-local").addEventListener("click", (event) => busy(event) || choose({ way: "local" }));
find("way-remote").addEventListener("submit", (event) => {
  event.preventDefault();
  const address = find("address").value.trim();
  if (!address) report({ what: "the address is missing", help: "write it as https://flags.example" });
  else if (!busy(event)) choose({ way: "remote", address }, find("token").value);
});
find("way-folder").addEventListener("submit", (event) => {
  event.preventDefault();
  const path = find("path").value.trim();
  if (!path) report({ what: "the folder is missing", help: "choose one that holds .json, .yaml or .yml files" });
  else if (!busy(event)) choose({ way: "folder", path });
});
find("pick").addEventListener("click", async () => {
  const path = await invoke("pick_folder");
  if (path) find("path").value = path;
});

const found = await invoke("look_around");
if (found.trouble) report(found.trouble);
if (found.way?.address) find("address").value = found.way.address;
if (found.way?.path) find("path").value = found.way.path;
if (found.no_keychain) {
  const said = find("keychain");
  said.textContent = "There is no keychain here, so tokens are kept for this session only; unlock or install one, such as gnome-keyring.";
  // What the system says of it is for whoever looks into it.
  said.title = found.no_keychain;
}
document.documentElement.dataset.ready = "";
