/** Which files of the user's are loaded, from when it is asked for. */
import * as module from "node:module"
import { fileURLToPath } from "node:url"

export interface LoadedFiles {
  readonly files: () => ReadonlyArray<string>
}

/** Not those of installed packages, nor those below `ours`. From the first call on, whoever asks again. */
export const record = (ours: string): LoadedFiles => recorded ??= begin(ours)

let recorded: LoadedFiles | undefined

const begin = (ours: string): LoadedFiles => {
  const urls = new Set<string>()
  module.registerHooks({
    load: (url, context, next) => {
      if (url.startsWith("file:") && !url.includes("/node_modules/") && !url.startsWith(ours)) urls.add(url)
      return next(url, context)
    }
  })
  return { files: () => Array.from(urls, (url) => fileURLToPath(url)) }
}
