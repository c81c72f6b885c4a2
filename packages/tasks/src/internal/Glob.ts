/**
 * Patterns of names of tasks, as `task_routes` has them: Python's `fnmatch`,
 * and regular expressions that match from the beginning, as `re.match`.
 */

/** `*` any text, `?` a character, `[abc]` or `[a-z]` one of these, `[!abc]` none of them; every other character itself. */
export const make = (pattern: string): RegExp => {
  let source = ""
  for (let at = 0; at < pattern.length; at++) {
    const end = pattern[at] === "[" ? endOfSet(pattern, at) : -1
    if (end > 0) {
      source += setOf(pattern.slice(at + 1, end))
      at = end
    } else {
      const character = pattern[at]!
      if (character !== "*") source += character === "?" ? "." : escaped(character)
      // Several in a row are one: so many ways to match a name would take for ever.
      else if (pattern[at - 1] !== "*") source += ".*"
    }
  }
  return new RegExp(`^${source}$`, "s")
}

/** One that only matches from the beginning, and says the same of a name every time. */
export const anchored = (pattern: RegExp): RegExp =>
  new RegExp(`^(?:${pattern.source})`, pattern.flags.replace(/[gym]/g, ""))

/** Where a set ends; -1 when it does not. A `]` that comes first is one of the set. */
const endOfSet = (pattern: string, start: number): number => {
  const first = pattern[start + 1] === "!" ? start + 2 : start + 1
  return pattern.indexOf("]", first + 1)
}

const setOf = (inside: string): string => {
  const isNot = inside.startsWith("!")
  const members = (isNot ? inside.slice(1) : inside).replace(/[\\\]^[]/g, "\\$&")
  // A range from high to low has nothing in it.
  const ranges = members.replace(/([^\\])-([^\\\]])/g, (range, from: string, to: string) => from > to ? "" : range)
  if (ranges === "") return isNot ? "." : "(?!)"
  return `[${isNot ? "^" : ""}${ranges}]`
}

const escaped = (character: string): string => character.replace(/[\\^$.|?+()[\]{}/-]/g, "\\$&")
