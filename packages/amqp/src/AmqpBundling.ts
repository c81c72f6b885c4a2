/**
 * Plugins for bundlers that put amqplib into the bundle.
 *
 * What is used of amqplib lies below its public API, in files that a bundler
 * cannot follow (`docs/decisions/0010-private-amqplib.md`). Without a plugin a
 * bundle looks for an installed amqplib when it connects; with one it needs none.
 *
 * ```ts
 * import * as AmqpBundling from "@celeriac/amqp/AmqpBundling"
 * import { build } from "esbuild"
 *
 * await build({ entryPoints: ["main.ts"], bundle: true, platform: "node", format: "esm", outfile: "main.mjs", plugins: [AmqpBundling.esbuild()] })
 * ```
 *
 * @since 0.1.0
 */
import * as AmqplibText from "./internal/AmqplibText.ts"

/** What is used of esbuild's `PluginBuild`. */
interface EsbuildBuild {
  onLoad(
    options: { readonly filter: RegExp },
    load: () => { readonly contents: string; readonly loader: "js" }
  ): void
}

/** A plugin for esbuild. */
export const esbuild = () => ({
  name: "celeriac-amqplib",
  setup: (build: EsbuildBuild): void =>
    build.onLoad({ filter: replaced }, () => ({ contents: AmqplibText.make(), loader: "js" }))
})

/** A plugin for rollup, and for what takes rollup's plugins: Vite, Rolldown. */
export const rollup = () => ({
  name: "celeriac-amqplib",
  load: (id: string): string | null => replaced.test(id) ? AmqplibText.make() : null
})

/** The module that finds amqplib's files. */
const replaced = /[\\/]amqp[\\/](src|dist)[\\/]internal[\\/]AmqplibModules\.[jt]s$/
