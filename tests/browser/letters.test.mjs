// Keys and letters in a real browser: the first day, a code that is read out, a letter that is opened and answered.
//
// `HUB`: where the hub is. `INTAKE`, `ADMINISTRATOR`, `SENDER`: names to sign in with, by `PASSPHRASE`, the first two of the organisation whose
// gateway is in `FOLDER`, the last of the one in `SENDER_FOLDER` that sent `REFERRAL`. `PROGRAM`: the program, for the gateways. `CANARY`: what
// stands in the letter and must be seen on the page and in no request.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayIn, intoService, says, screen, sent, somebody, sound, storedHere, violations } from "./people.mjs";

const { HUB, INTAKE, ADMINISTRATOR, SENDER, FOLDER, SENDER_FOLDER, REFERRAL, CANARY } = process.env;

/** The four screens of the first day; the words. */
async function firstDay(page, device) {
  await page.goto(`${HUB}/key`);
  await screen(page, "words");
  await sound(page, "key-words");
  const words = (await page.locator("[data-place=phrase] span").allTextContents()).map((word) => word.trim());
  assert.equal(words.length, 5);
  await page.click("[data-place=words-kept]");
  await screen(page, "sheet");
  await sound(page, "key-sheet");
  const code = await page.textContent("[data-place=sheet-code]");
  assert.match(code, /^([0-9A-Z]{4}-){8}[0-9A-Z]$/);
  await page.click("[data-place=sheet-kept]");
  await screen(page, "check");
  await sound(page, "key-check");
  const asked = Number((await page.textContent("[data-place=check-word-label]")).match(/\d/)[0]);
  await page.fill("#check-word", "wrong");
  await page.fill("#check-code", code.replaceAll("-", "").slice(-4));
  await page.fill("#device-name", device);
  await page.click("[data-place=check-form] .button");
  await page.waitForSelector("[data-place=check-form] [data-place=error]:not([hidden])");
  await page.fill("#check-word", words[asked - 1]);
  await page.click("[data-place=check-form] .button");
  await screen(page, "letter");
  await sound(page, "key-letter");
  await page.fill("#example-words", "these are not the words");
  await page.click("[data-place=example-form] .button");
  await page.waitForSelector("[data-place=example-form] [data-place=error]:not([hidden])");
  await page.fill("#example-words", words.join("  ").toUpperCase());
  // A hub that takes its time: the way on is not shown before the key is open, and whoever takes it is not asked for the words again.
  const slowly = async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await route.continue();
  };
  await page.route("**/api/v1/custody", slowly, { times: 1 });
  await page.click("[data-place=example-form] .button");
  await page.waitForSelector("[data-place=example-opened]:not([hidden])");
  await page.click("[data-place=first-day-done]");
  await screen(page, "open");
  await page.waitForSelector("[data-place=waits]:not([hidden])");
  await sound(page, "key-waits");
  return { words: words.join(" "), code };
}

const comparison = (page) => page.waitForFunction(() => document.querySelector("[data-place=code]").textContent).then((value) => value.jsonValue());

const gateway = (...words) => gatewayIn(FOLDER, ...words);

/** Types what the holder reads back; the page is ready then. */
async function answered(page, answer) {
  await page.fill("#answer", answer.startsWith("A") ? `B${answer.slice(1)}` : `A${answer.slice(1)}`);
  await page.click("[data-place=answer-form] .button");
  await page.waitForSelector("[data-place=answer-form] [data-place=error]:not([hidden])");
  await page.fill("#answer", answer.toLowerCase());
  await page.click("[data-place=answer-form] .button");
  await page.waitForSelector("[data-place=ready]:not([hidden])");
}

const waiting = async (device) => (await gateway("key", "people")).find(({ waits }) => waits.includes(device));

let intake;
let administrator;

test("the first day takes four screens, and a wrong word is found", async () => {
  intake = { page: await somebody(INTAKE) };
  Object.assign(intake, await firstDay(intake.page, "Telephone of the clinic"));
});

