/**
 * How a worker was set up: its name, how much it runs at once, what it listens
 * to. One value for each worker; steps read it.
 *
 * Each entry of the table is all there is to the setting: options of
 * `Worker.make`, flags, the environment and the documentation come from it.
 *
 * @since 0.1.0
 */
import * as BrokerSettings from "@celeriac/tasks/BrokerSettings"
import type * as DelayedDelivery from "@celeriac/tasks/DelayedDelivery"
import * as Nodename from "@celeriac/tasks/Nodename"
import * as Setting from "@celeriac/tasks/Setting"
import * as SettingKind from "@celeriac/tasks/SettingKind"
import * as TaskSetting from "@celeriac/tasks/Settings"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as BeatSettings from "./BeatSettings.ts"
import * as LogSettings from "./LogSettings.ts"
import * as Optional from "./Optional.ts"
import * as PoolSettings from "./PoolSettings.ts"
import type { Prefetch } from "./Prefetch.ts"
import * as Revoked from "./Revoked.ts"

const nodename: Setting.Kind<string> = {
  ...SettingKind.text,
  schema: () =>
    SettingKind.text.schema().pipe(
      Schema.decodeTo(
        Schema.String,
        SchemaTransformation.transform({ decode: (pattern) => Nodename.expand(pattern), encode: (name) => name })
      )
    )
}

const prefetch: Setting.Kind<Prefetch> = {
  schema: () => {
    const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
    const multiplier = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
    return Schema.Union([Schema.Literal("adaptive"), Schema.Struct({ multiplier }), Schema.Struct({ count })])
  },
  expected:
    "\"adaptive\", a number for each slot ({ multiplier }) or \"100 messages\" in all ({ count }); 0 is without bound",
  fromText: (text) => {
    const [, count] = /^(\S+) messages$/.exec(text) ?? []
    if (count !== undefined) return { count: SettingKind.toNumber(count) }
    return text === "adaptive" ? text : { multiplier: SettingKind.toNumber(text) }
  },
  fromCelery: (multiplier) => ({ multiplier }),
  toCelery: (prefetch: Prefetch) =>
    typeof prefetch === "object" && "multiplier" in prefetch ? prefetch.multiplier : prefetch
}

const queueType: Setting.Kind<DelayedDelivery.QueueType> = {
  schema: () => Schema.Literals(["classic", "quorum"]),
  expected: "\"classic\" or \"quorum\"",
  fromText: (text) => text,
  fromCelery: (type) => type
}

const modules = (celery: "include" | "imports"): Setting.Setting<ReadonlyArray<string>> =>
  Setting.make<ReadonlyArray<string>, ReadonlyArray<string>>(SettingKind.names, {
    celery,
    default: () => [],
    defaultShown: "none",
    doc: "More modules, with commas between them: `celeriac worker` runs the tasks that they export too.",
    ...celery === "include" ? { flag: { name: "include", alias: "I", metavar: "FILES" } } : {}
  })

