/** The files of the checkout, without what was installed, built or cached. */
import { readdirSync } from "node:fs"
import { join } from "node:path"

const others = new Set(["node_modules", "dist", ".git", ".cache", "coverage"])

/**
 * The files below a folder whose names end in one of `endings`, sorted.
 *
 * @param {string} folder
 * @param {...string} endings
 * @returns {Array<string>}
 */
export const filesIn = (folder, ...endings) =>
  readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return others.has(entry.name) ? [] : filesIn(path, ...endings)
      return endings.some((ending) => entry.name.endsWith(ending)) ? [path] : []
    })
    .sort()
