// One's own key: the first day in four screens, opening and locking it, new words, a new sheet, devices.

import { random, text, utf8 } from "../gateway/bytes.ts";
import { Untrusted } from "../gateway/directory-keys.ts";
import { importPublic, sealTo, unseal } from "../gateway/gate.ts";
import { type MadeMember, newMember, newPassphrase, newRecovery, openMember } from "../gateway/keys.ts";
import { answerCode, comparisonCode, drawPassphrase, drawRecoveryCode, heard } from "../gateway/secrets.ts";
import { moment } from "../gateway/time.ts";
import { beginHead } from "../desk/chip.ts";
import { guessedName } from "../desk/device-name.ts";
import { Problem, ask, send } from "../desk/hub.ts";
import { type Device, Keys, type View } from "../desk/keys.ts";
import { anew, busy, carried, clearError, copied, failed, place, say, showScreen, status, whenSubmitted, writtenDay } from "../desk/page.ts";
import { Told } from "../desk/told.ts";
import { historyOf, otherRoot } from "../desk/trust.ts";
import { unlocked } from "../desk/unlock.ts";

beginHead();

interface Data {
  organisation: string;
  roles: [string, string][];
}

/** How often a page that waits for a key holder looks again. */
const LOOK_AGAIN = 10_000;

const data = carried<Data>("data");
const input = (id: string): HTMLInputElement => {
  const found = document.getElementById(id);
  if (!(found instanceof HTMLInputElement)) throw new Error(`the page has no field ${id}`);
  return found;
};

function onClick(name: string, within: ParentNode, task: () => Promise<void> | void): void {
  const button = place<HTMLButtonElement>(name, within);
  button.onclick = () =>
    void busy(button, async () => {
      try {
        await task();
      } catch (error) {
        failed(within, error);
      }
    });
}

function onSubmit(name: string, within: ParentNode, task: (by: HTMLElement | null) => Promise<void>): void {
  const form = place<HTMLFormElement>(name, within);
  whenSubmitted(form, async (by) => {
    clearError(form);
    try {
      await task(by);
    } catch (error) {
      status("", form);
      failed(form, error);
    }
  });
}

/** Shows a passphrase a word at a time. */
function showPhrase(where: HTMLElement, passphrase: string): void {
  where.replaceChildren(
    ...passphrase.split(" ").flatMap((word) => {
      const span = document.createElement("span");
      span.textContent = word;
      return [span, document.createTextNode(" ")];
    }),
  );
}

// The first day

async function firstDay(keys: Keys): Promise<void> {
  let passphrase = "";
  let code = "";
  let asked = 0;

  const wordsScreen = async (): Promise<void> => {
    passphrase = await drawPassphrase();
    code = drawRecoveryCode();
    showPhrase(place("phrase"), passphrase);
    showScreen("words");
  };
  const words = document.querySelector('[data-screen="words"]') as HTMLElement;
  const sheet = document.querySelector('[data-screen="sheet"]') as HTMLElement;
  const check = document.querySelector('[data-screen="check"]') as HTMLElement;
  onClick("words-other", words, wordsScreen);
  onClick("words-kept", words, () => {
    place("sheet-code").textContent = code;
    showScreen("sheet");
  });
  onClick("print", sheet, () => window.print());
  onClick("sheet-kept", sheet, () => {
    asked = (random(1)[0] ?? 0) % passphrase.split(" ").length;
    place("check-word-label").textContent = say("check-word", { number: String(asked + 1) });
    input("check-word").value = "";
    input("check-code").value = "";
    const name = input("device-name");
    if (name.value === "") name.value = guessedName();
    showScreen("check");
  });
  onClick("sheet-again", check, () => void showScreen("sheet"));
  onSubmit("check-form", check, async () => {
    const word = input("check-word").value.trim().toLowerCase();
    const end = input("check-code").value.toUpperCase().replace(/[\s-]/g, "");
    const letters = code.replaceAll("-", "");
    if (word !== passphrase.split(" ")[asked] || end !== letters.slice(-4)) throw new Told("check-wrong");
    const name = input("device-name").value.trim();
    if (name === "") throw new Told("name-missing");
    const form = place("check-form");
    status(say("making"), form, true);
    const own = await keys.setShared(place<HTMLInputElement>("shared", form).checked);
    const made = await newMember(passphrase, code);
    const { jwk, passphrase: under, recovery } = made;
    // Asked anew: an answer that did not come through may have left a key there.
    const version = (await Keys.load()).view.member?.version;
    await send("PUT", "/api/v1/custody/member-key", { jwk, passphrase: under, recovery }, version);
    await own.announce(name);
    status("", form);
    await exampleLetter(made);
  });
  await wordsScreen();
}

