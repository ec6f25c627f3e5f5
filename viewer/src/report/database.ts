/** The browser's database of drafts: one object store of values by name. Every write waits for the disk. */

export interface Database {
  put(name: string, value: unknown): Promise<void>;
  remove(name: string): Promise<void>;
  /** Names that begin so, with their values. */
  all(prefix: string): Promise<[string, unknown][]>;
}

const NAME = 'lientuyen';
const STORE = 'drafts';

let opened: Promise<Database> | undefined;

/** Opens the database once; raises when the browser has none. */
export function openDB(): Promise<Database> {
  opened ??= open().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

function open(): Promise<Database> {
  return new Promise((resolve, reject) => {
    if (typeof indexedDB === 'undefined') return reject(new Error('no database'));
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
    request.onsuccess = () => {
      const base = request.result;
      base.onversionchange = () => base.close();
      base.onclose = () => {
        opened = undefined;
      };
      resolve(face(base));
    };
  });
}

function face(base: IDBDatabase): Database {
  const change = (work: (store: IDBObjectStore) => void) =>
    new Promise<void>((resolve, reject) => {
      const transaction = base.transaction(STORE, 'readwrite', { durability: 'strict' });
      transaction.oncomplete = () => resolve();
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
      work(transaction.objectStore(STORE));
    });
  return {
    put: (name, value) => change((store) => store.put(value, name)),
    remove: (name) => change((store) => store.delete(name)),
    all: (prefix) =>
      new Promise((resolve, reject) => {
        const found: [string, unknown][] = [];
        const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
        const request = base.transaction(STORE).objectStore(STORE).openCursor(range);
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
          const cursor = request.result;
          if (!cursor) return resolve(found);
          found.push([String(cursor.key), cursor.value]);
          cursor.continue();
        };
      }),
  };
}
