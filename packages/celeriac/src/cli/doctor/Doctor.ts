/** `celeriac doctor`: looks at the broker, the queues, the workers and the store of results, and says what to do about what it finds. */
import * as Topology from "@celeriac/messaging/Topology"
import { Transport } from "@celeriac/messaging/Transport"
import * as TaskTopology from "@celeriac/tasks/TaskTopology"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Verb from "../app/Verb.ts"
import * as Globals from "../flags/Globals.ts"
import { CliFailure } from "../output/CliFailure.ts"
import * as Print from "../output/Print.ts"
import * as Style from "../output/Style.ts"
import * as BeatCheck from "./BeatCheck.ts"
import * as BrokerCheck from "./BrokerCheck.ts"
import * as Cluster from "./Cluster.ts"
import * as ClusterCheck from "./ClusterCheck.ts"
import * as Finding from "./Finding.ts"
import * as QueueCheck from "./QueueCheck.ts"
import * as ResultCheck from "./ResultCheck.ts"
import * as TaskCheck from "./TaskCheck.ts"

export interface Flags {
  readonly json: boolean
  /** Seconds to wait for workers. */
  readonly timeout: number
  readonly queues: Option.Option<string>
  /** How many messages of each queue to look at. */
  readonly messages: number
  /** Seconds. */
  readonly consumerTimeout: Option.Option<number>
}

export const examine = (globals: Globals.Globals, flags: Flags) =>
  Verb.run(globals, (verb) =>
    Effect.gen(function*() {
      const findings = [
        ...yield* Effect.provide(ofBroker(verb, flags), Verb.broker(verb, true)),
        ...yield* ResultCheck.look(verb.resultBackend)
      ]
      const style = Style.make(Globals.wantsColors(globals, process.stdout))
      yield* flags.json
        ? Console.log(JSON.stringify({ findings }))
        : Print.line(Finding.render(findings, style, globals.quiet), style)
      // What is wrong was said.
      if (Finding.count(findings, "problem") > 0) yield* Effect.fail(new CliFailure({ message: "", exitCode: 1 }))
    }))

/** RabbitMQ's own, since 3.8.17. */
const consumerTimeout = 1_800

const ofBroker = (verb: Verb.Verb, flags: Flags) =>
  Effect.scoped(Effect.gen(function*() {
    const transport = yield* Transport
    const opened = yield* Effect.result(transport.connect({ name: "celeriac doctor" }))
    if (Result.isFailure(opened)) return [BrokerCheck.unreachable(opened.failure)]
    const connection = opened.success
    const topology = yield* TaskTopology.make({
      queues: Option.getOrUndefined(Option.map(flags.queues, Verb.names)),
      delayedDeliveryQueueType: verb.app?.worker.settings.delayedDeliveryQueueType
    })
    const plan = yield* Effect.result(Topology.plan(topology))
    const { refused, states } = yield* QueueCheck.look(connection, topology)
    const messages = flags.messages === 0 ? [] : yield* TaskCheck.ofMessages(connection, topology, flags.messages)
    const timeout = `${flags.timeout} seconds` as const
    const [asked, beats] = yield* Effect.all([
      Effect.result(Cluster.look(timeout).pipe(Effect.catchTag("InvalidCommand", (error) => Effect.die(error)))),
      // Who may not ask workers is told of that.
      Effect.option(BeatCheck.look(verb, timeout))
    ], { concurrency: "unbounded" })
    const beat = Option.getOrElse(beats, (): BeatCheck.Beat => ({ schedulers: [], entries: [], wrong: [] }))
    const cluster = Result.getOrElse(asked, (): Cluster.Cluster => ({ nodes: [], heard: [] }))
    const now = (yield* Clock.currentTimeMillis) / 1000
    const { server } = connection.terms ?? {}
    const permissions = [
      ...refused,
      ...Result.isFailure(asked) ? [Finding.ofError("workers", asked.failure)] : [],
      ...Result.isFailure(plan)
        ? [Finding.ofError("queues", plan.failure)]
        : QueueCheck.ofPlan(plan.success, verb.given.declareTopology !== false)
    ]
    return [
      ...BrokerCheck.check(connection),
      ...permissions,
      ...permissions.some(({ about }) => about === "permissions") ? [] : [
        Finding.ok("permissions", "The user may declare, send and receive what is needed")
      ],
      ...QueueCheck.ofStates(states),
      ...Result.isFailure(asked) ? [] : ClusterCheck.workers(cluster),
      ...ClusterCheck.clocks(cluster.heard),
      ...TaskCheck.check(cluster, [...ofModule(verb), ...BeatCheck.named(beat), ...messages]),
      ...BeatCheck.check(beat, now * 1000),
      ...server?.product === "RabbitMQ" && !BrokerCheck.isBefore(server.version, [3, 9])
        ? ClusterCheck.timeouts(cluster.nodes, Option.getOrElse(flags.consumerTimeout, () => consumerTimeout), now)
        : [],
      ...ClusterCheck.prefetch(cluster.nodes)
    ]
  }))

/** What the module's own settings name. */
const ofModule = ({ given }: Verb.Verb): ReadonlyArray<TaskCheck.Named> =>
  TaskCheck.namesIn(given.routes).map((task) => ({ task, by: "a route of the settings" }))
