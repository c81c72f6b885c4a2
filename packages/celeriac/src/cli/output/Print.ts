/**
 * What commands print for people, on stdout: foreign text in it is harmless. What
 * they print for programs, with `--json`, goes there as it is: JSON has no
 * control characters.
 */
import * as Console from "effect/Console"
import type * as Effect from "effect/Effect"
import { harmless, styled } from "../../internal/Harmless.ts"
import type { Style } from "./Style.ts"

/** With the colours of this style, if it has any. */
export const line = (text: string, style?: Style): Effect.Effect<void> =>
  Console.log(style?.isColored === true ? styled(text) : harmless(text))

/** A value that may be read by a person or by a program: what a terminal shows is harmless. */
export const value = (text: string): Effect.Effect<void> =>
  process.stdout.isTTY === true ? line(text) : Console.log(text)

/** How many columns a person's terminal has; undefined where none reads. */
export const width = (): number | undefined => process.stdout.isTTY === true ? process.stdout.columns : undefined

/** Lines for a person are broken where there is space, and not where the terminal ends. */
export const lines = (text: string, { columns, isTTY }: Pick<NodeJS.WriteStream, "columns" | "isTTY">): string =>
  isTTY ? text.split("\n").map((line) => wrapped(line, columns, "")).join("\n") : text

/** Lines of at most so many columns, broken where there is space; those that follow are indented. */
export const wrapped = (text: string, columns: number | undefined, indent: string): string => {
  if (columns === undefined || columns < 40) return text
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`
    if (longer.length + indent.length < columns || line === "") line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  return [...lines, line].join(`\n${indent}`)
}