/** Seals a letter to the key that was just made, and has it opened with the words. Until then the words open nothing that matters. */
async function exampleLetter(made: MadeMember): Promise<void> {
  const sealed = await sealTo(await importPublic({ ...made.jwk }), "keyring", utf8(say("example")));
  // Another key may have been made on this page before: its letter tells nothing of this one.
  place("example-form").hidden = false;
  place("forgot-already").hidden = false;
  place("example-opened").hidden = true;
  const screen = showScreen("letter");
  place("example-sealed").textContent = `${sealed.slice(0, 160)}…`;
  onSubmit("example-form", screen, async () => {
    status(say("opening"), screen, true);
    const member = await openMember(made.jwk.kid, { wrap: made.passphrase, passphrase: input("example-words").value });
    const letter = text(await unseal(sealed, "keyring", 8_192, member));
    // Before the way on is shown: whoever takes it at once must not be asked for the words again.
    await (await Keys.load()).keepOpen(member);
    place("example-text").textContent = letter;
    place("example-state").textContent = say("example-open");
    place("example-form").hidden = true;
    place("forgot-already").hidden = true;
    place("example-opened").hidden = false;
    input("example-words").value = "";
  });
  onClick("start-again", screen, () => begin(true));
  onClick("first-day-done", screen, () => begin());
}

// Forgotten

async function forgotten(keys: Keys): Promise<void> {
  const passphrase = await drawPassphrase();
  showPhrase(place("new-phrase"), passphrase);
  const screen = showScreen("forgotten");
  onSubmit("forgotten-form", screen, async () => {
    const { member } = keys.view;
    if (member === undefined) return;
    status(say("opening"), screen, true);
    const by = { wrap: member.recovery, code: input("recovery").value };
    const wrap = await newPassphrase(member.jwk.kid, by, passphrase);
    const { jwk, recovery, version } = member;
    await send("PUT", "/api/v1/custody/member-key", { jwk, passphrase: wrap, recovery }, version);
    await keys.unlock({ code: by.code });
    input("recovery").value = "";
    await begin();
  });
  onClick("lose", screen, () => firstDay(keys));
}

// Open

let looking: ReturnType<typeof setTimeout> | undefined;

const isOpen = (): boolean => document.querySelector<HTMLElement>('[data-screen="open"]')?.hidden === false;

