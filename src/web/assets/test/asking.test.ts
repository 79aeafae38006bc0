// From the questions that an agreement raises over the record and its certificate to what may stand in a letter.
import assert from "node:assert/strict";
import test from "node:test";
import { digest, newId, utf8 } from "../src/gateway/bytes.ts";
import { INFORMATION, certify, recordBytes } from "../src/gateway/consent.ts";
import { Denials } from "../src/gateway/denials.ts";
import { type Policy, inOrder } from "../src/gateway/policy.ts";
import { termsOf } from "../src/gateway/agreement.ts";
import { DAY, SECOND, written as writtenMoment } from "../src/gateway/time.ts";
import type { Held } from "../src/desk/agreements.ts";
import { type ConsentPaper, isTakenBack, mayServe, newest } from "../src/desk/consents.ts";
import { type Answers, TOLD, answeredBefore, partsOf, questions, recordOf } from "../src/desk/asking.ts";
import { type Ground, type Written, judged, longestKept, standings, valueOf } from "../src/desk/composing.ts";
import { type Between, mostWords, releasedWords } from "../src/desk/writing.ts";
import type { Envelope } from "../src/gateway/packet.ts";
import { freshKey, privateKey } from "./world.ts";

const AT = 1_790_000_000 * SECOND;
const [US, THEM] = [newId("org", 1), newId("org", 2)];
const field = (label: string, category: string, level: string, compartment: string, shape: object, more: object = { need: "minimum" }) =>
  ({ label, place: 0, category, level, compartment, shape, ...more });
const text = { kind: "text", max: 20 };

const POLICY = {
  dictionary: "test-1",
  service: { code: "SV07", minset: "ms_health", enforcement: false },
  purpose: { code: "P01", listed: true, explicit: false, each_round: false },
  fields: {
    "CF.name": field("Name", "K03", "S2", "general", text),
    "CF.age_band": field("Age", "K04", "S2", "general", { kind: "code", choices: "age" }),
    "CF.phone": field("Telephone", "K08", "S3", "contact", text),
    "CF.health": field("Health", "K14", "S3", "medical", { kind: "prose", max: 1_000 }, { need: "justified" }),
    "CF.hiv": field("HIV", "K14", "S4", "medical_s4", { kind: "flag" }, { need: "justified", with: ["JC04"] }),
    "CF.route": field("Route", "K21", "S3", "legal", text, { need: "refused", deny: "D602" }),
    "CF.mind": field("Mental health", "K15", "S3", "medical", text),
  },
  choices: { age: ["18_24", "25_39"] },
  compartments: { general: ["intake"], contact: ["intake"], medical: ["medical"], medical_s4: ["medical"], legal: ["legal"] },
  categories: { K03: "S2", K04: "S2", K08: "S3", K14: "S3", K15: "S3", K21: "S3" },
  levels: { S3: ["CF.phone", "CF.health", "CF.route", "CF.mind"], S4: ["CF.hiv"] },
  grantable: ["P01"], mosaic: { at_least: 3, treated_as: "S3", only_if_rare: [] },
  retention: {
    RT01: { trigger: "purpose_fulfilled", days: 365 }, RT02: { trigger: "purpose_fulfilled", days: 183 }, RT06: { trigger: "received", days: 180 },
  },
  approvals: 2, consent: { longest_months: 12, usual_months: 6, certificate_days: 366 },
} as unknown as Policy;

