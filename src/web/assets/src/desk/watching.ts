// The worker that keeps static files for when the network is away: put in place where somebody has a key on a device of their own, and taken
// away when they sign out, or say that others use the device.

/** Where the worker comes from; nothing else is ever let in by the policy of the pages. */
const WORKER = "/sw.js";
/** What every cache of the worker begins with. */
const CACHES = "throughline ";

interface Policies {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

let address: string | undefined;

/** The address of the worker as the browser takes it: the one policy there is lets through this and nothing else. */
function worker(): string {
  const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes;
  // A document may make the policy once.
  address ??= policies === undefined ? WORKER : policies.createPolicy("hub", { createScriptURL: () => WORKER }).createScriptURL(WORKER);
  return address;
}

const has = (): boolean => "serviceWorker" in navigator && "caches" in globalThis;

/** Puts the worker in place, and tells it the language of the page. Without one everything works that works with a network. */
export async function watch(): Promise<void> {
  if (!has()) return;
  const registration = await navigator.serviceWorker.register(worker(), { scope: "/" });
  if (registration === undefined) return;
  const { active } = await navigator.serviceWorker.ready;
  active?.postMessage({ language: document.documentElement.lang });
}

/** Takes the worker away, with everything that it kept. */
export async function unwatch(): Promise<void> {
  if (!has()) return;
  const registration = await navigator.serviceWorker.getRegistration("/");
  for (const one of [registration?.installing, registration?.waiting, registration?.active]) one?.postMessage({ gone: true });
  await registration?.unregister();
  for (const name of await caches.keys()) if (name.startsWith(CACHES)) await caches.delete(name);
}
