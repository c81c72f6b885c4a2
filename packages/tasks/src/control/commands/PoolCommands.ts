/**
 * Commands about the slots in which tasks run. Source: control section 2.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Command from "../Command.ts"

export const poolGrow = Command.control("pool_grow", { arguments: { n: Command.integer }, doc: "So many slots more." })

export const poolShrink = Command.control("pool_shrink", {
  arguments: { n: Command.integer },
  doc: "So many slots fewer."
})

export const poolRestart = Command.control("pool_restart", {
  arguments: {
    modules: Command.optional(Schema.Array(Schema.String)),
    reload: Command.flag,
    reloader: Command.optional(Schema.Unknown)
  },
  doc: "Starts the pool anew."
})

export const autoscale = Command.control("autoscale", {
  arguments: { max: Command.integer, min: Command.integer },
  doc: "Between which numbers of slots the worker chooses."
})