/** The settings of this room. */
export const table = {
  nodename: Setting.make(nodename, {
    default: () => Nodename.expand(`${Nodename.defaultName}@%h`),
    defaultShown: "celery@%h",
    doc: "The name of the node: `name@host`, with `%h` for the host, `%n` for its first label, `%d` for the rest.",
    flag: { name: "hostname", alias: "n", metavar: "NAME" }
  }),
  ...PoolSettings.table,
  queues: Setting.make<ReadonlyArray<string> | undefined, ReadonlyArray<string>>(SettingKind.names, {
    default: () => undefined,
    defaultShown: "the default queue and all that are configured",
    doc: "The names of the queues to consume from.",
    flag: { name: "queues", alias: "Q", metavar: "NAMES" }
  }),
  excludeQueues: Setting.make<ReadonlyArray<string>, ReadonlyArray<string>>(SettingKind.names, {
    default: () => [],
    defaultShown: "none",
    doc: "The names of queues not to consume from, of those that it would.",
    flag: { name: "exclude-queues", alias: "X", metavar: "NAMES" }
  }),
  direct: Setting.make(SettingKind.flag, {
    celery: "worker_direct",
    default: () => false,
    doc: "Whether the worker has a queue of its own, `<nodename>.dq2`, by which tasks are sent to it alone."
  }),
  stateDb: Setting.make<string | undefined, string>(SettingKind.text, {
    celery: "worker_state_db",
    default: () => undefined,
    defaultShown: "none: it is forgotten",
    doc:
      "The file that keeps over restarts what is revoked, and the logical clock: `%n` is the name of the node before the `@`, `%h` its host.",
    flag: { name: "statedb", alias: "S", metavar: "FILE" }
  }),
  beat: Setting.make(SettingKind.flag, {
    default: () => false,
    doc: "Whether a scheduler runs inside of the worker. Only one worker of many should have it.",
    flag: { name: "beat", alias: "B" }
  }),
  autoreload: Setting.make(SettingKind.flag, {
    default: () => false,
    doc: "Whether the worker stops warm and starts anew when its program changes.",
    flag: { name: "autoreload" }
  }),
  without: Setting.make(SettingKind.someOf(...Optional.names), {
    default: () => [],
    defaultShown: "nothing: all steps take part",
    doc: "Steps that are switched off. Who requires one finds what stands in for it.",
    switches: Optional.switches
  }),
  prefetch: Setting.make<Prefetch, Prefetch>(prefetch, {
    celery: "worker_prefetch_multiplier",
    default: () => "adaptive",
    doc:
      "How many messages may wait here: `adaptive` is as many as are worth a tenth of a second, a number is for each slot.",
    flag: { name: "prefetch-multiplier", metavar: "N" }
  }),
  etaTaskLimit: Setting.make<number | undefined, number>(
    SettingKind.integer({ from: 1, expected: "a whole number of at least 1, or left out for no limit" }),
    {
      celery: "worker_eta_task_limit",
      default: () => undefined,
      defaultShown: "none",
      doc:
        "How many tasks of a queue may be held here until they are due. With so many, no others come, whether they are due or not."
    }
  ),
  detectQuorumQueues: Setting.make(SettingKind.flag, {
    celery: "worker_detect_quorum_queues",
    default: () => true,
    doc:
      "Whether the broker is asked which queues count what comes back to them, before anything is given back; otherwise a queue is what it is declared as."
  }),
  delayedDeliveryQueueType: Setting.make<DelayedDelivery.QueueType, DelayedDelivery.QueueType>(queueType, {
    celery: "broker_native_delayed_delivery_queue_type",
    default: () => "quorum",
    doc: "What the queues are in which the broker keeps tasks of quorum queues until they are due."
  }),
  revokesMax: Setting.make(
    SettingKind.integer({ from: 1, expected: "a whole number of at least 1" }),
    {
      default: () => Revoked.defaultMost,
      doc: "How many revoked ids of tasks are remembered; then the oldest are forgotten.",
      environment: ["CELERY_WORKER_REVOKES_MAX"]
    }
  ),
  revokeExpires: Setting.make<Duration.Input, Duration.Input>(SettingKind.duration, {
    default: () => Revoked.defaultExpires,
    defaultShown: "3 hours",
    doc: "How long the revoked id of a task is remembered.",
    environment: ["CELERY_WORKER_REVOKE_EXPIRES"]
  }),
  disableRateLimits: Setting.make(SettingKind.flag, {
    celery: "worker_disable_rate_limits",
    default: () => false,
    doc: "Whether the rate limits of tasks do not count."
  }),
  deduplicateSuccessfulTasks: Setting.make(SettingKind.flag, {
    celery: "worker_deduplicate_successful_tasks",
    default: () => false,
    doc:
      "Whether the result backend is asked, before a late task runs whose message came again, if it has succeeded already."
  }),
  connectionMaxRetries: Setting.make(
    { ...SettingKind.integer({ from: 0, expected: "a whole number, or 0 for no end" }), none: 0 },
    {
      celery: "broker_connection_max_retries",
      default: () => 100,
      doc: "How often to try to reach a broker that is away before giving up; 0 is without end."
    }
  ),
  softShutdownTimeout: Setting.make<Duration.Input, Duration.Input>(SettingKind.pause, {
    celery: "worker_soft_shutdown_timeout",
    default: () => 0,
    defaultShown: "0: not at all",
    doc: "How long a cold shutdown lets running tasks finish before it ends them.",
    flag: { name: "soft-shutdown", metavar: "SECONDS" }
  }),
  enableSoftShutdownOnIdle: Setting.make(SettingKind.flag, {
    celery: "worker_enable_soft_shutdown_on_idle",
    default: () => false,
    doc: "Whether a cold shutdown waits as long as a soft one may take though no task runs.",
    flag: { name: "soft-shutdown-on-idle" }
  }),
  enableRemoteControl: Setting.make(SettingKind.flag, {
    celery: "worker_enable_remote_control",
    default: () => true,
    doc: "Whether the worker listens to remote control."
  }),
  sendTaskEvents: Setting.make(SettingKind.flag, {
    celery: "worker_send_task_events",
    default: () => false,
    doc: "Whether monitoring events of tasks are sent from the start.",
    flag: { name: "task-events", alias: "E", also: "events" }
  }),
  heartbeatInterval: Setting.make<Duration.Input, Duration.Input>(SettingKind.duration, {
    default: () => "2 seconds",
    doc: "How often the worker tells others that it is there.",
    flag: { name: "heartbeat-interval", metavar: "SECONDS" }
  }),
  include: modules("include"),
  imports: modules("imports"),
  disablePrefetch: Setting.make(SettingKind.flag, {
    celery: "worker_disable_prefetch",
    default: () => false,
    doc: "Fetch a task only when there is a slot for it. As with Celery, brokers of Redis alone can.",
    flag: { name: "disable-prefetch" }
  }),
  ...LogSettings.table,
  ...BeatSettings.table
}

