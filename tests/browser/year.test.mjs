// A year later, in a real browser: pages say that keys end, key holders renew them, and a root key that was replaced is trusted by its code.
//
// `HUB`: where the hub is. `INTAKE`, `ADMINISTRATOR`: names to sign in with, by `PASSPHRASE`, of the organisation whose gateway is in `FOLDER`
// and that received `REFERRAL`, where `CANARY` stands in the letter. `PROGRAM`: the program, for the gateway. Whoever started this replaces the
// organisation's root key by what is put into `FOLDER/new-root.jwk`, and then writes `FOLDER/replaced`.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { confirmed, screen, somebody, sound, violations } from "./people.mjs";

const { HUB, INTAKE, ADMINISTRATOR, FOLDER, REFERRAL, CANARY } = process.env;
const DAY = 86_400_000;

/** Opens the key where the page asks for it. */
async function unlocked(page, words, name) {
  await page.waitForSelector(`[data-place=unlock]:not([hidden]), [data-screen="${name}"]:not([hidden])`);
  if (await page.locator("[data-place=unlock]:not([hidden])").count()) {
    await page.fill("#unlock-words", words);
    await page.click("[data-place=unlock-form] .button.seal");
  }
  if (name) await screen(page, name);
}

const ends = (page) => page.waitForSelector("[data-place=key-ends]:not([hidden])").then((notice) => notice.textContent());
const later = (page, days) => page.clock.setFixedTime(new Date(Date.now() + days * DAY));
const top = (page, wanted) => page.waitForFunction((text) => document.querySelector("[data-place=top]").textContent.includes(text), wanted);

