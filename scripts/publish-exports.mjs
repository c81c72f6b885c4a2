/**
 * `exports` and `bin` point at sources in the checkout and at `dist` in what
 * is published. npm does not apply `publishConfig.exports`, so `prepack` calls
 * this with `on` and `postpack` with `off`. The manifest as it was lies beside
 * the swapped one until it is put back, so a crash in between loses nothing:
 * the next `on`, `off`, `npm start` or `npm test` restores it.
 */
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const manifestOf = (folder) => join(folder, "package.json")
const savedOf = (folder) => join(folder, ".package.json.saved")

/** The manifest that is published. */
export const published = ({ publishConfig, devDependencies: _, ...manifest }) => {
  const { exports, bin, ...config } = publishConfig ?? {}
  return {
    ...manifest,
    ...(exports === undefined ? {} : { exports }),
    ...(bin === undefined ? {} : { bin }),
    publishConfig: config
  }
}

/** Puts saved manifests back. */
export const restore = (folders) => {
  for (const folder of folders) {
    if (existsSync(savedOf(folder))) renameSync(savedOf(folder), manifestOf(folder))
  }
}

const on = (folder) => {
  restore([folder])
  const manifest = JSON.parse(readFileSync(manifestOf(folder), "utf8"))
  const half = `${savedOf(folder)}.half`
  copyFileSync(manifestOf(folder), half)
  renameSync(half, savedOf(folder))
  const swapped = join(folder, ".package.json.swapped")
  writeFileSync(swapped, `${JSON.stringify(published(manifest), null, 2)}\n`)
  renameSync(swapped, manifestOf(folder))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const mode = process.argv[2]
  if (mode === "on") on(process.cwd())
  else if (mode === "off") restore([process.cwd()])
  else {
    console.error("usage, in the folder of a package: publish-exports.mjs on|off")
    process.exit(2)
  }
}
