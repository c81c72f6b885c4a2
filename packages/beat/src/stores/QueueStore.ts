/**
 * A store in the broker alone: pauses, added entries and how far each has come are
 * messages of a quorum queue, which any number of schedulers and operators share.
 *
 * One message holds all of it. How far entries have come is put behind it, one message
 * each time; whoever reads puts a new whole one there, and acknowledges what it was made
 * of when that is kept. One at a time reads and changes it (`internal/Turn`). Changes are
 * told to everybody by a fanout exchange of the queue's name.
 *
 * It is made for what people write by hand: of 10,000 entries it is half a megabyte,
 * which is written anew with each change. What cannot be read is set aside, into the
 * queue of the same name with `.aside` behind it.
 *
 * @since 0.1.0
 */
import * as Entity from "@celeriac/messaging/Entity"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Session from "@celeriac/messaging/Session"
import { type Channel, Transport } from "@celeriac/messaging/Transport"
import { TaskId } from "@celeriac/tasks/TaskId"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import { BeatError, StoreFailed } from "../BeatError.ts"
import * as Rows from "../internal/Rows.ts"
import { Signal } from "../internal/Signal.ts"
import * as StateMessages from "../internal/StateMessages.ts"
import * as Turn from "../internal/Turn.ts"
import { ScheduleStore } from "../ScheduleStore.ts"

export interface Options {
  /** The name of the queue; all schedulers that take over from each other have one. Default `celeriac.beat.schedule`. */
  readonly queue?: string | undefined
}

/** So many messages say how far entries have come, then they are made one. */
const mostBehind = 200

/** How long to wait for a broker that is away. */
const deadline = "10 seconds"

