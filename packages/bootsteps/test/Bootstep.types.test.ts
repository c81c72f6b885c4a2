/**
 * What the types promise: each `@ts-expect-error` is a mistake that does not
 * compile, with the beginning of what the compiler says. `tsc` is the test.
 */
import { describe, expectTypeOf, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Blueprint from "../src/Blueprint.ts"
import * as Bootstep from "../src/Bootstep.ts"
import type { BootstepError } from "../src/BootstepError.ts"
import type { Control } from "../src/Control.ts"
import type { Parent } from "../src/Parent.ts"
import type { Shutdown, StopReason, Terminate } from "../src/StopReason.ts"

class Timer extends Bootstep.Service<Timer, { readonly now: number }>()("Timer", {
  start: Effect.succeed({ now: 1 })
}) {}
class Pool extends Bootstep.Service<Pool, { readonly size: number }>()("Pool", {
  requires: [Timer],
  start: Timer.useSync((timer) => ({ size: timer.now }))
}) {}
class App extends Context.Service<App, { readonly name: string }>()("test/App") {}
class Lost {
  readonly _tag = "Lost"
}
class Denied {
  readonly _tag = "Denied"
}
const UsesPool = Bootstep.make("UsesPool", { requires: [Pool], start: Pool.use((pool) => Effect.log(pool.size)) })
const UsesApp = Bootstep.make("UsesApp", { requires: [App], start: App.use((app) => Effect.log(app.name)) })
const Fails = Bootstep.make("Fails", { init: () => Effect.fail(new Denied()), start: Effect.fail(new Lost()) })

/** Only compiled. */
const compile = (name: string, _: () => unknown) => it(name, () => {})

describe("Bootstep", () => {
  compile("knows what it provides, fails with and requires", () => {
    expectTypeOf<Bootstep.Provides<typeof Pool>>().toEqualTypeOf<Pool>()
    expectTypeOf<Bootstep.Requires<typeof Pool>>().toEqualTypeOf<Timer>()
    expectTypeOf<Bootstep.Provides<typeof UsesPool>>().toEqualTypeOf<never>()
    expectTypeOf<Bootstep.Requires<typeof UsesPool>>().toEqualTypeOf<Pool>()
    expectTypeOf<Bootstep.Requires<typeof Timer>>().toEqualTypeOf<never>()
    expectTypeOf<Bootstep.Error<typeof Fails>>().toEqualTypeOf<Lost | Denied>()
    expectTypeOf<Bootstep.Name<typeof UsesPool>>().toEqualTypeOf<"UsesPool">()
  })

  compile("uses in start only what it requires", () => {
    Bootstep.make("X", {
      requires: [Timer],
      // @ts-expect-error "Bootstep 'X' uses 'Pool' without requiring it"
      start: Pool.use((pool) => Effect.log(pool.size))
    })
    Bootstep.make("X", {
      // @ts-expect-error "Bootstep 'X' uses 'Timer' without requiring it"
      start: (parent) => Timer.use((timer) => Effect.log(parent.name, timer.now))
    })
    class Service extends Bootstep.Service<Service, number>()("Service", {
      // @ts-expect-error "Bootstep 'Service' uses 'Timer' without requiring it"
      start: Timer.useSync((timer) => timer.now)
    }) {}
    return Service
  })

  compile("uses in its other hooks only what it requires", () => {
    Bootstep.make("X", {
      requires: [Timer],
      start: Effect.void,
      stop: () => Timer.use((timer) => Effect.log(timer.now)),
      // @ts-expect-error Type 'Pool' is not assignable to type 'Timer | Control'
      terminate: () => Pool.use((pool) => Effect.log(pool.size))
    })
    Bootstep.make("X", {
      start: Effect.void,
      // @ts-expect-error Type 'Pool' is not assignable to type 'Control'
      enabled: Pool.useSync((pool) => pool.size > 0)
    })
    Bootstep.make("X", {
      requires: [Timer],
      // @ts-expect-error what it requires is not up when it is prepared
      init: () => Timer,
      start: Effect.void
    })
  })

  compile("hands what start acquires, the reason and the parent to the other hooks", () => {
    Bootstep.make("X", {
      start: Effect.succeed({ open: true }),
      close: (self, reason, parent) => {
        expectTypeOf(self).toEqualTypeOf<{ open: boolean }>()
        expectTypeOf(reason).toEqualTypeOf<Shutdown>()
        expectTypeOf(parent).toEqualTypeOf<Parent>()
        return Effect.void
      },
      stop: (self, reason) => {
        expectTypeOf(self).toEqualTypeOf<{ open: boolean }>()
        expectTypeOf(reason).toEqualTypeOf<StopReason>()
        return Effect.void
      }
    })
    Bootstep.make("X", {
      init: (parent) => Effect.log(parent.state),
      start: (parent) => Effect.succeed(parent.name),
      stop: (self) => Effect.log(self.length),
      shutdown: (self) => Effect.log(self.length)
    })
  })

  compile("lets hooks that stop fail, for that is only logged", () => {
    Bootstep.make("X", { start: Effect.void, stop: () => Effect.fail("cannot") })
  })

  compile("is disabled only with something to stand in for what it provides", () => {
    class Without extends // @ts-expect-error Property 'disabled' is missing
    Bootstep.Service<Without, number>()("Without", { enabled: Effect.succeed(false), start: Effect.succeed(1) }) {}
    class With extends Bootstep.Service<With, number>()("With", {
      enabled: Effect.succeed(false),
      disabled: Effect.succeed(0),
      start: Effect.succeed(1)
    }) {}
    class Wrong extends Bootstep.Service<Wrong, number>()("Wrong", {
      enabled: Effect.succeed(false),
      // @ts-expect-error Type 'string' is not assignable to type 'number'
      disabled: Effect.succeed("none"),
      start: Effect.succeed(1)
    }) {}
    return [Without, With, Wrong]
  })

  compile("provides what it says", () => {
    class Wrong extends Bootstep.Service<Wrong, number>()("Wrong", {
      // @ts-expect-error Type 'string' is not assignable to type 'number'
      start: Effect.succeed("1")
    }) {}
    Bootstep.implement(Pool)("Fake", { start: Effect.succeed({ size: 0 }) })
    // @ts-expect-error Type 'string' is not assignable to type 'number'
    Bootstep.implement(Pool)("Fake", { start: Effect.succeed({ size: "0" }) })
    return Wrong
  })

  compile("can be made by functions that do not know all it uses", () => {
    const poolStep = <
      const N extends string,
      E,
      R extends Bootstep.IdOf<Req> | Bootstep.Ambient,
      const Req extends Bootstep.Tags = []
    >(
      name: N,
      options: { readonly requires?: Req; readonly use: (size: number) => Effect.Effect<void, E, R> }
    ): Bootstep.Bootstep<N, never, E, Pool | Bootstep.IdOf<Req>> =>
      Bootstep.makeGeneric<Pool | Bootstep.IdOf<Req>>()(name, [Pool, ...(options.requires ?? [])], {
        start: Effect.flatMap(Pool, (pool) => options.use(pool.size)),
        stop: (self, reason) => Effect.log(self, reason._tag)
      })
    const step = poolStep("X", {
      requires: [Timer],
      use: (size) => Timer.use((timer) => timer.now > size ? Effect.fail(new Lost()) : Effect.void)
    })
    expectTypeOf(step).toEqualTypeOf<Bootstep.Bootstep<"X", never, Lost, Pool | Timer>>()
    // @ts-expect-error Type 'App' is not assignable to type 'Timer'
    poolStep("X", { requires: [Timer], use: () => App.use((app) => Effect.log(app.name)) })
  })

  compile("keeps the error of a supervised fiber", () => {
    const step = Bootstep.make("X", { start: Bootstep.forkSupervised(Effect.fail(new Lost())) })
    expectTypeOf<Bootstep.Error<typeof step>>().toEqualTypeOf<Lost>()
  })
})

describe("Blueprint", () => {
  compile("needs nothing but Control when it is complete", () => {
    const blueprint = Blueprint.make("W", [UsesPool, Pool, Timer])
    expectTypeOf(blueprint.layer).toEqualTypeOf<Layer.Layer<Pool | Timer, BootstepError<never>, Control>>()
  })

  compile("does not compile without a step that another one requires", () => {
    // @ts-expect-error "Bootstep 'UsesPool' requires 'Pool', which no step of this blueprint provides"
    Blueprint.make("W", [UsesPool, Timer])
    // @ts-expect-error "Bootstep 'UsesPool' requires 'Pool', which no step of this blueprint provides"
    Blueprint.make("W", [UsesPool])
    // @ts-expect-error "Bootstep 'UsesApp' requires 'test/App', which no step of this blueprint provides"
    Blueprint.make("W", [Timer, UsesApp])
    // @ts-expect-error a step that provides nothing does not hide the others
    Blueprint.make("W", [Fails, UsesPool])
  })

  compile("leaves open what it expects", () => {
    const blueprint = Blueprint.make("W", [UsesApp], { expects: [App] })
    expectTypeOf(blueprint.layer).toEqualTypeOf<Layer.Layer<never, BootstepError<never>, App | Control>>()
    // @ts-expect-error "Bootstep 'UsesPool' requires 'Pool', which no step of this blueprint provides"
    Blueprint.make("W", [UsesApp, UsesPool], { expects: [App] })
  })

  compile("checks added and replaced steps against those it has", () => {
    const base = Blueprint.make("W", [Timer])
    // @ts-expect-error "Bootstep 'UsesPool' requires 'Pool', which no step of this blueprint provides"
    Blueprint.add(base, UsesPool)
    const more = Blueprint.add(base, Pool, UsesPool)
    expectTypeOf(more.layer).toEqualTypeOf<Layer.Layer<Pool | Timer, BootstepError<never>, Control>>()
    Blueprint.replace(more, Bootstep.implement(Pool)("Pool", { start: Effect.succeed({ size: 0 }) }))
    // @ts-expect-error "Bootstep 'Pool' requires 'test/App', which no step of this blueprint provides"
    Blueprint.replace(more, Bootstep.implement(Pool)("Pool", { requires: [App], start: Effect.succeed({ size: 0 }) }))
  })

  compile("keeps the errors of its steps", () => {
    const blueprint = Blueprint.make("W", [Fails, Timer])
    expectTypeOf(Blueprint.launch(blueprint)).toEqualTypeOf<
      Effect.Effect<Shutdown | Terminate, BootstepError<Lost | Denied>, Control>
    >()
    expectTypeOf(Blueprint.run(blueprint, Timer.use((timer) => Effect.fail(timer.now)))).toEqualTypeOf<
      Effect.Effect<never, BootstepError<Lost | Denied> | number, Control>
    >()
    Blueprint.launch(blueprint).pipe(
      Effect.catchReason("BootstepError", "Lost", (lost) => {
        expectTypeOf(lost).toEqualTypeOf<Lost>()
        return Effect.void
      })
    )
    Blueprint.launch(blueprint).pipe(
      // @ts-expect-error no step fails with that
      Effect.catchReason("BootstepError", "Refused", () => Effect.void)
    )
  })

  compile("provides to its program what its steps provide, and no more", () => {
    const blueprint = Blueprint.make("W", [Timer])
    expectTypeOf<Effect.Services<ReturnType<typeof program>>>().toEqualTypeOf<Control | Pool>()
    const program = () => Blueprint.run(blueprint, Effect.zip(Timer, Pool))
  })
})

describe("Blueprint.step", () => {
  class Connection extends Bootstep.Service<Connection, { readonly lost: Effect.Effect<never, Lost> }>()("Connection", {
    start: Effect.succeed({ lost: Effect.never })
  }) {}
  const consumer = Blueprint.make("Consumer", [Connection, UsesApp, Fails], { expects: [App] })
  const until = Effect.flatMap(Connection, (connection) => connection.lost)

  compile("requires what its blueprint expects, and fails with what both fail with", () => {
    const step = Blueprint.step("Consumer", { blueprint: consumer, until, requires: [Pool] })
    expectTypeOf<Bootstep.Requires<typeof step>>().toEqualTypeOf<App | Pool>()
    expectTypeOf<Bootstep.Error<typeof step>>().toEqualTypeOf<Lost | Denied>()
    // @ts-expect-error "Bootstep 'Consumer' requires 'test/App', which no step of this blueprint provides"
    Blueprint.make("W", [Timer, Pool, step])
    Blueprint.make("W", [Timer, Pool, step], { expects: [App] })
  })

  compile("knows its errors where it decides about them", () => {
    Blueprint.step("Consumer", {
      blueprint: consumer,
      until,
      restart: Schedule.spaced("1 second"),
      isRecoverable: (error) => error._tag === "Lost",
      onRestart: (error, details) => {
        expectTypeOf(error).toEqualTypeOf<Lost | Denied>()
        return Effect.log(details.delay)
      }
    })
  })

  compile("waits for something that never succeeds, with what its steps provide", () => {
    // @ts-expect-error Type 'void' is not assignable to type 'never'
    Blueprint.step("Consumer", { blueprint: consumer, until: Effect.void })
    // @ts-expect-error Pool is neither provided nor required
    Blueprint.step("Consumer", { blueprint: consumer, until: Effect.andThen(Pool, Effect.never) })
  })
})
