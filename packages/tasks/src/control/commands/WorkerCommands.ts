/**
 * Commands about a worker as a whole. Source: control sections 2 and 3.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as SnakeCase from "../../internal/SnakeCase.ts"
import * as Command from "../Command.ts"

const Table = Schema.Record(Schema.String, Schema.Unknown)

/** What a worker tells of itself, and in `others` what its steps tell besides. */
const Stats = SnakeCase.open({
  /** How many were accepted, by the name of the task. */
  total: Schema.Record(Schema.String, Schema.Number),
  pid: Schema.Number,
  /** The logical clock. */
  clock: Schema.String,
  /** Whole seconds. */
  uptime: Schema.Number,
  pool: Schema.Union([Table, Schema.String]),
  broker: Table,
  prefetchCount: Schema.optionalKey(Schema.Union([Schema.Number, Schema.String])),
  /** `N/A` where the system does not tell. */
  rusage: Schema.Union([Table, Schema.String])
})

export const ping = Command.inspect("ping", { timeout: "0.2 seconds", doc: "Is anybody there?" })

export const clock = Command.inspect("clock", {
  reply: Schema.Struct({ clock: Schema.Number }),
  doc: "The logical clock."
})

export const stats = Command.inspect("stats", { reply: Stats, doc: "What a worker has done, and with what." })

export const conf = Command.inspect("conf", {
  arguments: { withDefaults: Command.flag },
  reply: Table,
  aliases: ["dump_conf"],
  doc: "The settings, under Celery's names; secrets are masked."
})

export const report = Command.inspect("report", { doc: "What to say in a bug report." })

/** What a node tells a new one; null to itself. */
export const hello = Command.inspect("hello", {
  arguments: { fromNode: Schema.String, revoked: Command.optional(Schema.Unknown) },
  reply: Schema.NullOr(Schema.Struct({ revoked: Schema.Unknown, clock: Schema.Number })),
  isVisible: false,
  doc: "Introduces a node to the others."
})

export const memsample = Command.inspect("memsample", {
  reply: Schema.NullOr(Schema.String),
  doc: "How much memory the process takes now."
})

export const memdump = Command.inspect("memdump", {
  arguments: { samples: Command.integer },
  reply: Schema.String,
  doc: "The samples that were taken with `memsample`."
})

export const objgraph = Command.inspect("objgraph", {
  arguments: {
    type: Command.optional(Schema.String),
    num: Command.integer,
    maxDepth: Command.integer
  },
  reply: Schema.Struct({ filename: Schema.String }),
  timeout: "60 seconds",
  doc: "A graph of the objects in memory."
})

/** Ours alone: no worker of Python's knows it. */
export const bootGraph = Command.inspect("boot_graph", {
  arguments: { format: Command.optional(Schema.Literals(["text", "mermaid"])) },
  reply: Schema.String,
  doc: "Its steps, their states, when they started and how often again."
})

export const shutdown = Command.control("shutdown", {
  arguments: { msg: Command.optional(Schema.String) },
  doc: "Stops the worker warm. It does not reply."
})
