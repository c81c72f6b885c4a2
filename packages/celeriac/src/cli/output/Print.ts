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
