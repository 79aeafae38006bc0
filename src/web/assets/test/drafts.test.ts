import assert from "node:assert/strict";
import test from "node:test";
import { Drafts, type Said, draftsOf, isEmpty, sent } from "../src/desk/drafts.ts";
import { LONGEST, dropAll, sweep } from "../src/desk/sweeping.ts";
import { type MadeMember, newMember } from "../src/gateway/keys.ts";
import { drawPassphrase, drawRecoveryCode } from "../src/gateway/secrets.ts";
import { type Store, memoryStore } from "../src/gateway/store.ts";
import { DAY } from "../src/gateway/time.ts";

const at = 1_790_000_000 * 1_000_000;
const of = { service: "svc_canary", consent: "kpt_canary" };
const said: Said = {
  soon: "24h", signal: "", fields: { "CF.need_detail": ["knee canary"], "CF.language": ["prs", "canary"] }, because: { "CF.language": "canary" },
};
const somebody = async (): Promise<MadeMember> => newMember(await drawPassphrase(), drawRecoveryCode());
const open = (store: Store, { jwk, key }: MadeMember): Promise<Drafts> => Drafts.open(store, jwk, key);
const drafts = async (store: Store): Promise<string[]> => (await store.names()).filter((name) => name.startsWith("draft "));

await test("a draft comes back as it was written, for the key it was written under", async () => {
  const [store, own] = [memoryStore(), await somebody()];
  await (await open(store, own)).keep(of, said, at);
  const draft = await (await open(store, own)).find(of, at + DAY);
  assert.equal(JSON.stringify(draft?.said), JSON.stringify(said));
  assert.equal(draft?.at, at);
  assert.equal(await (await open(store, own)).find({ ...of, consent: "" }, at), undefined);
  assert.equal(await (await open(store, own)).find({ ...of, service: "svc_other" }, at), undefined);
});

await test("what lies on the device tells nothing of it", async () => {
  const [store, own] = [memoryStore(), await somebody()];
  await (await open(store, own)).keep(of, said, at);
  const lying = JSON.stringify(await Promise.all((await store.names()).map(async (name) => [name, await store.get(name)])));
  assert(lying.includes(String(at)), "when it was kept stands there, to remove it without a key");
  // Long enough that no token has them by chance.
  for (const canary of ["canary", "CF.need"]) assert(!lying.includes(canary), canary);
});

await test("what was kept last counts, and what was emptied is gone", async () => {
  const [store, own] = [memoryStore(), await somebody()];
  const mine = await open(store, own);
  await mine.keep(of, said, at);
  await mine.keep(of, { ...said, soon: "7d" }, at + 1);
  assert.equal((await drafts(store)).length, 1);
  assert.equal((await mine.find(of, at + 2))?.said.soon, "7d");
  const nothing = { soon: "", signal: "", fields: { "CF.need_detail": [" "] }, because: { "CF.language": "JC02" } };
  assert(isEmpty(nothing) && !isEmpty(said));
  assert.equal(await mine.keep(of, nothing, at + 3), undefined);
  assert.deepEqual(await drafts(store), []);
});

await test("another person's draft is not read, and neither is one under a key of before", async () => {
  const [store, own, other] = [memoryStore(), await somebody(), await somebody()];
  await (await open(store, own)).keep(of, said, at);
  const sealed = await store.get("drafts' key");
  const theirs = await open(store, other);
  assert.equal(await theirs.find(of, at), undefined);
  assert.deepEqual(await drafts(store), [], "what nobody here can open is not kept");
  // Even when the drafts themselves are laid beside another key.
  await (await open(store, own)).keep(of, said, at);
  const [name = ""] = await drafts(store);
  const draft = await store.get(name);
  await theirs.keep(of, { ...said, soon: "48h" }, at);
  await store.put(await theirs.nameOf(of), draft);
  assert.equal(await theirs.find(of, at), undefined);
  assert(sealed !== (await store.get("drafts' key")));
});