test("a gateway confirms a person by the code they read out, and by no other", async () => {
  const { person } = await waiting("Telephone of the clinic");
  const code = await comparison(intake.page);
  await assert.rejects(gateway("key", "admit", person, "--code", `${code.startsWith("A") ? "B" : "A"}${code.slice(1)}`), /code_differs|no key that the hub shows/);
  const { answer } = await gateway("key", "admit", person, "--code", code.toLowerCase());
  // Until the answer is there the hub alone says that somebody confirmed it.
  await intake.page.goto(`${HUB}/referrals/${REFERRAL}`);
  await intake.page.waitForSelector("[data-place=first-day]:not([hidden])");
  await intake.page.goto(`${HUB}/key`);
  await screen(intake.page, "open");
  await answered(intake.page, answer);
  assert.deepEqual(await intake.page.locator("[data-place=roles] li").allTextContents(), ["Intake worker"]);
  await sound(intake.page, "key-open");
});

test("a letter is opened by a click on its row and accepted by a second one", async () => {
  const { page } = intake;
  await page.goto(`${HUB}/inbox`);
  await page.click(".rows .title a");
  await page.waitForSelector("section.zone.sealed:has(dl) dl");
  assert((await page.textContent("section.zone.sealed:has(dl)")).includes(CANARY), "the letter is shown");
  await page.waitForSelector("[data-place=answers]:not([hidden])");
  await sound(page, "letter");
  await page.click("form[data-move=accept] .button");
  await says(page, /Make an appointment/);
  await page.waitForSelector("section.zone.sealed:has(dl) dl");
  assert((await page.textContent("section.zone.sealed:has(dl)")).includes(CANARY), "and again after it was answered");
});

test("an answer that lacks something is not signed, and one that does not is", async () => {
  const { page } = intake;
  await page.click("summary:has-text('The service began')");
  await page.click("form[data-move=start] .button");
  await page.waitForSelector("form[data-move=start] [data-place=error]:not([hidden])");
  await page.fill("#start-since", new Date().toISOString().slice(0, 10));
  await page.click("form[data-move=start] .button");
  await says(page, /In service/);
});

test("a locked key closes letters, and the words or the sheet open it again", async () => {
  const { page, words, code } = intake;
  await page.goto(`${HUB}/key`);
  await screen(page, "open");
  await page.click("[data-place=lock]");
  await screen(page, "locked");
  await sound(page, "key-locked");
  await page.goto(`${HUB}/referrals/${REFERRAL}`);
  await page.waitForSelector("[data-place=unlock]:not([hidden])");
  assert.equal(await page.locator("section.zone.sealed:has(dl) dl").count(), 0);
  await sound(page, "letter-locked");
  await page.fill("#unlock-words", "five words that are wrong");
  await page.click("[data-place=unlock-form] .button.seal");
  await page.waitForSelector("[data-place=unlock-form] [data-place=error]:not([hidden])");
  await page.fill("#unlock-words", words);
  await page.click("[data-place=unlock-form] .button.seal");
  await page.waitForSelector("section.zone.sealed:has(dl) dl");
  // The chip in the head says so, and locks with one click.
  await page.click("button.chip.key.open");
  await page.waitForSelector("[data-place=unlock]:not([hidden])");
  await page.goto(`${HUB}/key?forgotten=1`);
  await screen(page, "forgotten");
  await sound(page, "key-forgotten");
  const fresh = (await page.locator("[data-place=new-phrase] span").allTextContents()).map((word) => word.trim()).join(" ");
  await page.fill("#recovery", code);
  await page.click("[data-place=forgotten-form] .button");
  await screen(page, "open");
  await page.click("[data-place=lock]");
  await screen(page, "locked");
  await page.fill("#unlock-words", words);
  await page.click("[data-place=unlock-form] .button.seal");
  await page.waitForSelector("[data-place=unlock-form] [data-place=error]:not([hidden])");
  await page.fill("#unlock-words", fresh);
  await page.click("[data-place=unlock-form] .button.seal");
  await screen(page, "open");
  intake.words = fresh;
});

