import assert from "node:assert/strict";
import test from "node:test";
import { newId, utf8 } from "../src/gateway/bytes.ts";
import { KnownKeys, Untrusted, maySign, verifyHistory } from "../src/gateway/directory-keys.ts";
import { endsOf, toTell } from "../src/gateway/ends.ts";
import type { Chain } from "../src/gateway/found.ts";
import { importPublic, sealTo, unseal } from "../src/gateway/gate.ts";
import { type MadeKey, type MadeMember, newDeviceKey, newMember, newReader, openReader } from "../src/gateway/keys.ts";
import { type Somebody, endingOf, endingReaders, prolonging, replacing } from "../src/gateway/renewal.ts";
import { drawPassphrase, drawRecoveryCode } from "../src/gateway/secrets.ts";
import { type Change, nextStatement } from "../src/gateway/statement.ts";
import { DAY } from "../src/gateway/time.ts";

const org = newId("org", 0);
const START = 1_790_000_000_000_000;
const day = (days: number): number => START + days * DAY;
const member = async (): Promise<MadeMember> => newMember(await drawPassphrase(), drawRecoveryCode());
const nothing: Change = { stated: [], revoked: [], retired: [] };

/** An organisation of two people with a device each, one reader key, and a key of a gateway. */
class World {
  chain: Chain;
  readonly root: MadeKey;
  readonly people: (Somebody & { key: MadeMember; device: MadeKey })[] = [];

  private constructor(root: MadeKey) {
    this.root = root;
    this.chain = { history: { root: root.jwk, former: [], statements: [] }, records: [] };
  }

  static async of(people = 2): Promise<World> {
    const world = new World(await newDeviceKey());
    for (let n = 0; n < people; n++) {
      const [key, device] = [await member(), await newDeviceKey()];
      const devices = [{ jwk: device.jwk, given_up: false }];
      world.people.push({ removed: false, member: { jwk: key.jwk, keyrings: [] }, devices, key, device });
    }
    const to = await Promise.all(world.people.map(({ key }) => importPublic(key.jwk)));
    const reader = await newReader(org, "intake", to);
    for (const { member } of world.people) member?.keyrings.push(reader.jwk.kid);
    const stated = world.people.flatMap(({ key, device }) => [{ jwk: key.jwk, role: "member" }, { jwk: device.jwk, role: "sign" }]);
    await world.state({ ...nothing, stated: [...stated, { jwk: reader.jwk, role: "intake" }, { jwk: (await newDeviceKey()).jwk, role: "sign" }] }, day(0));
    return world;
  }

  async state(change: Change, at: number): Promise<void> {
    const { history } = this.chain;
    history.statements.push(await nextStatement(org, this.chain, change, [this.root.key, at, 365]));
    await this.look(at);
  }

  async look(at: number): Promise<void> {
    this.chain.records = await verifyHistory(org, this.chain.history, at);
  }

  record(kid: string | undefined) {
    const found = this.chain.records.find(({ jwk }) => jwk.kid === kid);
    assert(found !== undefined);
    return found;
  }
}

await test("what ends within sixty days is told, what has ended first, and nothing before", async () => {
  const world = await World.of(1);
  const [one] = world.people;
  const ends = endsOf(world.chain.records, [one?.device.jwk.kid, one?.key.jwk.kid]);
  assert.equal(toTell(ends, day(304)), undefined);
  const told = toTell(ends, day(306));
  assert.deepEqual([told?.which, told?.ended], ["own", false]);
  assert.deepEqual(toTell(ends, day(366))?.ended, true);
  assert.deepEqual(toTell({ own: day(30), readers: day(-1) }, day(0)), { which: "readers", at: day(-1), ended: true });
  assert.deepEqual(toTell({ own: day(300), readers: day(30) }, day(0)), { which: "readers", at: day(30), ended: false });
  assert.equal(toTell({}, day(0)), undefined);
  assert.equal(toTell(undefined, day(0)), undefined);
  // A key that was retired or revoked ends nothing, and one that nobody confirmed has no end.
  assert.deepEqual(endsOf(world.chain.records, ["none"]), { readers: ends.readers });
});

