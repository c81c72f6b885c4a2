/**
 * A plugin for esbuild that asks Node for its own modules when they are first
 * used, and not for all that they export: an `import` of `node:crypto` alone
 * loads what it takes to tell every name, a tenth of a worker's boot.
 */
import type * as Esbuild from "esbuild"
import { createRequire, isBuiltin } from "node:module"

export const plugin: Esbuild.Plugin = {
  name: "celeriac-builtins",
  setup: ({ onLoad, onResolve }) => {
    onResolve(
      { filter: /^[^./]/ },
      ({ kind, path }) =>
        isBuiltin(path) && kind !== "dynamic-import"
          ? {
            path,
            namespace: kind === "import-statement" ? imported : required,
            sideEffects: kind !== "import-statement"
          }
          : undefined
    )
    onLoad({ filter: /.*/, namespace: required }, ({ path }) => ({
      contents: `module.exports = ${builtin(path)}`,
      loader: "js"
    }))
    onLoad({ filter: /.*/, namespace: imported }, ({ path }) => ({ contents: moduleOf(path), loader: "js" }))
  }
}

const required = "celeriac-required"
const imported = "celeriac-builtin"

const builtin = (path: string): string => `process.getBuiltinModule(${JSON.stringify(path)})`

/** Of what it exports, each name that is used is looked up, and nothing copied. */
const moduleOf = (path: string): string => {
  const names = Object.keys(createRequire(import.meta.url)(path)).filter((name) => identifier.test(name))
  return [
    `const whole = /* @__PURE__ */ ${builtin(path)}, pick = (name) => whole[name]`,
    "export default whole",
    ...names.map((name) => `const its_${name} = /* @__PURE__ */ pick("${name}")`),
    `export { ${names.map((name) => `its_${name} as ${name}`).join(", ")} }`
  ].join("\n")
}

const identifier = /^(?!default$)[A-Za-z_$][\w$]*$/