test("whoever writes down new words is left there by a page that was looking again", async () => {
  const { page, words } = intake;
  await page.goto(`${HUB}/key`);
  await page.waitForSelector("[data-place=ready]:not([hidden])");
  await page.click("details:has([data-place=change-form]) summary");
  await page.fill("#change-words", words);
  // The hub answers whoever looked again only when the words are on the screen.
  let hold;
  const held = new Promise((resolve) => (hold = resolve));
  await page.route("**/api/v1/custody", hold, { times: 1 });
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  const route = await held;
  await page.click("[data-place=change-form] button[value=words]");
  await screen(page, "changed");
  await Promise.all([page.waitForResponse(/\/api\/v1\/custody$/), route.continue()]);
  await page.waitForTimeout(500);
  assert(await page.isVisible("[data-place=changed-phrase]"), "the words are still there");
  // They were not kept, so those of before count.
});

test("a key holder confirms a colleague's second device in the browser, and nobody else can", async () => {
  administrator = { page: await somebody(ADMINISTRATOR, 1280) };
  Object.assign(administrator, await firstDay(administrator.page, "Desk of the administrator"));
  const { page } = administrator;
  const { person } = await waiting("Desk of the administrator");
  const own = await gateway("key", "admit", person, "--code", await comparison(page), "--reader", "intake");
  await answered(page, own.answer);
  // A second device of the colleague: the same words, another code.
  const second = await somebody(INTAKE);
  await second.goto(`${HUB}/key`);
  await screen(second, "locked");
  await second.fill("#unlock-words", intake.words);
  await second.click("[data-place=unlock-form] .button.seal");
  await second.waitForSelector("[data-place=waits]:not([hidden])");
  const code = await comparison(second);
  await page.goto(`${HUB}/key/people`);
  await screen(page, "people");
  await sound(page, "key-people");
  const row = page.locator("article", { hasText: "Waits:" });
  await row.locator("input[dir=ltr]").fill(code);
  await row.locator("form .button").click();
  await row.locator("[data-place=error]:not([hidden])").waitFor();
  assert.match(await row.locator("[data-place=error-text]").first().textContent(), /do not hold/);
  await gateway("key", "admit", person, "--code", await comparisonOf(page), "--reader", "intake", "--holder");
  await page.goto(`${HUB}/key/people`);
  await screen(page, "people");
  await row.locator("input[dir=ltr]").fill(`${code.startsWith("A") ? "B" : "A"}${code.slice(1)}`);
  await row.locator("form .button").click();
  await row.locator("[data-place=error]:not([hidden])").waitFor();
  await row.locator("input[dir=ltr]").fill(code);
  await row.locator("form .button").click();
  await says(page, /is confirmed/, "[data-place=top]");
  await answered(second, (await page.textContent("[data-place=top]")).match(/([0-9A-Z]{4}-[0-9A-Z]{4})/)[1]);
  await second.goto(`${HUB}/referrals/${REFERRAL}`);
  await second.waitForSelector("section.zone.sealed:has(dl) dl");
  assert((await second.textContent("section.zone.sealed:has(dl)")).includes(CANARY));
  // A device that is given up signs no more, once a holder has revoked it.
  await second.goto(`${HUB}/key`);
  await screen(second, "open");
  await second.locator("[data-place=devices] li", { hasText: "This device" }).locator("button").click();
  await screen(second, "locked");
  await page.goto(`${HUB}/key/people`);
  await screen(page, "people");
  await page.click("[data-place=clear] .button");
  await says(page, /Keys revoked: 1/, "[data-place=top]");
});

/** The code of a device that is confirmed already, which its page does not show any more. */
async function comparisonOf(page) {
  await page.goto(`${HUB}/key`);
  await screen(page, "open");
  return comparison(page);
}

let sender;

/** A device with a French voice of its own, and an Arabic one that somebody else reads with. */
function voices() {
  globalThis.readOut = [];
  globalThis.SpeechSynthesisUtterance = class extends EventTarget {
    constructor(text) {
      super();
      this.text = text;
    }
  };
  Object.assign(speechSynthesis, {
    getVoices: () => [{ lang: "fr-FR", localService: true }, { lang: "ar-EG", localService: false }],
    speak: ({ lang, text }) => globalThis.readOut.push([lang, text]),
    cancel: () => {},
  });
}

