// Handing a sealed packet in. The hub's word for it is its receipt, and nothing else.

import { Refusal } from "../gateway/fault.ts";
import type { PublicKey } from "../gateway/gate.ts";
import { readReceipt } from "../gateway/reading.ts";
import { ask } from "./hub.ts";
import { explainWith, say } from "./page.ts";

/** The hub does not have what it says that it took. */
export class NoReceipt extends Error {}

/** Tells of a receipt that is none. For a page where nothing else is refused in that way. */
export const explainReceipts = (): void =>
  explainWith((error) => (error instanceof NoReceipt || error instanceof Refusal ? say("no-receipt") : undefined));

/** A packet as it was sealed. */
export interface Packed {
  packet: string;
  body: string;
  /** Digest of its envelope. */
  envelope: string;
}

/** Hands it in and believes the receipt for it alone. The same one again gets the same receipt, so it may be tried as often as need be. */
export async function handIn({ packet, body, envelope }: Packed, node: () => Promise<PublicKey>): Promise<void> {
  const response = await ask("POST", "/api/v1/packets", { body, type: "application/rp1+json" });
  const taken = (await response.json()) as { receipt: string };
  const receipt = await readReceipt(taken.receipt, await node());
  if (receipt.evt !== "accepted" || receipt.re !== packet || receipt.h !== envelope) throw new NoReceipt();
}
