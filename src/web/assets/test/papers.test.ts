// Papers against a hub that lies: it has every sealed thing there is and every public key, and lays them where it wants.
import assert from "node:assert/strict";
import test from "node:test";
import { newId, text, utf8 } from "../src/gateway/bytes.ts";
import { importPublic, sealTo, sign, unseal } from "../src/gateway/gate.ts";
import { memoryStore } from "../src/gateway/store.ts";
import { note, noteAll, toNote } from "../src/desk/noting.ts";
import { type Keeper, PaperFault, find, keep, list, newPaperId } from "../src/desk/papers.ts";
import { takeBack } from "../src/desk/taking-back.ts";
import type { ConsentBody } from "../src/desk/consents.ts";
import { type Waiting, forget, remember, waitingOf } from "../src/desk/waiting.ts";
import { type SecretJwk, freshKey, privateKey, publicOf } from "./world.ts";

const CANARY = "canary: red scarf";
const NOW = Math.floor(Date.now() / 1000);

/** An organisation with its keys, as the hub hands them out. */
interface Party {
  id: string;
  root: SecretJwk;
  device: SecretJwk;
  reader: SecretJwk;
  statement: string;
}

async function party(place: number, change: Record<string, unknown> = {}): Promise<Party> {
  const id = newId("org", place);
  const [root, device, reader] = [await freshKey("sig"), await freshKey("sig"), await freshKey("enc")];
  const key = (jwk: SecretJwk, role: string, more = {}) => ({
    jwk: publicOf(jwk), role, nbf: NOW - 1_000, exp: NOW + 100_000, status: "active", ...more,
  });
  const said = { v: 1, org: id, seq: 1, keys: [key(device, "sign", change), key(reader, "case_worker")], iat: NOW - 900 };
  return { id, root, device, reader, statement: await sign(await privateKey(root), "rp1-directory+jws", utf8(JSON.stringify(said))) };
}

interface Lying { id: string; kind: string; kid: string; sealed: string; changed_at: string; version: number }

/** A hub that keeps papers and hands out whatever lies there. */
function hub(parties: Party[]): { papers: Map<string, Lying>; asked: string[] } {
  const papers = new Map<string, Lying>();
  const asked: string[] = [];
  const answer = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status });
  globalThis.fetch = (async (path: string, init: { method: string; headers: Record<string, string>; body?: string }) => {
    asked.push(`${init.method} ${path} ${init.body ?? ""}`);
    const of = parties.find(({ id }) => path.startsWith(`/api/v1/organisations/${id}/keys`));
    if (of !== undefined) return answer(200, { root: publicOf(of.root), former: [], statements: [of.statement] });
    const id = path.slice("/api/v1/papers/".length);
    const before = papers.get(id);
    if (init.method === "GET" && path.startsWith("/api/v1/papers/")) return before === undefined ? answer(404, {}) : answer(200, before);
    if (init.method === "GET") {
      const after = new URL(path, "http://hub").searchParams.get("after") ?? "kpt_g";
      const rows = [...papers.values()].filter((paper) => paper.id < after).sort((one, other) => (one.id < other.id ? 1 : -1));
      const items = rows.slice(0, 200);
      return answer(200, { items, ...(rows.length > 200 ? { next: items.at(-1)?.id } : {}) });
    }
    const expected = init.headers["if-match"];
    if (before !== undefined && expected !== `"${before.version}"`) {
      return answer(409, { code: expected === undefined ? "custody.exists" : "custody.changed" });
    }
    const kept: Lying = {
      id, kid: "", changed_at: new Date().toISOString(), version: (before?.version ?? 0) + 1,
      ...(JSON.parse(init.body ?? "{}") as { kind: string; sealed: string }),
    };
    papers.set(id, kept);
    return answer(200, kept);
  }) as unknown as typeof fetch;
  return { papers, asked };
}

async function keeper(of: Party): Promise<Keeper> {
  const [signer, reader, store] = [await privateKey(of.device), await privateKey(of.reader), memoryStore()];
  return {
    view: { staff: newId("stf", 7), organisation: of.id }, store, signer: async () => signer,
    readers: async () => [{ role: "case_worker", key: reader }],
  };
}