await test("two windows that begin at once keep drafts under one key, and another person's go", async () => {
  const [store, own, other] = [memoryStore(), await somebody(), await somebody()];
  for (const member of [own, other]) {
    const [one, two] = await Promise.all([open(store, member), open(store, member)]);
    await one?.keep(of, said, at);
    assert.equal(JSON.stringify((await two?.find(of, at))?.said), JSON.stringify(said));
    assert.equal((await drafts(store)).length, 1);
  }
});

await test("a draft is taken for nothing but what it was written for", async () => {
  const [store, own] = [memoryStore(), await somebody()];
  const mine = await open(store, own);
  const name = await mine.keep(of, said, at);
  const elsewhere = { ...of, consent: "kpt_other" };
  await store.put(await mine.nameOf(elsewhere), await store.get(name ?? ""));
  assert.equal(await mine.find(elsewhere, at), undefined);
  assert((await mine.find(of, at)) !== undefined);
});

await test("nothing is sealed to a key that only the hub says is one's own", async () => {
  const [store, own, other] = [memoryStore(), await somebody(), await somebody()];
  await assert.rejects(Drafts.open(store, other.jwk, own.key));
  assert.deepEqual(await store.names(), []);
});

await test("after seven days it is gone, with or without a key, whatever stands beside it", async () => {
  const [store, own] = [memoryStore(), await somebody()];
  const mine = await open(store, own);
  await mine.keep(of, said, at);
  await sweep(store, at + LONGEST);
  assert((await mine.find(of, at + LONGEST)) !== undefined, "seven days are seven days");
  await sweep(store, at + LONGEST + 1);
  assert.deepEqual(await drafts(store), []);
  const name = await mine.keep(of, said, at);
  const { sealed } = (await store.get(name ?? "")) as { sealed: string };
  await store.put(name ?? "", { at: at + LONGEST, sealed });
  assert.equal(await mine.find(of, at + LONGEST + 1), undefined, "the time inside counts");
  assert.deepEqual(await drafts(store), []);
  // Of another time than this one: the clock was turned back.
  await mine.keep(of, said, at);
  await sweep(store, at - 2 * DAY);
  assert.deepEqual(await drafts(store), []);
});

await test("of the drafts of a service the newest is offered, and none of a consent that is not there", async () => {
  const [store, own] = [memoryStore(), await somebody()];
  const mine = await open(store, own);
  await mine.keep(of, said, at);
  await mine.keep({ ...of, consent: "" }, { ...said, soon: "30d" }, at + 1);
  assert.equal((await mine.newest(of.service, ["", of.consent], at + 2))?.said.soon, "30d");
  assert.equal((await mine.newest(of.service, [of.consent], at + 2))?.said.soon, "24h");
  assert.equal(await mine.newest(of.service, ["kpt_other"], at + 2), undefined);
  const newest = await mine.newest(of.service, [""], at + 2);
  await mine.drop(newest?.name ?? "");
  assert.equal(await mine.newest(of.service, [""], at + 2), undefined);
});

await test("a device that others use keeps none", async () => {
  const [store, own] = [memoryStore(), await somebody()];
  const writer = { view: { member: { jwk: own.jwk } }, store, isShared: async () => true, member: async () => own.key };
  assert.equal(await draftsOf(writer), undefined);
  assert.deepEqual(await store.names(), []);
  assert((await draftsOf({ ...writer, isShared: async () => false })) !== undefined);
});

await test("what was sent takes its draft along, and not the one that was begun since", async () => {
  const [store, own] = [memoryStore(), await somebody()];
  const mine = await open(store, own);
  const name = (await mine.keep(of, said, at)) ?? "";
  await sent(store, name, at - 1);
  assert.equal((await drafts(store)).length, 1);
  await sent(store, name, at);
  assert.deepEqual(await drafts(store), []);
});

await test("dropping all leaves nothing that opens, and nothing else is touched", async () => {
  const [store, own] = [memoryStore(), await somebody()];
  await store.put("device", "kept");
  await (await open(store, own)).keep(of, said, at);
  await dropAll(store);
  assert.deepEqual(await store.names(), ["device"]);
});
