// Builds the script of the chat page into ui/chat/bundle: node build.mjs [FOLDER]
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? join(here, "../ui/chat/bundle");

const { metafile, outputFiles } = await build({
  absWorkingDir: here,
  entryPoints: { chat: "src/main.tsx" },
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".css": "text" },
  // Mermaid brings an older KaTeX of its own: one is enough.
  alias: { katex: join(here, "node_modules/katex/dist/katex.mjs") },
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  outdir: "out",
  metafile: true,
  write: false,
});

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const { path, contents } of outputFiles) writeFileSync(join(folder, path.split(/[\\/]/).pop()), contents);
writeFileSync(join(folder, "LICENCES.txt"), licences());
const entry = Object.entries(metafile.outputs).find(([, about]) => about.entryPoint === "src/main.tsx")[0];
writeFileSync(join(folder, "entry.txt"), `${entry.split("/").pop()}\n`);
console.log(readdirSync(folder).length, "files", createHash("sha256").update(entry).digest("hex").slice(0, 8));

/** What is in the bundle, and under which licences. */
function licences() {
  const used = new Set();
  for (const { inputs } of Object.values(metafile.outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
      if (found && bytesInOutput) used.add(found[1]);
    }
  const parts = [...used].sort().map((place) => {
    const about = JSON.parse(readFileSync(join(here, place, "package.json"), "utf8"));
    const file = readdirSync(join(here, place)).find((name) => /^(licen[cs]e|copying)/i.test(name));
    const text = file ? readFileSync(join(here, place, file), "utf8").trim() : "";
    return `${about.name} ${about.version} (${about.license ?? "see below"})\n\n${text}\n`;
  });
  return `The script of the chat page is made of Diglot's own source (web/) and of these:\n\n${parts.join(`\n${"-".repeat(72)}\n\n`)}`;
}
