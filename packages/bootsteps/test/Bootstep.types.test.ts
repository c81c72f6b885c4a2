/**
 * What the types promise: each `@ts-expect-error` is a mistake that does not
 * compile, with the beginning of what the compiler says. `tsc` is the test.
 */
import { describe, expectTypeOf, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
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
      // @ts-expect-error "Bootstep 'X' uses 'Pool' in 'terminate' without requiring it"
      terminate: () => Pool.use((pool) => Effect.log(pool.size))
    })
    Bootstep.make("X", {
      start: Effect.succeed(1),
      // @ts-expect-error "Bootstep 'X' uses 'Pool' in 'stop' without requiring it"
      stop: (self, reason) => Pool.use((pool) => Effect.log(pool.size, self, reason._tag))
    })
    Bootstep.make("X", {
      requires: [Pool],
      start: (parent) => Effect.succeed(parent.name),
      // @ts-expect-error "Bootstep 'X' uses 'Timer' in 'close' without requiring it"
      close: (self) => Effect.all([Timer.use((timer) => Effect.log(timer.now, self.length)), Pool])
    })
    Bootstep.make("X", {
      start: Effect.void,
      // @ts-expect-error "Bootstep 'X' uses 'Timer' in 'shutdown' without requiring it"
      shutdown: () => Timer,
      // @ts-expect-error "Bootstep 'X' uses 'Pool' in 'info' without requiring it"
      info: () => Pool.useSync((pool) => ({ size: pool.size }))
    })
    Bootstep.make("X", {
      start: Effect.void,
      // @ts-expect-error "Bootstep 'X' uses 'Pool' in 'enabled' without requiring it"
      enabled: Pool.useSync((pool) => pool.size > 0)
    })
    Bootstep.make("X", {
      start: Effect.void,
      // @ts-expect-error "Bootstep 'X' uses 'test/App' in 'stop' without requiring it"
      stop: Effect.fnUntraced(function*() {
        yield* App
      })
    })
    class Served extends Bootstep.Service<Served, number>()("Served", {
      requires: [Timer],
      enabled: Timer.useSync((timer) => timer.now > 0),
      // @ts-expect-error "Bootstep 'Served' uses 'Pool' in 'disabled' without requiring it"
      disabled: Pool.useSync((pool) => pool.size),
      start: Effect.succeed(1)
    }) {}
    class Stopped extends Bootstep.Service<Stopped, number>()("Stopped", {
      requires: [Timer],
      enabled: Timer.useSync((timer) => timer.now > 0),
      disabled: Effect.succeed(0),
      start: Effect.succeed(1),
      // @ts-expect-error "Bootstep 'Stopped' uses 'Pool' in 'stop' without requiring it"
      stop: (self) => Pool.use((pool) => Effect.log(pool.size, self.toFixed()))
    }) {}
    Bootstep.implement(Pool)("Fake", {
      start: Effect.succeed({ size: 0 }),
      // @ts-expect-error "Bootstep 'Fake' uses 'Timer' in 'close' without requiring it"
      close: (pool) => Timer.use((timer) => Effect.log(timer.now, pool.size))
    })
    Bootstep.make("X", {
      requires: [Timer],
      // @ts-expect-error what it requires is not up when it is prepared
      init: () => Timer,
      start: Effect.void
    })
    return [Served, Stopped]
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
    class Without extends Bootstep.Service<Without, number>()("Without", {
      // @ts-expect-error "Bootstep 'Without' may be disabled: say in 'disabled' what stands in for its service"
      enabled: Effect.succeed(false),
      start: Effect.succeed(1)
    }) {}
    class Pointless extends Bootstep.Service<Pointless, number>()("Pointless", {
      // @ts-expect-error "Bootstep 'Pointless' has a stand-in: say in 'enabled' whether it takes part itself"
      disabled: Effect.succeed(0),
      start: Effect.succeed(1)
    }) {}
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
    return [Without, Pointless, With, Wrong]
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

  compile("is a layer, of its true types", () => {
    expectTypeOf(Pool.layer).toEqualTypeOf<Layer.Layer<Pool, never, Timer>>()
    expectTypeOf(UsesApp.layer).toEqualTypeOf<Layer.Layer<never, never, App>>()
    expectTypeOf(Fails.layer).toEqualTypeOf<Layer.Layer<never, Lost | Denied>>()
    expectTypeOf(Layer.provide(Pool.layer, Timer.layer)).toEqualTypeOf<Layer.Layer<Pool>>()
  })

  compile("takes a layer that needs only what it requires, or Control", () => {
    const AppLive = Layer.effect(App, Timer.useSync((timer) => ({ name: String(timer.now) })))
    const step = Bootstep.fromLayer("App", App, AppLive, { requires: [Timer] })
    expectTypeOf(step.layer).toEqualTypeOf<Layer.Layer<App, never, Timer>>()
    // @ts-expect-error "Bootstep 'App' uses 'Timer' without requiring it"
    Bootstep.fromLayer("App", App, AppLive)
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

  compile("replaces a step by one of its name that provides the same", () => {
    const blueprint = Blueprint.make("W", [Timer, Pool, UsesPool])
    // @ts-expect-error "What replaces 'Pool' must provide 'Pool', as it does"
    Blueprint.replace(blueprint, Bootstep.implement(Timer)("Pool", { start: Effect.succeed({ now: 0 }) }))
    // @ts-expect-error "What replaces 'Pool' must provide 'Pool', as it does"
    Blueprint.replace(blueprint, Bootstep.make("Pool", { start: Effect.void }))
    // @ts-expect-error "Blueprint 'W' has no step named 'Fails' to replace"
    Blueprint.replace(blueprint, Fails)
    const replaced = Blueprint.replace(blueprint, Bootstep.make("UsesPool", { start: Effect.fail(new Lost()) }))
    expectTypeOf(replaced.layer).toEqualTypeOf<Layer.Layer<Pool | Timer, BootstepError<Lost>, Control>>()
    // What it failed with and needed is gone with it.
    const calm = Blueprint.replace(
      Blueprint.make("W", [Fails, UsesApp], { expects: [App] }),
      Bootstep.make("UsesApp", {
        start: Effect.void
      })
    )
    expectTypeOf(calm.layer).toEqualTypeOf<Layer.Layer<never, BootstepError<Lost | Denied>, Control>>()
    // What took its place can be replaced in its turn.
    Blueprint.replace(replaced, UsesPool)
  })

  compile("does not compile with two steps of one name, or two that provide one service", () => {
    const Mail = Bootstep.implement(App)("Mail", { start: Effect.succeed({ name: "mail" }) })
    const OtherMail = Bootstep.implement(App)("OtherMail", { start: Effect.succeed({ name: "other" }) })
    // @ts-expect-error "Bootsteps 'Mail' and 'OtherMail' both provide 'test/App': keep one"
    Blueprint.make("W", [Mail, Timer, OtherMail])
    // @ts-expect-error "Bootsteps 'Mail' and 'OtherMail' both provide 'test/App': keep one"
    Blueprint.add(Blueprint.make("W", [Mail]), Timer, OtherMail)
    // @ts-expect-error "Two bootsteps are named 'Timer': rename one, or put it in the place of the other with 'replace'"
    Blueprint.make("W", [Timer, Bootstep.make("Timer", { start: Effect.void })])
  })

  compile("does not compile with steps that require one another in a circle", () => {
    class A extends Context.Service<A, 1>()("test/A") {}
    class B extends Context.Service<B, 2>()("test/B") {}
    class C extends Context.Service<C, 3>()("test/C") {}
    const StepA = Bootstep.implement(A)("A", { requires: [Timer, B], start: Effect.succeed(1 as const) })
    const StepB = Bootstep.implement(B)("B", { requires: [C], start: Effect.succeed(2 as const) })
    const StepC = Bootstep.implement(C)("C", { requires: [A], start: Effect.succeed(3 as const) })
    const Alone = Bootstep.implement(C)("Alone", { requires: [C], start: Effect.succeed(3 as const) })
    Blueprint.make("W", [
      Timer,
      // @ts-expect-error "Bootstep 'A' requires 'test/B', which requires 'A' in turn: take one of these requirements away"
      StepA,
      // @ts-expect-error "Bootstep 'B' requires 'test/C', which requires 'B' in turn: take one of these requirements away"
      StepB,
      // @ts-expect-error "Bootstep 'C' requires 'test/A', which requires 'C' in turn: take one of these requirements away"
      StepC
    ])
    // @ts-expect-error "Bootstep 'Alone' requires 'test/C', which requires 'Alone' in turn"
    Blueprint.make("W", [Alone])
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
    // @ts-expect-error "Bootstep 'Consumer' uses 'Pool' in 'until' without requiring it"
    Blueprint.step("Consumer", { blueprint: consumer, until: Effect.andThen(Pool, Effect.never) })
    Blueprint.step("Consumer", {
      blueprint: consumer,
      until,
      // @ts-expect-error "Bootstep 'Consumer' uses 'Pool' in 'enabled' without requiring it"
      enabled: Pool.useSync((pool) => pool.size > 0)
    })
    Blueprint.step("Consumer", {
      blueprint: consumer,
      until,
      // @ts-expect-error "Bootstep 'Consumer' uses 'Timer' in 'onRestart' without requiring it"
      onRestart: (error) => Timer.use((timer) => Effect.log(error._tag, timer.now))
    })
  })
})
