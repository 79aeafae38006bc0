// An agreement from its offer to a suspension and back, in real browsers of two organisations.
//
// `HUB`: where the hub is. `OURS`, `THEIRS`: administrators to sign in with, by `PASSPHRASE`, of the organisations whose gateways are in `FOLDER`
// and `OTHER_FOLDER`. `PARTNER`: the id of the second one. `PROGRAM`: the program, for the gateways.
import assert from "node:assert/strict";
import { test } from "node:test";
import { confirmed, somebody, sound, violations } from "./people.mjs";

const { HUB, OURS, THEIRS, FOLDER, OTHER_FOLDER, PARTNER } = process.env;

let ours;
let theirs;
/** Where the agreement is. */
let address;

const says = async (page, text) => assert.match(await page.textContent("main"), text);

/** Fills in what only the parties know, and nothing else. */
async function complete(page) {
  for (const [name, text] of Object.entries({
    "p0-data": "data@harbour.example", "p0-oversight": "board@harbour.example", "p1-data": "privacy@lakeside.example",
    "p1-oversight": "inspectorate@health.example", assessment: "Both keep data in the country", dpia: "DPIA 2026-1", rights: "rights@harbour.example",
  })) {
    await page.fill(`[id="${name}"]`, text);
  }
  for (const field of await page.locator('input[name^="safeguard-"]').all()) await field.fill("Only health staff open it");
}

async function sign(page, name) {
  await page.waitForSelector("[data-place=sign]:not([hidden])");
  await page.fill("#signatory", name);
  await page.fill("#office", "Director");
  await page.fill("#authority", "Statute, section 4");
  await Promise.all([page.waitForEvent("load"), page.click("[data-place=sign] .button:not(.quiet)")]);
}

test("two organisations have people with keys", async () => {
  ours = await somebody(OURS, 1280);
  await confirmed(ours, FOLDER, "Desk of Harbour");
  theirs = await somebody(THEIRS);
  await confirmed(theirs, OTHER_FOLDER, "Telephone of Lakeside");
});

test("an agreement is made without writing anything in a form of machines", async () => {
  await ours.goto(`${HUB}/agreements`);
  await ours.click("text=Offer an agreement");
  await sound(ours, "agreement-new");
  await ours.selectOption("#with", PARTNER);
  await ours.check('input[name=service][value="SV07"]');
  await ours.click("main form[method=get] button");
  await ours.waitForSelector("#terms");
  await sound(ours, "agreement-terms");
  await ours.setViewportSize({ width: 360, height: 800 });
  await sound(ours, "agreement-terms");
  await ours.click("#form button.button");
  await ours.waitForSelector("#errors");
  await sound(ours, "agreement-terms-wrong");
  assert.match(await ours.title(), /^Error:/);
  await complete(ours);
  await ours.click("#form button.button");
  await ours.waitForURL(/done=drafted/);
  await says(ours, /Harbour may send Lakeside, of people who are referred for/);
  await sound(ours, "agreement-draft");
  await ours.setViewportSize({ width: 1280, height: 800 });
  await sound(ours, "agreement-draft");
});

test("it is offered, the other side signs, and it is in force", async () => {
  await ours.click("text=Offer it for signature");
  await ours.waitForURL(/done=offered/);
  await sound(ours, "agreement-offered");
  address = ours.url().replace(/\?.*/, "");
  await theirs.goto(`${HUB}/agreements`);
  await sound(theirs, "agreements-waiting");
  await theirs.goto(address);
  await sound(theirs, "agreement-offered");
  await sign(theirs, "B. Phiri");
  await says(theirs, /B. Phiri, Director/);
  await ours.goto(address);
  await sign(ours, "A. Banda");
  await says(ours, /In force/);
  await sound(ours, "agreement-in-force");
});

test("it is suspended with a reason by keyboard alone, and goes on", async () => {
  await theirs.goto(address);
  await sound(theirs, "agreement-in-force");
  const summary = theirs.locator("summary", { hasText: "Say why, and suspend it" });
  await summary.focus();
  await theirs.keyboard.press("Enter");
  await theirs.keyboard.press("Tab");
  await theirs.keyboard.press("Space");
  await sound(theirs, "agreement-suspending");
  await theirs.locator('form[action$="/suspend"] .button').focus();
  await theirs.keyboard.press("Enter");
  await theirs.waitForURL(/done=suspended/);
  await says(theirs, /A security incident/);
  await sound(theirs, "agreement-suspended");
  await ours.goto(address);
  await says(ours, /Lakeside suspended it/);
  assert.equal(await ours.locator('form[action$="/resume"]').count(), 0, "whoever suspended it lets it go on");
  await sound(ours, "agreement-suspended");
  await theirs.click('form[action$="/resume"] .button');
  await theirs.waitForURL(/done=resumed/);
  await says(theirs, /In force/);
  await ours.goto(`${HUB}/agreements`);
  await sound(ours, "agreements");
});

test("a document that is ready is read from its file", async () => {
  await ours.goto(`${HUB}/agreements/new`);
  await ours.setInputFiles("#file", { name: "agreement.json", mimeType: "application/json", buffer: Buffer.from('{ "v": 1 }') });
  await ours.waitForFunction(() => document.querySelector("#document").value === '{ "v": 1 }');
  await ours.click('form[action$="/document"] .button');
  await ours.waitForSelector("#errors");
  await sound(ours, "agreement-document-wrong");
});

test("no page broke its policy", () => assert.deepEqual(violations, []));
