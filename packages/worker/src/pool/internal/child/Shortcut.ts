/**
 * Puts `Outline` in the place of `Worker` for all that a child loads: it exports
 * `make`, `isDefinition` and `Worker` too.
 *
 * @since 0.1.0
 */
import * as module from "node:module"
import type * as Outline from "./Outline.ts"

export const take = (): void => {
  const whole = beside("../../../Worker")
  const outline = beside(`./${name}`)
  module.registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context)
      return resolved.url === whole ? { ...resolved, url: outline } : resolved
    }
  })
}

const name: keyof { readonly Outline: typeof Outline } = "Outline"

const beside = (path: string): string =>
  new URL(`${path}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url).href