await test("keys of people who are still there go on for another year as the same keys, before they end or after", async () => {
  for (const at of [day(320), day(400)]) {
    const world = await World.of(3);
    const [stays, gone, away] = world.people;
    assert(stays !== undefined && gone !== undefined && away !== undefined);
    gone.removed = true;
    away.devices = [{ jwk: away.device.jwk, given_up: true }];
    const kids = endingOf(world.people, world.chain.records, at).map(({ jwk }) => jwk.kid);
    assert.deepEqual(new Set(kids), new Set([stays.key.jwk.kid, stays.device.jwk.kid, away.key.jwk.kid]));
    assert.equal(endingOf(world.people, world.chain.records, day(304)).length, 0);
    for (const change of prolonging(kids)) await world.state(change, at);
    for (const kid of kids) assert(world.record(kid).until > at + 364 * DAY);
    assert(maySign(world.record(stays.device.jwk.kid), at + 300 * DAY));
    for (const kid of [gone.key.jwk.kid, away.device.jwk.kid]) assert(world.record(kid).until < day(366));
    // Again, where it broke off: there is nothing left to do.
    assert.deepEqual(endingOf(world.people, world.chain.records, at), []);
  }
});

await test("only keys of people and devices that are in use go on; a reader key, and what is retired or revoked, never", async () => {
  const at = day(320);
  for (const spoil of ["reader", "retired", "revoked"] as const) {
    const world = await World.of(1);
    const [one] = world.people;
    const kid = spoil === "reader" ? one?.member?.keyrings[0] : one?.device.jwk.kid;
    assert(kid !== undefined);
    if (spoil === "retired") await world.state({ ...nothing, retired: [kid] }, day(1));
    if (spoil === "revoked") await world.state({ ...nothing, revoked: [kid] }, day(1));
    const before = world.record(kid).until;
    if (spoil === "reader") await assert.rejects(world.state({ ...nothing, prolonged: [kid] }, at), Untrusted);
    else {
      await world.state({ ...nothing, prolonged: [kid] }, at);
      assert.equal(world.record(kid).until, before, spoil);
    }
  }
});

await test("new reader keys reach everybody who had the old ones, which still open what was sealed to them", async () => {
  const at = day(320);
  const world = await World.of(3);
  const [first, second, third] = world.people;
  assert(first?.member !== undefined && second !== undefined && third?.member !== undefined);
  third.member.keyrings = [];
  const [old] = endingReaders(world.chain.records, at);
  assert(old !== undefined);
  for (const change of prolonging(endingOf(world.people, world.chain.records, at).map(({ jwk }) => jwk.kid))) await world.state(change, at);
  const of = { people: world.people, records: world.chain.records, root: world.root.jwk.kid };
  const { change, handed } = await replacing(org, [old], of, at);
  await world.state(change, at + 1);
  assert.equal(world.record(old.jwk.kid).state, "retired");
  const [made] = change.stated;
  assert(made !== undefined);
  assert.deepEqual(new Set(handed.map((one) => one.member)), new Set([first.key.jwk.kid, second.key.jwk.kid]));
  for (const { token, kid, member: to } of handed) {
    const key = [first, second].find((one) => one.key.jwk.kid === to)?.key.key;
    assert(key !== undefined && kid === made.jwk.kid);
    const letter = await sealTo(await importPublic(made.jwk), "grant", utf8("keys"));
    assert.deepEqual(await unseal(letter, "grant", 4_096, await openReader(token, key, { org, role: "intake", kid })), utf8("keys"));
  }
  // Senders take the new one from then on.
  const known = new KnownKeys().add(world.chain.records);
  assert.deepEqual(known.readers(org, at + 2).filter(({ role }) => role === "intake").map(({ jwk }) => jwk.kid), [made.jwk.kid]);
  assert.deepEqual(endingReaders(world.chain.records, at), []);
});

