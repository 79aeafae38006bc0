// Passkeys in a real browser, with an authenticator that the browser plays: one is added, asked for when somebody signs in, and removed.
//
// `HUB`: where the hub is, by the name of its public address. `NAME`, `PASSPHRASE`: somebody who has no second step yet. `PICTURES`, when it is
// given: a folder for pictures of every state.
import assert from "node:assert/strict";
import { test } from "node:test";
import { somebody, sound, violations } from "./people.mjs";

const { HUB, NAME, PASSPHRASE } = process.env;
const PAGE = `${HUB}/account/second-step`;
const OPTIONS = {
  protocol: "ctap2",
  transport: "internal",
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
};

/** Both widths and both directions of a state. */
async function looked(page, state) {
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    await sound(page, state);
  }
}

async function signOut(page) {
  await page.goto(`${HUB}/account`);
  await page.click("summary.chip");
  await page.click("form[action='/sign-out'] button");
  await page.waitForURL(/sign-in/);
}

async function givePassphrase(page) {
  await page.goto(`${HUB}/sign-in`);
  await page.fill("#name", NAME);
  await page.fill("#passphrase", PASSPHRASE);
  await page.click("form[action='/sign-in'] button");
  await page.waitForURL(/\/sign-in\/code/);
}

const credentials = async (devtools, authenticatorId) => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials;

test("a passkey is added, signs in, is refused to whoever has another, and is removed", async () => {
  const page = await somebody(NAME);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options: OPTIONS });

  await page.goto(PAGE);
  await looked(page, "second-step-none");
  const adding = "[data-place='adding']";
  await page.fill("#passkey-name", "my telephone");
  await page.fill("#add", "not this one, sorry");
  await page.click(`${adding} .button`);
  await page.waitForSelector(`${adding} [data-place='error']:not([hidden])`);
  await looked(page, "second-step-wrong");
  await page.fill("#add", PASSPHRASE);
  const sending = page.waitForRequest(`${PAGE}/passkeys`);
  await page.click(`${adding} .button`);
  assert(!(await sending).postData().includes("passphrase"), "the passphrase travels once");
  await page.getByText("The second step is on").waitFor();
  assert.equal(await page.locator("ol li").count(), 10);
  await page.click("a.button[href='/account/second-step']");
  await page.getByText("my telephone").first().waitFor();
  await looked(page, "second-step-passkey");
  const [made] = await credentials(devtools, authenticatorId);
  assert.equal(made.rpId, "localhost");

  // The same device makes no second one, and says why.
  await page.click("[data-place='with'] summary");
  await page.fill("#passkey-name", "once more");
  await page.fill("#add", PASSPHRASE);
  await page.click(`${adding} .button`);
  await page.getByText("You have a passkey on this device already").waitFor();

  await signOut(page);
  await givePassphrase(page);
  await page.waitForSelector("[data-place='using'] .button");
  await looked(page, "sign-in-passkey");
  await page.click("[data-place='using'] .button");
  await page.waitForURL(`${HUB}/find`);
  const [used] = await credentials(devtools, authenticatorId);
  assert.ok(used.signCount > made.signCount);

  // Without it the passphrase opens nothing, and another authenticator cannot answer.
  await signOut(page);
  await devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  const other = await devtools.send("WebAuthn.addVirtualAuthenticator", { options: OPTIONS });
  await givePassphrase(page);
  await page.click("[data-place='using'] .button");
  await page.getByText("The browser did not answer").waitFor({ timeout: 70_000 });
  await looked(page, "sign-in-passkey-none");
  await page.goto(`${HUB}/find`);
  await page.waitForURL(/\/sign-in/);

  // A copy that signed less often than the hub has seen.
  await devtools.send("WebAuthn.addCredential", { authenticatorId: other.authenticatorId, credential: { ...used, signCount: 0 } });
  await givePassphrase(page);
  await page.click("[data-place='using'] .button");
  await page.waitForSelector("#errors");
  await looked(page, "sign-in-passkey-refused");
  await page.click("#errors a");
  assert.equal(await page.evaluate(() => document.activeElement.id), "use-passkey");

  // With its key again it is taken away.
  await devtools.send("WebAuthn.clearCredentials", { authenticatorId: other.authenticatorId });
  await devtools.send("WebAuthn.addCredential", { authenticatorId: other.authenticatorId, credential: { ...used, signCount: used.signCount + 5 } });
  await page.click("[data-place='using'] .button");
  await page.waitForURL(`${HUB}/find`);
  await page.goto(PAGE);
  await page.locator("summary", { hasText: "Remove a passkey" }).click();
  await page.check("input[name=passkey]");
  await page.fill("#remove", "not this one, sorry");
  await page.click("form[action$='/passkeys/remove'] .button");
  await page.waitForSelector("#errors");
  await looked(page, "second-step-remove");
  await page.check("input[name=passkey]");
  await page.fill("#remove", PASSPHRASE);
  await page.click("form[action$='/passkeys/remove'] .button");
  await page.getByText("The passkey is removed").waitFor();
  await page.context().clearCookies();
  await page.goto(`${HUB}/sign-in`);
  await page.fill("#name", NAME);
  await page.fill("#passphrase", PASSPHRASE);
  await page.click("form[action='/sign-in'] button");
  await page.waitForURL(`${HUB}/find`);
  assert.deepEqual(violations, []);
  await page.context().close();
});

test("without scripts the app remains, and no passkey is offered", async () => {
  const page = await somebody(NAME);
  const context = await page.context().browser().newContext({ locale: "ar", javaScriptEnabled: false, storageState: await page.context().storageState() });
  const plain = await context.newPage();
  await plain.goto(PAGE);
  assert.equal(await plain.locator("[data-place='without']").isVisible(), true);
  assert.equal(await plain.locator("#passkey-name").isVisible(), false);
  assert.equal(await plain.locator("#app").isVisible(), true);
  await context.close();
  await page.context().close();
});
