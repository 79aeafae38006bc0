import assert from "node:assert/strict";
import { createDecipheriv, hkdfSync, pbkdf2Sync } from "node:crypto";
import test from "node:test";
import { newId, utf8 } from "../src/gateway/bytes.ts";
import { importPublic, sealTo, sign, unseal } from "../src/gateway/gate.ts";
import {
  Custody, IDLE, KeyFault, Locked, compared, handOn, newDeviceKey, newMember, newPassphrase, newReader, newRecovery, openMember, openReader,
} from "../src/gateway/keys.ts";
import { NotACode, comparisonCode, drawPassphrase, drawRecoveryCode, recoveryBytes } from "../src/gateway/secrets.ts";
import { memoryStore } from "../src/gateway/store.ts";
import { words } from "../src/gateway/words.ts";

const because = (reason: string) => (error: unknown) => error instanceof KeyFault && error.reason === reason;

await test("a passphrase is drawn of words that nobody takes for one another", () => {
  const WORDS = words();
  assert(WORDS.length > 1_900 && new Set(WORDS.map((word) => word.slice(0, 4))).size === WORDS.length);
  assert(WORDS.every((word) => /^[a-z]{3,8}$/.test(word)));
  const drawn = new Set(Array.from({ length: 200 }, () => drawPassphrase()));
  assert.equal(drawn.size, 200);
  for (const passphrase of drawn) assert.equal(passphrase.split(" ").length, 4);
  assert.equal(drawPassphrase(6).split(" ").length, 6);
  assert.equal(drawPassphrase(1).split(" ").length, 4, "never fewer");
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
  const [passphrase, code] = [drawPassphrase(), drawRecoveryCode()];
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
  await assert.rejects(openMember(kid, { wrap: made.passphrase, passphrase: drawPassphrase() }), because("wrong"));
  await assert.rejects(openMember(kid, { wrap: made.recovery, code: drawRecoveryCode() }), because("wrong"));
  const other = await newMember(passphrase, code);
  await assert.rejects(openMember(other.jwk.kid, { wrap: made.passphrase, passphrase }), because("other_key"));
  assert(!JSON.stringify(made.passphrase).includes(passphrase) && !JSON.stringify(made).includes('"d"'));
  const [fresh, sheet] = [drawPassphrase(), drawRecoveryCode()];
  const changed = await newPassphrase(kid, { wrap: made.recovery, code }, fresh);
  assert.equal((await openMember(kid, { wrap: changed, passphrase: fresh })).kid, kid);
  const paper = await newRecovery(kid, { wrap: changed, passphrase: fresh }, sheet);
  assert.equal((await openMember(kid, { wrap: paper, code: sheet })).kid, kid);
  await assert.rejects(openMember(kid, { wrap: paper, code }), because("wrong"));
});

await test("what asks for fewer rounds, or too many, or is of another form, is not worked with, whoever sends it", async () => {
  const passphrase = drawPassphrase();
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
  const [one, other, third] = await Promise.all([0, 1, 2].map(() => newMember(drawPassphrase(), drawRecoveryCode())));
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
  const [org, member] = [newId("org", 0), newId("stf", 0)];
  const [one, other] = [await newDeviceKey(), await newDeviceKey()];
  const code = await comparisonCode(org, member, one.jwk.kid);
  assert(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/.test(code), code);
  assert.equal(code, await comparisonCode(org, member, one.jwk.kid));
  assert.notEqual(code, await comparisonCode(org, member, other.jwk.kid));
  assert.notEqual(code, await comparisonCode(org, newId("stf", 0), one.jwk.kid));
});

await test("a key is put away when nobody used it for a while, and a page that comes later finds it only until then", async () => {
  const store = memoryStore();
  let now = 1_000;
  const page = (): Custody => new Custody(store, () => now);
  const member = (await newMember(drawPassphrase(), drawRecoveryCode())).key;
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
  const [passphrase, code] = [drawPassphrase(), drawRecoveryCode()];
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
