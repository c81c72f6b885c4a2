/**
 * That something is being done, and for how long: one line on a person's terminal,
 * which is gone when it has ended. On stderr, so that what is asked for stays clean;
 * programs, logs and `-q` see nothing of it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** What is written to. */
export interface Terminal {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly write: (text: string) => unknown
}

export interface Options {
  readonly quiet: boolean
  readonly json?: boolean | undefined
  /** Default stderr. */
  readonly terminal?: Terminal | undefined
}

/** What is said, and for how long by now, in whole seconds: `waits for the result ... 3 s`. */
export type Text = string | ((seconds: number) => string)

/** One line, for one thing that is being done. */
export interface Line {
  /** Shows it while the effect runs, if that takes longer than half a second. */
  readonly during: (text: Text) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Something else is printed meanwhile, for good: the line gives way, and comes again. */
  readonly above: <A, E, R>(print: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const make = ({ json = false, quiet, terminal = process.stderr }: Options): Line =>
  quiet || json || terminal.isTTY !== true ? nothing : shown(terminal)

const nothing: Line = { during: () => (effect) => effect, above: (print) => print }

/** For who prints nothing meanwhile. */
export const during = (text: Text, options: Options) => make(options).during(text)

const shown = (terminal: Terminal): Line => {
  let isThere = false
  const clear = Effect.sync(() => {
    if (isThere) terminal.write("\r\x1b[K")
    isThere = false
  })
  const writing = (text: Text) =>
    Effect.flatMap(Clock.currentTimeMillis, (start) => {
      const once = Effect.map(Clock.currentTimeMillis, (now) => {
        isThere = true
        const seconds = Math.floor((now - start) / 1000)
        const line = typeof text === "string" ? `${text} ... ${seconds} s` : text(seconds)
        terminal.write(`\r${line.slice(0, Math.max(1, (terminal.columns ?? 80) - 1))}\x1b[K`)
      })
      return Effect.sleep("500 millis").pipe(
        Effect.andThen(Effect.forever(Effect.andThen(once, Effect.sleep("1 second")))),
        Effect.ensuring(clear)
      )
    })
  return {
    during: (text) => (effect) => Effect.raceFirst(effect, writing(text)),
    above: (print) => Effect.andThen(clear, print)
  }
}
