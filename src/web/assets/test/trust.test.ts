import assert from "node:assert/strict";
import test from "node:test";
import { newId } from "../src/gateway/bytes.ts";
import { type History, Untrusted } from "../src/gateway/directory-keys.ts";
import { type MadeKey, newDeviceKey } from "../src/gateway/keys.ts";
import { rootCode } from "../src/gateway/secrets.ts";
import { nextStatement } from "../src/gateway/statement.ts";
import { memoryStore } from "../src/gateway/store.ts";
import { historyOf, known, otherRoot, trustRoot } from "../src/desk/trust.ts";

const org = newId("org", 0);
const now = Date.now() * 1000;

/** A hub that hands out a history. */
function hub(history: () => History): void {
  globalThis.fetch = (async () => new Response(JSON.stringify(history()))) as typeof fetch;
}

async function stated(history: History, root: MadeKey, device: MadeKey): Promise<History> {
  const change = { stated: [{ jwk: device.jwk, role: "sign" }], revoked: [], retired: [] };
  const token = await nextStatement(org, { history, records: [] }, change, [root.key, now - 60_000_000, 365]);
  return { ...history, statements: [...history.statements, token] };
}

const replaced = (history: History, { jwk }: MadeKey): History => ({
  ...history, root: jwk,
  former: [...history.former, { root: history.root, last_seq: history.statements.length, replaced_at: new Date().toISOString() }],
});

await test("another root key is refused until its code is typed, and what the old one stood for is revoked then", async () => {
  const [old, fresh, device, store] = [await newDeviceKey(), await newDeviceKey(), await newDeviceKey(), memoryStore()];
  let shown = await stated({ root: old.jwk, former: [], statements: [] }, old, device);
  hub(() => shown);
  assert.equal((await historyOf(org, store)).records[0]?.state, "active");
  assert.equal(await otherRoot(org, store), undefined);
  shown = replaced(shown, fresh);
  await assert.rejects(historyOf(org, store), Untrusted);
  assert.deepEqual(await otherRoot(org, store), { kid: fresh.jwk.kid, inForce: true });
  const code = await rootCode(org, fresh.jwk.kid);
  assert(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/.test(code));
  for (const wrong of ["", await rootCode(org, old.jwk.kid), await rootCode(newId("org", 1), fresh.jwk.kid), old.jwk.kid, code.slice(0, -1)]) {
    assert.equal(await trustRoot(org, wrong, store), undefined, wrong);
  }
  await assert.rejects(historyOf(org, store), Untrusted);
  assert.deepEqual(await trustRoot(org, ` ${code.toLowerCase().replaceAll("-", " ")} `, store), { kid: fresh.jwk.kid, inForce: true });
  assert.equal((await historyOf(org, store)).records[0]?.state, "revoked");
  assert.equal(await otherRoot(org, store), undefined);
});

await test("what fits is what the hub shows at that moment: a code of another key does not let in the one that is shown", async () => {
  const [old, fresh, forged, store] = [await newDeviceKey(), await newDeviceKey(), await newDeviceKey(), memoryStore()];
  const first = await stated({ root: old.jwk, former: [], statements: [] }, old, await newDeviceKey());
  let shown = first;
  hub(() => shown);
  await historyOf(org, store);
  shown = replaced(first, forged);
  assert.equal(await trustRoot(org, await rootCode(org, fresh.jwk.kid), store), undefined);
  assert.equal(await trustRoot(org, fresh.jwk.kid, store), undefined);
  await assert.rejects(historyOf(org, store), Untrusted);
  shown = replaced(first, fresh);
  assert.equal((await trustRoot(org, fresh.jwk.kid, store))?.kid, fresh.jwk.kid, "the thumbprint does as well");
});

await test("a root key that was in between is asked for as well, before the one in force", async () => {
  const [old, between, fresh, store] = [await newDeviceKey(), await newDeviceKey(), await newDeviceKey(), memoryStore()];
  let shown = await stated({ root: old.jwk, former: [], statements: [] }, old, await newDeviceKey());
  hub(() => shown);
  await historyOf(org, store);
  shown = replaced(replaced(shown, between), fresh);
  assert.equal(await trustRoot(org, fresh.jwk.kid, store), undefined);
  assert.deepEqual(await trustRoot(org, between.jwk.kid, store), { kid: between.jwk.kid, inForce: false });
  await assert.rejects(historyOf(org, store), Untrusted);
  assert.deepEqual(await trustRoot(org, fresh.jwk.kid, store), { kid: fresh.jwk.kid, inForce: true });
  await historyOf(org, store);
});

await test("no code makes a history good that takes back what was said, or that another key signed", async () => {
  const [old, fresh, device, store] = [await newDeviceKey(), await newDeviceKey(), await newDeviceKey(), memoryStore()];
  const enrolled: History = { root: old.jwk, former: [], statements: [] };
  const first = await stated(enrolled, old, device);
  let shown = first;
  hub(() => shown);
  await historyOf(org, store);
  shown = replaced(enrolled, fresh);
  // It lacks a statement that was there.
  await assert.rejects(trustRoot(org, fresh.jwk.kid, store), Untrusted);
  shown = { ...replaced(first, fresh), former: [] };
  // The new key did not sign the first.
  await assert.rejects(trustRoot(org, fresh.jwk.kid, store), Untrusted);
  // A device that never saw the organisation believes the first answer; there is nothing to trust here.
  shown = first;
  assert.equal(await otherRoot(org, memoryStore()), undefined);
});

await test("keys are asked for once while a page opens, and again half a minute later or after a failure", async () => {
  const [root, device, store] = [await newDeviceKey(), await newDeviceKey(), memoryStore()];
  const shown = await stated({ root: root.jwk, former: [], statements: [] }, root, device);
  let [asked, away, clock] = [0, true, 1_000];
  performance.now = () => clock;
  globalThis.fetch = (async () => {
    asked++;
    if (away) throw new TypeError("no network");
    return new Response(JSON.stringify(shown));
  }) as typeof fetch;
  await assert.rejects(known([org], store));
  away = false;
  await Promise.all([known([org], store), known([org, org], store)]);
  await known([org], store);
  clock += 29_000;
  assert.equal((await known([org], store)).key(device.jwk.kid)?.state, "active");
  assert.equal(asked, 2);
  clock += 1_000;
  await known([org], store);
  assert.equal(asked, 3);
  // Another person's device has to be told itself.
  await known([org], memoryStore());
  assert.equal(asked, 4);
});
