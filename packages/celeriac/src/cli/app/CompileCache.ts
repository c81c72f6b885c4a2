/**
 * Node's compile cache, which halves what loading modules costs.
 *
 * It is where `NODE_COMPILE_CACHE` says, else in the `node_modules/.cache` that
 * this package is installed in, so that it outlives a machine's temporary files
 * and goes into an image, else where Node keeps it. `NODE_DISABLE_COMPILE_CACHE=1`
 * is Node's own, and turns it off. A place that cannot be written is no failure.
 */
import * as module from "node:module"
import { fileURLToPath } from "node:url"

/** Before anything is loaded that is worth it. */
export const enable = (): void => {
  const { status } = module.enableCompileCache(installed)
  if (status === module.constants.compileCacheStatus.FAILED && installed !== undefined) module.enableCompileCache()
}

/** Writes what was compiled so far: a process that is killed would not. */
export const keep = (): void => module.flushCompileCache()

/** In the outermost `node_modules`; undefined in a checkout, and when Node is told where. */
const installed = process.env["NODE_COMPILE_CACHE"] === undefined && import.meta.url.includes("/node_modules/")
  ? fileURLToPath(`${import.meta.url.slice(0, import.meta.url.indexOf("/node_modules/"))}/node_modules/.cache/celeriac`)
  : undefined
