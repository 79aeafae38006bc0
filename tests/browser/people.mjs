// People with devices of their own, in a real browser, and the gateways of their organisations: what the tests of keys share.
//
// `HUB`: where the hub is. `PASSPHRASE`: what everybody signs in with. `PROGRAM`: the program, for the gateways. `PICTURES`, when it is given: a
// folder for pictures of every state.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const { HUB, PASSPHRASE, PROGRAM, PICTURES } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const run = promisify(execFile);

let browser;
/** What the policy of a page forbade, and what went wrong in a script. */
export const violations = [];
/** Everything that any browser sent, to look for what must not be in it. */
export const sent = [];

before(async () => {
  const root = process.getuid?.() === 0;
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: root ? ["--no-sandbox"] : [] });
});

after(async () => browser?.close());

/** Somebody with a device of their own, signed in; a service worker comes with it where it is asked for. */
export async function somebody(name, width = 360, serviceWorkers = "block") {
  const context = await browser.newContext({ locale: "en", viewport: { width, height: 800 }, serviceWorkers });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
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

/** Text as far apart as people set it who read so: nothing may be cut off or run sideways for it. */
const SPACED = { letterSpacing: "0.12em", wordSpacing: "0.16em", lineHeight: "1.5" };

/** How far a page scrolls sideways. */
const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Axe finds nothing, on a telephone and on a desk, and nothing scrolls sideways, with text set wider either. */
export async function sound(page, state) {
  const { width: own, height } = page.viewportSize();
  await page.evaluate(AXE);
  for (const width of [own === 360 ? 1280 : 360, own]) {
    await page.setViewportSize({ width, height });
    const { violations: found } = await page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] }));
    assert.deepEqual(found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`), [], `${state} at ${width}`);
    assert(await sideways(page) <= 0, `${state} scrolls sideways at ${width}`);
    await page.evaluate((spaced) => void Object.assign(document.documentElement.style, spaced), SPACED);
    assert(await sideways(page) <= 0, `${state} scrolls sideways at ${width} with text set wider`);
    await page.evaluate((spaced) => void Object.assign(document.documentElement.style, Object.fromEntries(Object.keys(spaced).map((name) => [name, ""]))), SPACED);
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/${state}-${width}.png`, fullPage: true });
  }
}

/** Everything that this device keeps of the pages, as text. */
export const storedHere = (page) => page.evaluate(async () => {
  const done = (asked) => new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  const plain = (name, value) => (value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? new TextDecoder().decode(value) : value);
  const found = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const rows = database.transaction(store).objectStore(store);
      found.push(JSON.stringify(await done(rows.getAllKeys()), plain), JSON.stringify(await done(rows.getAll()), plain));
    }
    database.close();
  }
  return found.join("\n");
});

/** A part of the page says something; it may be on its way, and the page itself may be. */
export const says = (page, text, selector = "main") => page.locator(selector).filter({ hasText: text }).first().waitFor();

/** Waits until something holds in the page that takes a promise to find out: `waitForFunction` takes any promise for a yes. */
export async function until(page, told, holds) {
  // A page that goes elsewhere answers nothing, and the next one does.
  for (const ends = Date.now() + 60_000; (await page.evaluate(holds).catch(() => false)) !== true; await sleep(100)) assert(Date.now() < ends, told);
}

/** Goes into the entry of a service, and is there: what is pressed next is pressed in it. */
export async function intoService(page) {
  await page.click(".card-title a");
  await page.waitForURL(/\/services\/[^/]+$/);
}

export const screen = (page, name) => page.waitForSelector(`[data-screen="${name}"]:not([hidden])`);

/** A command of a gateway. */
export const gatewayIn = async (folder, ...words) => {
  const env = { THROUGHLINE_HOME: `${folder}/home`, THROUGHLINE_PASSPHRASE_FILE: `${folder}/passphrase` };
  return JSON.parse((await run(PROGRAM, [...words, "--json"], { cwd: folder, env })).stdout);
};

