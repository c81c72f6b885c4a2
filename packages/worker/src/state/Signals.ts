/**
 * The signals of the process, for as long as a worker owns it.
 *
 * The first SIGTERM or SIGINT stops it warm, the second, or a SIGQUIT, cold;
 * a third leaves at once. A cold stop that takes longer than four and a half seconds is
 * left too. With a soft shutdown a cold stop waits so long for what runs, or for
 * nothing but the time when it is to wait on idle too, and one more signal ends that. A SIGHUP stops it warm as well, but never cold, however many come:
 * a terminal that is closed sends several.
 *
 * Other listeners of these signals, such as those that `runMain` interrupts the
 * program with, are set aside meanwhile: they would end a warm stop before it is
 * done.
 *
 * @since 0.1.0
 */
import type { Control } from "@celeriac/bootsteps/Control"
import * as StopReason from "@celeriac/bootsteps/StopReason"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

const signals = ["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP"] as const

export type Signal = typeof signals[number]

/** Told of each signal that comes: the command starts a worker again that was hung up. */
export const Heard: Context.Reference<(signal: Signal) => void> = Context.Reference(
  "@celeriac/worker/state/Signals/Heard",
  { defaultValue: () => (_signal: Signal) => {} }
)

/** The switch of the worker that is run below, for who stops it without a signal. Default: one of its own. */
export const Switch: Context.Reference<Control["Service"] | undefined> = Context.Reference(
  "@celeriac/worker/state/Signals/Switch",
  { defaultValue: (): Control["Service"] | undefined => undefined }
)

/** How long a cold stop may take before the process is left, in milliseconds. */
const patience = 4_500

export interface Options {
  /** How long a cold stop lets tasks finish before. Default: not at all. */
  readonly softShutdown?: Duration.Input | undefined
  /** Whether it waits so long though nothing runs. Default false. */
  readonly onIdle?: boolean | undefined
}

/** Listens until the scope closes. */
export const listen = (
  control: Control["Service"],
  { onIdle = false, softShutdown = 0 }: Options = {}
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const softly = Duration.fromInputUnsafe(softShutdown)
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const heard = yield* Heard
    let received = 0
    let leaving: NodeJS.Timeout | undefined
    let softening: Fiber.Fiber<void> | undefined

    const warm = (signal: Signal) =>
      Effect.logWarning(
        `worker: ${
          signal === "SIGINT" ? "Hitting Ctrl+C" : `Sending ${signal}`
        } again will initiate cold shutdown, terminating all running tasks!`
      ).pipe(
        Effect.andThen(Effect.logWarning(`worker: Warm shutdown (MainProcess)`)),
        Effect.andThen(control.request(StopReason.shutdown({ signal })))
      )
    const hangUp = Effect.suspend(() =>
      control.currentUnsafe() !== undefined ? Effect.void : Effect.andThen(
        Effect.logWarning("worker: Hung up: Warm shutdown (MainProcess)"),
        control.request(StopReason.shutdown({ signal: "SIGHUP" }))
      )
    )
    const cold = (signal: Signal) =>
      Effect.logWarning(`worker: Cold shutdown (MainProcess)`).pipe(
        Effect.andThen(control.request(StopReason.terminate({ signal })))
      )
    const soft = (signal: Signal) =>
      Effect.logWarning(`Initiating Soft Shutdown, terminating in ${Duration.toSeconds(softly)} seconds`).pipe(
        Effect.andThen(control.request(StopReason.shutdown(onIdle ? { signal, lasts: true } : { signal }))),
        Effect.andThen(Effect.sleep(softly)),
        Effect.andThen(Effect.sync(() => terminate(signal)))
      )
    const leave = (why: string) =>
      Effect.logFatal(`worker: ${why}: leaving at once`).pipe(
        Effect.andThen(Effect.sync(() => process.exit(1)))
      )

    const onSignal = (signal: Signal): void => {
      heard(signal)
      if (signal === "SIGHUP") return void run(hangUp)
      received++
      if (leaving !== undefined) return void run(leave(`${signal} during a cold shutdown`))
      if (received === 1 && signal !== "SIGQUIT") return void run(warm(signal))
      if (softening === undefined && Duration.isPositive(softly)) {
        softening = run(soft(signal))
        return
      }
      softening?.interruptUnsafe()
      terminate(signal)
    }

    const terminate = (signal: Signal): void => {
      leaving = setTimeout(() => run(leave(`The cold shutdown took more than ${patience / 1000} seconds`)), patience)
      leaving.unref()
      run(cold(signal))
    }

    yield* Effect.acquireRelease(
      Effect.sync(() => signals.map((signal) => takeOver(signal, onSignal))),
      (giveBack) =>
        Effect.sync(() => {
          clearTimeout(leaving)
          softening?.interruptUnsafe()
          for (const one of giveBack) one()
        })
    )
  })

const takeOver = (signal: Signal, listener: (signal: Signal) => void): () => void => {
  const others = process.rawListeners(signal)
  process.removeAllListeners(signal)
  process.on(signal, listener)
  return () => {
    process.removeListener(signal, listener)
    // What `once` wrapped is restored wrapped: it still runs once.
    for (const other of others) process.on(signal, other as NodeJS.SignalsListener)
  }
}
