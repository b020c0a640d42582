/**
 * Writes src/api/schema.d.ts, the shapes of the server's answers, from what the server says of itself. Needs the
 * project's Python: HEAPWATCH_PYTHON, else ../.venv/bin/python.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const python = process.env.HEAPWATCH_PYTHON ?? "../.venv/bin/python";
const program = [
  "import json, sys, tempfile",
  "from pathlib import Path",
  "from heapwatch.store import open_store",
  "from heapwatch.web.app import create_app",
  "from heapwatch.web.settings import Settings",
  "store = open_store(Path(tempfile.mkdtemp(), 'store'))",
  "json.dump(create_app(store, Settings()).openapi(), sys.stdout)",
  "store.close()",
].join("; ");

const described = JSON.parse(execFileSync(python, ["-c", program], { encoding: "utf8", maxBuffer: 64 << 20 }));
// Answers may have more fields than are described; the screens use only described ones.
for (const schema of Object.values(described.components.schemas)) delete schema.additionalProperties;
const tree = await openapiTS({ openapi: described.openapi, info: described.info, paths: {}, components: { schemas: described.components.schemas } });
writeFileSync("src/api/schema.d.ts", `/** Made by \`npm run types\` from the server's /openapi.json; not to be edited. */\n\n${astToString(tree)}`);