/** The first day of somebody, and the gateway in the folder that confirms it. Answers the words. */
export async function confirmed(page, folder, device, ...more) {
  await page.goto(`${HUB}/key`);
  await screen(page, "words");
  const words = (await page.locator("[data-place=phrase] span").allTextContents()).map((word) => word.trim());
  await page.click("[data-place=words-kept]");
  await screen(page, "sheet");
  const code = await page.textContent("[data-place=sheet-code]");
  await page.click("[data-place=sheet-kept]");
  await screen(page, "check");
  const asked = Number((await page.textContent("[data-place=check-word-label]")).match(/\d/)[0]);
  await page.fill("#check-word", words[asked - 1]);
  await page.fill("#check-code", code.replaceAll("-", "").slice(-4));
  await page.fill("#device-name", device);
  await page.click("[data-place=check-form] .button");
  await screen(page, "letter");
  await page.fill("#example-words", words.join(" "));
  await page.click("[data-place=example-form] .button");
  await page.click("[data-place=first-day-done]");
  await page.waitForSelector("[data-place=waits]:not([hidden])");
  const spoken = await page.waitForFunction(() => document.querySelector("[data-place=code]").textContent).then((value) => value.jsonValue());
  const { person } = (await gatewayIn(folder, "key", "people")).find(({ waits }) => waits.includes(device));
  const { answer } = await gatewayIn(folder, "key", "admit", person, "--code", spoken, ...more);
  await page.fill("#answer", answer);
  await page.click("[data-place=answer-form] .button");
  await page.waitForSelector("[data-place=ready]:not([hidden])");
  return words.join(" ");
}

/**
 * Does what a hand does, and counts it: presses with the mouse, and screens on which something was pressed. A field is pressed before it is
 * typed in, unless the page stands in it already; a list is pressed twice, once to open it and once to choose.
 */
export class Hand {
  clicks = 0;
  screens = [];

  constructor(page) {
    this.page = page;
  }

  /** Which screen somebody looks at: the address without what it is about, and the part that is shown. */
  async #look() {
    const seen = await this.page.evaluate(() => {
      const shown = document.querySelector("[data-screen]:not([hidden])")?.dataset.screen ?? "";
      return `${location.pathname.replace(/[a-z]{3}_[0-9a-f]{32}/, "…")} ${shown}`.trim();
    });
    if (this.screens.at(-1) !== seen) this.screens.push(seen);
  }

  async press(what) {
    const target = typeof what === "string" ? this.page.locator(what) : what;
    await target.waitFor();
    await this.#look();
    await target.click();
    this.clicks += 1;
  }

  async type(selector, text) {
    await this.page.waitForSelector(selector);
    const isThere = await this.page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector);
    if (!isThere) await this.press(selector);
    await this.page.keyboard.type(text);
  }

  async choose(what, value) {
    const target = typeof what === "string" ? this.page.locator(what) : what;
    await target.waitFor();
    await this.#look();
    await target.selectOption(value);
    this.clicks += 2;
  }

  /** What it took, held against what it may take. */
  took(flow, clicks, screens) {
    console.log(`${flow}: ${this.clicks} clicks of ${clicks}, ${this.screens.length} screens of ${screens} (${this.screens.join(", ")})`);
    assert(this.clicks > 0 && this.clicks <= clicks, `${flow} takes ${this.clicks} clicks, and may take ${clicks}`);
    assert(this.screens.length <= screens, `${flow} takes ${this.screens.length} screens, and may take ${screens}: ${this.screens.join(", ")}`);
  }
}

/** Keys in the place of a hand: nothing is pressed that Tab does not reach. */
export class Keys {
  constructor(page) {
    this.page = page;
  }

  /** Goes on with Tab until it stands on it. */
  async to(selector) {
    for (let step = 0; step < 150; step += 1) {
      await this.page.keyboard.press("Tab");
      if (await this.page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector)) return;
    }
    assert.fail(`${selector} cannot be reached by keyboard`);
  }

  async press(selector, key = "Enter") {
    await this.to(selector);
    await this.page.keyboard.press(key);
  }

  async type(selector, text) {
    await this.to(selector);
    await this.page.keyboard.type(text);
  }

  /** One of a group: Tab comes to the group, and arrows to the one. */
  async choose(group, one) {
    await this.to(group);
    for (let step = 0; step < 20; step += 1) {
      if (await this.page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, one)) return this.page.keyboard.press("Space");
      await this.page.keyboard.press("ArrowDown");
    }
    assert.fail(`${one} cannot be reached with arrows`);
  }
}
