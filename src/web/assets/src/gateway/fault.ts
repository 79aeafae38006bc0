// The numbered checks a packet can fail, and what a refusal says to the outside: the number, and nothing else.

/** A check that was failed. Its message never holds anything of what was looked at. */
export class Refusal extends Error {
  /** The number of the check in the packet format's validation order. */
  readonly check: number;

  constructor(check: number) {
    super(`the packet was refused at check ${outward(check)}`);
    this.name = "Refusal";
    this.check = check;
  }
}

/** Whether a grant or a section did not decrypt stays inside. */
export const outward = (check: number): number => (check === 305 ? 301 : check);

/** Something inside that the manifest does not list (311). Carries the signed report for the hub, never what was found. */
export class Quarantined extends Refusal {
  readonly report: string;

  constructor(report: string) {
    super(311);
    this.name = "Quarantined";
    this.report = report;
  }
}

/** Refuses at a check unless something holds. */
export function must(check: number, holds: boolean): asserts holds {
  if (!holds) throw new Refusal(check);
}

/** Does something, and names any failure of it by one check. */
export async function named<T>(check: number, task: () => T | Promise<T>): Promise<T> {
  try {
    return await task();
  } catch {
    throw new Refusal(check);
  }
}