/** Shows the key that is open. `again` while the page only looks again: whoever went on from there meanwhile is left where they are. */
async function opened(keys: Keys, again = false): Promise<void> {
  const [{ kid }, left, isShared] = [await keys.deviceKey(), await keys.left(), await keys.isShared()];
  if (again && !isOpen()) return;
  const shared = place<HTMLInputElement>("shared-now");
  if (shared.getAttribute("aria-busy") !== "true") shared.checked = isShared;
  shared.onchange = () => void busy(shared, async () => {
    // What is ticked in the end counts, however often it was changed meanwhile.
    while ((await keys.isShared()) !== shared.checked) await keys.setShared(shared.checked);
  });
  // Whoever types the answer while the page looks again is not sent back to the top.
  const screen = showScreen("open", !isOpen());
  clearTimeout(looking);
  const listed = keys.view.devices.find(({ jwk }) => jwk.kid === kid);
  const isOver = listed !== undefined && (listed.given_up || listed.state === "retired" || listed.state === "revoked");
  if (listed === undefined || isOver) {
    try {
      await (isOver ? keys.renew(listed.name) : keys.announce(guessedName() || "?"));
      return await lookAgain();
    } catch (error) {
      // The devices are shown all the same: one of them may have to be given up first.
      failed(screen, error);
    }
  }
  const here = await keys.here();
  showRoles(keys.view);
  showDevices(keys, here);
  place("left").textContent = say("minutes", { number: String(Math.ceil(left / 60_000)) });
  place("ready-text").textContent = say(shared.checked ? "ready-shared" : "ready");
  // What stands there stays until it is known what is the case: somebody may be typing in it.
  const tell = (told: Partial<Record<"waits" | "ready" | "other-root" | "member-over", boolean>>): void => {
    for (const name of ["waits", "ready", "other-root", "member-over"] as const) place(name).hidden = told[name] !== true;
  };
  try {
    const isReady = await keys.isConfirmed();
    await showCode(keys);
    const isOver = await keys.isOver();
    // What ended stands in the head of the page, with whom to ask: a code does not help there.
    const waits = !isReady && !isOver && !(await keys.hasEnded());
    tell({ waits, ready: isReady, "member-over": isOver });
    if (isReady) return;
    clearTimeout(looking);
    looking = setTimeout(lookOn, LOOK_AGAIN);
  } catch (error) {
    if (!(error instanceof Untrusted)) throw error;
    tell({ "other-root": !place("other-root").hidden });
    // There is no code under a root key that nobody here knows. The devices are there all the same.
    await showOtherRoot(keys, screen, error);
  }
}

/** Looks again, unless somebody went on: words that are shown once stay until they were kept. */
async function lookAgain(): Promise<void> {
  if (!isOpen()) return;
  const keys = await Keys.load();
  if ((await keys.left()) > 0) return opened(keys, true);
  if (isOpen()) await begin();
}

/** Looks again from time to time, and goes on with it when the hub could not be reached once. */
const lookOn = (): void => void lookAgain().catch((error: unknown) => {
  if (!(error instanceof Problem) || !error.isPassing) return failed(document, error);
  clearTimeout(looking);
  looking = setTimeout(lookOn, LOOK_AGAIN);
});

/** The organisation's root key is another one than this device saw: who was told by telephone what the new one is types it here. */
async function showOtherRoot(keys: Keys, screen: HTMLElement, untrusted: Untrusted): Promise<void> {
  try {
    const other = await otherRoot(keys.view.organisation, keys.store);
    if (other === undefined) throw untrusted;
    const notice = place("other-root");
    place("other-root-before", notice).hidden = other.inForce;
    onSubmit("root-form", notice, async () => {
      if (!(await keys.trustRoot(input("root-told").value))) throw new Told("root-differs");
      input("root-told").value = "";
      await begin();
    });
    notice.hidden = false;
  } catch (error) {
    failed(screen, error);
  }
}

async function showCode(keys: Keys): Promise<void> {
  const { member, staff, organisation } = keys.view;
  if (member === undefined) return;
  const { history } = await historyOf(organisation, keys.store);
  const root = history.root.kid;
  const of = { organisation, root, staff, member: member.jwk.kid, device: (await keys.deviceKey()).kid };
  const code = await comparisonCode(of);
  place("code").textContent = code;
  place("code-again").textContent = code;
  onSubmit("answer-form", place("waits"), async () => {
    // The holder computes it from the root key that they have. Under another one, which the hub may have made, it is another.
    if (heard(input("answer").value) !== (await answerCode(of)).replace("-", "")) throw new Told("answer-wrong");
    await keys.believe(root);
    input("answer").value = "";
    await begin();
  });
}

