/**
 * The console of the process, which may be taken over: what tasks say by it
 * becomes lines of the log, and all else is written to what lies beneath.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

const methods = ["debug", "info", "log", "warn", "error"] as const

type Beneath = Pick<Console.Console, typeof methods[number]>

let saved: Beneath | undefined

/** The same, but for the console of the process while that is taken over: as it was before. */
export const beneath = (console: Console.Console): Beneath =>
  saved === undefined || console !== globalThis.console ? console : saved

/** Prints for the person at the terminal, whoever has taken the console over. */
export const print = (text: string): Effect.Effect<void> =>
  Effect.map(Console.Console, (console) => beneath(console).log(text))

/** Gives what is said by the console to somebody else, who says whether it was taken, until it is given back. */
export const takeOver = (listener: (words: ReadonlyArray<unknown>) => boolean): () => void => {
  const console = globalThis.console
  if (saved !== undefined) return () => {}
  const own = Object.fromEntries(methods.map((method) => [method, console[method]])) as unknown as Beneath // all of them
  const rest = Object.fromEntries(methods.map((method) => [method, own[method].bind(console)])) as unknown as Beneath // as above
  saved = rest
  for (const method of methods) {
    console[method] = (...words) => {
      if (!listener(words)) rest[method](...words)
    }
  }
  return () => {
    Object.assign(console, own)
    saved = undefined
  }
}
