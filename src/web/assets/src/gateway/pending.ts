// A root key that was made on this device and waits to be named by the hub. Apart from what makes it, so that pages which only have to know of
// it fetch nothing else.

import type { PublicJwk } from "./gate.ts";

/** Under which name the root key waits in the device's store. */
export const PENDING_ROOT = "pending root";

/** A reader key that was made here, sealed to whoever made it. */
export interface PendingReader {
  role: string;
  jwk: PublicJwk;
  token: string;
}

/** A root key that was made on this device. Nothing in it opens without the member's key. */
export interface PendingRoot {
  org: string;
  jwk: PublicJwk;
  token: string;
  /** The member key it is sealed to. */
  member: string;
  /** The root key that the hub named when this one was made. */
  before: string;
  /** Made once the hub names the root; none before. */
  readers: PendingReader[];
}
