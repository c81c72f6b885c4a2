/**
 * Loggers, and the layer of one, as `effect/Logger` makes them. That module
 * loads files and streams, which are a tenth of a worker's boot and which it
 * does not use.
 */
import * as LogFields from "@celeriac/worker/state/LogFields"
import * as Console from "effect/Console"
import * as Layer from "effect/Layer"
import type * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as StandardConsole from "./StandardConsole.ts"

/** A logger of the kind that Effect's default is. */
export const make = <Output>(
  log: (options: Logger.Options<unknown>) => Output
): Logger.Logger<unknown, Output> => Object.assign(Object.create(kind), { log })

const [theirs] = References.CurrentLoggers.defaultValue()
const kind: object = Object.getPrototypeOf(theirs)

/** In place of all others, on stderr. It reads the fields of lines by itself, or has none. */
export const layerError = (logger: Logger.Logger<unknown, string>, reads: "fields" | "text"): Layer.Layer<never> =>
  Layer.sync(References.CurrentLoggers, () => {
    const onError = make((options) =>
      StandardConsole.beneath(options.fiber.getRef(Console.Console)).error(logger.log(options))
    )
    return new Set([LogFields.asOwn(onError, reads)])
  })
