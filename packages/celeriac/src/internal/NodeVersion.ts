/** Which Node all of this needs. Loads on any. */

/** The least, as major and minor: TypeScript runs without a flag from here on. */
const required = [22, 19] as const

/** What is wrong with a version of Node, as a sentence, if anything is. */
export const problemOf = (version: string, path: string): string | undefined => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > required[0] || (major === required[0] && minor >= required[1])
    ? undefined
    : `celeriac needs Node ${required.join(".")} or newer, and this is ${version} (${path}).`
}
