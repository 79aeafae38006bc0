// Whether the key is open, in the head of every page; one click locks it. The page works without it: the chip is a link to the key.
//
// It looks at nothing but the times that stand beside the key on this device, so that a page without letters fetches nothing of what opens
// them: until when it stays open, and when keys end. Of these the page says so, and whom to ask.

import { ENDS, type Ends, toTell } from "../gateway/ends.ts";
import { type Store, browserStore } from "../gateway/store.ts";
import { dropAll } from "../desk/sweeping.ts";

const chip = document.querySelector<HTMLAnchorElement>('[data-place="chip"]');

let shown: HTMLElement | null = chip;

async function show(link: HTMLAnchorElement): Promise<void> {
  const store = browserStore(`throughline ${link.dataset["staff"] ?? ""}`);
  showEnds((await store.get(ENDS)) as Ends | undefined);
  const kept = (await store.get("member")) as { until?: number } | undefined;
  const left = (kept?.until ?? 0) - Date.now();
  if (left <= 0) {
    const wasOpen = shown !== link;
    if (kept !== undefined) await lock(store);
    shown?.replaceWith(link);
    shown = link;
    // A letter does not stay on the screen longer than its key.
    if (wasOpen) location.reload();
    return;
  }
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chip key open";
  button.append(...[...link.childNodes].map((node) => node.cloneNode(true)));
  const word = button.querySelector("span");
  if (word !== null) word.textContent = link.dataset["open"] ?? "";
  button.addEventListener("click", () => void lock(store).then(() => location.reload()));
  shown?.replaceWith(button);
  shown = button;
  // At the end of its time it is locked, and the page says so.
  setTimeout(() => void look(link), left + 1_000);
}

/** Says that keys end soon, or have ended. */
function showEnds(ends: Ends | undefined): void {
  const notice = document.querySelector<HTMLElement>('[data-place="key-ends"]');
  const line = notice?.querySelector("p");
  if (notice === null || line === null || line === undefined) return;
  const told = toTell(ends, Date.now() * 1000);
  notice.hidden = told === undefined;
  if (told === undefined) return;
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeZone: "UTC" }).format(told.at / 1000);
  line.textContent = (notice.dataset[`${told.which}${told.ended ? "Over" : ""}`] ?? "").replace("{day}", day);
}

/** Puts the key away, and on a device that others use what was drafted under it. */
async function lock(store: Store): Promise<void> {
  await store.remove("member");
  if ((await store.get("shared")) === true) await dropAll(store);
}

// Where a browser keeps nothing, the chip stays a link.
const look = (link: HTMLAnchorElement): Promise<void> => show(link).catch(() => undefined);

if (chip !== null) {
  const leaving = document.querySelector<HTMLFormElement>('form[action="/sign-out"]');
  leaving?.addEventListener("submit", (event) => {
    event.preventDefault();
    // Whoever signs out takes the key along, or leaves it lying for whoever sits down next.
    void lock(browserStore(`throughline ${chip.dataset["staff"] ?? ""}`)).catch(() => undefined).then(() => leaving.submit());
  });
  void look(chip);
  document.addEventListener("throughline-key", () => void look(chip));
}