/** What is read aloud of a root key. */
function rootCode(organisation, kid) {
  const digest = createHash("sha256").update(`throughline root key\n${organisation}\n${kid}`).digest();
  const bits = [...digest.subarray(0, 10)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters = bits.match(/.{5}/g).map((five) => "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[Number.parseInt(five, 2)]).join("");
  return letters.match(/.{4}/g).join("-");
}

const intake = {};
const administrator = {};

test("nothing is said of keys that live for a year", async () => {
  intake.page = await somebody(INTAKE);
  intake.words = await confirmed(intake.page, FOLDER, "Telephone of the clinic");
  administrator.page = await somebody(ADMINISTRATOR);
  administrator.words = await confirmed(administrator.page, FOLDER, "Desk of the head", "--reader", "intake", "--holder");
  for (const { page } of [intake, administrator]) {
    await page.goto(`${HUB}/find`);
    await page.waitForSelector("button.chip.key.open");
    assert.equal(await page.locator("[data-place=key-ends]:not([hidden])").count(), 0);
  }
});

test("within sixty days of the end every page says so and whom to ask, and otherwise when it is over", async () => {
  await later(administrator.page, 320);
  await administrator.page.goto(`${HUB}/find`);
  assert.match(await ends(administrator.page), /ends on .* Ask a key holder/);
  assert.equal(await administrator.page.getAttribute("[data-place=key-ends] a", "href"), "/key/people");
  await sound(administrator.page, "ends");
  const { page, words } = intake;
  await later(page, 365);
  await page.goto(`${HUB}/inbox`);
  assert.match(await ends(page), /ended on .* a key holder of your organisation renews it/);
  assert.equal(await page.locator("[data-place=key-ends] a").count(), 0, "they renew nothing themselves");
  await page.goto(`${HUB}/key`);
  await unlocked(page, words, "open");
  assert.match(await ends(page), /ended on/);
  await page.waitForFunction(() => document.querySelector("[data-place=code-again]").textContent);
  assert.equal(await page.locator("[data-place=waits]:not([hidden]), [data-place=ready]:not([hidden])").count(), 0, "a code does not help here");
  await sound(page, "key-ended");
  await page.goto(`${HUB}/referrals/${REFERRAL}`);
  await page.waitForSelector("[data-place=first-day]:not([hidden])");
});

test("a key holder renews keys of people, and leaves those that letters are sealed to to the gateway", async () => {
  const { page, words } = administrator;
  await later(page, 365);
  await page.goto(`${HUB}/key/people`);
  await unlocked(page, words, "people");
  const listed = await page.locator("[data-place=ending] li").allTextContents();
  assert(listed.some((line) => line.startsWith(`${INTAKE}: ended on`)), listed.join("\n"));
  assert(listed.some((line) => /^Letters: .*ended on/.test(line)), listed.join("\n"));
  await sound(page, "key-people-ends");
  await page.click("[data-place=renew] .button");
  await top(page, "The keys are renewed. Your organisation has a gateway");
  assert.equal((await page.locator("[data-place=ending] li").allTextContents()).filter((line) => !line.startsWith("Letters")).length, 0);
  // Whose keys were renewed has nothing to do but to come again.
  await intake.page.goto(`${HUB}/key`);
  await screen(intake.page, "open");
  await intake.page.waitForSelector("[data-place=ready]:not([hidden])");
  await intake.page.waitForFunction(() => /letters to your organisation/.test(document.querySelector("[data-place=key-ends]").textContent));
});

test("without a gateway new reader keys are made on the page, and the letter to the old one still opens", async () => {
  const { page } = administrator;
  await page.evaluate(async () => {
    const { organisation } = await (await fetch("/api/v1/custody")).json();
    const path = `/api/v1/organisations/${organisation}/clients`;
    for (const { id } of (await (await fetch(path)).json()).items) await fetch(`${path}/${id}`, { method: "DELETE" });
  });
  await page.goto(`${HUB}/key/people`);
  await screen(page, "people");
  await page.click("[data-place=renew] .button");
  await top(page, "The keys are renewed.");
  assert(!(await page.textContent("[data-place=top]")).includes("gateway"));
  assert.equal(await page.locator("[data-place=renew]:not([hidden])").count(), 0);
  await intake.page.goto(`${HUB}/key`);
  await screen(intake.page, "open");
  await intake.page.waitForSelector("[data-place=ready]:not([hidden])");
  await intake.page.waitForSelector("[data-place=key-ends]", { state: "hidden" });
  const keyrings = await intake.page.evaluate(async () => (await (await fetch("/api/v1/custody")).json()).keyrings);
  assert.deepEqual(keyrings.map(({ role }) => role), ["intake", "intake"]);
  await intake.page.goto(`${HUB}/referrals/${REFERRAL}`);
  await intake.page.waitForSelector("section.zone.sealed:has(dl) dl");
  assert((await intake.page.textContent("section.zone.sealed:has(dl)")).includes(CANARY));
});

test("another root key is refused until its code is typed, and what hung on the old one is over then", async () => {
  const { page } = intake;
  await administrator.page.goto(`${HUB}/key/people`);
  await unlocked(administrator.page, administrator.words, "people");
  await administrator.page.click("[data-place=root-of-all] summary");
  const organisation = await page.evaluate(async () => (await (await fetch("/api/v1/custody")).json()).organisation);
  const [now] = await administrator.page.locator("[data-place=roots] [data-place=root-code]").allTextContents();
  const kid = await administrator.page.textContent("[data-place=roots] [data-place=root-kid]");
  assert.equal(now, rootCode(organisation, kid));
  await sound(administrator.page, "key-people-root");
  const { publicKey } = await globalThis.crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const { x, y } = await globalThis.crypto.subtle.exportKey("jwk", publicKey);
  const fresh = createHash("sha256").update(JSON.stringify({ crv: "P-256", kty: "EC", x, y })).digest("base64url");
  writeFileSync(`${FOLDER}/new-root.part`, JSON.stringify({ kty: "EC", crv: "P-256", x, y, use: "sig", alg: "ES256", kid: fresh }));
  renameSync(`${FOLDER}/new-root.part`, `${FOLDER}/new-root.jwk`);
  for (let tries = 0; !existsSync(`${FOLDER}/replaced`); tries += 1) {
    assert(tries < 300, "the root key was not replaced");
    await sleep(200);
  }
  await page.goto(`${HUB}/key`);
  await page.waitForSelector("[data-place=other-root]:not([hidden])");
  assert.match(await page.textContent("[data-place=other-root]"), /somebody is trying to read your letters/);
  await sound(page, "key-other-root");
  for (const wrong of [now, rootCode(organisation, fresh).replace(/.$/, (last) => (last === "0" ? "1" : "0"))]) {
    await page.fill("#root-told", wrong);
    await page.click("[data-place=root-form] .button");
    await page.waitForSelector("[data-place=root-form]:not([aria-busy]) [data-place=error]:not([hidden])");
  }
  await page.goto(`${HUB}/key`);
  await page.waitForSelector("[data-place=other-root]:not([hidden])");
  await page.fill("#root-told", rootCode(organisation, fresh).toLowerCase());
  await page.click("[data-place=root-form] .button");
  await page.waitForSelector("[data-place=member-over]:not([hidden])");
  assert.equal(await page.locator("[data-place=other-root]:not([hidden]), [data-place=ready]:not([hidden])").count(), 0);
  await sound(page, "key-member-over");
  await page.click("[data-place=member-new]");
  await screen(page, "words");
});

test("no page broke its policy", () => assert.deepEqual(violations, []));
