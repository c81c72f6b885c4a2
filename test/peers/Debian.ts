/**
 * Debian's Celery, the second peer: what tests say of the one that is talked to is
 * said of it too, where both are there. A file of tests is run again with it:
 * `Debian.alsoWith(() => import("./pythonClient.test.ts"))`.
 */
import { describe, it } from "vitest"
import { celeryVersion, findPython } from "./Python.ts"

const python = "/usr/bin/python3"

/** Who says which Python is talked to wants no other. */
const isSecond = process.env["CELERIAC_PYTHON"] === undefined && findPython() !== python

/** Its tests, under the version of Debian's. They are made when the file is loaded, which is this once. */
export const alsoWith = (load: () => Promise<unknown>): void => {
  if (isSecond) process.env["CELERIAC_PYTHON"] = python
  const version = isSecond ? versionOf() : undefined
  if (version === undefined) it.skip("Debian's Celery is not there, or is the one that all others talk to", () => {})
  else describe(`with Celery ${version}`, load as () => void) // what is made is waited for
}

const versionOf = (): string | undefined => {
  try {
    return celeryVersion()
  } catch {
    return undefined
  }
}
