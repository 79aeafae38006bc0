import assert from "node:assert/strict";
import test from "node:test";
import { newId, text, utf8 } from "../src/gateway/bytes.ts";
import { verifyHistory } from "../src/gateway/directory-keys.ts";
import {
  type Chain, FoundFault, firstStatement, handedTo, isHanded, isPast, pendingRoot, progress, withReaders,
} from "../src/gateway/found.ts";
import { importPublic, sealTo, unseal, verify } from "../src/gateway/gate.ts";
import { KeyFault, type MadeMember, newDeviceKey, newMember, newReader, openReader, openRoot } from "../src/gateway/keys.ts";
import type { PendingRoot } from "../src/gateway/pending.ts";
import { drawPassphrase, drawRecoveryCode } from "../src/gateway/secrets.ts";
import { nextStatement } from "../src/gateway/statement.ts";

const because = (reason: FoundFault["reason"]) => (error: unknown) => error instanceof FoundFault && error.reason === reason;
const org = newId("org", 0);
const at = (seconds: number): number => (1_790_000_000 + seconds) * 1_000_000;
const somebody = async (): Promise<MadeMember> => newMember(await drawPassphrase(), drawRecoveryCode());
const roles = ["intake", "case_worker", "medical"];

/** What the hub says after the coordinator put a root key in the place of the one of before. */
async function replaced({ history }: Chain, { jwk }: { jwk: PendingRoot["jwk"] }): Promise<Chain> {
  const former = [...history.former, { root: history.root, last_seq: history.statements.length, replaced_at: "2026-09-21T15:00:00Z" }];
  const next = { root: jwk, former, statements: history.statements };
  return { history: next, records: await verifyHistory(org, next, at(100)) };
}

async function enrolled(): Promise<Chain> {
  return { history: { root: (await newDeviceKey()).jwk, former: [], statements: [] }, records: [] };
}

await test("a root key is made sealed, waits until the hub names it, and stands for everything that was made with it", async () => {
  const [before, own, device] = [await enrolled(), await somebody(), await newDeviceKey()];
  const made = await pendingRoot(org, before, own.jwk, own.key);
  assert(!JSON.stringify(made).includes('"d"'));
  assert.equal(made.jwk.use, "sig");
  assert.equal(progress(made, before, org, own.jwk.kid), "waits");
  const named = await replaced(before, made);
  assert.equal(progress(made, named, org, own.jwk.kid), "named");
  const ready = await withReaders(made, roles, own.jwk, own.key);
  assert.deepEqual(ready.readers.map(({ role }) => role), roles);
  assert.equal(progress(ready, named, org, own.jwk.kid), "named", "made is not published");
  const statement = await firstStatement(ready, named, { jwk: own.jwk, device: device.jwk, member: own.key }, [at(60), 365]);
  const history = { ...named.history, statements: [statement] };
  const after = { history, records: await verifyHistory(org, history, at(61)) };
  assert.deepEqual(after.records.map(({ role, state }) => `${role} ${state}`), [
    "member active", "sign active", "intake active", "case_worker active", "medical active",
  ]);
  assert.equal(progress(ready, after, org, own.jwk.kid), "published");
  // Everything is handed, and opens: the root key first.
  const handed = handedTo(ready);
  assert.deepEqual(handed.map(({ role }) => role), ["root", ...roles]);
  assert(handed.every(({ member }) => member === own.jwk.kid));
  const root = await openRoot(handed[0]?.token ?? "", own.key, { org, kid: ready.jwk.kid });
  await nextStatement(org, after, { stated: [], revoked: [], retired: [] }, [root, at(120), 365]);
  for (const { role, kid, token } of handed.slice(1)) {
    const grant = await sealTo(await importPublic(ready.readers.find((one) => one.jwk.kid === kid)?.jwk), "grant", utf8("keys"));
    assert.deepEqual(await unseal(grant, "grant", 4_096, await openReader(token, own.key, { org, role, kid })), utf8("keys"));
  }
});

await test("trying again makes no second key of a role", async () => {
  const [before, own] = [await enrolled(), await somebody()];
  const ready = await withReaders(await pendingRoot(org, before, own.jwk, own.key), ["intake"], own.jwk, own.key);
  const again = await withReaders(ready, ["intake", "legal"], own.jwk, own.key);
  assert.deepEqual(again.readers.map(({ role }) => role), ["intake", "legal"]);
  assert.equal(again.readers[0]?.jwk.kid, ready.readers[0]?.jwk.kid);
});

