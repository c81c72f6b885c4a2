/**
 * How the imports of a child are resolved: those inside of these packages by
 * their text, `Worker` to `Outline`, which exports `make`, `isDefinition` and
 * `Worker` too, and what is `Condensed` to that.
 *
 * @since 0.1.0
 */
import * as module from "node:module"
import * as Resolution from "../../../state/Resolution.ts"
import * as Condensed from "./Condensed.ts"
import type * as Outline from "./Outline.ts"

/** What was asked for, of what a child loads only if somebody needs it. */
export const asked = { sending: false }

export const take = (): void => {
  const whole = beside("../../../Worker")
  // What these packages import themselves says nothing of what tasks do.
  const own = [
    ...["../..", "../../../trace/"].map((path) => new URL(path, import.meta.url).href),
    ...["tasks/Task", "messaging/Message"].map(folderOf)
  ]
  const outline = beside(`./${name}`)
  const resolve = (specifier: string): string => import.meta.resolve(specifier)
  const condensed = Resolution.isOurs() ? Condensed.find(Resolution.own, resolve) : () => undefined
  Resolution.shorten(Resolution.own, resolve)
  module.registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context)
      if (sending.test(specifier) && !own.some((folder) => context.parentURL?.startsWith(folder))) asked.sending = true
      const url = resolved.url === whole ? outline : resolved.url
      const instead = condensed(url)
      if (instead !== undefined) return { url: instead, format: "module", shortCircuit: true }
      return url === resolved.url ? resolved : { ...resolved, url }
    }
  })
}

/** Modules of who sends, or waits for results. */
const sending =
  /^(@celeriac\/(tasks|messaging)|celeriac)\/(.*\/)?(Client|Producer|ResultReader|ResultBackend|AsyncResult)$|^celeriac(\/promise)?$/

const name: keyof { readonly Outline: typeof Outline } = "Outline"

const folderOf = (path: string): string => new URL(".", import.meta.resolve(`@celeriac/${path}`)).href

const beside = (path: string): string =>
  new URL(`${path}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url).href