await test("a reader key that nobody has any more comes back to the key holders, and to nobody whom no statement confirms", async () => {
  const at = day(320);
  const world = await World.of(2);
  const [holder, other] = world.people;
  assert(holder?.member !== undefined && other?.member !== undefined);
  holder.member.keyrings = [world.root.jwk.kid];
  other.member.keyrings = [];
  const stranger = await member();
  const unconfirmed: Somebody = { removed: false, member: { jwk: stranger.jwk, keyrings: [world.root.jwk.kid] }, devices: [] };
  const of = { people: [...world.people, unconfirmed], records: world.chain.records, root: world.root.jwk.kid };
  const { handed } = await replacing(org, endingReaders(world.chain.records, at), of, at);
  assert.deepEqual(handed.map((one) => one.member), [holder.key.jwk.kid]);
});

await test("a statement names what it changes, and everything else stays as it was said last", async () => {
  const world = await World.of(2);
  const [one, two] = world.people;
  const before = world.chain.records.length;
  await world.state({ ...nothing, revoked: [one?.device.jwk.kid ?? ""] }, day(1));
  const fresh = await newDeviceKey();
  await world.state({ ...nothing, stated: [{ jwk: fresh.jwk, role: "sign" }] }, day(2));
  const last = world.chain.history.statements.at(-1) ?? "";
  const said = JSON.parse(Buffer.from(last.split(".")[1] ?? "", "base64url").toString()) as { keys: { jwk: { kid: string } }[] };
  assert.deepEqual(said.keys.map(({ jwk }) => jwk.kid), [fresh.jwk.kid]);
  assert.equal(world.chain.records.length, before + 1);
  assert.equal(world.record(one?.device.jwk.kid).state, "revoked");
  assert.equal(world.record(two?.device.jwk.kid).state, "active");
  // What is not named cannot come back to life either.
  const back = { ...world.chain, records: world.chain.records.filter(({ jwk }) => jwk.kid !== one?.device.jwk.kid) };
  const again = await nextStatement(org, back, { ...nothing, stated: [{ jwk: one?.device.jwk as never, role: "sign" }] }, [world.root.key, day(3), 365]);
  await assert.rejects(verifyHistory(org, { ...world.chain.history, statements: [...world.chain.history.statements, again] }, day(3)), Untrusted);
});

await test("an organisation has more keys than a statement holds", async () => {
  const world = await World.of(1);
  const stated = await Promise.all(Array.from({ length: 150 }, async () => ({ jwk: (await newDeviceKey()).jwk, role: "sign" })));
  await world.state({ ...nothing, stated }, day(1));
  const more = await Promise.all(Array.from({ length: 150 }, async () => ({ jwk: (await newDeviceKey()).jwk, role: "sign" })));
  await world.state({ ...nothing, stated: more }, day(2));
  assert.equal(world.chain.records.length, 304);
  await assert.rejects(world.state({ ...nothing, revoked: world.chain.records.map(({ jwk }) => jwk.kid) }, day(3)), RangeError);
  const kids = [...stated, ...more].map(({ jwk }) => jwk.kid);
  for (const change of prolonging(kids)) await world.state(change, day(320));
  assert(kids.every((kid) => world.record(kid).until > day(680)));
});

await test("where the root was replaced, its keys ended no later than the new root's first word, whatever the hub says", async () => {
  const world = await World.of(1);
  const [one] = world.people;
  const fresh = await newDeviceKey();
  const { history } = world.chain;
  const next = { root: fresh.jwk, former: [{ root: history.root, last_seq: 1, replaced_at: "2099-01-01T00:00:00Z" }], statements: [...history.statements] };
  const records = await verifyHistory(org, next, day(200));
  assert.equal(records.find(({ jwk }) => jwk.kid === one?.device.jwk.kid)?.revokedAt, day(200));
  next.statements.push(await nextStatement(org, { history: next, records }, nothing, [fresh.key, day(10), 365]));
  const later = await verifyHistory(org, next, day(300));
  assert.equal(later.find(({ jwk }) => jwk.kid === one?.device.jwk.kid)?.revokedAt, day(10));
});
