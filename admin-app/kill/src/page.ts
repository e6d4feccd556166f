/** An element of kill.html. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** The text of an element; one that has it already is left alone, so that nothing is read out twice. */
export function say(id: string, text: string): void {
  const place = byId(id);
  if (place.textContent !== text) place.textContent = text;
}

export function hide(id: string, isHidden: boolean): void {
  byId(id).hidden = isHidden;
}

export function on<K extends keyof HTMLElementEventMap>(target: HTMLElement, name: K, listener: (event: HTMLElementEventMap[K]) => unknown): void {
  target.addEventListener(name, listener);
}

export function element(name: string, ...children: readonly (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

/** Puts these choices into a list. */
export function offer(id: string, values: readonly string[]): void {
  byId(id).replaceChildren(...values.map((value) => new Option(value, value)));
}

const SCREENS = ["asking", "sign-in", "control", "live"] as const;

/** Shows one screen, and takes the focus along: what had it may be gone. */
export function show(screen: (typeof SCREENS)[number]): void {
  for (const each of SCREENS) hide(each, each !== screen);
  byId(screen).querySelector<HTMLElement>("[data-first]")?.focus();
}

/** A banner with what went wrong; empty takes it away. */
export function complain(id: string, title: string, help = ""): void {
  hide(id, title === "");
  byId(id).replaceChildren(element("b", title), help && `. ${help}`);
}
