// What is said while the hub cannot be reached. It knows nobody: it shows what waits and what was drafted on this device for whoever has their
// key open here, and looks at nothing else.

import { DRAFT } from "../desk/sweeping.ts";
import { copied, place, say, written } from "../desk/page.ts";
import { type Waiting, WAITING } from "../desk/waiting.ts";
import { type Store, browserStore } from "../gateway/store.ts";

/** What the stores of people begin with. */
const STORES = "throughline stf_";

/** The stores whose key is open: what lies in the others is not for whoever looks at the screen. */
async function open(): Promise<Store[]> {
  const names = (await indexedDB.databases()).flatMap(({ name }) => (name?.startsWith(STORES) === true ? [name] : []));
  const found: Store[] = [];
  for (const name of names) {
    const store = browserStore(name);
    const kept = (await store.get("member")) as { until?: number } | undefined;
    if ((kept?.until ?? 0) > Date.now()) found.push(store);
  }
  return found;
}

async function show(): Promise<void> {
  for (const store of await open()) {
    const names = await store.names();
    if (names.some((name) => name.startsWith(DRAFT))) place("drafts").hidden = false;
    for (const name of names.filter((one) => one.startsWith(WAITING))) {
      const one = (await store.get(name)) as Waiting | undefined;
      if (typeof one !== "object") continue;
      const row = copied("waiting-row");
      row.textContent = say("waits", { service: one.service, to: one.to, moment: written(one.at) });
      place("waiting-list").append(row);
      place("waiting").hidden = false;
    }
  }
}

/** How often it is looked whether the hub is there again: a telephone does not always say that it has a network, or says so too early. */
const AGAIN = 5_000;

/**
 * Goes on as soon as the hub answers. The page stands under the address that was asked for: asked again, it comes. Once is enough: one that comes
 * slowly would never be there if it were asked for anew all the time.
 */
async function look(): Promise<void> {
  try {
    await fetch("/sw.js", { cache: "no-store" });
  } catch {
    return;
  }
  clearInterval(looking);
  location.reload();
}

place("again").addEventListener("click", () => location.reload());
addEventListener("online", () => void look());
const looking = setInterval(() => void look(), AGAIN);
void show().catch(() => undefined);
