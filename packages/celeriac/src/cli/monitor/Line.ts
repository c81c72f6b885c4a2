/**
 * A line of a screen: pieces of text, each with what it is. How that looks is
 * `Paint`'s to say. Widths are counted in cells of a terminal.
 *
 * What is shown came over the network: what would steer the terminal is made
 * visible instead.
 */

/** What a piece is. */
export type Tone =
  | "plain"
  | "strong"
  | "faint"
  | "name"
  | "ok"
  | "error"
  | "warning"
  | "busy"
  | "news"
  | "key"

export interface Span {
  readonly text: string
  readonly tone: Tone
}

export interface Line {
  readonly spans: ReadonlyArray<Span>
  /** `bar` and `chosen` reach over the whole width. */
  readonly ground: "none" | "bar" | "chosen"
}

/** A piece of a line, of text that is harmless. */
export const span = (text: string, tone: Tone = "plain"): Span => ({ text, tone })

export const line = (...spans: ReadonlyArray<Span>): Line => ({ spans, ground: "none" })

export const bar = (...spans: ReadonlyArray<Span>): Line => ({ spans, ground: "bar" })

export const chosen = (...spans: ReadonlyArray<Span>): Line => ({ spans, ground: "chosen" })

export const empty: Line = line()

/** Of foreign text: control characters, and those that turn the order of others, are shown as what they are. */
export const harmless = (text: string): string => clean.test(text) ? text : text.replace(unsafe, visible)

const clean = /^[\x20-\x7e]*$/

const unsafe = /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu

const visible = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return character === "\n" ? "⏎" : character === "\t" ? " " : String.fromCodePoint(0x2400 + code)
  return "·"
}

/** How many cells it takes. */
export const widthOf = (text: string): number => {
  if (clean.test(text)) return text.length
  let width = 0
  for (const character of text) width += widthOfOne(character.codePointAt(0) ?? 0)
  return width
}

const widthOfOne = (code: number): number => {
  if (code < 0x300) return 1
  if (combining.test(String.fromCodePoint(code))) return 0
  return wide.some(([from, to]) => code >= from && code <= to) ? 2 : 1
}

const combining = /^[\p{Mn}\p{Me}\u{fe00}-\u{fe0f}]$/u

/** What terminals give two cells: Unicode's East Asian Wide, and pictures. */
const wide: ReadonlyArray<readonly [from: number, to: number]> = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x23e9, 0x23ec],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x2648, 0x2653],
  [0x26a1, 0x26a1],
  [0x26aa, 0x26ab],
  [0x2705, 0x2705],
  [0x270a, 0x270b],
  [0x2728, 0x2728],
  [0x274c, 0x274c],
  [0x2795, 0x2797],
  [0x2b1b, 0x2b1c],
  [0x2b50, 0x2b50],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd]
]

/** No wider than `width`: what is cut off is said by an ellipsis. */
export const cut = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text
  return width < 1 ? "" : `${head(text, width - 1)}…`
}

/** The same, cut at its beginning: of names that end in what tells them apart. */
export const cutStart = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text
  return width < 1
    ? ""
    : `…${Array.from(head(Array.from(text).toReversed().join(""), width - 1)).toReversed().join("")}`
}

/** The beginning that fits. */
const head = (text: string, width: number): string => {
  let taken = ""
  let left = width
  for (const character of text) {
    left -= widthOfOne(character.codePointAt(0) ?? 0)
    if (left < 0) break
    taken += character
  }
  return taken
}

/** Exactly so wide. */
export const fit = (text: string, width: number): string => {
  const shown = cut(text, width)
  return shown + " ".repeat(Math.max(0, width - widthOf(shown)))
}

/** The same, at the right end. */
export const fitRight = (text: string, width: number): string => {
  const shown = cut(text, width)
  return " ".repeat(Math.max(0, width - widthOf(shown))) + shown
}

/** Lines of at most so many cells, broken where there is space if there is some. */
export const wrap = (text: string, width: number): ReadonlyArray<string> =>
  text.split("\n").flatMap((paragraph) => broken(harmless(paragraph), Math.max(1, width)))

const broken = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let rest = text
  while (widthOf(rest) > width) {
    const most = head(rest, width) || Array.from(rest)[0]!
    const space = most.lastIndexOf(" ")
    const at = space > width / 2 ? space + 1 : most.length
    lines.push(rest.slice(0, at).trimEnd())
    rest = rest.slice(at)
  }
  return [...lines, rest]
}

/** How many cells a line takes. */
export const lineWidth = ({ spans }: Line): number => spans.reduce((sum, { text }) => sum + widthOf(text), 0)

/** No wider than the screen. */
export const cutLine = (whole: Line, width: number): Line => {
  if (lineWidth(whole) <= width) return whole
  const spans: Array<Span> = []
  let left = width
  for (const { text, tone } of whole.spans) {
    if (left <= 0) break
    const shown = cut(text, left)
    spans.push({ text: shown, tone })
    left -= widthOf(shown)
  }
  return { ...whole, spans }
}

/** Two ends of a line, with space between them. The right one gives way. */
export const ends = (
  left: ReadonlyArray<Span>,
  right: ReadonlyArray<Span>,
  width: number
): ReadonlyArray<Span> => {
  const gap = width - lineWidth(line(...left)) - lineWidth(line(...right))
  return gap < 1 ? left : [...left, span(" ".repeat(gap)), ...right]
}

/** The text alone. */
export const textOf = ({ spans }: Line): string => spans.map(({ text }) => text).join("")