export type Settings = SettingsTable.Values<typeof table>

/** What is to be otherwise. `nodename` is a pattern: see `Nodename.expand`. */
export type Changes = SettingsTable.Given<typeof table>

/** What `Worker.make({ settings })` takes: those of the worker, and those of the tasks that it runs. */
export type Given = Changes & TaskSettings.Given

/** Every setting there is, in all rooms. */
export const everything = { ...BrokerSettings.table, ...TaskSettings.table, ...table }

/** Any of all of them, checked. */
export type Everything = SettingsTable.Some<typeof everything>

export const defaults = (): Settings => SettingsTable.defaults(table)

/** Leaves what is not said as it is. Throws a `SettingsError` for what would make a worker that never runs anything. */
export const change = (settings: Settings, changes: Changes): Settings => ({
  ...settings,
  ...SettingsTable.decodeUnsafe(table, SettingsTable.pick(table, changes))
})

/** The settings of tasks among those given. Throws a `SettingsError` when any is wrong, or of no room. */
export const ofTasks = (given: Given): TaskSettings.Some => {
  // They may have been made for all rooms, as `Settings.fromCelery` makes them.
  const checked = SettingsTable.decodeUnsafe(everything, given)
  return SettingsTable.pick(TaskSettings.table, checked) as TaskSettings.Some // picked of what is checked
}

/** Where the broker is, and where results go, if those given say so. */
export const ofBroker = (given: object): BrokerSettings.Some =>
  SettingsTable.decodeUnsafe(BrokerSettings.table, SettingsTable.pick(BrokerSettings.table, given))

export const WorkerSettings: Context.Reference<Settings> = Context.Reference("@celeriac/worker/state/WorkerSettings", {
  defaultValue: defaults
})

/** Whether a step takes part: what a step that can be switched off says in `enabled`. */
export const takesPart = (name: Optional.Name): Effect.Effect<boolean> =>
  Effect.map(WorkerSettings, ({ without }) => !without.includes(name))

/** The same for a step that cannot do without declaring something. */
export const declares = (name: Optional.Name): Effect.Effect<boolean> =>
  Effect.zipWith(takesPart(name), TaskSetting.DeclareTopology, (takesPart, declares) => takesPart && declares)

/** Whether something is set up that has no default: what a step that works only then says in `enabled`. */
export const has = (name: keyof Settings): Effect.Effect<boolean> =>
  Effect.map(WorkerSettings, (settings) => (settings[name] ?? false) !== false)
