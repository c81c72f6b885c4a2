/**
 * Reads the files that settings of security name; a folder stands for all files
 * in it, and a pattern for those that it fits, as Python's `glob` has it.
 */
import { SecurityError } from "@celeriac/messaging/security/SecurityError"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import * as Glob from "./Glob.ts"

/** The text of one. Throws a `SecurityError` that names the setting and the file. */
export const read = (setting: string, file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    throw new SecurityError({ detail: `${setting} '${file}' cannot be read: ${codeOf(error)}` })
  }
}

/** Of a folder or a pattern, in the order of their names. */
export const readAll = (
  setting: string,
  path: string
): ReadonlyArray<{ readonly file: string; readonly text: string }> => {
  const files = isFolder(path) ? entries(path, "*") : matching(path)
  if (files.length === 0) {
    throw new SecurityError({ detail: `${setting} '${path}' has no files: whose messages are to be accepted?` })
  }
  return files.map((file) => ({ file, text: read(setting, file) }))
}

const matching = (pattern: string): ReadonlyArray<string> => {
  const [first = "", ...segments] = pattern.split("/")
  const start = first === "" ? "/" : "."
  const names = first === "" ? segments : [first, ...segments]
  return names.reduce<ReadonlyArray<string>>(
    (folders, name) =>
      folders.flatMap((folder) =>
        /[*?[]/.test(name) ? entries(folder, name) : exists(join(folder, name)) ? [join(folder, name)] : []
      ),
    [start]
  )
}

/** A pattern fits no name that begins with a dot, unless it does itself. */
const entries = (folder: string, pattern: string): ReadonlyArray<string> => {
  if (!isFolder(folder)) return []
  const glob = Glob.make(pattern)
  return readdirSync(folder)
    .filter((name) => glob.test(name) && (!name.startsWith(".") || pattern.startsWith(".")))
    .sort()
    .map((name) => join(folder, name))
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error)
