import assert from "node:assert/strict";
import { createDecipheriv, hkdfSync, pbkdf2Sync } from "node:crypto";
import test from "node:test";
import { newId, utf8 } from "../src/gateway/bytes.ts";
import { type KeyRecord, verifyHistory } from "../src/gateway/directory-keys.ts";
import { importPublic, sealTo, sign, thumbprint, unseal } from "../src/gateway/gate.ts";
import {
  Custody, IDLE, KeyFault, Locked, compared, handOn, newDeviceKey, newMember, newPassphrase, newReader, newRecovery, openMember, openReader,
  openRoot,
} from "../src/gateway/keys.ts";
import { NotACode, comparisonCode, drawPassphrase, drawRecoveryCode, recoveryBytes } from "../src/gateway/secrets.ts";
import { nextStatement } from "../src/gateway/statement.ts";
import { memoryStore } from "../src/gateway/store.ts";
import { words } from "../src/gateway/words.ts";

const because = (reason: string) => (error: unknown) => error instanceof KeyFault && error.reason === reason;

await test("a passphrase is drawn of words that nobody takes for one another", async () => {
  const WORDS = words();
  assert(WORDS.length > 1_900 && new Set(WORDS.map((word) => word.slice(0, 5))).size === WORDS.length);
  assert(WORDS.every((word) => /^[a-z]{3,8}$/.test(word)));
  const drawn = new Set(await Promise.all(Array.from({ length: 200 }, () => drawPassphrase())));
  assert.equal(drawn.size, 200);
  for (const passphrase of drawn) assert.equal(passphrase.split(" ").length, 5);
  assert.equal((await drawPassphrase(6)).split(" ").length, 6);
  assert.equal((await drawPassphrase(1)).split(" ").length, 5, "never fewer");
});

await test("a recovery code is read as people write, and every wrong letter is found", () => {
  const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  for (let n = 0; n < 20; n++) {
    const code = drawRecoveryCode();
    assert(/^([0-9A-Z]{4}-){8}[0-9A-Z]$/.test(code), code);
    const bytes = recoveryBytes(code);
    assert.equal(bytes.length, 20);
    const sloppy = ` ${code.toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l")} `;
    assert.deepEqual(recoveryBytes(sloppy), bytes);
    for (let place = 0; place < code.length; place++) {
      const was = code.charAt(place);
      if (was === "-") continue;
      for (const other of letters) {
        if (other === was) continue;
        assert.throws(() => recoveryBytes(code.slice(0, place) + other + code.slice(place + 1)), NotACode);
      }
    }
  }
  for (const none of ["", "0000", "U".repeat(33), drawRecoveryCode().slice(1)]) assert.throws(() => recoveryBytes(none), NotACode);
});

await test("a member's key comes back by its passphrase and by its code, and by nothing else", async () => {
  const [passphrase, code] = [await drawPassphrase(), drawRecoveryCode()];
  const made = await newMember(passphrase, code);
  const { kid } = made.jwk;
  const token = await sealTo(await importPublic(made.jwk), "keyring", utf8("canary"));
  for (const key of [
    made.key,
    await openMember(kid, { wrap: made.passphrase, passphrase: `  ${passphrase.toUpperCase()} ` }),
    await openMember(kid, { wrap: made.recovery, code: code.toLowerCase() }),
  ]) {
    assert.deepEqual(await unseal(token, "keyring", 8_192, key), utf8("canary"));
    assert.equal(key.key.extractable, false);
    await assert.rejects(crypto.subtle.exportKey("jwk", key.key));
  }
  await assert.rejects(openMember(kid, { wrap: made.passphrase, passphrase: await drawPassphrase() }), because("wrong"));
  await assert.rejects(openMember(kid, { wrap: made.recovery, code: drawRecoveryCode() }), because("wrong"));
  const other = await newMember(passphrase, code);
  await assert.rejects(openMember(other.jwk.kid, { wrap: made.passphrase, passphrase }), because("other_key"));
  assert(!JSON.stringify(made.passphrase).includes(passphrase) && !JSON.stringify(made).includes('"d"'));
  const [fresh, sheet] = [await drawPassphrase(), drawRecoveryCode()];
  const changed = await newPassphrase(kid, { wrap: made.recovery, code }, fresh);
  assert.equal((await openMember(kid, { wrap: changed, passphrase: fresh })).kid, kid);
  const paper = await newRecovery(kid, { wrap: changed, passphrase: fresh }, sheet);
  assert.equal((await openMember(kid, { wrap: paper, code: sheet })).kid, kid);
  await assert.rejects(openMember(kid, { wrap: paper, code }), because("wrong"));
});