function showRoles({ keyrings }: View): void {
  const held = new Set(keyrings.map(({ role }) => role));
  const named = data.roles.filter(([code]) => held.has(code)).map(([, name]) => name);
  if (held.has("root")) named.push(say("holder"));
  const tags = (named.length === 0 ? [say("no-roles")] : named).map((name) => {
    const tag = copied("role");
    tag.textContent = name;
    return tag;
  });
  place("roles").replaceChildren(...tags);
}

function showDevices(keys: Keys, here: Device | undefined): void {
  const rows = keys.view.devices.filter((device) => !device.given_up).map((device) => {
    const row = copied("device");
    place("device-name", row).textContent = device.name;
    const states = device.jwk.kid === here?.jwk.kid ? [say("device-here")] : [];
    if (device.state === undefined) states.push(say("device-waits"));
    else if (device.state === "active") states.push(say("device-active", { moment: writtenDay(moment(device.added_at) ?? 0) }));
    else states.push(say("device-ended"));
    place("device-state", row).textContent = states.join(" · ");
    onClick("device-give-up", row, async () => {
      await ask("DELETE", `/api/v1/custody/devices/${device.jwk.kid}`);
      if (device.jwk.kid === here?.jwk.kid) await keys.forget();
      await begin();
    });
    return row;
  });
  place("devices").replaceChildren(...rows);
}

/** New words or a new sheet, shown once after the hub keeps them. */
function changing(): void {
  const screen = document.querySelector('[data-screen="open"]') as HTMLElement;
  onSubmit("change-form", screen, async (by) => {
    const keys = await Keys.load();
    const { member } = keys.view;
    if (member === undefined) return;
    const form = place("change-form");
    status(say("opening"), form, true);
    const opens = { wrap: member.passphrase, passphrase: input("change-words").value };
    const isWords = (by as HTMLButtonElement | null)?.value !== "sheet";
    const [words, code] = [await drawPassphrase(), drawRecoveryCode()];
    const { jwk, version } = member;
    const wraps = isWords
      ? { passphrase: await newPassphrase(jwk.kid, opens, words), recovery: member.recovery }
      : { passphrase: member.passphrase, recovery: await newRecovery(jwk.kid, opens, code) };
    input("change-words").value = "";
    status("", form);
    // They count only once somebody has them: until then the old ones open the key.
    onClick("changed-done", place("changed"), async () => {
      await send("PUT", "/api/v1/custody/member-key", { jwk, ...wraps }, version);
      await begin();
    });
    showPhrase(place("changed-phrase"), words);
    place("changed-code").textContent = code;
    place("changed-words").hidden = !isWords;
    place("changed-sheet").hidden = isWords;
    showScreen("changed");
  });
  onClick("member-new", screen, async () => firstDay(await Keys.load()));
  onClick("lock", screen, async () => {
    await (await Keys.load()).lock();
    await anew();
  });
}

/** Shows what is the case. */
async function begin(anew = false): Promise<void> {
  const keys = await Keys.load();
  const isAsked = new URLSearchParams(location.search).has("anew");
  // Once: the first day ends where everybody else begins.
  if (isAsked) history.replaceState(null, "", "/key");
  if (keys.view.member === undefined || anew || isAsked) return firstDay(keys);
  if ((await keys.left()) === 0) {
    if (new URLSearchParams(location.search).has("forgotten")) return forgotten(keys);
    showScreen("locked", false);
    await unlocked(keys);
  }
  history.replaceState(null, "", "/key");
  return opened(keys);
}

changing();
void begin().catch((error: unknown) => {
  const screen = showScreen("loading");
  status("", screen);
  failed(screen, error);
});
// A page that is looked at again after a while finds out whether its key was locked meanwhile.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void lookAgain().catch(() => undefined);
});
