/** Where a child begins, and what it is told before all else. */
import * as module from "node:module"
import { dirname } from "node:path"

/** The file that threads and processes begin with: beside this one, in the same language. */
export const url: string = new URL(
  `./child/main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url
).href

/** The arguments of a child: that it is one, and where compiled modules are kept. */
export const args = (): Array<string> => {
  const cache = module.getCompileCacheDir()
  return ["--celeriac-child", cache === undefined ? "" : dirname(cache)]
}
