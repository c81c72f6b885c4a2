/**
 * A plugin for esbuild that asks Node for its own modules when they are first
 * used, and not for all that they export: an `import` of `node:crypto` alone
 * loads what it takes to tell every name, a tenth of a worker's boot.
 */
import type * as Esbuild from "esbuild"
import { isBuiltin } from "node:module"

export const plugin: Esbuild.Plugin = {
  name: "celeriac-builtins",
  setup: ({ onLoad, onResolve }) => {
    onResolve(
      { filter: /^[^./]/ },
      ({ kind, path }) => isBuiltin(path) && kind !== "dynamic-import" ? { path, namespace } : undefined
    )
    onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
      loader: "js"
    }))
  }
}

const namespace = "celeriac-builtin"
