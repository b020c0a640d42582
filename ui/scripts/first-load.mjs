import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/**
 * A Vite plugin that weighs what the browser must fetch before a screen is usable: the entry, the screen's own
 * chunk (what the entry imports on demand) and all they import. The build fails when the heaviest screen is over
 * the limit (gzip, bytes). Every text file also gets a packed twin, `name.gz`, which the server sends.
 */
export function firstLoad({ limit }) {
  return {
    name: "first-load",
    apply: "build",
    enforce: "post",
    /** After everything is written: Vite still edits chunks until then. */
    writeBundle({ dir }, bundle) {
      const entry = Object.values(bundle).find((file) => file.type === "chunk" && file.isEntry);
      const weighed = entry.dynamicImports.map((page) => ({
        page: bundle[page].name,
        bytes: weight(bundle, [entry.fileName, page]),
      }));
      weighed.sort((a, b) => b.bytes - a.bytes);
      for (const { page, bytes } of weighed) {
        this.info(`${page}: ${(bytes / 1000).toFixed(1)} kB of JavaScript on first load, gzipped`);
      }
      const heaviest = weighed[0];
      if (heaviest.bytes > limit) {
        this.error(`the first load of ${heaviest.page} is ${heaviest.bytes} bytes of gzipped JavaScript; the limit is ${limit}`);
      }
      for (const file of Object.values(bundle)) {
        if (!/\.(js|css|svg)$/.test(file.fileName)) continue;
        const path = join(dir, file.fileName);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

function weight(bundle, roots) {
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    bundle[name].imports.forEach(visit);
  };
  roots.forEach(visit);
  let bytes = 0;
  for (const name of seen) bytes += gzipSync(bundle[name].code, { level: 9 }).length;
  return bytes;
}
