// Keys and letters in a real browser: the first day, a code that is read out, a letter that is opened and answered.
//
// `HUB`: where the hub is. `INTAKE`, `ADMINISTRATOR`, `SENDER`: names to sign in with, by `PASSPHRASE`, the first two of the organisation whose
// gateway is in `FOLDER`, the last of the one in `SENDER_FOLDER` that sent `REFERRAL`. `PROGRAM`: the program, for the gateways. `CANARY`: what
// stands in the letter and must be seen on the page and in no request.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const { HUB, INTAKE, ADMINISTRATOR, SENDER, PASSPHRASE, PROGRAM, FOLDER, SENDER_FOLDER, REFERRAL, CANARY, PICTURES } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const run = promisify(execFile);

let browser;
const violations = [];
/** Everything that any browser sent, to look for what must not be in it. */
const sent = [];

before(async () => {
  const root = process.getuid?.() === 0;
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: root ? ["--no-sandbox"] : [] });
});

after(async () => browser?.close());

/** Somebody with a device of their own, signed in. */
async function somebody(name, width = 360) {
  const context = await browser.newContext({ locale: "en", viewport: { width, height: 800 }, serviceWorkers: "block" });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("console", (message) => {
    if (/Content Security Policy|Trusted ?Type/i.test(message.text())) violations.push(message.text());
  });
  page.on("pageerror", (error) => violations.push(String(error)));
  page.on("request", (request) => sent.push(`${request.url()} ${request.postData() ?? ""}`));
  await page.goto(`${HUB}/sign-in`);
  await page.fill("#name", name);
  await page.fill("#passphrase", PASSPHRASE);
  await page.click("form[action='/sign-in'] button");
  await page.waitForURL(`${HUB}/find`);
  return page;
}

/** Axe finds nothing, and nothing scrolls sideways. */
async function sound(page, state) {
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] }));
  assert.deepEqual(found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`), [], state);
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert(sideways <= 0, `${state} scrolls sideways`);
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/${state}-${page.viewportSize().width}.png`, fullPage: true });
}

const screen = (page, name) => page.waitForSelector(`[data-screen="${name}"]:not([hidden])`);

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
  await page.click("[data-place=example-form] .button");
  await page.waitForSelector("[data-place=example-opened]:not([hidden])");
  await page.click("[data-place=first-day-done]");
  await screen(page, "open");
  await page.waitForSelector("[data-place=waits]:not([hidden])");
  await sound(page, "key-waits");
  return { words: words.join(" "), code };
}

const comparison = (page) => page.waitForFunction(() => document.querySelector("[data-place=code]").textContent).then((value) => value.jsonValue());

/** A command of a gateway. */
const gatewayIn = async (folder, ...words) => {
  const env = { THROUGHLINE_HOME: `${folder}/home`, THROUGHLINE_PASSPHRASE_FILE: `${folder}/passphrase` };
  return JSON.parse((await run(PROGRAM, [...words, "--json"], { cwd: folder, env })).stdout);
};
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
  assert.deepEqual(await intake.page.locator("[data-place=roles] li").allTextContents(), ["Receives referrals"]);
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
  await page.waitForFunction(() => /Make an appointment/.test(document.querySelector("main").textContent));
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
  await page.waitForFunction(() => /In service/.test(document.querySelector("main").textContent));
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
  await page.waitForFunction(() => /is confirmed/.test(document.querySelector("[data-place=top]").textContent));
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
  await page.waitForFunction(() => /Keys revoked: 1/.test(document.querySelector("[data-place=top]").textContent));
});

/** The code of a device that is confirmed already, which its page does not show any more. */
async function comparisonOf(page) {
  await page.goto(`${HUB}/key`);
  await screen(page, "open");
  return comparison(page);
}

let sender;

test("consent is taken, answer by answer, and the person gets a code", async () => {
  sender = { page: await somebody(SENDER) };
  const { page } = sender;
  Object.assign(sender, await firstDay(page, "Telephone of the harbour"));
  const people = await gatewayIn(SENDER_FOLDER, "key", "people");
  const { person } = people.find(({ waits }) => waits.includes("Telephone of the harbour"));
  const { answer } = await gatewayIn(SENDER_FOLDER, "key", "admit", person, "--code", await comparison(page));
  await answered(page, answer);
  await page.goto(`${HUB}/find?text=Clinic`);
  await page.click(".card-title a");
  await page.click("a[href^='/consents/new']");
  await screen(page, "ask");
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
  await page.goto(`${HUB}/key`);
  if (await page.locator('[data-screen="locked"]:not([hidden])').count()) await unlock(page, intake.words);
  await page.goto(`${HUB}/inbox`);
  await page.click(".rows .title.unread a");
  await page.waitForSelector("section.zone.sealed:has(dl) dl, [data-place=unlock]:not([hidden])");
  if (await page.locator("[data-place=unlock]:not([hidden])").count()) await unlock(page, intake.words);
  await page.waitForSelector("section.zone.sealed:has(dl) dl");
  assert((await page.textContent("section.zone.sealed:has(dl)")).includes(`${CANARY} of the suitcase`));
  await page.click("summary:has-text('Decline')");
  await page.locator("form[data-move=decline] input[type=radio]").first().check();
  await page.click("form[data-move=decline] .button");
  await page.waitForFunction(() => /Declined/.test(document.querySelector("main").textContent));
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
