import { defineConfig } from "vitest/config";
import { firstLoad } from "./scripts/first-load.mjs";

/** The pages are served by the Python server from the place where this build writes them. */
export default defineConfig({
  base: "/",
  build: {
    outDir: "../src/heapwatch/web/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  plugins: [firstLoad({ limit: 60_000 })],
  server: { host: "127.0.0.1", proxy: { "/api": process.env["HEAPWATCH_SERVER"] ?? "http://127.0.0.1:7077" } },
  test: { include: ["src/**/*.test.ts"], environment: "node", css: true },
});
