/** Three processes of which one leads, and what becomes of slots when it is killed, stopped, or stands still. */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Entity from "@celeriac/messaging/Entity"
import { Transport } from "@celeriac/messaging/Transport"
import * as Signature from "@celeriac/tasks/Signature"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import * as Schedule from "../../src/Schedule.ts"
import * as ScheduleEntry from "../../src/ScheduleEntry.ts"

const url = brokerUrl()
const names = ["a", "b", "c"]
const rounds = Number(process.env["CELERIAC_TEST_BEAT_ROUNDS"] ?? 3)

class BeatProcess {
  isLeader = false
  readonly peer: Peer
  constructor(args: ReadonlyArray<string>) {
    this.peer = new Peer(process.execPath, [join(import.meta.dirname, "beatProcess.ts"), ...args], {
      onLine: (line) => {
        if (line.startsWith("beat: Leading")) this.isLeader = !line.startsWith("beat: Leading no more")
      }
    })
  }
}

interface Row {
  readonly name: string
  readonly last: number
  readonly sent: number
}

/** How far entries are. */
const progressIn = (file: string): ReadonlyArray<Row> => {
  const database = new DatabaseSync(file, { timeout: 5000 })
  try {
    return database.prepare("SELECT name, last, sent FROM celeriac_beat_progress ORDER BY name")
      .all() as unknown as ReadonlyArray<Row>
  } finally {
    database.close()
  }
}

/** The next of a sequence that looks random, and is the same each time. */
const chance = (seed: number) => () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648

const work = Effect.fnUntraced(function*(folder: string) {
  const [lease, tasks, file] = [`beat-${randomUUID()}`, `beat-${randomUUID()}`, join(folder, "schedule.db")]
  const connection = yield* (yield* Transport).connect()
  const channel = yield* connection.openChannel()
  yield* channel.declareQueue(Entity.queue(tasks))
  yield* Effect.addFinalizer(() =>
    Effect.ignore(Effect.andThen(channel.deleteQueue(tasks), channel.deleteQueue(lease)))
  )
  const begin = () => new BeatProcess([url, lease, tasks, `sqlite=${file}`])
  const beats = [begin(), begin(), begin()]
  const end = (signal: NodeJS.Signals) => Promise.all(beats.map(({ peer }) => peer.stop(signal)))
  yield* Effect.addFinalizer(() => Effect.promise(() => end("SIGKILL")))
  const leader = () => beats.findIndex((beat) => beat.isLeader && beat.peer.running)
  const awaitLeader = Effect.promise(() => until("a leader", () => leader() >= 0, 100_000))

  yield* awaitLeader
  yield* Effect.promise(() => until("the first task", () => progressIn(file).some(({ sent }) => sent > 0), 100_000))
  const began = new Map(progressIn(file).map(({ last, name, sent }) => [name, last - sent * 1000]))
  const random = chance(20_261_128)
  /** All that was missed is sent, and kept. */
  const caughtUp = Effect.gen(function*() {
    yield* awaitLeader
    const since = yield* Clock.currentTimeMillis
    yield* Effect.promise(() =>
      until(
        "it has caught up",
        () => progressIn(file).every(({ last }) => last >= since),
        undefined,
        () => beats.map(({ peer }) => peer.output.slice(-600)).join("\n---\n")
      )
    )
  })
  for (let round = 0; round < rounds; round++) {
    yield* caughtUp
    yield* Effect.sleep(random() * 2000)
    const index = leader()
    if (index < 0) continue
    const beat = beats[index]!
    const kind = ["SIGKILL", "SIGTERM", "SIGSTOP"][round % 3] as NodeJS.Signals
    beat.peer.signal(kind)
    if (kind === "SIGSTOP") {
      // The others wait for it until RabbitMQ misses its heartbeats.
      yield* Effect.sleep("7 seconds")
      beat.peer.signal("SIGCONT")
      yield* Effect.sleep("2 seconds")
    } else {
      yield* Effect.promise(() => beat.peer.exited)
      beats[index] = begin()
    }
  }
  yield* caughtUp
  yield* Effect.promise(() => end("SIGTERM"))

  const ids = new Set<string>()
  let deliveries = 0
  while (true) {
    const delivery = yield* channel.get(tasks, { noAck: true })
    if (delivery._tag === "None") break
    deliveries++
    ids.add(String(delivery.value.headers.id))
  }
  const expected = progressIn(file).flatMap(({ last, name, sent }) => {
    const entry = ScheduleEntry.make(name, {
      signature: Signature.make(`proj.${name}`),
      schedule: Schedule.schedule("1 second")
    })
    const first = began.get(name)!
    assert.strictEqual(sent, (last - first) / 1000, name)
    return Array.from(
      { length: sent },
      (_, index) => ScheduleEntry.slotId("celerybeat", entry, first + (index + 1) * 1000)
    )
  })
  assert.isAbove(expected.length, names.length * rounds)
  assert.deepStrictEqual(Array.from(ids).sort(), expected.sort())
  // What was sent twice is what was under way when a leader ended.
  assert.isAtMost(deliveries - ids.size, names.length * rounds * 2)
})

describe("three processes", () => {
  it.live("send each slot, and each as one task, when the one that leads is killed, stopped and stands still", () => {
    const folder = mkdtempSync(join(tmpdir(), "beat-processes-"))
    return work(folder).pipe(
      Effect.scoped,
      Effect.provide(AmqpTransport.layer({ url })),
      Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true, force: true })))
    )
  }, 60_000 + rounds * 20_000)
})
