// Where a device keeps its keys. A browser may throw all of it away after a week without a visit: it is a cache, and the wraps at the hub
// are what a key is got back from.

/** A few named values. Keys that cannot be taken out are stored as such. */
export interface Store {
  get(name: string): Promise<unknown>;
  put(name: string, value: unknown): Promise<void>;
  /** Puts what is made of what is there, with nothing between looking and putting; nothing made leaves it. Answers what is there then. */
  change(name: string, made: (before: unknown) => unknown): Promise<unknown>;
  remove(name: string): Promise<void>;
  /** The names of all that is there. */
  names(): Promise<string[]>;
  clear(): Promise<void>;
}

/** A store that is gone with the page: for a device that others use, and for tests. */
export function memoryStore(): Store {
  const values = new Map<string, unknown>();
  return {
    get: async (name) => values.get(name),
    put: async (name, value) => void values.set(name, value),
    change: async (name, made) => {
      const value = made(values.get(name));
      if (value !== undefined) values.set(name, value);
      return values.get(name);
    },
    remove: async (name) => void values.delete(name),
    names: async () => [...values.keys()],
    clear: async () => values.clear(),
  };
}

const VALUES = "values";

/** A store in IndexedDB. */
export function browserStore(name: string): Store {
  const opened = new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(VALUES);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const ask = async <T>(mode: IDBTransactionMode, what: (values: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const transaction = (await opened).transaction(VALUES, mode);
    const request = what(transaction.objectStore(VALUES));
    return new Promise((resolve, reject) => {
      // Only what is committed is kept.
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  };
  return {
    get: (name) => ask("readonly", (values) => values.get(name) as IDBRequest<unknown>),
    put: async (name, value) => void (await ask("readwrite", (values) => values.put(value, name))),
    change: async (name, made) => {
      let value: unknown;
      const before = await ask("readwrite", (values) => {
        const found = values.get(name) as IDBRequest<unknown>;
        found.onsuccess = () => {
          value = made(found.result);
          if (value !== undefined) values.put(value, name);
        };
        return found;
      });
      return value ?? before;
    },
    remove: async (name) => void (await ask("readwrite", (values) => values.delete(name))),
    names: async () => (await ask("readonly", (values) => values.getAllKeys())).map(String),
    clear: async () => void (await ask("readwrite", (values) => values.clear())),
  };
}
