import type { Store } from "./types.js";

/** Keeps flag sets as long as the process lives. */
export function memoryStore(): Store {
  const values = new Map<string, Uint8Array>();
  return {
    get: async (key) => values.get(key),
    set: async (key, value) => void values.set(key, value.slice()),
    delete: async (key) => void values.delete(key),
  };
}

/** Keeps flag sets in IndexedDB, in a database of its own. Rejects where the browser denies storage. */
export function indexedDbStore(name = "downhaul"): Store {
  let opened: Promise<IDBDatabase> | undefined;
  const database = (): Promise<IDBDatabase> =>
    (opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore("kept");
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("the database is blocked by another tab"));
      request.onsuccess = () => {
        // A database that is deleted or upgraded elsewhere must not be held open by us.
        request.result.onversionchange = () => {
          request.result.close();
          opened = undefined;
        };
        resolve(request.result);
      };
    }).catch((error: unknown) => {
      opened = undefined;
      throw error;
    }));
  const run = async <T>(mode: IDBTransactionMode, use: (kept: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const transaction = (await database()).transaction("kept", mode);
    const request = use(transaction.objectStore("kept"));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error);
    });
  };
  return {
    get: async (key) => {
      const value: unknown = await run("readonly", (kept) => kept.get(key) as IDBRequest<unknown>);
      return value instanceof Uint8Array ? value : undefined;
    },
    set: async (key, value) => void (await run("readwrite", (kept) => kept.put(value, key))),
    delete: async (key) => void (await run("readwrite", (kept) => kept.delete(key))),
  };
}
