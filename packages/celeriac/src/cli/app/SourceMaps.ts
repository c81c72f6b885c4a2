/**
 * Stack traces that name the lines of the sources, in a file that was made of
 * them and has its map beside it.
 *
 * The map is read when a trace is: it is several times as large as the file, and
 * a worker whose tasks do not fail never needs it.
 */
import { readFileSync } from "node:fs"
import { SourceMap } from "node:module"
import { fileURLToPath } from "node:url"

/** For all traces from now on, unless Node does it by itself (`--enable-source-maps`). */
export const use = (url: string): void => {
  if (process.sourceMapsEnabled) return
  const origin = originsOf(url)
  Error.prepareStackTrace = (error, frames) =>
    [
      headOf(error),
      ...frames.map((frame) =>
        `    at ${
          String(frame).replace(
            place,
            (at, file, line, column) => file === url ? origin(Number(line), Number(column)) ?? at : at
          )
        }`
      )
    ].join("\n")
}

const place = /(file:\/\/[^\s()]+):(\d+):(\d+)/

const headOf = (error: Error): string => {
  try {
    return String(error)
  } catch {
    return "Error"
  }
}

/** Of a place in the file, the place in its sources. Places are remembered, the map is not: it is read again when it must. */
const originsOf = (url: string) => {
  const known = new Map<string, string | undefined>()
  let last: WeakRef<SourceMap> | undefined
  const find = (line: number, column: number): string | undefined => {
    const map = last?.deref() ?? new SourceMap(JSON.parse(readFileSync(fileURLToPath(`${url}.map`), "utf8")))
    last = new WeakRef(map)
    const found = map.findOrigin(line, column)
    return "fileName" in found
      ? `${new URL(found.fileName, url).href}:${found.lineNumber}:${found.columnNumber}`
      : undefined
  }
  return (line: number, column: number): string | undefined => {
    const key = `${line}:${column}`
    if (!known.has(key) && known.size < most) {
      try {
        known.set(key, find(line, column))
      } catch {
        // Without its map the file has no sources.
        known.set(key, undefined)
      }
    }
    return known.get(key)
  }
}

/** More places than this are in no program's traces. */
const most = 10_000