/** The words to say are in the person's language, and read out by a voice of the device alone. */
async function readOut(page) {
  const group = page.locator(".aloud").first();
  await group.locator("summary").click();
  const [words, listen] = [group.locator("p:visible"), group.locator("button")];
  const shown = async (typed, lang, canListen) => {
    await page.fill("#language", typed);
    assert.equal(await words.count(), 1);
    assert.equal(await words.getAttribute("lang"), lang, typed);
    assert.equal(await listen.isVisible(), canListen, typed);
  };
  await shown("ar", "ar", false);
  await shown("so", "en", false);
  await shown("fr-CH", "fr", true);
  await listen.click();
  assert.deepEqual(await page.evaluate(() => globalThis.readOut), [["fr-FR", await words.textContent()]]);
  assert.equal(await listen.textContent(), "Stop");
  await listen.click();
  assert.equal(await listen.textContent(), "Listen");
  await shown("en", "en", false);
  await group.locator("summary").click();
}

test("consent is taken, answer by answer, and the person gets a code", async () => {
  sender = { page: await somebody(SENDER) };
  const { page } = sender;
  Object.assign(sender, await firstDay(page, "Telephone of the harbour"));
  const people = await gatewayIn(SENDER_FOLDER, "key", "people");
  const { person } = people.find(({ waits }) => waits.includes("Telephone of the harbour"));
  const { answer } = await gatewayIn(SENDER_FOLDER, "key", "admit", person, "--code", await comparison(page));
  await answered(page, answer);
  await page.goto(`${HUB}/find?text=Clinic`);
  await intoService(page);
  await page.addInitScript(voices);
  await page.click("a[href^='/consents/new']");
  await screen(page, "ask");
  await readOut(page);
  await sound(page, "consent");
  await page.click("button[value=record]");
  await page.waitForSelector("[data-place=summary]:not([hidden])");
  await sound(page, "consent-lacking");
  await page.fill("#nickname", "Blue suitcase");
  for (const box of await page.locator("#told input[type=checkbox]").all()) await box.check();
  await page.check("#back input[value=yes]");
  for (const yes of await page.locator("#answers .answer input[value=yes]").all()) await yes.check();
  await page.check("input[name=method][value=verbal]");
  await page.check("input[name=second-as][value=witness]");
  await page.fill("#second", "Sister of the ward");
  await page.check("input[name=companion][value=none]");
  await page.check("input[name=paper][value=full]");
  await page.click("button[value=record]");
  await screen(page, "recorded");
  await sound(page, "consent-recorded");
  assert.match(await page.textContent("[data-place=receipt-code]"), /[0-9A-Z]{4}-[0-9A-Z]{4}/);
});

test("a letter is written, judged while it is written, sealed and sent", async () => {
  const { page } = sender;
  await page.click("[data-place=refer-now]");
  await screen(page, "write");
  await page.waitForSelector("[data-place=letter] .reader");
  await sound(page, "compose");
  await page.click("[data-place=compose] .button.seal");
  await page.waitForSelector("[data-place=summary]:not([hidden])");
  await sound(page, "compose-lacking");
  await page.check("input[name=soon][value=U2]");
  await fill(page, "CF.case_token", "H-77");
  await fill(page, "CF.name", `${CANARY} of the suitcase`);
  await page.locator("[id='f-CF-age_band-a']").locator("select, input[value='25_39']").first().evaluate((control) => {
    if (control instanceof HTMLSelectElement) control.value = "25_39";
    else control.checked = true;
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
  });
  await page.click("[data-place=compose] .button.seal");
  await screen(page, "sent");
  await sound(page, "compose-sent");
  await page.click("[data-place=slip-form] .button");
  await page.waitForSelector("[data-place=slip-shown]:not([hidden])");
  assert.match(await page.textContent("[data-place=person-pin]"), /^\d{6}$/);
  await page.goto(`${HUB}/cases`);
  await screen(page, "cases");
  assert((await page.textContent("[data-place=people]")).includes("Blue suitcase"));
  await sound(page, "cases");
  // Her own letter is hers to read.
  await page.goto(`${HUB}/sent`);
  await page.click(".rows .title a");
  await page.waitForSelector("section.zone.sealed:has(dl) dl");
  assert((await page.textContent("section.zone.sealed:has(dl)")).includes(`${CANARY} of the suitcase`));
});

