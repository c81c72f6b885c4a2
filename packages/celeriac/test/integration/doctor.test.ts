/** `celeriac doctor`, on a broker and a Redis of its own, in which things are wrong. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { connect } from "amqplib"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { CeleryWorker } from "../../../../test/peers/Python.ts"
import { RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import { Redis } from "../../../../test/peers/Redis.ts"
import * as Command from "../fixtures/Command.ts"

let rabbit: RabbitMq
let redis: Redis
let ours: Peer
let python: CeleryWorker

beforeAll(async () => {
  ;[rabbit, redis] = await Promise.all([
    RabbitMq.start(),
    Redis.start("--maxmemory", "200mb", "--maxmemory-policy", "allkeys-lru")
  ])
  ours = new Peer(process.execPath, [
    ...[Command.main, "worker", "-A", Command.fixture("cliWorker.ts"), "-b", rabbit.url, "--result-backend", redis.url],
    ...["-n", "ours@ward", "-c", "2", "--prefetch-multiplier", "4", "--without-gossip", "--without-mingle"]
  ], { env: { NO_COLOR: "1", CELERIAC_ACKS_LATE: "true" } })
  ;[python] = await Promise.all([
    CeleryWorker.start({
      module: Command.fixture("cli.py"),
      env: { BROKER: rabbit.url, RESULTS: redis.url, QUEUE: "python" },
      args: ["-n", "python@ward", "--pool", "solo", "--without-gossip", "--without-mingle"]
    }),
    until("our worker's start", () => ours.output.includes(" ready."), 100_000, () => ours.output)
  ])
}, 120_000)

afterAll(async () => {
  await Promise.all([ours?.stop("SIGKILL"), python?.kill()])
  await Promise.all([rabbit?.stop(), redis?.stop()])
}, 120_000)

interface Found {
  readonly about: string
  readonly status: string
  readonly says: string
  readonly advice?: string
}

/** Who does not answer within a second is not there: then it is asked again. */
const examine = async (...given: Parameters<typeof look>) => {
  let seen: Awaited<ReturnType<typeof look>>
  await until("the workers answer", async () => {
    seen = await look(...given)
    const says = seen.findings.map(({ says }) => says).join("\n")
    return ["ours@ward, ", "python@ward, "].every((node) => says.includes(node))
  })
  return seen!
}

const look = async (args: ReadonlyArray<string> = [], env: Readonly<Record<string, string>> = {}) => {
  const globals = args.includes("-b") ? [] : ["-b", rabbit.url]
  const { code, stderr, stdout } = await Command.celeriac(["doctor", "--json", ...globals, ...args], { env })
  assert.strictEqual(stderr, "")
  const findings: ReadonlyArray<Found> = JSON.parse(stdout).findings
  return { code, findings, wrong: findings.filter(({ status }) => status === "problem") }
}

const results = () => ["--result-backend", redis.url]

const call = (name: string, ...args: ReadonlyArray<string>) =>
  Command.celeriac(["call", name, "-b", rabbit.url, ...results(), ...args])