export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const transport = yield* Transport
  const newId = yield* TaskId
  const scope = yield* Effect.scope
  const name = options.queue ?? "celeriac.beat.schedule"
  const describe = `the queue ${name}`
  const failed = (detail: string) => new BeatError({ reason: new StoreFailed({ store: describe, detail }) })
  const refused = ({ isRecoverable, message }: MessagingError) =>
    failed(
      isRecoverable ? message : `${message}. Give it another name that this user may declare, or keep it elsewhere`
    )

  const aside = Entity.queue(`${name}.aside`, { type: "quorum" })
  const queue = Entity.queue(name, {
    type: "quorum",
    deadLetterExchange: "",
    deadLetterRoutingKey: aside.name,
    arguments: { "x-single-active-consumer": true }
  })
  const changes = Entity.exchange(name, { type: "fanout", durable: false })

  /** The revision that was heard of last. Another one than any when something may have been missed. */
  const latest = new Signal<number>(NaN)

  const session = yield* Session.make({
    what: describe,
    uri: transport.uri,
    open: Effect.gen(function*() {
      const connection = yield* transport.connect({ name: "celeriac beat schedule" })
      const channel = yield* connection.openChannel()
      yield* channel.declareQueue(aside)
      yield* channel.declareQueue(queue)
      yield* channel.declareExchange(changes)
      const heard = Entity.queue(`${name}.${newId()}`, { exclusive: true, durable: false, autoDelete: true })
      yield* channel.declareQueue(heard)
      yield* channel.bindQueue(heard.name, changes.name, "")
      yield* channel.consume(heard.name, {
        prefetch: 0,
        noAck: true,
        onDelivery: ({ headers }) => latest.set(Number(headers["revision"]))
      })
      latest.set(NaN)
      return { connection, channel }
    }),
    watch: ({ channel, connection }) => Effect.raceFirst(channel.lost, connection.lost)
  })
  const opened = Effect.suspend(() =>
    transport.driver === "memory"
      // The embedded broker hands messages to all of its consumers in turn.
      ? Effect.fail(failed("the broker is embedded, and has one process: use MemoryStore or FileStore"))
      : Effect.mapError(session.opened(deadline), refused)
  )

  let behind = 0

  /** Reads all of it, and puts it there anew, as it is or as it is to be. */
  const rewriteOnce = Effect.fnUntraced(function*(update: (state: StateMessages.State) => StateMessages.State) {
    const { channel, connection } = yield* opened
    const late = failed("somebody else has been reading it for 20 s. Is one of its consumers stopped?")
    const state = yield* Turn.take(
      connection,
      { queue: name, word: newId(), late },
      ({ deliveries, put }) =>
        Effect.gen(function*() {
          const heard = StateMessages.read(deliveries)
          if (heard.newer !== undefined) {
            // RabbitMQ 4 sets aside what comes back too often.
            for (const { body, headers, properties } of deliveries) yield* put({ body, headers, properties })
            for (const delivery of deliveries) delivery.settle("ack")
            return yield* Effect.fail(Rows.newer(describe, heard.newer))
          }
          // Before what is put there without them.
          for (const row of heard.rows) {
            const to = { exchange: "", routingKey: aside.name }
            yield* Turn.kept(channel.publish(StateMessages.ofDamaged(row), to, { deadline }))
          }
          const state = update(heard.state)
          const { version } = heard.state
          yield* put(StateMessages.ofState({ ...state, version: version + 1 }))
          if (state.revision !== heard.state.revision) tell(channel, state.revision)
          for (const delivery of deliveries) delivery.settle(heard.damaged.includes(delivery) ? "reject" : "ack")
          if (heard.damaged.length > 0) {
            yield* Effect.logWarning(
              `beat: ${describe}: ${heard.damaged.length} messages could not be read: they were set aside into ${aside.name}`
            )
          }
          yield* Rows.tell(describe, `the queue ${aside.name}`, heard.rows)
          return state
        })
    ).pipe(Effect.mapError((error) => error._tag === "MessagingError" ? refused(error) : error))
    behind = 0
    latest.set(state.revision)
    return state
  })

  // Of one process they need not wait at the broker.
  const oneByOne = Semaphore.makeUnsafe(1)
  const rewrite = (update: (state: StateMessages.State) => StateMessages.State) =>
    oneByOne.withPermit(rewriteOnce(update))

  const tell = (channel: Channel, revision: number): void =>
    channel.publishUnsafe(
      { body: new Uint8Array(), headers: { revision }, properties: { deliveryMode: 1 } },
      { exchange: changes.name, routingKey: "" },
      { mandatory: false },
      // Who does not hear of it reads it with the next change.
      () => {}
    )

  const clearUp = Effect.suspend(() => {
    if (behind < mostBehind) return Effect.void
    behind = 0
    return Effect.asVoid(Effect.forkIn(Effect.ignore(rewrite((state) => state)), scope))
  })

  return ScheduleStore.of({
    describe,
    read: rewrite((state) => state),
    advance: Effect.fnUntraced(function*(progress) {
      if (progress.length === 0) return
      const { channel } = yield* opened
      const message = StateMessages.ofProgress(progress)
      yield* Turn.kept(channel.publish(message, { exchange: "", routingKey: name }, { deadline })).pipe(
        Effect.mapError(refused)
      )
      behind++
      yield* clearUp
    }),
    forget: (entries) =>
      entries.length === 0 ? Effect.void : Effect.asVoid(rewrite((state) => {
        const progress = new Map(state.progress)
        for (const entry of entries) progress.delete(entry)
        return { ...state, progress }
      })),
    change: (entry, update) =>
      Effect.asVoid(rewrite((state) => {
        const changes = new Map(state.changes)
        const change = update(changes.get(entry))
        if (change === undefined) changes.delete(entry)
        else changes.set(entry, change)
        return { ...state, changes, revision: state.revision + 1 }
      })),
    changed: (revision) => Effect.andThen(opened, latest.differs(revision))
  })
})

/** A store in a queue of the broker at hand. Fails when it is used, not when it is made. */
export const layer = (options?: Options): Layer.Layer<ScheduleStore, never, Transport> =>
  Layer.effect(ScheduleStore, make(options))