const DOCUMENT = {
  id: newId("dsa", 3), version: 1, parties: [{ org: US }, { org: THEM }],
  flows: [{
    from: US, to: THEM, services: ["SV07"],
    purposes: [{ purpose: "P01", items: Object.keys(POLICY.fields).map((id) => ({ field: id })) }],
  }],
  sensitive: { categories: [{ category: "K08" }, { category: "K14" }], fields: [{ field: "CF.hiv", role: "medical", dual_approval: true }] },
  jurisdiction: {}, retention: [{ purpose: "P01", trigger: "purpose_fulfilled", days: 183, ceiling_days: 730 }],
  destruction: { methods: [{}] }, onward: { rule: "none" }, crypto: { profiles: ["rp1"] },
  volumes: { packets_per_day: 10, fields_per_packet: 10 }, dpia: { until: writtenMoment(AT + 300 * DAY) },
  validity: { until: writtenMoment(AT + 300 * DAY) },
  legal_bases: [{ org: US, purpose: "P01", article6: "A6-1-f" }, { org: THEM, purpose: "P01", article6: "A6-1-e" }],
};
const terms = (await termsOf(utf8(JSON.stringify(DOCUMENT)))) as Held["terms"];

const ANSWERS: Answers = {
  nickname: "red scarf", person: "adult", age_basis: "exact", language: "fr", medium: "read_aloud", told: Object.keys(TOLD), back: true,
  answers: { who: "yes", contact: "yes", health: "no" }, feedback: "yes", statistics: "no", method: "verbal", evidence: "", place: "office",
  companion: undefined, second: { as: "witness", who: "colleague 4" }, interpreter: undefined, representative: undefined,
  guardian: undefined, assent: undefined, third_parties: false,
};

const record = (change: Partial<Answers> = {}, refused = false) =>
  recordOf({ ...ANSWERS, ...change }, {
    policy: POLICY, terms, recipient: THEM, organisation: US, staff: newId("stf", 4), country: "ZZ", kept_in: "ZZ", notice: "1", method: "say so", at: AT,
  }, refused);

const signer = await privateKey(await freshKey("sig"));
const certified = async (of: Awaited<ReturnType<typeof record>>) =>
  certify(of, THEM, [POLICY, () => AT + 300 * DAY], signer, AT + SECOND);
const codes = async (task: () => Promise<unknown>): Promise<string[]> => {
  try {
    await task();
    return [];
  } catch (denied) {
    assert(denied instanceof Denials, String(denied));
    return denied.found.map(({ code }) => code);
  }
};

async function ground(change: Partial<Answers> = {}): Promise<Ground> {
  const of = await record(change);
  const { claims, digest: of_token } = await certified(of);
  const member = (id: string) => ({ id, active: true, country: "ZZ", enforcement: false, roles: ["intake", "medical"] });
  return {
    policy: POLICY, sender: member(US), recipient: member(THEM), offer: { listed: true, full: false }, record: await digest(recordBytes(of)),
    body: { nickname: "", record: of, certificates: {}, services: [], code_given: true },
    covering: { terms, standing: "active", flow_stopped: false, signed: true, current_version: 1, reverse: false, sent_today: 0 },
    certificate: { claims, digest: of_token, genuine: true, status: "given", denied: [], at_consent: [terms] },
  };
}

const draft = (values: Record<string, string | boolean>, more: Partial<Written> = {}): Written => ({
  urgency: "U2", values: new Map(Object.entries(values)), because: new Map(), reviewed: true, approvals: 1, overrides: [], ...more,
});

await test("fields come as the dictionary has them, and what is not known comes last", () => {
  const fields = { "CF.alias": { ...POLICY.fields["CF.name"], place: 7 }, "CF.name": { ...POLICY.fields["CF.name"], place: 6 } } as unknown as Policy["fields"];
  assert.deepEqual(inOrder({ fields }, ["CF.zzz", "CF.alias", "CF.name"]), ["CF.name", "CF.alias", "CF.zzz"]);
});

await test("every point of the checklist is told in one of the six groups, and in no other", () => {
  const told = Object.values(TOLD).flat();
  assert.deepEqual([...told].sort(), [...INFORMATION].sort());
});

await test("what belongs together is one question, what is most sensitive one of its own, and what cannot go none", () => {
  const asked = questions(POLICY, terms, US, THEM).map(({ name, categories, fields }) => [name, categories, fields]);
  assert.deepEqual(asked, [["who", ["K03", "K04"], []], ["contact", ["K08"], []], ["health", ["K14"], []], ["CF.hiv", [], ["CF.hiv"]]]);
  assert.deepEqual(questions(POLICY, terms, THEM, US), [], "nothing is agreed for the other direction");
});

