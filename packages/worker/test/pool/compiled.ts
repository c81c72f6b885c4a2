/** Children of tests load what others have compiled: it is a matter of seconds. */
import * as module from "node:module"
import { fileURLToPath } from "node:url"

export const keepCompiled = (): void =>
  void module.enableCompileCache(fileURLToPath(new URL("../../../../node_modules/.cache/pools", import.meta.url)))