const fill = (page, field, text) => page.fill(`[id='f-${field.replace(/\W/g, "-")}']`, text);

test("the recipient reads what was written in the other browser", async () => {
  const { page } = intake;
  await page.goto(`${HUB}/inbox`);
  await page.click(".rows .title.unread a");
  await page.waitForSelector("section.zone.sealed:has(dl) dl, [data-place=unlock]:not([hidden])");
  if (await page.locator("[data-place=unlock]:not([hidden])").count()) await unlock(page, intake.words);
  await page.waitForSelector("section.zone.sealed:has(dl) dl");
  assert((await page.textContent("section.zone.sealed:has(dl)")).includes(`${CANARY} of the suitcase`));
});

/** The words of a form can be written: what they are judged by is there. */
const wordsAt = (page, move) => page.waitForFunction((name) => document.querySelector(`form[data-move=${name}] [data-place=words-left]`)?.textContent, move);
const letters = (page, count) => page.waitForFunction((n) => document.querySelectorAll("section.zone.sealed:has(dl)").length === n, count);

test("a question travels in words that only the other side reads, and so does its answer", async () => {
  const { page } = intake;
  await page.click("[data-place=answers] summary:has-text('Ask')");
  await page.locator("form[data-move=ask] input[type=radio]").first().check();
  await wordsAt(page, "ask");
  await page.fill("#ask-note", "x".repeat(201));
  await page.click("form[data-move=ask] .button");
  await page.waitForSelector("form[data-move=ask] [data-place=error]:not([hidden])");
  await sound(page, "letter-ask");
  await page.fill("#ask-note", `${CANARY}: which of the two numbers is right?`);
  await page.click("form[data-move=ask] .button");
  await letters(page, 2);
  const theirs = sender.page;
  await theirs.reload();
  await letters(theirs, 2);
  assert((await theirs.textContent("[data-place=letters]")).includes(`${CANARY}: which of the two numbers is right?`));
  await theirs.click("summary:has-text('Answer the question')");
  await wordsAt(theirs, "answer");
  await theirs.click("form[data-move=answer] .button");
  await theirs.waitForSelector("form[data-move=answer] [data-place=error]:not([hidden])");
  await sound(theirs, "letter-answer");
  await theirs.fill("#answer-packet", `${CANARY}: the second one`);
  await theirs.click("form[data-move=answer] .button");
  await letters(theirs, 3);
  await page.reload();
  await letters(page, 3);
  assert((await page.textContent("[data-place=letters]")).includes(`${CANARY}: the second one`));
});

test("who cannot help names others, found without leaving the letter, and says why in sealed words", async () => {
  const { page } = intake;
  await page.waitForSelector("[data-place=answers]:not([hidden])");
  await page.click("summary:has-text('Name other services')");
  assert.equal(await page.isVisible("#redirect-note"), false, "words belong to one reason alone");
  await page.fill("#redirect-search", "Kitchen");
  await page.press("#redirect-search", "Enter");
  await page.locator("form[data-move=redirect] [data-kind=service]").first().waitFor();
  await page.locator("form[data-move=redirect] label:has-text('Kitchen') input").check();
  await page.check("form[data-move=redirect] input[value='\"DR90\"']");
  await wordsAt(page, "redirect");
  await page.click("form[data-move=redirect] .button.secondary:not([type])");
  await page.waitForSelector("form[data-move=redirect] [data-place=error]:not([hidden])");
  await sound(page, "letter-redirect");
  await page.fill("#redirect-note", `${CANARY}: the ward is closed for painting`);
  await page.click("form[data-move=redirect] .button.secondary:not([type])");
  await letters(page, 4);
  const theirs = sender.page;
  await theirs.reload();
  await letters(theirs, 4);
  assert((await theirs.textContent("[data-place=letters]")).includes(`${CANARY}: the ward is closed for painting`));
  assert.match(await theirs.textContent("main"), /Who could help instead[\s\S]*Kitchen/);
  await sound(theirs, "letter-redirected");
});

