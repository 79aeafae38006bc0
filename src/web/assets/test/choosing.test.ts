// Choosing whose letter it is: the page and what was made ready are never of two people.
import assert from "node:assert/strict";
import test from "node:test";
import { Choosing } from "../src/desk/choosing.ts";
import { type Seen, standsNow } from "../src/desk/consents.ts";

/** A choice whose making waits until it is let go on. */
function choice(): {
  choosing: Choosing<string>; select: (id: string | undefined) => void; shown: (string | undefined)[]; made: string[];
  end: (error?: Error) => Promise<void>;
} {
  let selected: string | undefined;
  const [shown, made]: [(string | undefined)[], string[]] = [[], []];
  let go: (error?: Error) => void = () => undefined;
  const make = (id: string): Promise<string> => {
    made.push(id);
    return new Promise((resolve, reject) => (go = (error) => (error === undefined ? resolve(`ready ${id}`) : reject(error))));
  };
  const end = async (error?: Error): Promise<void> => {
    go(error);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { choosing: new Choosing(() => selected, make, (one) => void shown.push(one)), select: (id) => (selected = id), shown, made, end };
}

await test("what is selected while another one is made ready is made ready next, and nothing is chosen until then", async () => {
  const { choosing, select, shown, made, end } = choice();
  select("a");
  const first = choosing.choose();
  select("b");
  const second = choosing.choose();
  assert.equal(choosing.current, undefined);
  await end();
  assert.deepEqual([choosing.current, choosing.isOpen, made], [undefined, true, ["a", "b"]]);
  await end();
  await Promise.all([first, second]);
  assert.deepEqual([choosing.current, choosing.isOpen], ["ready b", false]);
  assert(!shown.includes("ready a"));
});

await test("what was chosen before is forgotten when the next one cannot be made ready", async () => {
  const { choosing, select, shown, end } = choice();
  select("a");
  const first = choosing.choose();
  await end();
  await first;
  select("b");
  assert.equal(choosing.current, undefined, "another one is selected than is ready");
  const told = assert.rejects(choosing.choose(), /no/);
  await end(new Error("no"));
  await told;
  assert.deepEqual([choosing.current, choosing.isOpen, shown.at(-1)], [undefined, true, undefined]);
  select("a");
  assert.equal(choosing.current, undefined, "it was forgotten, and is made ready anew");
  const again = choosing.choose();
  await end();
  await again;
  assert.equal(choosing.current, "ready a");
});

await test("what stood against one that is not selected any more is not told", async () => {
  const { choosing, select, end } = choice();
  select("a");
  const chosen = choosing.choose();
  select("b");
  await end(new Error("no"));
  await end();
  await chosen;
  assert.equal(choosing.current, "ready b");
});

await test("a consent holds only while the hub says so of all its certificates", () => {
  const seen = (status: Seen["status"], denied: Seen["denied"] = []): Seen => ({ status, since: "", denied });
  for (const [said, wanted] of [
    [[], "not_known"], [[seen("unknown")], "not_known"], [[seen("given"), seen("renewed")], "holds"],
    [[seen("given", [{ categories: ["K14"] }])], "in_part"], [[seen("given"), seen("withdrawn")], "in_part"],
    [[seen("withdrawn"), seen("expired")], "taken_back"], [[seen("revoked")], "taken_back"], [[seen("expired")], "ended"],
  ] as const) assert.equal(standsNow([...said]), wanted);
});
