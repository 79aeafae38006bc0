// The numbered codes that say why something may not go, each with what it is about.

/** One code that stands against something. */
export interface Denial {
  /** Such as D309. */
  code: string;
  subcode?: string;
  /** The fields it is about, sorted. */
  fields?: string[];
  purpose?: string;
}

/** Codes that stand against something: lowest first, each told once with everything it is about. */
export class Denials extends Error {
  readonly found: Denial[] = [];

  constructor() {
    super("it may not go");
    this.name = "Denials";
  }

  raise(code: string, about: Omit<Denial, "code"> = {}): void {
    const same = this.found.find(
      (one) => one.code === code && one.subcode === about.subcode && one.purpose === about.purpose,
    );
    const { fields: more = [], ...rest } = about;
    const denial: Denial = same ?? { code, ...rest };
    if (same === undefined) this.found.push(denial);
    const fields = [...new Set([...(same?.fields ?? []), ...more])].sort();
    if (fields.length > 0) denial.fields = fields;
    this.found.sort((one, other) => order(key(one), key(other)));
  }

  unless(holds: boolean, code: string, about: Omit<Denial, "code"> = {}): void {
    if (!holds) this.raise(code, about);
  }

  /** Raises a code about fields, when there are any. */
  about(code: string, fields: string[]): void {
    if (fields.length > 0) this.raise(code, { fields });
  }

  holds(code: string): boolean {
    return this.found.some((one) => one.code === code);
  }

  /** Throws what was found, if anything was. */
  settle(): void {
    if (this.found.length > 0) throw this;
  }
}

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
const key = ({ code, subcode = "", purpose = "" }: Denial): string => `${code} ${subcode} ${purpose}`;
