/**
 * The first half of a build: the user's module with all that it imports, but
 * for Effect and our own packages, as one text; and the plugin that hands it to
 * the second half, which adds those.
 *
 * Tracebacks and result backends tell errors by the names of their classes, and
 * those of the user's, and of other packages, are kept here. The names inside of
 * Effect and of ours tell nobody anything, and keeping them costs each function
 * a property: 3 MB.
 */
import type * as Esbuild from "esbuild"
import { dirname } from "node:path"

/** What it is imported by. */
export const name = "celeriac-module"

/** What stays an import. */
const added = /^(effect|celeriac|@celeriac\/\w+)(\/|$)/

export const gather = (
  { build }: typeof Esbuild,
  file: string,
  { plugins = [], ...options }: Esbuild.BuildOptions
): Promise<Esbuild.BuildResult<{ readonly write: false }>> =>
  build({
    ...options,
    entryPoints: [file],
    write: false,
    sourcemap: "inline",
    keepNames: true,
    plugins: [later, ...plugins]
  })

/** Found from where it is imported, for a package may have an Effect of its own. What CommonJS requires cannot be left for later. */
const later: Esbuild.Plugin = {
  name: "celeriac-later",
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: added }, async ({ importer, kind, namespace, path, pluginData, resolveDir }) => {
      if (kind === "require-call" || pluginData === asked) return undefined
      const found = await resolve(path, { importer, kind, namespace, pluginData: asked, resolveDir })
      return found.errors.length > 0 ? undefined : { path: found.path, external: true }
    })
}

/** What asks is not asked again. */
const asked = {}

/** Beside the outfile, so that the places of its sources are told from there; its own imports are those of the module. */
export const plugin = (file: string, outfile: string, text: string): Esbuild.Plugin => ({
  name: "celeriac-gathered",
  setup: ({ onLoad, onResolve }) => {
    const path = `${outfile}.gathered.js`
    onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path, sideEffects: true }))
    onLoad({ filter: /\.gathered\.js$/ }, () => ({ contents: text, loader: "js", resolveDir: dirname(file) }))
  }
})
