// Packs scripts and styles for the binary: `node build.mjs OUTDIR`.
//
// Every `src/pages/*.ts` and every `css/*.css` is an entry. What several scripts share becomes a chunk of its own, so that a browser
// fetches it once; what is named in `TOGETHER` becomes one. Names carry a hash of the content: a file under a name never changes, and may
// be kept for ever. Beside each file lie `.br` and `.gz`, so that nothing is compressed while somebody waits. The scripts of pages
// without keys are packed by themselves. `src/worker/sw.ts` becomes `sw.js`, which is told of the files there are.
//
// `manifest.json` says which file an entry became, and which chunks it brings along:
//
//     { "pages/find.ts": { "file": "find-HASH.js", "imports": ["chunk-HASH.js"] }, "css/app.css": { "file": "app-HASH.css", "imports": [] } }
//
// The same sources give the same bytes, wherever they lie and whoever builds. `licences.txt` holds the notices of what was packed in.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/** What an earlier run wrote, and nothing else that may lie in the folder. */
const OURS = /^([\w.-]+-[A-Z0-9]{8}\.(js|css|svg)|sw\.js|manifest\.json|licences\.txt)(\.br|\.gz)?$/;

/** Scripts of pages without keys: that of the head, and those that stand beside it or alone. */
const CHIP = "src/pages/chip.ts";
const ALONE = ["src/pages/agreement-file.ts", "src/pages/offline.ts", "src/pages/passkey.ts"];
const WORKER = "src/worker/sw.ts";

/**
 * What is packed into one file, and what brings it: a telephone far away waits for the number of files more than for their size. Left alone the
 * bundler makes a chunk for every set of scripts that share something. It puts together what the same scripts reach, so each of these is made
 * to reach all of it; nothing runs for that, and what nobody uses is left out as ever.
 */
const TOGETHER = [
  {
    of: /^src\/(pages\/(?!agreement-file\b|chip\b|offline\b|passkey\b)|desk\/(answering|sending|words-desk)\b)/,
    files: [
      "desk/chip", "desk/hub", "desk/keys", "desk/page", "desk/sweeping", "desk/told", "desk/trust", "desk/unlock", "desk/waiting",
      "desk/watching",
      "gateway/bytes", "gateway/closed", "gateway/day", "gateway/denials", "gateway/dictionary",
      "gateway/directory-keys", "gateway/ends", "gateway/fault", "gateway/gate", "gateway/keys", "gateway/packet", "gateway/policy", "gateway/reading", "gateway/secrets",
      "gateway/shape", "gateway/store", "gateway/time",
    ],
  },
  {
    of: /^src\/(pages\/(cases|compose|consent|sign)|desk\/(sending|words-desk))\b/,
    files: [
      "desk/agreements", "desk/consents", "desk/drafts", "desk/handing", "desk/noting", "desk/offer", "desk/papers", "desk/sending", "desk/wrongs",
      "gateway/agreement", "gateway/consent",
    ],
  },
];

const together = {
  name: "together",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/(pages|desk)\/[\w-]+\.ts$/ }, ({ path }) => {
      const [source, said] = [path.slice(here.length + 1), readFileSync(path, "utf8")];
      const more = TOGETHER.filter(({ of }) => of.test(source)).flatMap(({ files }) => files);
      return { contents: [said, ...more.map((name) => `import ${JSON.stringify(join(here, "src", `${name}.ts`))};`)].join("\n"), loader: "ts" };
    });
  },
};

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
async function packed(entryPoints, more = {}) {
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
    // What is brought along for its place alone.
    logOverride: { "ignored-bare-import": "silent" },
    plugins: [together],
    ...more,
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
  /** Packs, writes, and notes what became of what. */
  const pack = async (entryPoints, more) => {
    if (entryPoints.length === 0) return;
    const { outputFiles, metafile } = await packed(entryPoints, more);
    Object.assign(inputs, metafile.inputs);
    for (const { path, contents } of outputFiles) write(folder, basename(path), contents);
    for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
      if (!entryPoint) continue;
      const name = entryPoint.replace(/^src\//, "");
      manifest[name] = { file: basename(path), imports: imports(metafile.outputs, path) };
    }
  };
  // Scripts and styles apart: a style never becomes part of a script's hash.
  const pages = entries("src/pages", ".ts");
  await pack(pages.filter((name) => name !== CHIP && !ALONE.includes(name)));
  await pack(entries("css", ".css"));
  if (pages.includes(CHIP)) {
    // What sends is with the scripts of the other pages already, and comes when something waits.
    const sending = {
      name: "sending",
      setup({ onResolve }) {
        onResolve({ filter: /\/sending\.ts$/ }, () => ({ path: `./${manifest["desk/sending.ts"].file}`, external: true }));
      },
    };
    await pack([CHIP], { plugins: [sending], splitting: false });
  }
  for (const name of ALONE) if (pages.includes(name)) await pack([name], { splitting: false });
  if (existsSync(join(here, WORKER))) {
    const release = createHash("sha256").update(JSON.stringify(manifest)).digest("hex").slice(0, 16);
    // What a page says without the network is written in one style and done by one script.
    const files = ["css/app.css", "pages/offline.ts"].map((name) => `/assets/${manifest[name].file}`);
    const define = { RELEASE: JSON.stringify(release), FILES: JSON.stringify(files) };
    const { outputFiles } = await packed([WORKER], { define, splitting: false, format: "iife", entryNames: "[name]" });
    for (const { path, contents } of outputFiles) write(folder, basename(path), contents);
  }
  const ordered = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(join(folder, "manifest.json"), `${JSON.stringify(ordered, null, 2)}\n`);
  writeFileSync(join(folder, "licences.txt"), licences(inputs));
}

await main(process.argv[2]);
