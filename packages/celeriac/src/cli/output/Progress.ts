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

/** While the effect runs: `waits for the result ... 3 s`. What ends within half a second is not worth a word. */
export const during =
  (text: string, { json = false, quiet, terminal = process.stderr }: Options) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    quiet || json || terminal.isTTY !== true ? effect : Effect.raceFirst(effect, shown(text, terminal))

const shown = (text: string, terminal: Terminal): Effect.Effect<never> =>
  Effect.suspend(() => {
    let isThere = false
    const clear = Effect.sync(() => {
      if (isThere) terminal.write("\r\x1b[K")
    })
    return Effect.flatMap(Clock.currentTimeMillis, (start) => {
      const once = Effect.map(Clock.currentTimeMillis, (now) => {
        isThere = true
        const line = `${text} ... ${Math.floor((now - start) / 1000)} s`
        terminal.write(`\r${line.slice(0, Math.max(1, (terminal.columns ?? 80) - 1))}\x1b[K`)
      })
      return Effect.sleep("500 millis").pipe(
        Effect.andThen(Effect.forever(Effect.andThen(once, Effect.sleep("1 second")))),
        Effect.ensuring(clear)
      )
    })
  })