await test("what the old root stood for is revoked, and nothing of it comes back", async () => {
  const [before, own, colleague] = [await enrolled(), await somebody(), await somebody()];
  const [device, old] = [await newDeviceKey(), await newDeviceKey()];
  before.history.root = old.jwk;
  const stated = [{ jwk: colleague.jwk, role: "member" }, { jwk: device.jwk, role: "sign" }];
  before.history.statements.push(await nextStatement(org, before, { stated, revoked: [], retired: [] }, [old.key, at(0), 365]));
  before.records = await verifyHistory(org, before.history, at(1));
  await assert.rejects(pendingRoot(org, before, colleague.jwk, colleague.key), because("known_member"));
  const ready = await withReaders(await pendingRoot(org, before, own.jwk, own.key), ["intake"], own.jwk, own.key);
  const named = await replaced(before, ready);
  assert(isPast(named, device.jwk.kid) && !isPast(named, own.jwk.kid));
  const of = { jwk: own.jwk, member: own.key };
  await assert.rejects(firstStatement(ready, named, { ...of, device: device.jwk }, [at(160), 365]), because("revoked"));
  const fresh = await newDeviceKey();
  const statement = await firstStatement(ready, named, { ...of, device: fresh.jwk }, [at(160), 365]);
  const history = { ...named.history, statements: [...named.history.statements, statement] };
  const records = await verifyHistory(org, history, at(161));
  assert.deepEqual(records.map(({ role, state }) => `${role} ${state}`), [
    "member revoked", "sign revoked", "member active", "sign active", "intake active",
  ]);
  const payload = (await verify(statement, "rp1-directory+jws", 131_072, () => importPublic(ready.jwk))).payload;
  const { seq, prev } = JSON.parse(text(payload)) as { seq: number; prev?: string };
  assert(seq === 2 && prev !== undefined, "the chain goes on");
});

await test("another root key, another member key and another organisation do not go on", async () => {
  const [before, own, other, device] = [await enrolled(), await somebody(), await somebody(), await newDeviceKey()];
  const made = await pendingRoot(org, before, own.jwk, own.key);
  const ready = await withReaders(made, ["intake"], own.jwk, own.key);
  const elsewhere = await replaced(before, await newDeviceKey());
  assert.throws(() => progress(ready, elsewhere, org, own.jwk.kid), because("other_root"));
  const named = await replaced(before, made);
  assert.throws(() => progress(ready, named, org, other.jwk.kid), because("other_member"));
  assert.throws(() => progress(ready, named, newId("org", 1), own.jwk.kid), because("other_member"));
  // Replaced once more after it was ours.
  const later = await replaced(named, await newDeviceKey());
  assert.throws(() => progress(ready, later, org, own.jwk.kid), because("other_root"));
  const of = { jwk: own.jwk, device: device.jwk, member: own.key };
  await assert.rejects(firstStatement(ready, before, of, [at(60), 365]), because("not_named"));
  await assert.rejects(firstStatement(made, named, of, [at(60), 365]), because("not_named"));
  await assert.rejects(firstStatement(ready, elsewhere, of, [at(60), 365]), because("other_root"));
});

await test("nothing is sealed to a key that only the hub says is one's own", async () => {
  const [before, own, other, device] = [await enrolled(), await somebody(), await somebody(), await newDeviceKey()];
  await assert.rejects(pendingRoot(org, before, other.jwk, own.key), because("other_member"));
  const made = await pendingRoot(org, before, own.jwk, own.key);
  await assert.rejects(withReaders(made, ["intake"], other.jwk, own.key), because("other_member"));
  const named = await replaced(before, made);
  const ready = await withReaders(made, ["intake"], own.jwk, own.key);
  const of = { jwk: other.jwk, device: device.jwk, member: own.key };
  await assert.rejects(firstStatement(ready, named, of, [at(60), 365]), because("other_member"));
});

await test("a reader key that does not open here is not stated", async () => {
  const [before, own, other, device] = [await enrolled(), await somebody(), await somebody(), await newDeviceKey()];
  const ready = await withReaders(await pendingRoot(org, before, own.jwk, own.key), ["intake"], own.jwk, own.key);
  const named = await replaced(before, ready);
  const foreign = await newReader(org, "intake", [await importPublic(other.jwk)]);
  const of = { jwk: own.jwk, device: device.jwk, member: own.key };
  for (const reader of [
    { role: "intake", jwk: foreign.jwk, token: foreign.keyrings[other.jwk.kid] ?? "" },
    { role: "intake", jwk: foreign.jwk, token: ready.readers[0]?.token ?? "" },
  ]) {
    await assert.rejects(firstStatement({ ...ready, readers: [reader] }, named, of, [at(60), 365]), KeyFault);
  }
});

await test("the device keeps everything until the hub hands all of it out", async () => {
  const [before, own] = [await enrolled(), await somebody()];
  const ready = await withReaders(await pendingRoot(org, before, own.jwk, own.key), roles, own.jwk, own.key);
  const handed = handedTo(ready);
  assert(isHanded(ready, handed));
  for (const missing of handed) assert(!isHanded(ready, handed.filter((one) => one !== missing)));
  assert(!isHanded(ready, handed.map((one) => ({ ...one, token: "other" }))));
});