await test("what asks for fewer rounds, or too many, or is of another form, is not worked with, whoever sends it", async () => {
  const passphrase = await drawPassphrase();
  const { jwk: { kid }, passphrase: wrap, recovery } = await newMember(passphrase, drawRecoveryCode());
  for (const change of [
    { rounds: 599_999 }, { rounds: 1 }, { rounds: 10_000_001 }, { rounds: 600_000.5 }, { rounds: "600000" }, { kdf: "PBKDF2-SHA1" },
    { salt: "" }, { salt: "AAAA" }, { v: 2 }, { more: 1 }, { jwe: 1 },
  ]) {
    await assert.rejects(openMember(kid, { wrap: { ...wrap, ...change } as never, passphrase }), because("parameters"));
  }
  await assert.rejects(openMember(kid, { wrap: recovery as never, passphrase }), because("parameters"));
  await assert.rejects(openMember(kid, { wrap: { ...wrap, jwe: `${wrap.jwe}A` }, passphrase }), because("wrong"));
});

await test("a reader key opens for the members it was wrapped to, under its own name", async () => {
  const org = newId("org", 0);
  const [one, other, third] = await Promise.all([0, 1, 2].map(async () => newMember(await drawPassphrase(), drawRecoveryCode())));
  assert(one !== undefined && other !== undefined && third !== undefined);
  const made = await newReader(org, "intake", [await importPublic(one.jwk), await importPublic(other.jwk)]);
  assert(!JSON.stringify(made).includes('"d"'));
  const named = { org, role: "intake", kid: made.jwk.kid };
  const token = made.keyrings[one.jwk.kid] ?? "";
  const grant = await sealTo(await importPublic(made.jwk), "grant", utf8("keys"));
  for (const member of [one, other]) {
    const key = await openReader(made.keyrings[member.jwk.kid] ?? "", member.key, named);
    assert.deepEqual(await unseal(grant, "grant", 4_096, key), utf8("keys"));
    assert.equal(key.key.extractable, false);
  }
  await assert.rejects(openReader(token, other.key, named), because("wrong"));
  await assert.rejects(openReader(token, one.key, { ...named, role: "medical" }), because("other_key"));
  await assert.rejects(openReader(token, one.key, { ...named, org: newId("org", 1) }), because("other_key"));
  await assert.rejects(openReader(token, one.key, { ...named, kid: one.jwk.kid }), because("other_key"));
  const handed = await handOn(token, one.key, named, await compared(third.jwk));
  assert.equal((await openReader(handed, third.key, named)).kid, made.jwk.kid);
});

await test("two people compare a short code, and another key has another", async () => {
  const of = { organisation: newId("org", 0), root: "root", staff: newId("stf", 0), member: "member", device: "device" };
  const code = await comparisonCode(of);
  assert(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/.test(code), code);
  assert.equal(code, await comparisonCode({ ...of }));
  for (const other of ["organisation", "root", "staff", "member", "device"]) {
    assert.notEqual(code, await comparisonCode({ ...of, [other]: "other" }), other);
  }
});

await test("a key is put away when nobody used it for a while, and a page that comes later finds it only until then", async () => {
  const store = memoryStore();
  let now = 1_000;
  const page = (): Custody => new Custody(store, () => now);
  const member = (await newMember(await drawPassphrase(), drawRecoveryCode())).key;
  await assert.rejects(page().member(), Locked);
  await page().open(member);
  now += IDLE - 1;
  assert.equal((await page().member()).kid, member.kid);
  now += IDLE - 1;
  assert.equal(await page().left(), 1);
  now += 1;
  assert.equal(await page().left(), 0);
  await assert.rejects(page().member(), Locked);
  assert.equal(await store.get("member"), undefined, "it is gone, not only hidden");
  await page().open(member);
  now -= 10 * IDLE;
  await assert.rejects(page().member(), Locked);
  await page().open(member);
  await page().lock();
  await assert.rejects(page().member(), Locked);
});

await test("a key that is put away at the moment somebody uses it stays away", async () => {
  const inner = memoryStore();
  await new Custody(inner, () => 0).open((await newDeviceKey()).key);
  // Another page locks it between two looks at the store.
  const store = {
    ...inner,
    get: async (name: string) => {
      const found = await inner.get(name);
      await inner.remove(name);
      return found;
    },
  };
  await assert.rejects(new Custody(store, () => 0).member(), Locked);
  assert.equal(await inner.get("member"), undefined);
});

await test("two pages that are opened at once make one device key", async () => {
  const store = memoryStore();
  const [one, other] = await Promise.all([1, 2].map(() => new Custody(store, () => 0).device()));
  assert.equal(one?.jwk.kid, other?.jwk.kid);
  assert.equal((await new Custody(store, () => 0).device()).jwk.kid, one?.jwk.kid);
});

await test("a device signs with a key that cannot leave it, and keeps it", async () => {
  const store = memoryStore();
  const custody = new Custody(store, () => 0);
  const made = await custody.device();
  assert.equal(made.key.key.extractable, false);
  await assert.rejects(crypto.subtle.exportKey("jwk", made.key.key));
  assert.equal((await custody.device()).jwk.kid, made.jwk.kid);
  assert((await sign(made.key, "rp1-receipt+jws", utf8("{}"))).length > 86);
  await custody.forget();
  assert.notEqual((await custody.device()).jwk.kid, made.jwk.kid);
});

