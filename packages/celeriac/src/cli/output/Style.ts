/** Colours of a terminal, where they are wanted: the ones that Celery's commands have. */
import { inOneLine } from "../../internal/Harmless.ts"

/** What is said, by what it is. */
export interface Style {
  readonly isColored: boolean
  readonly ok: (text: string) => string
  readonly warning: (text: string) => string
  readonly error: (text: string) => string
  readonly name: (text: string) => string
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
}

const colored = (code: string) => (text: string): string => `\x1b[${code}m${text}\x1b[0m`

const plain = (text: string): string => text

export const make = (colors: boolean): Style =>
  colors
    ? {
      isColored: true,
      ok: colored("32;1"),
      warning: colored("33;1"),
      error: colored("31;1"),
      name: colored("36;1"),
      strong: colored("1"),
      faint: colored("2")
    }
    : { isColored: false, ok: plain, warning: plain, error: plain, name: plain, strong: plain, faint: plain }

/** Rows side by side, each column as wide as it must be; the first row is their heads. */
export const table = (style: Style, foreign: ReadonlyArray<ReadonlyArray<string>>): string => {
  const [head = [], ...rows] = foreign.map((row) => row.map(inOneLine))
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()
  return [style.strong(line(head)), ...rows.map(line)].join("\n")
}