await test("the record is one that the rules take, and says no more than the person did", async () => {
  const of = await record();
  const { claims } = await certified(of);
  const [yes, no] = claims.lines;
  assert.deepEqual([claims.lines.length, yes?.scope, yes?.operations], [2, { categories: ["K03", "K04", "K08"] }, ["disclose", "feedback_return"]]);
  assert.deepEqual([no?.effect, no?.scope], ["deny", { categories: ["K14"] }]);
  assert.deepEqual([of.statistics, of.research], ["deny", "not_asked"]);
  assert(!JSON.stringify(claims).includes("red scarf") && !JSON.stringify(claims).includes("colleague"));
  assert.equal((await record()).withdrawal.code === of.withdrawal.code, false);
});

await test("asked again it is the next version of the same consent, with no answer taken over from before", async () => {
  const first = await record({ answers: { who: "yes", contact: "yes", health: "no" } });
  const again = await recordOf({ ...ANSWERS, answers: { who: "yes", health: "yes" } }, {
    policy: POLICY, terms, recipient: THEM, organisation: US, staff: newId("stf", 4), country: "ZZ", kept_in: "ZZ", notice: "1", method: "say so",
    at: AT + DAY, before: first,
  });
  assert.deepEqual([again.id, again.version, again.supersedes], [first.id, 2, await digest(recordBytes(first))]);
  assert.deepEqual([again.subject, again.withdrawal.code], [first.subject, first.withdrawal.code], "the code that they have goes on working");
  assert.deepEqual(again.lines.filter(({ line }) => line.effect === "permit").map(({ line }) => line.scope), [{ categories: ["K03", "K04", "K14"] }]);
  const all = questions(POLICY, terms, US, THEM);
  const before = Object.fromEntries(all.map((question) => [question.name, answeredBefore(first, question)]));
  assert.deepEqual(before, { who: "yes", contact: "yes", health: "no", "CF.hiv": undefined });
  const paper = (of: typeof first, more = {}): ConsentPaper =>
    ({ id: newId("kpt", of.version), body: { nickname: "", record: of, certificates: {}, services: [], code_given: true, ...more } }) as unknown as ConsentPaper;
  assert.deepEqual(newest([paper(again), paper(first)]).map(({ body }) => body.record.version), [2]);
  const taken = paper(first, { taken_back: [{ version: 1, at: writtenMoment(AT), extent: {} }] });
  assert.deepEqual([isTakenBack(taken.body), isTakenBack(paper(again, { taken_back: taken.body.taken_back }).body)], [true, false]);
  assert.equal(mayServe(taken.body, THEM, POLICY, AT + DAY), false);
});

await test("what can be taken back is what was said yes to, part by part, and not what was taken back already", async () => {
  const of = await record({ answers: { who: "yes", contact: "yes", health: "no", "CF.hiv": "yes" } });
  assert.deepEqual(partsOf(of), [
    { name: "who", categories: ["K03", "K04"], fields: [] }, { name: "contact", categories: ["K08"], fields: [] },
    { name: "CF.hiv", categories: [], fields: ["CF.hiv"] },
  ]);
  assert.deepEqual(partsOf(of, [{ categories: ["K08"] }, { fields: ["CF.hiv"] }]).map(({ name }) => name), ["who"]);
});

await test("what was asked badly supports no certificate", async () => {
  for (const [code, change] of [
    ["D311", { told: ["who"] }], ["D311", { back: false }], ["D312", { second: undefined }], ["D409", { age_basis: "disputed" }],
    ["D312", { method: "written_signature", second: undefined, answers: { "CF.hiv": "yes" } }],
    ["D312", { companion: "present", answers: { "CF.hiv": "yes" } }],
    ["D313", {
      second: { as: "interpreter", who: "x" },
      interpreter: { vetted: true, competent: true, accurate: false, relation: "none", chosen_in_private: false },
    }],
    ["D314", { person: "adult_with_representative", representative: { who: "x", until: "2020-01-01", verified: true, objects: false } }],
  ] as [string, Partial<Answers>][]) {
    const of = await record(change);
    assert.deepEqual(await codes(() => certified(of)), [code], JSON.stringify(change));
  }
});