/** The one paper that lies there, signed and sealed anew with something of it changed. */
async function forged(
  [lying, reader]: [Lying, SecretJwk],
  signer: SecretJwk,
  change: Record<string, unknown> = {},
  typ = "rp1-kept+jws",
): Promise<string> {
  const token = text(await unseal(lying.sealed, "kept", 262_144, await privateKey(reader)));
  const said = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<string, unknown>;
  const signed = await sign(await privateKey(signer), typ, utf8(JSON.stringify({ ...said, ...change })));
  return sealTo(await importPublic(publicOf(reader)), "kept", utf8(signed));
}

await test("a paper comes back as it was kept, and the hub sees nothing of it", async () => {
  const harbour = await party(1);
  const { papers, asked } = hub([harbour]);
  const by = await keeper(harbour);
  const kept = await keep(by, "consent", { nickname: CANARY });
  const again = await keep(by, "consent", { nickname: `${CANARY} 2` }, kept);
  assert.deepEqual([papers.size, kept.version, again.version], [1, 1, 2]);
  const { papers: read, closed } = await list<{ nickname: string }>(by, "consent");
  assert.deepEqual(read.map(({ id, body, by: who }) => [id, body.nickname, who]), [[kept.id, `${CANARY} 2`, by.view.staff]]);
  assert.equal(closed, 0);
  assert(!asked.some((said) => said.includes("canary")) && ![...papers.values()].some(({ sealed }) => sealed.includes("canary")));
});

await test("what somebody else changed meanwhile is not written over", async () => {
  const harbour = await party(2);
  hub([harbour]);
  const by = await keeper(harbour);
  const kept = await keep(by, "case", { nickname: "a" });
  await keep(by, "case", { nickname: "b" }, kept);
  await assert.rejects(keep(by, "case", { nickname: "c" }, kept));
});

await test("nothing is kept for nobody: without a key of the case workers a paper is refused", async () => {
  const harbour = await party(3);
  const stated = { ...harbour, statement: await sign(await privateKey(harbour.root), "rp1-directory+jws", utf8(JSON.stringify(
    { v: 1, org: harbour.id, seq: 1, keys: [], iat: NOW - 900 },
  ))) };
  hub([stated]);
  await assert.rejects(keep(await keeper(stated), "consent", {}), (fault: unknown) => fault instanceof PaperFault && fault.reason === "no_key");
});

await test("a paper that the hub forged, moved or took from another organisation is not shown", async () => {
  const [harbour, clinic] = [await party(4), await party(5)];
  const { papers } = hub([harbour, clinic]);
  const by = await keeper(harbour);
  const { id } = await keep(by, "consent", { nickname: CANARY });
  const good = papers.get(id) as Lying;
  const read = async (lying: Partial<Lying>): Promise<[number, number, number]> => {
    papers.clear();
    papers.set(id, { ...good, ...lying });
    const { papers: shown, closed, forged } = await list(by, "consent");
    return [shown.length, closed, forged];
  };
  const made = (signer: SecretJwk, change = {}, typ?: string): Promise<string> => forged([good, harbour.reader], signer, change, typ);
  assert.deepEqual(await read({}), [1, 0, 0]);
  assert.deepEqual(await read({ sealed: await made(harbour.device) }), [1, 0, 0], "what is signed right is read");
  const stranger = await freshKey("sig");
  for (const [name, sealed] of [
    ["signed by nobody's key", await made(stranger)],
    ["signed by another organisation's key", await made(clinic.device)],
    ["signed by a reader's key of our own", await made({ ...stranger, kid: harbour.reader.kid })],
    ["signed as another thing", await made(harbour.device, {}, "rp1-content+jws")],
    ["another id", await made(harbour.device, { id: newId("kpt", 9) })],
    ["another organisation", await made(harbour.device, { org: clinic.id })],
    ["another kind", await made(harbour.device, { kind: "case" })],
    ["another version of the form", await made(harbour.device, { v: 2 })],
    ["a member more", await made(harbour.device, { more: 1 })],
    ["cut off", good.sealed.slice(0, -1)],
    ["no token", "x"],
  ] as const) assert.deepEqual(await read({ sealed }), [0, 0, 1], name);
  assert.deepEqual(await read({ id: newId("kpt", 10) }), [0, 0, 1], "laid under another id");
  assert.deepEqual(await read({ kind: "case" }), [0, 0, 1], "laid among another kind");
  const elsewhere = await sealTo(await importPublic(publicOf(clinic.reader)), "kept", utf8("x"));
  assert.deepEqual(await read({ sealed: elsewhere }), [0, 1, 0], "sealed to a key that is not held here");
});

