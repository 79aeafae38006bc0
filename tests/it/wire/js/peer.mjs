// A partner's gateway in a page of JavaScript: `node peer.mjs seal|open` reads a task from standard input and answers on standard
// output. Everything about the format that a partner has to write is in here; the rest is the library.
import { createHash, randomBytes } from "node:crypto";
import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify, importJWK } from "jose";

const utf8 = new TextEncoder();
const text = (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);
const b64u = (bytes) => Buffer.from(bytes).toString("base64url");
const digest = (data) => createHash("sha256").update(data).digest("base64url");
const json = (value) => utf8.encode(JSON.stringify(value));

// Members sorted by name, at every depth.
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));
}
const commitment = (field, salt, value) => digest(JSON.stringify(["rp1-field", field, salt, sorted(value)]));

function check(holds, what) {
  if (!holds) throw new Error(what);
}

async function sign(jwk, typ, payload) {
  const key = await importJWK(jwk, "ES256");
  return new CompactSign(payload).setProtectedHeader({ alg: "ES256", kid: jwk.kid, typ }).sign(key);
}

async function verify(jwk, typ, token) {
  const key = await importJWK(jwk, "ES256");
  const { payload, protectedHeader } = await compactVerify(token, key, { algorithms: ["ES256"] });
  check(protectedHeader.typ === typ && protectedHeader.kid === jwk.kid, `header of ${typ}`);
  return JSON.parse(text(payload));
}

async function encryptSection(key, cty, bytes) {
  const header = { alg: "dir", enc: "A256GCM", typ: "rp1-section+jwe", ...(cty && { cty }) };
  return new CompactEncrypt(bytes).setProtectedHeader(header).encrypt(key);
}

function padded(content) {
  const bare = json({ ...content, pad: "" }).length;
  const size = [2048, 8192, 32768].find((size) => bare <= size);
  return json({ ...content, pad: "0".repeat(size - bare) });
}

async function seal(task) {
  const { claims, signing } = task;
  const about = { v: 1, iss: claims.iss, aud: claims.aud, jti: claims.jti };
  const sections = [], fields = [];
  const add = async (role, cty, bytes) => {
    const key = randomBytes(32), token = await encryptSection(key, cty, bytes), id = `s${sections.length}`;
    sections.push({ key, token, stated: { id, role, len: token.length, h: digest(token), kc: digest(key) } });
    return id;
  };
  const list = (id, sec, salt, value) =>
    fields.push({ f: id, c: task.categories[id], sec, n: commitment(id, salt, value) });
  for (const { role, data, files } of task.compartments) {
    const salts = {}, notes = [];
    for (const { field, name, mime, base64 } of files) {
      const bytes = Buffer.from(base64, "base64");
      const sec = await add(role, undefined, bytes);
      const note = { sec, name, mime, size: bytes.length, sha256: digest(bytes) };
      salts[sec] = b64u(randomBytes(16));
      list(field, sec, salts[sec], note);
      notes.push(note);
    }
    const sec = `s${sections.length}`;
    for (const [id, value] of Object.entries(data)) {
      salts[id] = b64u(randomBytes(16));
      list(id, sec, salts[id], value);
    }
    const content = { ...about, sec, sch: "rp1-fields.v1", data, salts, files: notes };
    await add(role, "rp1-content+jws", utf8.encode(await sign(signing, "rp1-content+jws", padded(content))));
  }
  const grants = [];
  for (const { aud, role, jwk, compartments } of task.readers) {
    const mine = sections.filter(({ stated }) => compartments.includes(stated.role));
    if (mine.length === 0) continue;
    const keys = Object.fromEntries(mine.map(({ key, stated }) => [stated.id, b64u(key)]));
    const token = await new CompactEncrypt(json({ ...about, aud, keys }))
      .setProtectedHeader({ alg: "ECDH-ES+A256KW", enc: "A256GCM", kid: jwk.kid, typ: "rp1-grant+jwe" })
      .encrypt(await importJWK(jwk, "ECDH-ES+A256KW"));
    grants.push({ token, stated: { aud, role, kid: jwk.kid, h: digest(token) } });
  }
  const manifest = json({ v: 1, dict: task.dict, minset: task.minset, fields });
  const envelope = {
    ...claims,
    manifest: digest(manifest),
    grants: grants.map(({ stated }) => stated),
    sections: sections.map(({ stated }) => stated),
  };
  return {
    v: 1,
    envelope: await sign(signing, "rp1-envelope+jws", json(envelope)),
    manifest: b64u(manifest),
    grants: grants.map(({ token }) => token),
    sections: sections.map(({ token }) => token),
  };
}

async function open({ packet, sender, reader, keys }) {
  const claims = await verify(sender, "rp1-envelope+jws", packet.envelope);
  const manifestBytes = Buffer.from(packet.manifest, "base64url");
  check(digest(manifestBytes) === claims.manifest, "manifest");
  const manifest = JSON.parse(text(manifestBytes));
  const opened = {};
  for (const [place, stated] of claims.grants.entries()) {
    check(digest(packet.grants[place]) === stated.h, "grant digest");
    const jwk = keys.find(({ kid }) => kid === stated.kid);
    if (!jwk || stated.aud !== reader) continue;
    const { plaintext } = await compactDecrypt(packet.grants[place], await importJWK(jwk, "ECDH-ES+A256KW"), {
      keyManagementAlgorithms: ["ECDH-ES+A256KW"], contentEncryptionAlgorithms: ["A256GCM"],
    });
    const grant = JSON.parse(text(plaintext));
    check(grant.iss === claims.iss && grant.aud === reader && grant.jti === claims.jti, "grant claims");
    for (const [id, key] of Object.entries(grant.keys)) opened[id] = Buffer.from(key, "base64url");
  }
  const values = {}, found = [], documents = [], bytes = {};
  for (const [place, stated] of claims.sections.entries()) {
    const key = opened[stated.id], token = packet.sections[place];
    if (!key) continue;
    check(token.length === stated.len && digest(token) === stated.h && digest(key) === stated.kc, "section");
    const { plaintext, protectedHeader } = await compactDecrypt(token, key, {
      keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"], maxDecompressedLength: 0,
    });
    if (protectedHeader.cty === "rp1-content+jws") {
      const content = await verify(sender, "rp1-content+jws", text(plaintext));
      check(content.jti === claims.jti && content.sec === stated.id, "content claims");
      documents.push(content);
    } else bytes[stated.id] = plaintext;
  }
  for (const { sec, data, salts, files } of documents) {
    const listed = new Map(manifest.fields.filter((field) => field.sec === sec).map(({ f, n }) => [f, n]));
    check(listed.size === Object.keys(data).length, "manifest");
    for (const [id, value] of Object.entries(data)) {
      check(listed.get(id) === commitment(id, salts[id], value), `commitment of ${id}`);
      values[id] = value;
    }
    for (const note of files) {
      const { f, n } = manifest.fields.find((field) => field.sec === note.sec);
      check(n === commitment(f, salts[note.sec], note), `commitment of ${f}`);
      check(bytes[note.sec].length === note.size && digest(bytes[note.sec]) === note.sha256, "file");
      found.push({ field: f, name: note.name, sha256: note.sha256 });
    }
  }
  return { jti: claims.jti, values, files: found };
}

const input = [];
for await (const chunk of process.stdin) input.push(chunk);
const task = JSON.parse(Buffer.concat(input).toString("utf8"));
const answer = process.argv[2] === "seal" ? await seal(task) : await open(task);
process.stdout.write(JSON.stringify(answer));