const GUARDIAN = {
  mode: "present_consents", reference: "file 7", relation: "parent", conflict: false,
  mandate: { evidence: "legal_order", verified: true, until: writtenMoment(AT + DAY) },
} satisfies Answers["guardian"];
const child = (change: Partial<Answers> = {}): Partial<Answers> => ({ person: "child", guardian: GUARDIAN, assent: { said: "assented" }, ...change });

await test("a child's record says who decided and what the child said, and nothing is sent on it", async () => {
  const of = await record(child());
  assert.deepEqual([of.subject_class, of.guardian, of.assent], ["child", GUARDIAN, { said: "assented" }]);
  recordBytes(of);
  assert.deepEqual(await codes(() => certified(of)), ["D401"], "more is asked than a record can show");
  const body = { nickname: "", record: of, certificates: {}, services: [], code_given: false };
  assert.equal(mayServe(body, THEM, POLICY, AT + DAY), false, "and it is not offered to write a letter under");
  assert.equal(mayServe({ ...body, record: await record() }, THEM, POLICY, AT + DAY), true);
  const refused = await record(child({ assent: { said: "dissented" } }), true);
  assert.deepEqual([refused.status, refused.assent], ["refused", { said: "dissented" }], "the child's no is kept");
});

await test("what a child's record lacks has a code of its own, the child's no as much as the guardian's", async () => {
  const mandate = (until: number, verified: boolean): Partial<Answers> =>
    child({ guardian: { ...GUARDIAN, mandate: { ...GUARDIAN.mandate, until: writtenMoment(until), verified } } });
  const waived = (until: number): Partial<Answers> => child({
    guardian: { mode: "unreachable_waiver", conflict: false, waiver: { issuer: "office", number: "12/26", until: writtenMoment(until) } },
  });
  for (const [lacking, change] of [
    [[], mandate(AT + DAY, true)], [["D402"], mandate(AT + DAY, false)], [["D402"], mandate(AT + SECOND, true)],
    [["D403"], child({ guardian: { ...GUARDIAN, conflict: true } })], [["D404"], child({ assent: { said: "dissented" } })],
    [["D404"], child({ assent: undefined })], [["D404"], child({ assent: { said: "not_sought" } })],
    [[], child({ assent: { said: "not_capable", reason: "too_young" } })], [[], waived(AT + DAY)], [["D410"], waived(AT)],
  ] as [string[], Partial<Answers>][]) {
    assert.deepEqual(await codes(async () => certified(await record(change))), ["D401", ...lacking], JSON.stringify(change));
  }
});

await test("a no to everything is a record without a yes, and supports no certificate", async () => {
  const of = await record({}, true);
  assert.deepEqual([of.status, of.statistics, of.lines.map(({ line }) => line.effect)], ["refused", "deny", ["deny"]]);
  recordBytes(of);
  assert.deepEqual(await codes(() => certified(of)), ["D304", "D306"]);
});

await test("a letter offers what was agreed and said yes to, tells what was refused, and knows nothing of the rest", async () => {
  const found = standings(await ground(), AT + DAY);
  assert.deepEqual(Object.fromEntries(found), {
    "CF.name": "offered", "CF.age_band": "offered", "CF.phone": "offered", "CF.health": "refused", "CF.hiv": "refused", "CF.mind": "absent",
  });
  const more = standings(await ground({ answers: { who: "yes", health: "yes", "CF.hiv": "yes" } }), AT + DAY);
  assert.deepEqual([more.get("CF.hiv"), more.get("CF.health"), more.get("CF.phone")], ["offered", "offered", "refused"]);
});

