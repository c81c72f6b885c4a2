/** A browser without a window, to see pages as people do: Debian's Chromium, or the one of `CELERIAC_CHROMIUM`. */
import { existsSync } from "node:fs"
import { type Browser, chromium } from "playwright-core"

export const findChromium = (): string | undefined => {
  const named = process.env["CELERIAC_CHROMIUM"]
  return (named === undefined ? ["/usr/bin/chromium", "/usr/bin/chromium-browser"] : [named]).find(existsSync)
}

export const open = (): Promise<Browser> => {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error("no Chromium was found; set CELERIAC_CHROMIUM")
  // Its sandbox does not run as root, and all it sees are pages of this machine.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] })
}
