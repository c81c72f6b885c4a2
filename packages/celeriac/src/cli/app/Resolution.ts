/** The imports of the command, told by their text: see `@celeriac/worker/state/Resolution`. */
import * as Resolution from "@celeriac/worker/state/Resolution"

/** Until it is told to end. */
export const shorten = (): () => void =>
  Resolution.shorten(
    [...Resolution.own, ["@celeriac/amqp", "AmqpTransport"], ["celeriac", "Worker"]],
    (specifier) => import.meta.resolve(specifier)
  )