await test("what stands against a letter is found as it stands: no reason, nobody who read it again, one approval, nobody to read it", async () => {
  const of = await ground({ answers: { who: "yes", health: "yes", "CF.hiv": "yes" } });
  const found = (written: Written, at = AT + DAY): Promise<string[]> => codes(async () => judged(of, written, at));
  assert.deepEqual(await found(draft({ "CF.name": "x" })), []);
  assert.deepEqual(await found(draft({ "CF.health": "x" })), ["D602"]);
  const because = new Map([["CF.health", "JC04"], ["CF.hiv", "JC04"]]);
  assert.deepEqual(await found(draft({ "CF.health": "x" }, { because, reviewed: false })), ["D601"]);
  assert.deepEqual(await found(draft({ "CF.hiv": true }, { because })), ["D210"]);
  assert.deepEqual(await found(draft({ "CF.hiv": true }, { because, approvals: 2 })), []);
  assert.deepEqual(await found(draft({ "CF.phone": "x" })), ["D308"]);
  assert.deepEqual(await found(draft({ "CF.name": "x" }), AT + 400 * DAY), ["D305"]);
});

await test("words to the other side are held against everything, and the directory is not asked whether the service is still listed", async () => {
  const of = await ground({ answers: { who: "yes" } });
  const first = { urgency: "U2", jti: "", ref: "" } as unknown as Envelope;
  const unlisted = { ...of, offer: { listed: false, full: true } };
  const between = (field: string): Between => ({
    policy: POLICY, own: of.sender, other: of.recipient, covering: of.covering, first, field, consent: { ground: unlisted },
  });
  assert.deepEqual(releasedWords(between("CF.name"), "x", AT + DAY).fields, [{ field: "CF.name" }]);
  assert.equal(mostWords(between("CF.name")), 20);
  assert.equal(mostWords(between("CF.none")), undefined);
  assert.deepEqual(await codes(async () => judged(unlisted, draft({ "CF.name": "x" }), AT + DAY)), ["D104", "D107"], "a new referral is held to more");
  assert.deepEqual(await codes(async () => releasedWords(between("CF.phone"), "x", AT + DAY)), ["D308"]);
  // The other side has no way back in this agreement.
  const seen = { id: "c", digest: "d", subject: "s", status: "given" as const, denied: [], expires: AT + 9 * DAY };
  const back = { ...between("CF.name"), own: of.recipient, other: of.sender, consent: { seen }, first: { ...first, sub: "s", scope: { id: "c", h: "d" }, retention: "RT02", onward: "OW00" } };
  assert.deepEqual(await codes(async () => releasedWords(back, "x", AT + DAY)), ["D218"]);
});

await test("the recipient keeps it as long as was agreed and no longer", () => {
  assert.equal(longestKept(POLICY, terms), "RT02");
  assert.equal(longestKept(POLICY, undefined), "");
});

await test("a value is what the field takes, or none", () => {
  const of = (id: string, said: string[]) => valueOf(POLICY, POLICY.fields[id] as never, said);
  assert.deepEqual(of("CF.name", ["  "]), {});
  assert.deepEqual(of("CF.name", [" A "]), { value: "A" });
  assert.deepEqual(of("CF.name", ["x".repeat(21)]), { wrong: true });
  assert.deepEqual(of("CF.age_band", ["18_24"]), { value: "18_24" });
  assert.deepEqual(of("CF.age_band", ["90"]), { wrong: true });
  assert.deepEqual(of("CF.hiv", ["no"]), { value: false });
  const many = { ...POLICY.fields["CF.name"], many: 2 } as never;
  assert.deepEqual(valueOf(POLICY, many, ["a\n\n b "]), { value: ["a", "b"] });
  assert.deepEqual(valueOf(POLICY, many, ["a\nb\nc"]), { wrong: true });
  const count = { ...POLICY.fields["CF.name"], shape: { kind: "count", max: 9 } } as never;
  assert.deepEqual(valueOf(POLICY, count, ["7"]), { value: 7 });
  assert.deepEqual(valueOf(POLICY, count, ["seven"]), { wrong: true });
});
