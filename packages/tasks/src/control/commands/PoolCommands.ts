/**
 * Commands about the slots in which tasks run. Source: control section 2.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Command from "../Command.ts"

/** Of a worker that has several; Celery's workers have one, and know no such argument. */
const pool = Command.optional(Schema.String)

export const poolGrow = Command.control("pool_grow", {
  arguments: { n: Command.integer, pool },
  doc: "So many slots more."
})

export const poolShrink = Command.control("pool_shrink", {
  arguments: { n: Command.integer, pool },
  doc: "So many slots fewer."
})

export const poolRestart = Command.control("pool_restart", {
  arguments: {
    modules: Command.optional(Schema.Array(Schema.String)),
    reload: Command.flag,
    reloader: Command.optional(Schema.Unknown)
  },
  doc: "Puts others in the place of the threads or processes of the pool, each when it has nothing to do."
})

export const autoscale = Command.control("autoscale", {
  arguments: { max: Command.integer, min: Command.integer },
  doc: "Between which numbers of slots the worker chooses."
})
