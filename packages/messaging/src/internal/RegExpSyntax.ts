/**
 * Reads the text of a regular expression: what `LinearRegExp` can match.
 *
 * @since 0.1.0
 */

/** Of one character. */
export type Test = (character: string) => boolean

export type Assertion = "start" | "end" | "endOfLine" | "boundary" | "noBoundary"

export type Part =
  | { readonly _tag: "Test"; readonly test: Test }
  | { readonly _tag: "Assert"; readonly assertion: Assertion }
  | { readonly _tag: "Sequence"; readonly parts: ReadonlyArray<Part> }
  | { readonly _tag: "Alternatives"; readonly parts: ReadonlyArray<Part> }
  | { readonly _tag: "Repeat"; readonly part: Part; readonly least: number; readonly most: number }

/** Why a pattern is not understood. */
export class Refused extends Error {}

/** Classes of characters, by what they are called. */
export const anything = {
  digit: (character: string) => /^\p{Nd}$/u.test(character),
  word: (character: string) => /^[\p{L}\p{N}_]$/u.test(character),
  space: (character: string) => /^\s$/u.test(character)
}

const classes: Readonly<Record<string, Test>> = {
  d: anything.digit,
  w: anything.word,
  s: anything.space,
  D: (character) => !anything.digit(character),
  W: (character) => !anything.word(character),
  S: (character) => !anything.space(character)
}

const assertions: Readonly<Record<string, Assertion>> = { A: "start", Z: "end", b: "boundary", B: "noBoundary" }

const controls: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v", a: "\x07" }

const of = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined

/** Throws `Refused`. */
export const parse = (pattern: string): Part => {
  const reader = new Reader(Array.from(pattern))
  const part = reader.alternatives()
  if (!reader.isAtEnd) throw new Refused("a ) has no (")
  return part
}

class Reader {
  private readonly text: ReadonlyArray<string>
  private at = 0

  constructor(text: ReadonlyArray<string>) {
    this.text = text
  }

  get isAtEnd(): boolean {
    return this.at === this.text.length
  }

  alternatives(): Part {
    const parts = [this.sequence()]
    while (this.take("|")) parts.push(this.sequence())
    return parts.length === 1 ? parts[0]! : { _tag: "Alternatives", parts }
  }

  private sequence(): Part {
    const parts: Array<Part> = []
    while (!this.isAtEnd && this.peek !== "|" && this.peek !== ")") parts.push(this.repeated())
    return { _tag: "Sequence", parts }
  }

  private repeated(): Part {
    const part = this.atom()
    const times = this.times()
    if (times === undefined) return part
    // As few as can be is as good as as many as can be: all that counts is whether it fits.
    this.take("?")
    if (this.peek === "+") throw new Refused("possessive repetitions are not understood")
    if (this.times() !== undefined) throw new Refused("a repetition is repeated")
    return { _tag: "Repeat", part, ...times }
  }

  private times(): { readonly least: number; readonly most: number } | undefined {
    if (this.take("*")) return { least: 0, most: Infinity }
    if (this.take("+")) return { least: 1, most: Infinity }
    if (this.take("?")) return { least: 0, most: 1 }
    const [whole, least = "", comma, most = ""] =
      /^\{(\d{0,4})(,?)(\d{0,4})\}/.exec(this.text.slice(this.at, this.at + 11).join("")) ?? []
    if (whole === undefined || whole === "{}") return undefined
    this.at += whole.length
    const from = Number(least)
    const to = comma === "" ? from : most === "" ? Infinity : Number(most)
    if (to < from) throw new Refused("a repetition has its bounds the wrong way round")
    return { least: from, most: to }
  }

  private atom(): Part {
    const character = this.next("it ends too early")
    switch (character) {
      case "(":
        return this.group()
      case "[":
        return { _tag: "Test", test: this.set() }
      case ".":
        return { _tag: "Test", test: (one) => one !== "\n" }
      case "^":
        return { _tag: "Assert", assertion: "start" }
      case "$":
        return { _tag: "Assert", assertion: "endOfLine" }
      case "*":
      case "+":
      case "?":
        throw new Refused(`there is nothing to repeat before ${character}`)
      case "\\":
        return this.escaped()
      default:
        return literal(character)
    }
  }

  private group(): Part {
    if (this.take("?") && !this.take(":")) {
      if (!this.take("P") || !this.take("<")) throw new Refused("lookaround and flags are not understood")
      while (this.next("a group has no end") !== ">") {
        // The name of a group is of no use here.
      }
    }
    const part = this.alternatives()
    if (!this.take(")")) throw new Refused("a ( has no )")
    return part
  }

  private escaped(): Part {
    const character = this.next("it ends with a \\")
    const assertion = of(assertions, character)
    if (assertion !== undefined) return { _tag: "Assert", assertion }
    const test = of(classes, character)
    return test === undefined ? literal(this.character(character)) : { _tag: "Test", test }
  }

  /** What stands behind a backslash, and is one character. */
  private character(letter: string): string {
    const control = of(controls, letter)
    if (control !== undefined) return control
    const digits = letter === "x" ? 2 : letter === "u" ? 4 : 0
    if (digits > 0) {
      const code = this.text.slice(this.at, this.at + digits).join("")
      if (code.length !== digits || !/^[0-9a-fA-F]+$/.test(code)) {
        throw new Refused(`\\${letter} needs ${digits} digits`)
      }
      this.at += digits
      return String.fromCharCode(Number.parseInt(code, 16))
    }
    if (/^[a-zA-Z0-9]$/.test(letter)) throw new Refused(`\\${letter} is not understood`)
    return letter
  }

  private set(): Test {
    const isNegated = this.take("^")
    const tests: Array<Test> = []
    for (let isFirst = true;; isFirst = false) {
      const first = this.next("a [ has no ]")
      if (first === "]" && !isFirst) break
      const from = this.member(first)
      if (typeof from === "function" || this.peek !== "-" || this.text[this.at + 1] === "]") {
        tests.push(typeof from === "function" ? from : (one) => one === from)
        continue
      }
      this.at++
      const to = this.member(this.next("a [ has no ]"))
      if (typeof to === "function" || to < from) throw new Refused("a range of characters is none")
      tests.push((one) => one >= from && one <= to)
    }
    return (one) => tests.some((test) => test(one)) !== isNegated
  }

  private member(character: string): string | Test {
    if (character !== "\\") return character
    const letter = this.next("it ends with a \\")
    return of(classes, letter) ?? (letter === "b" ? "\b" : this.character(letter))
  }

  private get peek(): string | undefined {
    return this.text[this.at]
  }

  private take(character: string): boolean {
    if (this.peek !== character) return false
    this.at++
    return true
  }

  private next(otherwise: string): string {
    const character = this.text[this.at++]
    if (character === undefined) throw new Refused(otherwise)
    return character
  }
}

const literal = (character: string): Part => ({ _tag: "Test", test: (one) => one === character })
