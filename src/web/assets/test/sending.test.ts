// What becomes of the things of this device when a letter that waited was taken.

import assert from "node:assert/strict";
import test from "node:test";
import { settle } from "../src/desk/sending.ts";
import { type Waiting, forget, refuse, remember, waitingOf } from "../src/desk/waiting.ts";
import { type Store, memoryStore } from "../src/gateway/store.ts";

const one: Waiting = { packet: "pkt_1", referral: "ref_1", to: "Lakeside", service: "Clinic", at: 7, body: "", envelope: "", paper: "kpt_1", draft: "draft 1" };

/** A store that is gone after so many changes. */
function gone(inner: Store, changes: number): Store {
  let left = changes;
  const change = <A extends unknown[]>(what: (...all: A) => Promise<void>) => async (...all: A): Promise<void> => {
    if (left === 0) throw new Error("the page is gone");
    left -= 1;
    await what(...all);
  };
  return { ...inner, put: change(inner.put), remove: change(inner.remove) };
}

await test("a page may be gone after any change: what is not done yet still waits, and is done the next time", async () => {
  for (let changes = 0; ; changes += 1) {
    const store = memoryStore();
    await store.put("draft 1", { at: 7, sealed: "" });
    await remember(store, one);
    const isWhole = await settle(gone(store, changes), one).then(() => true, () => false);
    const names = await store.names();
    const isDone = !names.includes("draft 1") && names.includes("unnoted ref_1");
    assert((await waitingOf(store)).length === 1 || isDone, `after ${changes} changes something was left that nobody comes back to`);
    await settle(store, one);
    assert.deepEqual((await store.names()).sort(), ["unnoted ref_1"]);
    if (isWhole) {
      assert.equal(changes, 3);
      return;
    }
  }
});

await test("a draft that was begun after it was sealed is of another letter, and stays", async () => {
  const store = memoryStore();
  await store.put("draft 1", { at: 8, sealed: "" });
  await remember(store, one);
  await settle(store, one);
  assert.deepEqual((await store.names()).sort(), ["draft 1", "unnoted ref_1"]);
});

await test("what another window has sent meanwhile is not noted as refused", async () => {
  const store = memoryStore();
  await remember(store, one);
  await Promise.all([refuse(store, one), forget(store, one.packet)]);
  assert.deepEqual(await store.names(), []);
  await remember(store, one);
  await refuse(store, one);
  assert.deepEqual((await waitingOf(store)).map(({ refused }) => refused), [true]);
});
