/**
 * Services that read settings when they are made: a client, the writer of a
 * result backend. They are made again, from the same parts, where other settings
 * are given than they were made by: so those of `Worker.make` reach what was made
 * around the worker. A service that is not made here stays as it is.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

type Again = (settings: Context.Context<never>) => Effect.Effect<object>

const known = new WeakMap<object, Again>()

/** Makes a service that can be made again. `make` reads settings, and acquires nothing; settings that it fails for the second time are a defect. */
export const make = <S extends object, E, R>(make: Effect.Effect<S, E, R>): Effect.Effect<S, E, R> =>
  Effect.contextWith((parts: Context.Context<R>) =>
    Effect.map(make, (service) => {
      known.set(service, (settings) => Effect.orDie(Effect.provideContext(make, Context.merge(parts, settings))))
      return service
    })
  )

/** Those of the services around that can be made again, made by these settings too. */
export const again = (settings: Context.Context<never>): Effect.Effect<Context.Context<never>> =>
  Effect.contextWith((around: Context.Context<never>) =>
    Effect.gen(function*() {
      const services = new Map<string, unknown>()
      for (const [key, service] of around.mapUnsafe) {
        const remake = typeof service === "object" && service !== null ? known.get(service) : undefined
        if (remake !== undefined) services.set(key, yield* remake(settings))
      }
      return Context.makeUnsafe<never>(services)
    })
  )