describe("celeriac doctor", () => {
  it("finds nothing wrong where nothing is, and says what it looked at", async () => {
    const { code, findings, wrong } = await examine()
    assert.deepStrictEqual([code, wrong], [0, []])
    const says = findings.map(({ about, says }) => `${about}: ${says}`).join("\n")
    for (
      const expected of [
        /broker: RabbitMQ \d+\.\d+\.\d+ at amqp:\/\/guest:\*\*@/,
        /permissions: The user may declare/,
        /queues: celery: as declared/,
        /workers: ours@ward, celeriac \d+\.\d+\.\d+, 2 at once/,
        /workers: python@ward, py-celery \d+\.\d+\.\d+/,
        /clocks: All within 2 seconds/,
        /tasks: \d+ registered; none that is named is unknown/
      ]
    ) assert.match(says, expected)
  })

  it("warns of what may go wrong: late acknowledgements that are held, and a Redis that forgets", async () => {
    const { code, findings } = await examine(results())
    assert.strictEqual(code, 0)
    const warnings = findings.filter(({ status }) => status === "warning").map(({ about, says }) => `${about}: ${says}`)
    assert.match(warnings.join("\n"), /prefetch: ours@ward acknowledges late and holds 8 messages for 2 slots/)
    assert.match(
      warnings.join("\n"),
      /timeouts: ours@ward acknowledges late, and its tasks may run without limit; the broker waits 30 minutes/
    )
    assert.match(warnings.join("\n"), /results: It will throw results away .*allkeys-lru/)
    assert.strictEqual(warnings.length, 3)
  })

  it("finds a queue of another type than it is declared with", async () => {
    const { code, wrong } = await examine([], { CELERIAC_DEFAULT_QUEUE_TYPE: "quorum" })
    assert.strictEqual(code, 1)
    assert.deepStrictEqual(wrong.map(({ says }) => says), [
      "The queue celery differs: x-queue-type is to be quorum, and is classic"
    ])
    assert.match(wrong[0]!.advice!, /delete_queue/)
  })

  it("finds what a user may not do", async () => {
    await rabbit.rabbitmqctl("add_user", "poor", "poor")
    const poor = ["-b", rabbit.url.replace("guest:guest", "poor:poor")]
    const outside = await look(poor)
    assert.strictEqual(outside.code, 1)
    assert.match(outside.wrong[0]!.advice!, /set_permissions/)
    await rabbit.rabbitmqctl("set_permissions", "poor", "^(python|.*pidbox|celeryev.*)$", ".*", "^(?!celery$).*")
    const { code, wrong } = await look(poor)
    assert.strictEqual(code, 1)
    const says = wrong.map(({ about, says }) => `${about}: ${says}`).join("\n")
    assert.match(says, /permissions: The queue celery may not be declared by this user/)
    assert.match(says, /permissions: .*ccess to queue 'celery' in vhost '\/' refused for user 'poor'/)
    assert.notMatch(says, /workers:/)
    await rabbit.rabbitmqctl("set_permissions", "poor", ".*", "^$", ".*")
    const mute = await look(poor)
    assert.match(
      mute.wrong.map(({ says }) => says).join("\n"),
      /ccess to exchange 'amq\.default' in vhost '\/' refused for user 'poor'/
    )
  })

  it("finds a wrong password, a broker that is not there, a Redis that is not there", async () => {
    const password = await look(["-b", rabbit.url.replace("guest:guest", "guest:wrong")])
    assert.match(`${password.code} ${password.wrong[0]!.says}`, /^1 .*ACCESS_REFUSED/)
    const nobody = await look(["-b", "amqp://127.0.0.1:1", "--result-backend", "redis://127.0.0.1:1"])
    assert.deepStrictEqual(nobody.wrong.map(({ about }) => about), ["broker", "results"])
  })

  it("finds tasks that nobody runs, in messages too, and gives these back", async () => {
    assert.strictEqual((await call("cli.ad", "--queue", "forgotten")).code, 0)
    const { code, findings, wrong } = await examine(["-Q", "forgotten", "--messages", "10"])
    assert.strictEqual(code, 1)
    assert.deepStrictEqual(wrong.map(({ says }) => says), [
      "No worker runs cli.ad, which is named by a message in forgotten"
    ])
    assert.match(wrong[0]!.advice!, /^Did you mean cli\.add\?/)
    assert.include(findings.map(({ says }) => says), "1 message waits in forgotten, from which nobody consumes")
    const { stdout } = await Command.celeriac(["purge", "-f", "-Q", "forgotten", "-b", rabbit.url])
    assert.match(stdout, /^Purged 1 message /)
  })

  it("finds periodic tasks that nobody sends or runs, and what is wrong with them", async () => {
    const { code, findings } = await examine(["-A", Command.fixture("beat.ts")])
    assert.strictEqual(code, 1)
    const says = findings.filter(({ about }) => about === "beat" || about === "tasks").map(({ says }) => says)
    assert.deepStrictEqual(says, [
      "No worker runs beat.report, which is named by the periodic task report",
      "No worker runs beat.tick, which is named by the periodic task tick, the periodic task nightly",
      "entry 'wrong': crontab: minute '61' has 61: write whole numbers from 0 to 59",
      "3 periodic tasks, and no scheduler answers"
    ])
  })

  it("finds what is held for longer than the broker waits", async () => {
    await Promise.all([
      call("cli.whole", "--countdown", "600"),
      call("cli.whole", "--countdown", "600", "--queue", "python")
    ])
    const { code, wrong } = await examine(["--consumer-timeout", "60"])
    assert.strictEqual(code, 1)
    const held = wrong.filter(({ about }) => about === "timeouts").map(({ says }) =>
      says.replace(/ [0-9a-f-]{36} /, " … ")
    )
    assert.deepStrictEqual(held.map((says) => says.slice(0, says.indexOf(";"))).toSorted(), [
      "ours@ward holds cli.whole … for 10 minutes until its ETA",
      "python@ward holds cli.whole … for 10 minutes until its ETA"
    ])
  })

  it("finds a clock that is wrong", async () => {
    const connection = await connect(rabbit.url)
    const channel = await connection.createChannel()
    const { wrong } = await (async () => {
      const timer = setInterval(() => {
        const event = {
          type: "worker-heartbeat",
          hostname: "late@ward",
          utcoffset: 0,
          pid: 1,
          clock: 1,
          freq: 2,
          sw_ident: "py-celery"
        }
        channel.publish(
          "celeryev",
          "worker.heartbeat",
          Buffer.from(JSON.stringify({ ...event, timestamp: Date.now() / 1000 - 90 })),
          { contentType: "application/json", contentEncoding: "utf-8" }
        )
      }, 100)
      try {
        return await examine(["-t", "2"])
      } finally {
        clearInterval(timer)
        await connection.close()
      }
    })()
    assert.match(
      wrong.map(({ about, says }) => `${about}: ${says}`).join("\n"),
      /^clocks: The clock of late@ward is 9\d\.\d seconds behind ours/
    )
  })

  it("says it for people, with what to do", async () => {
    const { code, stdout } = await Command.celeriac(["doctor", "-b", rabbit.url, ...results(), "-q"])
    assert.strictEqual(code, 0)
    assert.match(
      stdout,
      /^timeouts\n {2}! ours@ward [^\n]*\n {4}→ Set a time limit [^]*results\n {2}! It will throw [^]*\n\n3 warnings\n$/
    )
  })
})
