/** What this package calls itself, and the Node it needs. Loads on any Node. */
import { readFileSync } from "node:fs"

/** The least, as major and minor: TypeScript runs without a flag from here on. */
export const requiredNode = [22, 19] as const

/** From `package.json`, which lies two folders up from `src/cli` and from `dist/cli`. */
export const packageVersion = (): string =>
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version
