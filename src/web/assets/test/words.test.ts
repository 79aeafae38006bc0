import assert from "node:assert/strict";
import test from "node:test";
import { NotBytes, decode, digest, encode, newId, utf8 } from "../src/gateway/bytes.ts";
import { type Json, NotClosed, canonical, read } from "../src/gateway/closed.ts";
import { takes } from "../src/gateway/dictionary.ts";
import { DIGEST, FIELD, SALT, SECTION, TAG } from "../src/gateway/shape.ts";
import { isDay, moment, monthsAfter, written } from "../src/gateway/time.ts";

await test("base64url is written one way only", async () => {
  for (let length = 0; length < 70; length++) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    assert.deepEqual(decode(encode(bytes)), bytes);
  }
  assert.equal(encode(new Uint8Array(100_000)).length, 133_334);
  for (const text of ["A", "AB", "AAB", "AA=", "AA==", "A A", "A+", "A/", "é", "AA\n"]) assert.throws(() => decode(text), NotBytes);
  assert.equal(await digest("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
});

await test("closed JSON takes what every library reads alike, and refuses the rest", () => {
  const good = ' {"word":"w","n":-1,"map":{"a":[1,"b",{"c":true}]},"text":"\\u0041é\\n\\ud83d\\ude00"} ';
  assert.equal(canonical(read(good, 4)), '{"map":{"a":[1,"b",{"c":true}]},"n":-1,"text":"Aé\\n😀","word":"w"}');
  for (const bad of [
    "", "x", "[1] x", "{}{}", '{"a":1,"a":1}', '{"a":{"b":1,"\\u0062":1}}', "[1.0]", "[1e0]", "[-0]", "[01]", "[+1]", "[.5]", "[0.5]",
    "[9007199254740992]", "[-9007199254740992]", "[123456789012345678901234567890]", "[null]", "[[[[[]]]]]", '["\u0007"]', '["\\x"]',
    '["\\ud800"]', '["a]', '["\\', "[1,]", '{"a":1,}', "{1:1}", "[truth]", "[NaN]", "\ufeff[]", "[1 2]", '{"a" 1}', "'a'",
  ]) assert.throws(() => read(bad, 4), NotClosed);
  assert.throws(() => read(new Uint8Array([0x22, 0xff, 0x22]), 4), NotClosed);
  assert.deepEqual(read("[1,null]", 1, true), [1, null]);
  assert.equal(Object.keys(read('{"__proto__":{"a":1}}', 2) as object).join(), "__proto__");
});

await test("canonical JSON sorts members and escapes as little as it may", () => {
  const value: Json = { b: [1, -2, true], a: { z: 'é\u2028\u007f/"\\\n\u0001', Z: "" } };
  assert.equal(canonical(value), '{"a":{"Z":"","z":"é\u2028\u007f/\\"\\\\\\n\\u0001"},"b":[1,-2,true]}');
  for (const none of [null, 1.5, [null], { é: 1 }, 2 ** 53, "\ud800"]) assert.equal(canonical(none), undefined);
});

await test("words are written one way only", () => {
  for (const [shape, good, bad] of [
    [SECTION, ["s0", "s15"], ["", "s", "s16", "s00", "s+1", "S1", "s 1", "1", "s1\n"]],
    [TAG, ["rp1-fields.v1"], ["", "a b", "é", "x".repeat(65), "a\n"]],
    [SALT, ["A".repeat(22)], [`${"A".repeat(21)}B`, "A".repeat(21)]],
    [DIGEST, ["A".repeat(43)], [`${"A".repeat(42)}B`, "A".repeat(44)]],
    [FIELD, ["ZP.9b", "CF.name", "A5.1.2"], ["ZP", "ZP.", "zp.1", "ZP.1-", `ZP.${"x".repeat(46)}`, "ABCDEFGHI.1", "ZP..1"]],
  ] as const) {
    for (const word of good) assert(shape(word), word);
    for (const word of bad) assert(!shape(word), word);
  }
});

await test("moments keep their microseconds", () => {
  for (const text of ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.120Z", "2026-03-01T12:00:00.000001Z", "1999-12-31T23:59:59.999999Z"]) {
    const read = moment(text);
    assert(read !== undefined);
    assert.equal(written(read), text);
  }
  assert.equal(moment("2026-03-01T14:00:00+02:00"), moment("2026-03-01T12:00:00Z"));
  for (const text of ["", "2026-03-01", "2026-02-30T00:00:00Z", "2026-03-01T25:00:00Z", "2026-03-01 12:00:00Z", "2026-03-01T12:00:00"]) {
    assert.equal(moment(text), undefined, text);
  }
  assert(isDay("2024-02-29") && !isDay("2026-02-29") && !isDay("2026-13-01") && !isDay("2026-1-1") && !isDay("2026-01-00"));
  const after = (text: string, months: number): string => written(monthsAfter(moment(text) ?? 0, months));
  assert.equal(after("2026-08-31T10:00:00.5Z", 6), "2027-02-28T10:00:00.500Z");
  assert.equal(after("2023-08-31T10:00:00Z", 6), "2024-02-29T10:00:00Z");
  assert.equal(after("2026-03-01T00:00:00Z", 12), "2027-03-01T00:00:00Z");
});

await test("an id tells when it was made", () => {
  const id = newId("pkt", 1_790_000_000_000_000);
  assert(/^pkt_01a0c4[0-9a-f]{6}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/.test(id), id);
  assert.notEqual(newId("pkt", 0), newId("pkt", 0));
});

await test("a value is what its field takes", () => {
  const by = { dictionary: "d", fields: {}, choices: { sex: ["female"] }, compartments: {} };
  const field = (shape: object, many?: number) => ({ category: "K03", level: "S2", compartment: "general", shape, ...(many ? { many } : {}) }) as never;
  for (const [shape, good, bad] of [
    [{ kind: "text", max: 3 }, ["abc", "😀😀😀"], ["", " ", "abcd", "a\nb", 1, null, "\ud800"]],
    [{ kind: "prose", max: 3 }, ["a\nb", "a\tb"], ["a\rb", "\n", "a\u0085b"]],
    [{ kind: "date" }, ["2026-03-01"], ["2026-02-30", "2026-3-1", "20260301"]],
    [{ kind: "month" }, ["2026-03"], ["2026-13", "2026-03-01"]],
    [{ kind: "time" }, ["14:30", "00:00"], ["24:00", "14:60", "1:30"]],
    [{ kind: "count", max: 5 }, [0, 5], [-1, 6, 1.5, "1"]],
    [{ kind: "flag" }, [true, false], [0, "true"]],
    [{ kind: "code", choices: "sex" }, ["female"], ["male", "", 1]],
    [{ kind: "file", max: 9, media: ["text/plain"] }, [{ name: "a.txt", media: "text/plain" }], [{ name: "../a", media: "text/plain" }, { name: "a" }]],
  ] as const) {
    for (const value of good) assert(takes(by, field(shape), value as Json), JSON.stringify(value));
    for (const value of bad) assert(!takes(by, field(shape), value as Json), JSON.stringify(value));
  }
  assert(takes(by, field({ kind: "flag" }, 2), [true, false]) && !takes(by, field({ kind: "flag" }, 2), [true, true, true]));
  assert(!takes(by, field({ kind: "flag" }, 2), true));
  assert.equal(utf8("é").length, 2);
});
