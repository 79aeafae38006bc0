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
declare module "node:crypto" {
  interface Decipher {
    setAAD(of: Uint8Array): Decipher;
    setAuthTag(tag: Uint8Array): Decipher;
    update(bytes: Uint8Array): Uint8Array;
    final(): Uint8Array;
  }
  export function createDecipheriv(how: string, key: Uint8Array, iv: Uint8Array): Decipher;
  export function pbkdf2Sync(password: string, salt: Uint8Array, rounds: number, length: number, digest: string): Uint8Array;
  export function hkdfSync(digest: string, key: Uint8Array, salt: Uint8Array, info: string, length: number): ArrayBuffer;
}
interface BufferOfNode extends Uint8Array {
  toString(encoding?: string): string;
}
declare const Buffer: {
  from(text: string, encoding?: string): BufferOfNode;
  concat(parts: Uint8Array[]): BufferOfNode;
};