await test("a wrap is of the form that is written down, and another library opens it", async () => {
  const [passphrase, code] = [await drawPassphrase(), drawRecoveryCode()];
  const made = await newMember(passphrase, code);
  const bytes = (text: string): Uint8Array => Buffer.from(text, "base64url");
  const opened = (jwe: string, key: Uint8Array): Record<string, unknown> => {
    const [header = "", none, iv = "", ciphertext = "", tag = ""] = jwe.split(".");
    assert.equal(Buffer.from(header, "base64url").toString(), '{"alg":"dir","enc":"A256GCM","typ":"rp1-keyring+jwe"}');
    assert.equal(none, "");
    const cipher = createDecipheriv("aes-256-gcm", key, bytes(iv)).setAAD(Buffer.from(header)).setAuthTag(bytes(tag));
    return JSON.parse(Buffer.concat([cipher.update(bytes(ciphertext)), cipher.final()]).toString()) as Record<string, unknown>;
  };
  const { rounds, salt, jwe } = made.passphrase;
  const byPassphrase = opened(jwe, pbkdf2Sync(passphrase, bytes(salt), rounds, 32, "sha256"));
  assert.equal(Object.keys(byPassphrase).join(" "), "kty crv x y use alg kid d");
  const info = "throughline recovery code";
  const byCode = opened(made.recovery.jwe, new Uint8Array(hkdfSync("sha256", recoveryBytes(code), bytes(made.recovery.salt), info, 32)));
  assert.deepEqual(byCode, byPassphrase);
  assert.equal(byCode["kid"], made.jwk.kid);
});

await test("a key holder signs what follows the history, and the chain holds", async () => {
  const org = newId("org", 0);
  const [holder, colleague, root] = [await newMember(await drawPassphrase(), drawRecoveryCode()), await newDeviceKey(), await newDeviceKey()];
  const reader = await newReader(org, "intake", [await importPublic(holder.jwk)]);
  const at = (seconds: number): number => (1_790_000_000 + seconds) * 1_000_000;
  const first = { history: { root: root.jwk, former: [], statements: [] as string[] }, records: [] as KeyRecord[] };
  const stated = [{ jwk: holder.jwk, role: "member" }, { jwk: reader.jwk, role: "intake" }, { jwk: colleague.jwk, role: "sign" }];
  first.history.statements.push(await nextStatement(org, first, { stated, revoked: [], retired: [] }, [root.key, at(0), 365]));
  const records = await verifyHistory(org, first.history, at(1));
  assert.deepEqual(records.map(({ role, state }) => `${role} ${state}`), ["member active", "intake active", "sign active"]);
  const change = { stated: [], revoked: [colleague.jwk.kid], retired: [reader.jwk.kid] };
  const next = await nextStatement(org, { history: first.history, records }, change, [root.key, at(60), 365]);
  const history = { ...first.history, statements: [...first.history.statements, next] };
  const after = await verifyHistory(org, history, at(61));
  assert.deepEqual(after.map(({ role, state }) => `${role} ${state}`), ["member active", "intake retired", "sign revoked"]);
  // What was once revoked is not taken back by the next statement.
  const third = await nextStatement(org, { history, records: after }, { stated, revoked: [], retired: [] }, [root.key, at(120), 365]);
  const last = await verifyHistory(org, { ...history, statements: [...history.statements, third] }, at(121));
  assert.equal(last.length, 3);
  assert.equal(last[2]?.state, "revoked");
});

await test("a root key is handed to a key holder, signs there, and is taken for nothing else", async () => {
  const org = newId("org", 0);
  const made = await newMember(await drawPassphrase(), drawRecoveryCode());
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const { x = "", y = "", d = "" } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const kid = await thumbprint(x, y);
  const jwk = { kty: "EC", crv: "P-256", x, y, use: "sig", alg: "ES256", kid, d };
  const said = { v: 1, org, role: "root", member: made.jwk.kid, jwk };
  const token = await sealTo(await importPublic(made.jwk), "keyring", utf8(JSON.stringify(said)));
  const root = await openRoot(token, made.key, { org, kid });
  assert.equal(root.kid, kid);
  assert.equal(root.key.extractable, false);
  await assert.rejects(openReader(token, made.key, { org, role: "root", kid }), because("other_key"));
  await assert.rejects(openRoot(token, made.key, { org: newId("org", 1), kid }), because("other_key"));
  const other = await newMember(await drawPassphrase(), drawRecoveryCode());
  const passed = await handOn(token, made.key, { org, role: "root", kid }, await compared(other.jwk));
  assert.equal((await openRoot(passed, other.key, { org, kid })).kid, kid);
});
