/** What this package calls itself. Loads on any Node. */
import { readFileSync } from "node:fs"

/** From `package.json`, which lies two folders up from `src/cli` and from `dist/cli`. */
export const packageVersion = (): string =>
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version
