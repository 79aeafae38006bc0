// What a page needs when the network is away: the styles and scripts of this release, and one page in the language of whoever works here that
// says how things stand. Nothing of a person is ever kept: a file is kept by its address, which is one of three kinds, and never when whoever
// sent it says that nobody is to.

declare const RELEASE: string;
declare const FILES: string[];

/** The part of a service worker's world that is used here; the types of the browser's pages do not have it. */
interface Lasting extends Event {
  waitUntil(task: Promise<unknown>): void;
}
interface Fetched extends Lasting {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Told extends Lasting {
  readonly data: unknown;
}
interface Worker {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  readonly location: { readonly origin: string };
  addEventListener(type: "install" | "activate", what: (event: Lasting) => void): void;
  addEventListener(type: "fetch", what: (event: Fetched) => void): void;
  addEventListener(type: "message", what: (event: Told) => void): void;
}

const worker = self as unknown as Worker;
/** What every cache of ours begins with; what follows is the release. */
const OURS = "throughline ";
const CACHE = OURS + RELEASE;
/** Under which address the page for the time without a network lies, whatever its language. */
const SHELL = "/offline";

/** Whether a file of this address may be kept: what is the same for everybody, and under a name of its content. */
const isStatic = (path: string): boolean => path.startsWith("/assets/") || path === "/icon.svg";

/** Whether an answer may be kept. */
function mayKeep(response: Response): boolean {
  const how = response.headers.get("cache-control") ?? "no-store";
  return response.ok && response.type === "basic" && !response.redirected && !/no-store|private/.test(how);
}

/** What was kept under a path. Looking makes no cache: on a device that others use there is none, and a worker that was taken away looks on for a while. */
const kept = (path: string): Promise<Response | undefined> => caches.match(path, { cacheName: CACHE });

/** Whether a page took this worker away: what it still has in hand is kept no more. */
let isGone = false;
/** What is being kept at this moment. */
const keeping = new Set<Promise<void>>();

async function keep(under: string, response: Response): Promise<void> {
  if (isGone || !mayKeep(response)) return;
  const task = caches.open(CACHE).then((cache) => cache.put(under, response));
  keeping.add(task);
  await task.finally(() => keeping.delete(task));
}

/** Takes everything away that was kept, what is being kept at this moment too: the page that asks for it cannot wait for that. */
async function go(): Promise<void> {
  isGone = true;
  await Promise.allSettled(keeping);
  await Promise.all((await caches.keys()).filter((name) => name.startsWith(OURS)).map((name) => caches.delete(name)));
}

/** Keeps the page of a language, unless it is there. */
async function keepShell(language: string): Promise<void> {
  const address = `${SHELL}/${language}`;
  const before = await kept(SHELL);
  if (before !== undefined && new URL(before.url).pathname === address) return;
  // Without the cookie: it is the same page for everybody.
  await keep(SHELL, await fetch(address, { credentials: "omit", cache: "no-store", redirect: "error" }));
}

async function file(path: string, request: Request): Promise<Response> {
  const before = await kept(path);
  if (before !== undefined) return before;
  const response = await fetch(request);
  // What cannot be kept, where the device is full, comes all the same.
  await keep(path, response.clone()).catch(() => undefined);
  return response;
}

/** A page as the hub answers it; when it cannot be reached, what can be said without it. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (unreachable) {
    const shell = await kept(SHELL);
    if (shell === undefined) throw unreachable;
    return shell;
  }
}

async function dropOthers(): Promise<void> {
  const others = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== CACHE);
  await Promise.all(others.map((name) => caches.delete(name)));
}

worker.addEventListener("install", (event) => {
  const all = FILES.map(async (address) => keep(address, await fetch(address, { credentials: "omit" })));
  event.waitUntil(Promise.all(all).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => event.waitUntil(dropOthers().then(() => worker.clients.claim())));

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== worker.location.origin) return;
  if (isStatic(pathname)) event.respondWith(file(pathname, request));
  else if (request.mode === "navigate") event.respondWith(page(request));
});

worker.addEventListener("message", (event) => {
  const { language, gone } = (event.data ?? {}) as { language?: unknown; gone?: unknown };
  if (gone === true) return event.waitUntil(go());
  // Whatever else is asked for is none of ours.
  if (typeof language === "string" && /^[a-z]{2}$/.test(language)) event.waitUntil(keepShell(language).catch(() => undefined));
});
