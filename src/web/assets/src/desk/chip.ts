// Whether the key is open, in the head of every page; one click locks it. The page works without it: the chip is a link to the key.
//
// It looks at nothing but what stands beside the key on this device, so that a page without letters fetches nothing of what opens them: until
// when it stays open, when keys end, and whether letters wait to be sent. Of these the page says so; what sends them comes when they can go.

import { ENDS, type Ends, toTell } from "../gateway/ends.ts";
import { type Store, browserStore } from "../gateway/store.ts";
import { dropAll } from "./sweeping.ts";
import { WAITING, type Waiting } from "./waiting.ts";
import { unwatch, watch } from "./watching.ts";

/** How long letters wait before it is tried again, while a page is open. */
const AGAIN = 30_000;
/** Heard on the page when letters that waited have gone, with what they are. */
export const GONE = "throughline-gone";
/** Said by a page that left a letter waiting. */
export const KEPT = "throughline-kept";

let shown: HTMLElement | null = null;

const storeOf = (link: HTMLAnchorElement): Store => browserStore(`throughline ${link.dataset["staff"] ?? ""}`);

async function show(link: HTMLAnchorElement): Promise<void> {
  const store = storeOf(link);
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
  const { lang } = document.documentElement;
  const day = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, { dateStyle: "long", timeZone: "UTC" }).format(told.at / 1000);
  line.textContent = (notice.dataset[`${told.which}${told.ended ? "Over" : ""}`] ?? "").replace("{day}", day);
}

/** Puts the key away, and on a device that others use what was drafted under it. */
async function lock(store: Store): Promise<void> {
  await store.remove("member");
  if ((await store.get("shared")) === true) await dropAll(store);
}

/** Where a browser keeps nothing, the chip stays a link. */
const look = (link: HTMLAnchorElement): Promise<void> => show(link).catch(() => undefined);

/** On a device of one's own, where there is a key, what a page needs without the network is kept; on one that others use it is not. */
async function keep(store: Store): Promise<void> {
  const isShared = async (): Promise<boolean> => (await store.get("shared")) === true;
  if (await isShared()) return unwatch();
  if ((await store.get("device")) === undefined) return;
  await watch();
  // It takes a while, and others may use the device by now.
  if (await isShared()) await unwatch();
}

let again: ReturnType<typeof setTimeout> | undefined;
let isSending = false;

/** Says how many letters wait on this device, and sends those that can go. */
async function send(store: Store): Promise<void> {
  const notice = document.querySelector<HTMLElement>('[data-place="to-go"]');
  const line = notice?.querySelector("p");
  if (notice === null || line === null || line === undefined || isSending) return;
  const names = async (): Promise<string[]> => (await store.names()).filter((name) => name.startsWith(WAITING));
  const say = (text: string | undefined, count: number): void => {
    line.textContent = (text ?? "").replace("{count}", String(count));
    notice.hidden = false;
  };
  isSending = true;
  clearTimeout(again);
  let isLeft = false;
  try {
    const waiting = await names();
    isLeft = waiting.length > 0;
    if (!isLeft) return;
    say(notice.dataset["waiting"], waiting.length);
    if (!navigator.onLine) return;
    const gone: Waiting[] = await (await import("./sending.ts")).sendAll(store);
    const left = await names();
    if (left.length > 0) say(notice.dataset["waiting"], left.length);
    else if (gone.length > 0) say(notice.dataset["gone"], gone.length);
    else notice.hidden = true;
    if (gone.length > 0) document.dispatchEvent(new CustomEvent(GONE, { detail: gone }));
  } finally {
    isSending = false;
    if (isLeft) again = setTimeout(() => void send(store).catch(() => undefined), AGAIN);
  }
}

/** Begins to look after the head of the page. */
export function beginHead(): void {
  const chip = document.querySelector<HTMLAnchorElement>('[data-place="chip"]');
  if (chip === null) return;
  shown = chip;
  const leaving = document.querySelector<HTMLFormElement>('form[action="/sign-out"]');
  leaving?.addEventListener("submit", (event) => {
    event.preventDefault();
    // Whoever signs out takes the key along, or leaves it lying for whoever sits down next.
    const gone = lock(storeOf(chip)).catch(() => undefined).then(unwatch);
    void gone.catch(() => undefined).then(() => leaving.submit());
  });
  void look(chip);
  document.addEventListener("throughline-key", () => void look(chip).then(() => keep(storeOf(chip))).catch(() => undefined));
  const store = storeOf(chip);
  void keep(store).catch(() => undefined);
  const tryAll = (): void => void send(store).catch(() => undefined);
  tryAll();
  addEventListener("online", tryAll);
  document.addEventListener(KEPT, tryAll);
}