test("a person takes a part back, is asked again from what was said, and nothing is answered for them", async () => {
  const { page } = sender;
  await page.goto(`${HUB}/cases`);
  await screen(page, "cases");
  await page.click("summary:has-text('Change or take back')");
  await page.click("[data-place=change-form] .button.danger");
  await page.waitForSelector("[data-place=change-form] [data-place=error]:not([hidden])");
  await page.check("[data-place=change-form] input[value=part]");
  await page.locator("[data-place=change-list] label:has-text('A safe way to reach them') input").check();
  await sound(page, "cases-change");
  await page.click("[data-place=change-form] .button.danger");
  await page.waitForSelector("[data-place=person-told]:not([hidden])");
  assert.match(await page.textContent("[data-place=person-told]"), /That part is taken back/);
  await page.waitForFunction(() => /in part|part/i.test(document.querySelector("[data-place=consent-said]").textContent));
  await page.click("summary:has-text('Change or take back')");
  await page.waitForSelector("[data-place=change-list] label", { state: "attached" });
  assert.equal(await page.locator("[data-place=change-list] label:has-text('A safe way to reach them')").count(), 0, "what is gone is not offered again");
  await page.click("[data-place=change-again]");
  await screen(page, "ask");
  assert.equal(await page.inputValue("#nickname"), "Blue suitcase");
  assert.equal(await page.locator("#answers input:checked").count(), 0, "no answer is taken over");
  assert.match(await page.textContent("#answers"), /Last time: yes/);
  await sound(page, "consent-again");
  for (const box of await page.locator("#told input[type=checkbox]").all()) await box.check();
  await page.check("#back input[value=yes]");
  await page.locator("#answers .answer input[value=yes]").first().check();
  await page.check("input[name=method][value=verbal]");
  await page.check("input[name=second-as][value=witness]");
  await page.fill("#second", "Sister of the ward");
  await page.check("input[name=companion][value=none]");
  await page.check("input[name=paper][value=slip]");
  const taken = sent.filter((request) => request.includes("/api/v1/withdrawals")).length;
  await page.click("button[value=record]");
  await screen(page, "recorded");
  assert(sent.filter((request) => request.includes("/api/v1/withdrawals")).length > taken, "what was agreed to before and not any more is taken back");
  // The slip: a code, a picture of an address, a telephone, and nothing else.
  await page.fill("#slip-number", "211 000 000");
  await page.evaluate(() => void (globalThis.print = () => undefined));
  await page.click("[data-place=print-slip]");
  await page.emulateMedia({ media: "print" });
  assert(await page.isVisible("[data-place=slip] svg"));
  assert.match((await page.innerText("[data-place=slip]")).replace(/\s+/g, " ").trim(), /^([0-9A-Z]{4}-){3}[0-9A-Z]{4} 211 000 000$/);
  assert.equal(await page.isVisible("h1"), false, "it is printed alone");
  await page.emulateMedia({ media: "screen" });
});