await test("a paper that a stolen key wrote after it was known to be stolen is not shown, however it is dated", async () => {
  const harbour = await party(6, { compromised_at: NOW - 500 });
  const { papers } = hub([harbour]);
  const by = await keeper(harbour);
  const { id } = await keep(by, "consent", {});
  const lying = papers.get(id) as Lying;
  papers.set(id, { ...lying, sealed: await forged([lying, harbour.reader], harbour.device, { at: NOW - 900 }) });
  assert.deepEqual(await list(by, "consent"), { papers: [], closed: 0, forged: 1 });
});

await test("a paper whose answer was lost is kept when it is tried again, and is one paper", async () => {
  const harbour = await party(7);
  const { papers } = hub([harbour]);
  const [by, id, reached] = [await keeper(harbour), newPaperId(), globalThis.fetch];
  globalThis.fetch = (async (path: string, init: RequestInit) => {
    const response = await reached(path, init);
    if (init.method === "PUT") throw new TypeError("the line is dead");
    return response;
  }) as unknown as typeof fetch;
  await assert.rejects(keep(by, "consent", { nickname: "a" }, { id }));
  globalThis.fetch = reached;
  const kept = await keep(by, "consent", { nickname: "b" }, { id });
  assert.deepEqual([kept.id, kept.version, papers.size], [id, 2, 1]);
  assert.equal((await find<{ nickname: string }>(by, "consent", id)).body.nickname, "b");
});

await test("of many papers the newest are read first, and the older ones where they ended", async () => {
  const harbour = await party(8);
  const { papers } = hub([harbour]);
  const by = await keeper(harbour);
  const { id } = await keep(by, "consent", { nickname: "a" });
  const lying = papers.get(id) as Lying;
  for (let place = 1; place <= 200; place++) {
    const newer = newId("kpt", (Date.now() + place) * 1_000);
    papers.set(newer, { ...lying, id: newer, sealed: "x" });
  }
  const first = await list(by, "consent");
  assert.deepEqual([first.papers.length, first.forged], [0, 200]);
  const { papers: older, next } = await list(by, "consent", first.next);
  assert.deepEqual([older.map((paper) => paper.id), next], [[id], undefined]);
});

await test("a referral is noted in its paper, whoever else changes it meanwhile, and tried again when it could not be", async () => {
  const harbour = await party(9);
  const { papers, asked } = hub([harbour]);
  const [by, reached] = [await keeper(harbour), globalThis.fetch];
  const { id: paper } = await keep(by, "consent", { nickname: "a" });
  const noted = async (): Promise<string[]> => (await find<{ referrals?: string[] }>(by, "consent", paper)).body.referrals ?? [];
  let changes = 1;
  globalThis.fetch = (async (path: string, init: RequestInit) => {
    const lying = papers.get(paper) as Lying;
    if (init.method === "PUT" && changes-- > 0) papers.set(paper, { ...lying, version: lying.version + 1 });
    return reached(path, init);
  }) as unknown as typeof fetch;
  await toNote(by.store, { paper, referral: "ref_1" });
  await note(by, { paper, referral: "ref_1" });
  assert.deepEqual([await noted(), await by.store.names().then((names) => names.filter((name) => name.startsWith("unnoted ")))], [["ref_1"], []]);
  changes = 2;
  await toNote(by.store, { paper, referral: "ref_2" });
  await assert.rejects(note(by, { paper, referral: "ref_2" }));
  assert((await by.store.names()).includes("unnoted ref_2"));
  await noteAll(by);
  assert.deepEqual([await noted(), (await by.store.names()).includes("unnoted ref_2")], [["ref_1", "ref_2"], false]);
  // Noted twice it stands there once, and one whose paper is gone is not tried for ever.
  const puts = asked.length;
  await note(by, { paper, referral: "ref_2" });
  assert(!asked.slice(puts).some((said) => said.startsWith("PUT")));
  papers.clear();
  await toNote(by.store, { paper, referral: "ref_3" });
  await noteAll(by);
  assert(!(await by.store.names()).some((name) => name.startsWith("unnoted ")));
});

