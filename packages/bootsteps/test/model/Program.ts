/**
 * Random programs of blueprints, nested three deep, as plain data; and a run of
 * one, disturbed at given moments, which writes down everything that happens.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Blueprint from "../../src/Blueprint.ts"
import * as Bootstep from "../../src/Bootstep.ts"
import { Control } from "../../src/Control.ts"
import * as StopReason from "../../src/StopReason.ts"

export interface StepSpec {
  /** Indices of earlier steps of the same blueprint. */
  readonly requires: ReadonlyArray<number>
  readonly enabled: "yes" | "no" | "stand-in"
  /** How long each hook takes, in milliseconds; a hook that is absent is not there. */
  readonly start: number
  readonly close: number | undefined
  readonly stop: number
  readonly terminate: number | undefined
  readonly shutdown: number | undefined
  /** How `start` ends, the first time and later. */
  readonly starts: readonly [Ending, Ending]
  readonly stopEnds: Ending
  /** A supervised fiber that fails so many milliseconds after the start. */
  readonly breaks: number | undefined
  /** A blueprint that runs inside. */
  readonly inside: NestedSpec | undefined
}

export type Ending = "well" | "fails" | "dies"

export interface NestedSpec {
  readonly steps: ReadonlyArray<StepSpec>
  /** Milliseconds of being up after which `until` fails. */
  readonly lostAfter: number | undefined
  readonly awaitFirst: boolean
  /** How many restarts its schedule has. */
  readonly restarts: number
}

export interface ProgramSpec {
  readonly steps: ReadonlyArray<StepSpec>
  /** The last of the outermost steps waits for all others. */
  readonly last: boolean
  readonly disturbances: ReadonlyArray<Disturbance>
}

export interface Disturbance {
  readonly at: number
  readonly what: "shutdown" | "terminate" | "interrupt"
}

const millis = fc.nat(15)
const sometimes = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const rarely = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })
const ending = fc.oneof(
  { weight: 20, arbitrary: fc.constant<Ending>("well") },
  { weight: 1, arbitrary: fc.constant<Ending>("fails") },
  { weight: 1, arbitrary: fc.constant<Ending>("dies") }
)

const step = (index: number, depth: number): fc.Arbitrary<StepSpec> =>
  fc.record<StepSpec>({
    requires: index === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat(index - 1), { maxLength: 3 }),
    enabled: fc.oneof(
      { weight: 8, arbitrary: fc.constant<"yes">("yes") },
      { weight: 1, arbitrary: fc.constantFrom<"no" | "stand-in">("no", "stand-in") }
    ),
    start: millis,
    close: sometimes(millis),
    stop: millis,
    terminate: sometimes(millis),
    shutdown: sometimes(millis),
    starts: fc.tuple(ending, ending),
    stopEnds: ending,
    breaks: rarely(fc.nat(100)),
    inside: depth === 0 ? fc.constant(undefined) : sometimes(nested(depth - 1))
  })

const steps = (most: number, depth: number): fc.Arbitrary<ReadonlyArray<StepSpec>> =>
  fc.integer({ min: 1, max: most }).chain((size) =>
    fc.tuple(...Array.from({ length: size }, (_, index) => step(index, depth)))
  )

const nested = (depth: number): fc.Arbitrary<NestedSpec> =>
  fc.record<NestedSpec>({
    steps: steps(4, depth),
    lostAfter: sometimes(fc.integer({ min: 1, max: 80 })),
    awaitFirst: fc.boolean(),
    restarts: fc.nat(4)
  })

export const program: fc.Arbitrary<ProgramSpec> = fc.record<ProgramSpec>({
  steps: steps(5, 2),
  last: fc.boolean(),
  disturbances: fc.array(
    fc.record<Disturbance>({ at: fc.nat(200), what: fc.constantFrom("shutdown", "terminate", "interrupt") }),
    { minLength: 1, maxLength: 3 }
  )
})

/** What happened to a step of a blueprint: to `0.2`, the third step of the one inside the first. */
export interface Happening {
  readonly at: number
  readonly step: string
  readonly what:
    | "init"
    | "starting"
    | "up"
    | "released"
    | "closing"
    | "closed"
    | "stopping"
    | "stopped"
    | "terminating"
    | "terminated"
    | "shutting down"
    | "shut down"
  readonly reason?: StopReason.StopReason["_tag"]
}

export interface Run {
  readonly happenings: ReadonlyArray<Happening>
  /** When the program had ended, and what came of it. */
  readonly endedAt: number | undefined
  readonly outcome: string
}

export interface Engine {
  readonly Blueprint: typeof Blueprint
  readonly Bootstep: typeof Bootstep
  readonly Control: typeof Control
}