test("for a child a guardian decides and the child has a say; both are kept, and nothing is sent", async () => {
  const { page } = sender;
  await page.goto(`${HUB}/find?text=Clinic`);
  await intoService(page);
  await page.click("a[href^='/consents/new']");
  await screen(page, "ask");
  await page.fill("#nickname", "Green kite");
  await page.selectOption("#person", "child");
  for (const box of await page.locator("#told input[type=checkbox]").all()) await box.check();
  await page.check("#back input[value=yes]");
  await page.locator("#answers .answer input[value=yes]").first().check();
  await page.check("input[name=method][value=verbal]");
  await page.check("input[name=second-as][value=witness]");
  await page.fill("#second", "Sister of the ward");
  await page.check("input[name=companion][value=none]");
  await page.click("button[value=record]");
  await page.waitForSelector("[data-place=summary]:not([hidden])");
  assert.match(await page.textContent("[data-place=summary]"), /who decides for the child[\s\S]*D401[\s\S]*what the child says[\s\S]*D404/);
  await page.check("input[name=guardian][value=present_consents]");
  await page.fill("#guardian-who", "aunt, file 7");
  await page.selectOption("#guardian-relation", "relative");
  await page.selectOption("#mandate-kind", "legal_order");
  await page.fill("#guardian-until", `${new Date().getFullYear() + 3}-01-01`);
  await page.check("#guardian-seen");
  await page.check("input[name=conflict][value=yes]");
  await page.check("input[name=assent][value=dissented]");
  await page.click("button[value=record]");
  assert.match(await page.textContent("[data-place=summary]"), /harmed the child[\s\S]*D403[\s\S]*The child says no[\s\S]*D404/);
  await sound(page, "consent-child-lacking");
  await page.check("input[name=conflict][value=no]");
  await page.check("input[name=assent][value=assented]");
  const registered = sent.filter((request) => request.includes("/api/v1/certificates ")).length;
  await page.click("button[value=record]");
  await screen(page, "child");
  await sound(page, "consent-child");
  assert.equal(sent.filter((request) => request.includes("/api/v1/certificates ")).length, registered, "no certificate is made");
  await page.goto(`${HUB}/cases`);
  await screen(page, "cases");
  assert.match(await page.textContent("[data-place=people]"), /Green kite[\s\S]*the guardian and the child said/);
});

/** Opens the key where a page asks for it. */
async function opened(page, words, wanted) {
  await page.waitForSelector(`${wanted}, [data-place=unlock]:not([hidden])`);
  if (await page.locator("#unlock-words:visible").count()) await unlock(page, words);
  await page.waitForSelector(wanted);
}

test("what is sealed is read and written in every language, on a telephone and on a desk", async () => {
  const LETTER = "section.zone.sealed:has(dl) dl";
  const theirs = sender.page;
  await theirs.goto(`${HUB}/sent?ended=1`);
  const letter = await theirs.locator(".rows .title a").first().getAttribute("href");
  await theirs.goto(`${HUB}/find?text=Clinic`);
  await intoService(theirs);
  const compose = await theirs.locator("a[href^='/referrals/new']").first().getAttribute("href");
  const pages = [
    ["key", "/key", '[data-screen="open"]:not([hidden])'],
    ["letter", letter, LETTER],
    ["compose", compose, '[data-screen="write"]:not([hidden])'],
    ["consent", compose.replace("/referrals/new", "/consents/new"), '[data-screen="ask"]:not([hidden])'],
    ["cases", "/cases", '[data-screen="cases"]:not([hidden])'],
  ];
  for (const language of ["fr", "es", "ar"]) {
    await theirs.goto(`${HUB}/language/${language}?then=/inbox`);
    for (const [name, address, wanted] of pages) {
      await theirs.goto(`${HUB}${address}`);
      await opened(theirs, sender.words, wanted);
      assert.equal(await theirs.getAttribute("html", "dir"), language === "ar" ? "rtl" : "ltr");
      await sound(theirs, `${name}-${language}`);
    }
  }
  await theirs.goto(`${HUB}/language/en?then=/inbox`);
});

test("a device keeps nothing of letters and people that can be read without its keys", async () => {
  for (const { page } of [sender, intake]) {
    await page.goto(`${HUB}/inbox`);
    const kept = await storedHere(page);
    assert(kept.length > 200, "there is something");
    for (const said of [CANARY, "Blue suitcase", "Green kite", "Sister of the ward"]) assert(!kept.includes(said), said);
  }
});

async function unlock(page, words) {
  await page.fill("#unlock-words", words);
  await page.click("[data-place=unlock-form] .button.seal");
}

test("what stands in the letter went in no request, and no page broke its policy", () => {
  assert.deepEqual(sent.filter((request) => request.includes(CANARY)), []);
  assert(sent.length > 100);
  assert.deepEqual(violations, []);
});
