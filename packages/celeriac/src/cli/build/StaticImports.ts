/**
 * A plugin for esbuild that makes what is loaded on demand here a part of what
 * is loaded anyway: in one file there is nothing to wait for, and a module that
 * is imported on demand, with everything that it imports, would be compiled
 * twice.
 */
import type * as Esbuild from "esbuild"
import { readFileSync } from "node:fs"

export const plugin: Esbuild.Plugin = {
  name: "celeriac-static-imports",
  setup: ({ onLoad }) =>
    onLoad({ filter: loadsOnDemand }, ({ path }) => ({
      contents: rewrite(readFileSync(path, "utf8")),
      loader: path.endsWith(".ts") ? "ts" : "js"
    }))
}

/** Of the modules that a worker loads: those that look up brokers and result backends, those that read `Config`, and steps. */
const loadsOnDemand =
  /[\\/](celeriac[\\/](src|dist)[\\/]internal[\\/](Environment|ResultBackends|Transports)|amqp[\\/](src|dist)[\\/]AmqpTransport|worker[\\/](src|dist)[\\/](boot[\\/]StateDB|consumer[\\/]ControlStep))\.[jt]s$/

const rewrite = (text: string): string => {
  const paths: Array<string> = []
  const body = text.replace(
    /\bimport\(("[^"]+")\)/g,
    (_, path: string) => `Promise.resolve(demanded${paths.push(path) - 1})`
  )
  return `${paths.map((path, index) => `import * as demanded${index} from ${path}`).join("; ")}; ${body}`
}
