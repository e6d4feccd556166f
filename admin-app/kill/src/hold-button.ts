import { after, type Action, due, type Hold, READY } from "./hold.js";
import { byId, on, say } from "./page.js";
import { HOLD_HELP, HOLD_INSTEAD, HOLD_TO_KILL, KILL, KILLING, PRESS_AGAIN, TWO_PRESSES_HELP, TWO_PRESSES_INSTEAD } from "./texts.js";

/** What the button says now. */
export interface Labels {
  /** `checkout-v2 for everyone in production`. */
  readonly target: string;
  /** What people will see, read out between two presses. */
  readonly effect: string;
  /** Why it cannot be used now; empty if it can. */
  readonly whyNot: string;
}

export interface HoldButton {
  readonly label: (labels: Labels) => void;
  /** The server refused. */
  readonly again: () => void;
}

/** The control that kills: held by pointer or Space, or pressed twice. Enter does nothing. */
export function holdButton(fire: () => void): HoldButton {
  const [button, switcher] = [byId("hold"), byId("two-presses")];
  let hold: Hold = READY;
  let two = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** A pointer's click belongs to its hold; one of no pointer comes from a screen reader. */
  let handled = false;
  /** Where the button was pressed. What comes in above may move it; a pointer that stays there holds on. */
  let stood: DOMRect;
  let labels: Labels = { target: "", effect: "", whyNot: "" };

  const isOff = () => labels.whyNot !== "" || hold.is === "fired";
  /** Pointer up ends a hold; between two presses it is only the end of the first. */
  const isByPointer = () => !two && hold.is !== "armed";

  const dispatch = (action: Action) => {
    const before = hold;
    hold = after(before, action);
    if (hold !== before) {
      clearTimeout(timer);
      if (hold.is === "holding") {
        const end = due(hold.since);
        // Timers may come a fraction early; the hold is over by the time that was asked for.
        timer = setTimeout(() => dispatch({ do: "tick", now: Math.max(performance.now(), end) }), end - performance.now());
      }
    }
    draw();
    if (hold.is === "fired" && before.is !== "fired") fire();
  };
  const cancel = () => dispatch({ do: "cancel" });
  const press = () => dispatch({ do: "press", now: performance.now() });

  const draw = () => {
    const [{ target, effect, whyNot }, is] = [labels, hold.is];
    const [isArmed, isFired] = [is === "armed", is === "fired"];
    byId("guard").className = whyNot && "off";
    button.className = is === "holding" ? "is-holding" : isFired ? "sent" : "";
    button.ariaDisabled = String(isOff());
    say("hold-label", isFired ? KILLING : (isArmed ? PRESS_AGAIN : two ? KILL : HOLD_TO_KILL) + target);
    say(
      "hold-hint",
      whyNot || (two || isArmed ? TWO_PRESSES_HELP : HOLD_HELP),
    );
    say("hold-alert", isArmed ? `${effect} Press once more to go on.` : "");
    switcher.textContent = two ? HOLD_INSTEAD : TWO_PRESSES_INSTEAD;
    switcher.ariaPressed = String(two);
  };

  on(button, "pointerdown", (event) => {
    if (two || event.button !== 0 || isOff()) return;
    handled = true;
    stood = button.getBoundingClientRect();
    button.setPointerCapture(event.pointerId);
    press();
  });
  on(button, "pointermove", ({ x, y, pointerId }) => {
    if (button.hasPointerCapture(pointerId) && (x < stood.left || x > stood.right || y < stood.top || y > stood.bottom)) cancel();
  });
  const release = () => isByPointer() && cancel();
  on(button, "pointerup", release);
  on(button, "pointerleave", release);
  on(button, "keydown", (event) => {
    // The click that a browser makes of Enter would count as a press.
    if (event.key === "Enter") event.preventDefault();
    else if (event.key === "Escape") cancel();
    else if (event.key === " " && !two) {
      event.preventDefault();
      if (!isOff() && !event.repeat) press();
    }
  });
  on(button, "keyup", (event) => {
    if (event.key !== " " || two) return;
    event.preventDefault();
    cancel();
  });
  on(button, "blur", cancel);
  on(button, "contextmenu", (event) => event.preventDefault());
  on(button, "click", ({ detail }) => {
    const isByHold = handled && detail > 0;
    handled = false;
    if (!isByHold && !isOff()) dispatch({ do: "click" });
  });
  on(switcher, "click", () => {
    two = !two;
    handled = false;
    cancel();
  });

  return {
    label(next) {
      const isOther = next.target !== labels.target || next.whyNot !== labels.whyNot;
      labels = next;
      // A reason that is emptied, or a scope that is changed, while it is held or armed starts it afresh.
      if (isOther) cancel();
      else draw();
    },
    again: () => dispatch({ do: "reset" }),
  };
}
