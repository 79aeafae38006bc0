// Packs the tests: `node build-tests.mjs OUTDIR`. They run under Node without a browser; `node --test OUTDIR` runs them all but the
// bridge, which another program talks to.
import { readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const [target] = process.argv.slice(2);
if (!target) throw new Error("say where to: node build-tests.mjs OUTDIR");
const tests = readdirSync(join(here, "test")).filter((name) => name.endsWith(".test.ts") || name === "bridge.ts");
await build({
  absWorkingDir: here,
  entryPoints: tests.map((name) => `test/${name}`),
  outdir: resolve(target),
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  logLevel: "warning",
});
