import assert from "node:assert/strict";
import test from "node:test";
import { digest, newId, utf8 } from "../src/gateway/bytes.ts";
import type { Dictionary } from "../src/gateway/dictionary.ts";
import { type History, KnownKeys, Untrusted, mustGoOn, rootsOf, trust, verifyHistory } from "../src/gateway/directory-keys.ts";
import { Quarantined, Refusal } from "../src/gateway/fault.ts";
import { importPublic, sign } from "../src/gateway/gate.ts";
import { type Desk, open } from "../src/gateway/open.ts";
import type { Container } from "../src/gateway/packet.ts";
import { DraftFault, type Letter, type Release, seal } from "../src/gateway/seal.ts";
import { SECOND } from "../src/gateway/time.ts";
import { type Forger, type SecretJwk, freshKey, privateKey, publicOf, receiptFor, wrongs } from "./world.ts";

const AT = 1_790_000_000;
const CANARY = "Amina-Canary-Phiri";

const field = (category: string, level: string, compartment: string, shape: object) => ({ category, level, compartment, shape });
const DICTIONARY = {
  dictionary: "test-1",
  fields: {
    "ZP.1a": field("K03", "S2", "general", { kind: "text", max: 120 }),
    "ZP.1b": field("K03", "S2", "general", { kind: "text", max: 120 }),
    "ZP.4": field("K04", "S2", "general", { kind: "code", choices: "sex" }),
    "ZP.13d": field("K14", "S3", "medical", { kind: "prose", max: 4_000 }),
    "CF.attachment": field("K30", "S2", "general", { kind: "file", max: 5_000_000, media: ["application/pdf"] }),
  },
  choices: { sex: ["female", "male"] },
  compartments: { general: ["intake", "case_worker"], medical: ["medical"] },
} as unknown as Dictionary;

async function history(org: string, keys: [SecretJwk, string][]): Promise<History> {
  const root = await freshKey("sig");
  const stated = keys.map(([key, role]) => ({ jwk: publicOf(key), role, nbf: AT - 1_000, exp: AT + 1_000_000, status: "active" }));
  const statement = utf8(JSON.stringify({ v: 1, org, seq: 1, keys: stated, iat: AT - 1_000 }));
  return { root: publicOf(root) as never, former: [], statements: [await sign(await privateKey(root), "rp1-directory+jws", statement)] };
}

async function world() {
  const [sender, recipient] = [newId("org", 0), newId("org", 1_000)];
  const [signing, recipientSigning, node] = [await freshKey("sig"), await freshKey("sig"), await freshKey("sig")];
  const reader = async (organisation: string, role: string) => ({ organisation, role, key: await freshKey("enc") });
  const readers = [
    await reader(sender, "case_worker"), await reader(recipient, "intake"), await reader(recipient, "case_worker"),
    await reader(recipient, "medical"),
  ];
  const of = (organisation: string): [SecretJwk, string][] =>
    readers.filter((one) => one.organisation === organisation).map(({ key, role }) => [key, role]);
  const histories = {
    [sender]: await history(sender, [[signing, "sign"], ...of(sender)]),
    [recipient]: await history(recipient, [[recipientSigning, "sign"], ...of(recipient)]),
  };
  const known = new KnownKeys();
  for (const [organisation, told] of Object.entries(histories)) known.add(await verifyHistory(organisation, told, AT * SECOND));
  const release: Release = {
    sender, recipient, purpose: "P01", service: "SV07", urgency: "U2", retention: "RT01", onward: "OW00", subject: newId("sub", 0),
    agreement: { id: newId("dsa", 0), version: 1, digest: await digest("agreement") },
    certificate: { id: newId("cer", 0), digest: await digest("scope") },
    fields: ["ZP.1a", "ZP.4", "ZP.13d", "CF.attachment"].map((field) => ({ field })), attested: {},
  };
  const letter: Letter = {
    kind: "referral", made: AT * SECOND, expires: (AT + 86_400) * SECOND, referral: newId("ref", 0), minset: "ms_health",
    values: { "ZP.1a": CANARY, "ZP.4": "female", "ZP.13d": "canary: asthma" },
    files: [{ field: "CF.attachment", name: "canary letter.pdf", mime: "application/pdf", bytes: utf8("%PDF canary") }],
    readers: await Promise.all(readers.map(async (one) => ({ ...one, key: await importPublic(publicOf(one.key)) }))),
  };
  const desk = async (roles: string[]): Promise<Desk> => ({
    organisation: recipient, signer: await privateKey(recipientSigning), node: await importPublic(publicOf(node)), known,
    keys: await Promise.all(
      readers.filter((one) => one.organisation === recipient && roles.includes(one.role)).map(({ key }) => privateKey(key)),
    ),
    dictionary: DICTIONARY, now: AT * SECOND,
  });
  const sealed = (change: Partial<Letter> = {}, released: Partial<Release> = {}) =>
    privateKey(signing).then((signer) => seal({ ...release, ...released }, { ...letter, ...change }, signer, DICTIONARY));
  const { body } = await sealed();
  const packet = JSON.parse(body) as Container;
  const forger: Forger = { packet, sender, recipient, signing, recipientSigning, node, readers, at: AT };
  return { forger, body, desk, sealed, release, letter, histories };
}

