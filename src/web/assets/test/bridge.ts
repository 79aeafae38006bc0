// The gateway of the browser on a line: one task a line of JSON on standard input, one answer a line on standard output. A refusal is an
// answer; whatever else goes wrong is one too, and the test that asked fails.

import { createInterface } from "node:readline";
import { decode, encode, utf8 } from "../src/gateway/bytes.ts";
import { type ConsentRecord, certify, claimsOf } from "../src/gateway/consent.ts";
import { Denials } from "../src/gateway/denials.ts";
import type { Dictionary } from "../src/gateway/dictionary.ts";
import { type History, KnownKeys, type KeyRecord, verifyHistory } from "../src/gateway/directory-keys.ts";
import { Quarantined, Refusal } from "../src/gateway/fault.ts";
import { importPublic } from "../src/gateway/gate.ts";
import { type Desk, type Reading, open, receiptFor } from "../src/gateway/open.ts";
import type { Policy } from "../src/gateway/policy.ts";
import { type Facts, type FormFacts, type SeenCertificate, release, releaseSeen } from "../src/gateway/release.ts";
import { DraftFault, type Letter, type Release, seal } from "../src/gateway/seal.ts";
import { rootCode } from "../src/gateway/secrets.ts";
import { type Change, nextStatement } from "../src/gateway/statement.ts";
import { type Forger, type SecretJwk, privateKey, spoilt, wrongs } from "./world.ts";

type Task = Record<string, any>;

async function known(histories: Record<string, History>, at: number): Promise<KnownKeys> {
  const keys = new KnownKeys();
  for (const [organisation, history] of Object.entries(histories)) keys.add(await verifyHistory(organisation, history, at));
  return keys;
}

async function desk(task: Task): Promise<Desk> {
  return {
    organisation: task["organisation"] as string,
    keys: await Promise.all((task["keys"] as SecretJwk[]).map(privateKey)),
    signer: await privateKey(task["signing"] as SecretJwk),
    node: await importPublic(task["node"]),
    known: await known(task["histories"] as Record<string, History>, task["now"] as number),
    dictionary: task["dictionary"] as Dictionary,
    now: task["now"] as number,
  };
}

/** Refusals by their number, so that they can be compared. */
async function numbered(task: () => Promise<unknown>): Promise<unknown> {
  try {
    return await task();
  } catch (refused) {
    if (!(refused instanceof Refusal)) throw refused;
    const { check, message } = refused;
    return { check, message, ...(refused instanceof Quarantined ? { report: refused.report } : {}) };
  }
}

const opening = (body: string, receipt: string, reading: Reading, at: Desk): Promise<unknown> =>
  numbered(async () => {
    const opened = await open(utf8(body), receipt, reading, at);
    const files = opened.files.map((file) => ({ ...file, bytes: encode(file.bytes) }));
    return { check: 0, ...opened, files, receipt: await receiptFor(opened, at) };
  });

/** What stands against something, so that it can be compared. */
async function denied(task: () => unknown): Promise<unknown> {
  try {
    return await task();
  } catch (refused) {
    if (!(refused instanceof Denials)) throw refused;
    return { denials: refused.found };
  }
}

const POLICIES = new Map<string, Policy>();
const policyOf = (task: Task): Policy => POLICIES.get(task["policy"] as string) as Policy;
const endsOf = (task: Task) => ({ id, version }: { id: string; version: number }): number | undefined =>
  (task["ends"] as Record<string, number>)[`${id} ${version}`];

const TASKS: Record<string, (task: Task) => Promise<unknown>> = {
  async seal(task) {
    const letter = task["letter"] as Letter & { readers: { organisation: string; role: string; key: unknown }[] };
    const readers = await Promise.all(letter.readers.map(async (one) => ({ ...one, key: await importPublic(one.key) })));
    const files = (task["files"] as { field: string; name: string; mime: string; bytes: string }[]).map((file) => ({
      ...file,
      bytes: decode(file.bytes),
    }));
    const signer = await privateKey(task["signing"] as SecretJwk);
    return seal(task["release"] as Release, { ...letter, readers, files }, signer, task["dictionary"] as Dictionary);
  },

  async open(task) {
    return opening(task["body"] as string, task["receipt"] as string, (task["reading"] ?? "first") as Reading, await desk(task));
  },

  /** Every wrong packet, and what opening each gives here. */
  async wrongs(task) {
    const at = await desk(task);
    const found = await wrongs(task["forger"] as Forger);
    return Promise.all(
      found.map(async (wrong) => ({ ...wrong, told: await opening(wrong.body, wrong.receipt, "first", at) })),
    );
  },

  /** Packets with random changes, and what opening each gives here. */
  async spoilt(task) {
    const at = await desk(task);
    const bodies = Array.from({ length: task["count"] as number }, () => spoilt(task["body"] as string));
    return Promise.all(
      bodies.map(async (body) => ({ body, told: await opening(body, task["receipt"] as string, "first", at) })),
    );
  },

  /** Keeps the excerpt of a policy, so that it needs not be sent each time. */
  async policy(task) {
    POLICIES.set(task["name"] as string, task["policy"] as Policy);
    return {};
  },

  /** What the certificate of a record says, or what stands against it. */
  async claims(task) {
    const { record, recipient, at } = task as { record: ConsentRecord; recipient: string; at: number } & Task;
    return denied(() => claimsOf(record, recipient, [policyOf(task), endsOf(task)], at));
  },

  async certify(task) {
    const { record, recipient, at } = task as { record: ConsentRecord; recipient: string; at: number } & Task;
    const signer = await privateKey(task["signing"] as SecretJwk);
    return denied(() => certify(record, recipient, [policyOf(task), endsOf(task)], signer, at));
  },

  async release(task) {
    const { record, digest, form, facts } = task as { record: ConsentRecord; digest: string; form: FormFacts; facts: Facts } & Task;
    const saidNo = task["said_no"] as "leave_out" | "refuse";
    return denied(() => release(record, digest, form, facts, [policyOf(task), saidNo]));
  },

  async answer(task) {
    const { seen, form, facts } = task as unknown as { seen: SeenCertificate; form: FormFacts; facts: Facts };
    return denied(async () => releaseSeen(seen, form, facts, policyOf(task)));
  },

  async history(task): Promise<KeyRecord[]> {
    return verifyHistory(task["organisation"] as string, task["history"] as History, task["now"] as number);
  },

  /** The statement that follows, and what is read aloud of the root key that signs it. */
  async state(task) {
    const { organisation, history, now, change, root, days } = task as { history: History; change: Change; root: SecretJwk } & Task;
    const records = await verifyHistory(organisation as string, history, now as number);
    const statement = await nextStatement(organisation as string, { history, records }, change, [await privateKey(root), now as number, days as number]);
    return { statement, code: await rootCode(organisation as string, history.root.kid) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const task = JSON.parse(line) as Task;
  let answer: unknown;
  try {
    answer = await TASKS[task["what"] as string]?.(task);
  } catch (failed) {
    const { name, message, stack } = failed as Error;
    answer = { failed: failed instanceof DraftFault ? { reason: failed.reason, about: failed.about } : { name, message, stack } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

