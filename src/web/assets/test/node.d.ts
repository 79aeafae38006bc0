// The little of Node that the tests use, so that its types need not be installed.
declare module "node:test" {
  export default function test(name: string, body: () => void | Promise<void>): Promise<void>;
}
declare module "node:assert/strict" {
  interface Assert {
    (holds: unknown, message?: string): asserts holds;
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    notEqual(actual: unknown, expected: unknown, message?: string): void;
    throws(body: () => unknown, expected?: object | ((error: unknown) => boolean)): void;
    rejects(body: Promise<unknown> | (() => Promise<unknown>), expected?: object | ((error: unknown) => boolean)): Promise<void>;
  }
  const assert: Assert;
  export default assert;
}
declare module "node:readline" {
  export function createInterface(options: { input: unknown }): AsyncIterable<string>;
}
declare const process: { stdin: unknown; stdout: { write(text: string): void } };
