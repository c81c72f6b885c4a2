/** What this package calls itself. Loads on any Node. */
import { readFileSync } from "node:fs"

/** Defined in what `celeriac build` makes, where no `package.json` lies; and the module that it was made of. */
declare const celeriacVersion: string | undefined
declare const celeriacModule: string | undefined

/** What the module was called that this file was made of; undefined where none was. */
export const builtOf = typeof celeriacModule === "string" ? celeriacModule : undefined

/** From `package.json`, which lies three folders up from `src/cli/app` and from `dist/cli/app`. */
export const packageVersion = (): string =>
  typeof celeriacVersion === "string"
    ? celeriacVersion
    : JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")).version
