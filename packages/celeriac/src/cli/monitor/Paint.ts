/**
 * Lines as a terminal is told of them: in the sixteen colours that every theme
 * has made readable on its ground, or in none; and of a screen only the lines
 * that changed.
 */
import { cutLine, type Line, lineWidth, type Tone } from "./Line.ts"

export interface Look {
  /** Without, there are bold letters and reversed ones, which are no colours. */
  readonly colors: boolean
  /** Whether the terminal has more than ASCII. */
  readonly unicode: boolean
}

const colored: Readonly<Record<Tone, string>> = {
  plain: "",
  strong: "1",
  faint: "2",
  name: "36",
  ok: "32",
  error: "31",
  warning: "33",
  busy: "34",
  news: "35",
  key: "1;36"
}

const uncolored: Readonly<Record<Tone, string>> = {
  ...{ plain: "", strong: "1", faint: "", name: "", ok: "", error: "1", warning: "", busy: "", news: "" },
  key: "1"
}

/** The signs that are used, without Unicode. */
const plainly: ReadonlyMap<string, string> = new Map(Object.entries({
  ...{ "●": "*", "○": "o", "▸": ">", "✓": "+", "✗": "x", "↻": "~", "⊘": "/", "▶": ">", "·": ".", "…": "~" },
  ...{ "─": "-", "│": "|", "▁": ".", "▂": ".", "▃": ":", "▄": ":", "▅": "+", "▆": "+", "▇": "#", "█": "#" },
  ...{ "↑": "^", "↓": "v", "⏎": "$", "←": "<", "→": ">", "└": "`", "├": "|" }
}))

const signs = /[^\x00-\x7f]/gu

/** A line of so many cells. What is behind its end is erased. */
export const paint = (whole: Line, width: number, { colors, unicode }: Look): string => {
  const { ground, spans } = cutLine(whole, width)
  const tones = colors ? colored : uncolored
  const under = ground === "none" ? "" : "7"
  const rest = ground === "none" ? 0 : Math.max(0, width - lineWidth(whole))
  const pieces = [...spans, { text: " ".repeat(rest), tone: "plain" as const }]
  const painted = pieces.map(({ text, tone }) => {
    if (text === "") return ""
    // On a reversed ground colours would be grounds: what is chosen is read, not told apart.
    const code = under === "" ? tones[tone] : tone === "strong" || tone === "key" ? `${under};1` : under
    const shown = unicode ? text : text.replace(signs, (sign) => plainly.get(sign) ?? "?")
    return code === "" ? shown : `\x1b[${code}m${shown}\x1b[0m`
  })
  return `${painted.join("")}\x1b[K`
}

/** The other screen, without a cursor, and without lines that go on at their end. */
export const enter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J\x1b[H"

/** As it was. */
export const leave = "\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l"

/** What has changed since, as one text that is shown at once where a terminal can do that. */
export const changes = (before: ReadonlyArray<string>, now: ReadonlyArray<string>): string => {
  const changed = now.flatMap((text, row) => text === before[row] ? [] : [`\x1b[${row + 1};1H${text}`])
  return changed.length === 0 ? "" : `\x1b[?2026h${changed.join("")}\x1b[?2026l`
}
