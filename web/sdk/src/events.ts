import type { Events } from "./types.js";

export interface Emitter {
  on<E extends keyof Events>(event: E, listener: (event: Events[E]) => void): () => void;
  emit<E extends keyof Events>(event: E, value: Events[E]): void;
  /** Whether anybody has ever listened to anything. */
  heard(): boolean;
}

/** Calls listeners in the order they came; one that throws harms neither the others nor the client. */
export function emitter(failed: (error: unknown) => void): Emitter {
  const listeners = new Map<keyof Events, Set<(value: never) => void>>();
  return {
    on: (event, listener) => {
      // A wrapper, so that the same function put on twice is called twice, and taken off once.
      const own = (value: never): void => listener(value);
      const all = listeners.get(event) ?? new Set();
      listeners.set(event, all.add(own));
      return () => void all.delete(own);
    },
    heard: () => listeners.size > 0,
    emit: (event, value) => {
      for (const listener of [...(listeners.get(event) ?? [])]) {
        try {
          listener(value as never);
        } catch (error) {
          failed(error);
        }
      }
    },
  };
}
