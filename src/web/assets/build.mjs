// Packs scripts and styles for the binary: `node build.mjs OUTDIR`.
//
// Every `src/pages/*.ts` and every `css/*.css` is an entry. What two scripts share becomes a chunk of its own, so that a browser
// fetches it once. Names carry a hash of the content: a file under a name never changes, and may be kept for ever. Beside each file lie
// `.br` and `.gz`, so that nothing is compressed while somebody waits.
//
// `manifest.json` says which file an entry became, and which chunks it brings along:
//
//     { "pages/find.ts": { "file": "find-HASH.js", "imports": ["chunk-HASH.js"] }, "css/app.css": { "file": "app-HASH.css", "imports": [] } }
//
// The same sources give the same bytes, wherever they lie and whoever builds. `licences.txt` holds the notices of what was packed in.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/** What an earlier run wrote, and nothing else that may lie in the folder. */
const OURS = /^([\w.-]+-[A-Z0-9]{8}\.(js|css|svg)|manifest\.json|licences\.txt)(\.br|\.gz)?$/;

/** Entries of a folder, by name; none when there is no such folder. */
function entries(folder, ending) {
  const path = join(here, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith(ending) && !name.endsWith(`.d${ending}`))
    .sort()
    .map((name) => `${folder}/${name}`);
}

/** Packs in memory: names and hashes then cannot depend on where the result goes. */
async function packed(entryPoints) {
  return build({
    absWorkingDir: here,
    entryPoints,
    outdir: "packed",
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    minify: true,
    sourcemap: false,
    legalComments: "none",
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    loader: { ".svg": "file" },
    logLevel: "warning",
  });
}

/** The chunks an output needs, and those they need, each once. */
function imports(outputs, path, found = new Set()) {
  for (const { path: next, kind, external } of outputs[path].imports) {
    if (external || kind !== "import-statement" || found.has(next)) continue;
    found.add(next);
    imports(outputs, next, found);
  }
  return [...found].map((name) => basename(name)).sort();
}

/** Notices of the packages whose code is inside. */
function licences(inputs) {
  const packages = new Set();
  for (const input of Object.keys(inputs)) {
    const name = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (name) packages.add(name);
  }
  const notices = [...packages].sort().map((name) => {
    const folder = join(here, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} has no licence to pass on`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  // What came from elsewhere and lies among the sources has its notice beside it.
  for (const input of Object.keys(inputs).sort()) {
    const notice = join(here, input.replace(/\.ts$/, ".licence.txt"));
    if (existsSync(notice)) notices.push(readFileSync(notice, "utf8"));
  }
  return notices.join("\n\n");
}

function write(folder, name, bytes) {
  writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, { params }));
}

async function main(target) {
  if (!target) throw new Error("say where to: node build.mjs OUTDIR");
  const folder = resolve(target);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (OURS.test(name)) rmSync(join(folder, name));
  const manifest = {};
  const inputs = {};
  // Scripts and styles apart: a style never becomes part of a script's hash.
  for (const entryPoints of [entries("src/pages", ".ts"), entries("css", ".css")]) {
    if (entryPoints.length === 0) continue;
    const { outputFiles, metafile } = await packed(entryPoints);
    Object.assign(inputs, metafile.inputs);
    for (const { path, contents } of outputFiles) write(folder, basename(path), contents);
    for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
      if (!entryPoint) continue;
      const name = entryPoint.replace(/^src\//, "");
      manifest[name] = { file: basename(path), imports: imports(metafile.outputs, path) };
    }
  }
  const ordered = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(join(folder, "manifest.json"), `${JSON.stringify(ordered, null, 2)}\n`);
  writeFileSync(join(folder, "licences.txt"), licences(inputs));
}

await main(process.argv[2]);