const WORLD = await world();

await test("what is sealed opens with everything its reader may see, and with nothing else", async () => {
  const { forger, body, desk } = WORLD;
  assert(!body.includes("anary"));
  const receipt = await receiptFor(forger, forger.packet);
  const opened = await open(utf8(body), receipt, "first", await desk(["intake", "case_worker"]));
  assert.deepEqual(opened.documents.map(({ compartment, fields }) => [compartment, { ...fields }]), [
    ["general", { "ZP.1a": CANARY, "ZP.4": "female" }],
  ]);
  assert.deepEqual(opened.files.map(({ field, name }) => [field, name]), [["CF.attachment", "canary letter.pdf"]]);
  assert.equal(opened.notForUs.length, 1);
  const medical = await open(utf8(body), receipt, "first", await desk(["medical"]));
  assert.deepEqual({ ...medical.documents[0]?.fields }, { "ZP.13d": "canary: asthma" });
  assert.equal(medical.files.length, 0);
});

await test("every wrong packet is refused at its check, and says nothing of what is inside", async () => {
  const { forger, desk } = WORLD;
  const at = await desk(["intake", "case_worker"]);
  for (const { name, expected, body, receipt } of await wrongs(forger)) {
    let check = 0;
    try {
      await open(utf8(body), receipt, "first", at);
    } catch (refused) {
      assert(refused instanceof Refusal, `${name}: ${String(refused)}`);
      check = refused.check;
      assert.equal(refused.message, `the packet was refused at check ${check === 305 ? 301 : check}`);
      assert.equal(refused instanceof Quarantined, check === 311);
      assert(!JSON.stringify(refused).includes("anary") && !String(refused.stack).includes("anary"));
    }
    assert.equal(check, expected, name);
  }
});

await test("documents are padded so that their size does not tell", async () => {
  const sizes = async (name: string): Promise<number[]> => {
    const { body } = await WORLD.sealed({ values: { ...WORLD.letter.values, "ZP.1a": name } });
    return (JSON.parse(body) as Container).sections.map((section) => section?.length ?? 0);
  };
  assert.deepEqual(await sizes("x"), await sizes("é".repeat(119)));
});

await test("a draft that would be refused is not sealed, and no value shows in why", async () => {
  const { sealed, letter, release } = WORLD;
  const readers = letter.readers;
  for (const [reason, change, released] of [
    ["not_released", { values: { ...letter.values, "ZP.1b": "canary" } }, {}],
    ["no_value", { values: { "ZP.1a": "canary" } }, {}],
    ["value", { values: { ...letter.values, "ZP.4": "canary" } }, {}],
    ["value", { values: { ...letter.values, "ZP.1a": "canary \ud800" } }, {}],
    ["unknown_field", { values: { ...letter.values, "ZP.none": "canary" } }, { fields: [...release.fields, { field: "ZP.none" }] }],
    ["unknown_field", {}, { fields: [{ field: "__proto__" }, ...release.fields] }],
    ["twice", {}, { fields: [...release.fields, { field: "ZP.1a" }] }],
    ["life", { expires: letter.made + 59 * SECOND }, {}],
    ["life", {}, { until: letter.made + 59 * SECOND }],
    ["nobody_reads", { readers: readers.filter(({ role }) => role !== "medical") }, {}],
    ["no_grant", { readers: readers.slice(1) }, {}],
    ["recipients", {}, { recipient: release.sender }],
    ["file_too_large", { files: [{ ...letter.files[0], bytes: new Uint8Array(5_000_001) }] }, {}],
    ["file_too_large", { files: [{ ...letter.files[0], bytes: new Uint8Array(0) }] }, {}],
    ["file_name", { files: [{ ...letter.files[0], mime: "text/html" }] }, {}],
  ] as [string, Partial<Letter>, Partial<Release>][]) {
    await assert.rejects(
      sealed(change, released),
      (error: unknown) => error instanceof DraftFault && error.reason === reason && !String(error.stack).includes("anary"),
    );
  }
});

await test("a history of keys that was changed, cut or forked is refused, and so is a root key nobody compared", async () => {
  const [told] = Object.entries(WORLD.histories);
  assert(told !== undefined);
  const [org, good] = told;
  const refused = (error: unknown): boolean => error instanceof Untrusted;
  assert((await verifyHistory(org, good, AT * SECOND)).length > 1);
  const other = publicOf(await freshKey("sig")) as never;
  await assert.rejects(verifyHistory(org, { ...good, root: other }, AT * SECOND), refused);
  await assert.rejects(verifyHistory(newId("org", 5), good, AT * SECOND), refused);
  await assert.rejects(verifyHistory(org, { ...good, statements: [...good.statements, ...good.statements] }, AT * SECOND), refused);
  const [kid] = rootsOf(good);
  assert(kid !== undefined);
  assert.deepEqual(trust(undefined, undefined, [kid]), [kid]);
  assert.throws(() => trust([kid], undefined, ["another"]), refused);
  assert.throws(() => trust(undefined, "ours", [kid]), refused);
  assert.deepEqual(trust(undefined, kid, [kid]), [kid]);
  mustGoOn(undefined, good);
  mustGoOn({ ...good, statements: [] }, good);
  assert.throws(() => mustGoOn(good, { ...good, statements: [] }), refused);
});
