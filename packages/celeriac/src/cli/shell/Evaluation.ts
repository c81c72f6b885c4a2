/**
 * Runs what is typed in `celeriac shell`: as Node's own REPL does, with `await`
 * at the top level; and what comes of it is waited for: a promise, or an Effect.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { REPLServer } from "node:repl"
import { inspect } from "node:util"
import { harmless, styled } from "../../internal/Harmless.ts"

export type Evaluate = REPLServer["eval"]

export interface Waiting {
  /** In the place of the server's own. */
  readonly evaluate: Evaluate
  /** Gives up what is waited for; whether there was anything. */
  readonly interrupt: () => boolean
}

/** Around how a server runs code. */
export const make = (original: Evaluate): Waiting => {
  let waiting: Fiber.Fiber<unknown, unknown> | undefined
  return {
    evaluate(code, context, file, done) {
      original.call(this, code, context, file, (error, value) => {
        const wanted = error === null ? effectOf(value) : undefined
        if (wanted === undefined) return done(error, value)
        const fiber = Effect.runFork(wanted)
        waiting = fiber
        fiber.addObserver((exit) => {
          waiting = undefined
          if (Exit.isSuccess(exit)) return done(null, exit.value)
          const [reason] = exit.cause.reasons
          if (reason === undefined || reason._tag === "Interrupt") return done(new Error("given up"), undefined)
          const thrown = reason._tag === "Fail" ? reason.error : reason.defect
          done(thrown instanceof Error ? thrown : new Error(inspect(thrown)), undefined)
        })
      })
    },
    interrupt: () => {
      if (waiting === undefined) return false
      waiting.interruptUnsafe()
      return true
    }
  }
}

/** What is to be waited for. */
const effectOf = (value: unknown): Effect.Effect<unknown, unknown> | undefined => {
  // What its services are nobody knows here: it says itself when one is missing.
  if (Effect.isEffect(value)) return value as Effect.Effect<unknown, unknown>
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function"
    ? Effect.tryPromise({ try: () => Promise.resolve(value), catch: (error) => error })
    : undefined
}

/** A value as it is shown: the result of a task by its id, an error of ours by what it says, the rest as Node shows it. Foreign text in it is harmless. */
export const show = (value: unknown, colors: boolean): string => {
  const text = shown(value, colors)
  return colors ? styled(text) : harmless(text)
}

const shown = (value: unknown, colors: boolean): string => {
  if (typeof value === "object" && value !== null && "get" in value && "id" in value && "revoke" in value) {
    return `Result(${String(value.id)}): await _.get() for its value`
  }
  if (value instanceof Error && "_tag" in value) return `${value.name}: ${value.message}`
  return inspect(value, { colors, depth: 6, breakLength: 100 })
}