await test("two windows that keep a sealed letter at once keep both, and the list of before is taken over", async () => {
  const store = memoryStore();
  const one = (packet: string, at: number): Waiting => (
    { packet, at, referral: "", to: "", service: "", body: "", envelope: "", paper: "" }
  );
  await store.put("waiting packets", [one("pkt_1", 1)]);
  await Promise.all([remember(store, one("pkt_3", 3)), remember(store, one("pkt_2", 2))]);
  assert.deepEqual((await waitingOf(store)).map(({ packet }) => packet), ["pkt_1", "pkt_2", "pkt_3"]);
  await forget(store, "pkt_1");
  assert.deepEqual((await waitingOf(store)).map(({ packet }) => packet), ["pkt_2", "pkt_3"]);
});

await test("what is taken back the hub hears first, by the code and then by the pseudonym, and the paper says so afterwards", async () => {
  const us = await party(1);
  const { asked } = hub([us]);
  const papers = globalThis.fetch;
  const known = new Set(["sub_known"]);
  globalThis.fetch = (async (path: string, init: { method: string; body?: string }) => {
    if (path !== "/api/v1/withdrawals") return papers(path, init as RequestInit);
    asked.push(`${init.method} ${path} ${init.body ?? ""}`);
    const { subject } = JSON.parse(init.body ?? "{}") as { subject?: string };
    return subject !== undefined && known.has(subject)
      ? new Response(JSON.stringify({ withdrawal: "wdr_1" }), { status: 201 }) : new Response(JSON.stringify({ code: "access.not_found" }), { status: 404 });
  }) as unknown as typeof fetch;
  const keeping = await keeper(us);
  const body = (subject: string, certificates: ConsentBody["certificates"]): ConsentBody =>
    ({ nickname: CANARY, record: { version: 2, subject, withdrawal: { code: "CODE" } }, certificates, services: [], code_given: true }) as unknown as ConsentBody;
  const certificates = { org_x: { token: "t", id: "cer", digest: "d" } };
  const paper = await keep(keeping, "consent", body("sub_known", certificates));
  const from = asked.length;
  const done = await takeBack(keeping, paper, { categories: ["K14"] });
  assert.equal(done.taken.withdrawal, "wdr_1");
  const order = asked.slice(from).filter((one) => /withdrawals|PUT/.test(one)).map((one) => (one.startsWith("PUT") ? "paper" : one.includes('"code"') ? "code" : "subject"));
  assert.deepEqual(order, ["code", "subject", "paper"]);
  assert(!asked.some((one) => one.includes(CANARY)));
  const kept = await find<ConsentBody>(keeping, "consent", paper.id);
  const noted = kept.body.taken_back?.map(({ version, extent, withdrawal }) => [version, extent.categories, withdrawal]);
  assert.deepEqual(noted, [[2, ["K14"], "wdr_1"]]);
  // Where certificates were handed in and the hub knows nothing, it is not settled; where none was, there is nobody to tell.
  const lost = await keep(keeping, "consent", body("sub_lost", certificates));
  await assert.rejects(takeBack(keeping, lost, {}));
  assert.equal((await find<ConsentBody>(keeping, "consent", lost.id)).body.taken_back, undefined);
  const unsent = await keep(keeping, "consent", body("sub_lost", {}));
  assert.equal((await takeBack(keeping, unsent, {})).taken.withdrawal, undefined);
});