/** Runs it for as long as the longest needs. */
export const run = (spec: ProgramSpec, engine: Engine = { Blueprint, Bootstep, Control }): Promise<Run> => {
  const happenings: Array<Happening> = []
  let now: () => number = () => 0
  const write = (step: string, what: Happening["what"], reason?: Happening["reason"]) =>
    Effect.sync(() =>
      void happenings.push(reason === undefined ? { at: now(), step, what } : { at: now(), step, what, reason })
    )
  const tag = (path: string) => Context.Service<string>(`s${path}`)
  const ends = (how: Ending) =>
    how === "well" ? Effect.void : how === "fails" ? Effect.fail("failed") : Effect.die("died")

  /** A hook: written down when it begins and when it has come to its end. */
  const hook =
    (path: string, took: number, begins: Happening["what"], ended: Happening["what"], how: Ending) =>
    (reason?: Happening["reason"]) =>
      write(path, begins, reason).pipe(
        Effect.andThen(Effect.sleep(took)),
        Effect.andThen(ends(how)),
        Effect.andThen(write(path, ended))
      )

  const plain = (path: string, siblings: string, spec: StepSpec, last: boolean): Bootstep.Any => {
    let times = 0
    const close = hook(path, spec.close ?? 0, "closing", "closed", "well")
    const stop = hook(path, spec.stop, "stopping", "stopped", spec.stopEnds)
    const terminate = hook(path, spec.terminate ?? 0, "terminating", "terminated", "well")
    const shutdown = hook(path, spec.shutdown ?? 0, "shutting down", "shut down", "well")
    const acquired = Effect.acquireRelease(write(path, "starting"), () => write(path, "released"))
    return engine.Bootstep.implement(tag(path))(path, {
      requires: spec.requires.map((need) => tag(`${siblings}${need}`)),
      last,
      init: () => write(path, "init"),
      start: Effect.gen(function*() {
        yield* acquired
        for (const need of spec.requires) yield* tag(`${siblings}${need}`)
        const { breaks } = spec
        if (breaks !== undefined) yield* engine.Bootstep.forkSupervised(Effect.delay(Effect.fail("broke"), breaks))
        yield* Effect.sleep(spec.start)
        yield* ends(spec.starts[times++ === 0 ? 0 : 1])
        yield* write(path, "up")
        return path
      }),
      ...(spec.close === undefined ? {} : { close: (_, reason) => close(reason._tag) }),
      stop: (_, reason) => stop(reason._tag),
      ...(spec.terminate === undefined ? {} : { terminate: () => terminate("Terminate") }),
      ...(spec.shutdown === undefined ? {} : { shutdown: () => shutdown() }),
      ...(spec.enabled === "yes" ? {} : {
        enabled: Effect.succeed(false),
        disabled: spec.enabled === "no"
          ? Effect.succeed(path)
          : Effect.as(Effect.andThen(acquired, write(path, "up")), path)
      })
    })
  }

  const assemble = (
    name: string,
    prefix: string,
    specs: ReadonlyArray<StepSpec>,
    last: boolean
  ): Blueprint.Blueprint<string, never, unknown, never> =>
    Result.getOrThrow(engine.Blueprint.makeResult(
      name,
      specs.flatMap((spec, index) => {
        const path = `${prefix}${index}`
        const { inside } = spec
        const isLast = last && index === specs.length - 1
        const step = plain(path, prefix, spec, isLast && inside === undefined)
        if (inside === undefined) return [step]
        return [
          step,
          engine.Blueprint.step(`${path}>`, {
            blueprint: assemble(`${path}>`, `${path}.`, inside.steps, false),
            requires: [tag(path)],
            last: isLast,
            awaitFirst: inside.awaitFirst,
            until: inside.lostAfter === undefined ? Effect.never : Effect.delay(Effect.fail("lost"), inside.lostAfter),
            restart: Schedule.upTo(Schedule.spaced("5 millis"), { times: inside.restarts }),
            onRestart: () => Effect.void
          })
        ]
      })
    )) as never

  const main = Effect.gen(function*() {
    const began = yield* TestClock.testClockWith((clock) => Effect.sync(() => clock.currentTimeMillisUnsafe()))
    const clock = yield* TestClock.testClockWith(Effect.succeed)
    now = () => clock.currentTimeMillisUnsafe() - began
    let endedAt: number | undefined
    const control = yield* engine.Control
    const running = yield* Effect.forkChild(
      engine.Blueprint.launch(assemble("W", "", spec.steps, spec.last)).pipe(
        Effect.onExit(() => Effect.sync(() => endedAt = now()))
      )
    )
    const moments = spec.disturbances.toSorted((a, b) => a.at - b.at)
    for (const { at, what } of moments) {
      yield* TestClock.adjust(Math.max(0, at - now()))
      if (what === "interrupt") yield* Effect.forkChild(Fiber.interrupt(running))
      else yield* control.request(what === "shutdown" ? StopReason.shutdown() : StopReason.terminate())
    }
    yield* TestClock.adjust("20 seconds")
    const exit = running.pollUnsafe()
    const outcome = exit === undefined
      ? "never ended"
      : Exit.isSuccess(exit)
      ? exit.value._tag
      : Cause.hasInterruptsOnly(exit.cause)
      ? "interrupted"
      : String(Cause.squash(exit.cause))
    if (exit === undefined) yield* Fiber.interrupt(running)
    return { happenings, endedAt, outcome }
  })
  return Effect.runPromise(
    Effect.scoped(main).pipe(Effect.provide(Layer.mergeAll(engine.Control.layer, TestClock.layer(), Logger.layer([]))))
  )
}
