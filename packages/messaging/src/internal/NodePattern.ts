/**
 * Which nodes a control command is for, when it names a pattern and not nodes:
 * `glob` is Python's `fnmatch`, `pcre` its `re.match`. Both take time in
 * proportion to pattern and name, whatever the pattern says.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as LinearRegExp from "./LinearRegExp.ts"

/** Whether the name fits; fails with why the pattern is none. */
export const matches = (nodename: string, pattern: string, matcher: string): Result.Result<boolean, string> => {
  switch (matcher) {
    case "glob":
      return pattern.length > longestGlob
        ? Result.fail(`the pattern is longer than ${longestGlob} characters`)
        : Result.succeed(glob(parse(Array.from(pattern)), Array.from(nodename)))
    case "pcre":
      return regExp(nodename, pattern)
    default:
      return Result.fail(`there is no matcher '${matcher.slice(0, 64)}': glob and pcre are known`)
  }
}

const longestGlob = 1024

const regExp = (nodename: string, pattern: string): Result.Result<boolean, string> => {
  try {
    return Result.succeed(LinearRegExp.compile(pattern)(nodename))
  } catch (error) {
    if (!(error instanceof LinearRegExp.Refused)) throw error
    return Result.fail(`the regular expression is not understood: ${error.message}`)
  }
}

/** What fits one character, or any number of them. */
type Token = "any" | ((character: string) => boolean)

const parse = (pattern: ReadonlyArray<string>): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!
    if (character === "*") tokens.push("any")
    else if (character === "?") tokens.push(() => true)
    else if (character !== "[") tokens.push((one) => one === character)
    else {
      // A ] that comes first is one of the set. Without an end, a [ is itself.
      const start = pattern[at + 1] === "!" ? at + 2 : at + 1
      const end = pattern.indexOf("]", start + 1)
      if (end === -1) tokens.push((one) => one === "[")
      else {
        tokens.push(set(pattern.slice(start, end), start === at + 2))
        at = end
      }
    }
  }
  return tokens
}

const set = (members: ReadonlyArray<string>, isNegated: boolean) => {
  const ranges: Array<readonly [string, string]> = []
  for (let at = 0; at < members.length; at++) {
    const from = members[at]!
    const isRange = members[at + 1] === "-" && at + 2 < members.length
    ranges.push([from, isRange ? members[at + 2]! : from])
    if (isRange) at += 2
  }
  return (one: string) => ranges.some(([from, to]) => one >= from && one <= to) !== isNegated
}

/** Goes back to the last star alone: what an earlier one might take, that one can take too. */
const glob = (tokens: ReadonlyArray<Token>, text: ReadonlyArray<string>): boolean => {
  let token = 0
  let at = 0
  let star = -1
  let starAt = 0
  while (at < text.length) {
    const current = tokens[token]
    if (current === "any") {
      star = token++
      starAt = at
    } else if (current !== undefined && current(text[at]!)) {
      token++
      at++
    } else if (star !== -1) {
      token = star + 1
      at = ++starAt
    } else return false
  }
  while (tokens[token] === "any") token++
  return token === tokens.length
}
