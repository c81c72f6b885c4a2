/** What the doctor makes of facts: rules alone. */
import { AccessRefused, because, ConnectionLost, VirtualHostRefused } from "@celeriac/messaging/MessagingError"
import { assert, describe, it } from "@effect/vitest"
import * as BeatCheck from "../src/cli/doctor/BeatCheck.ts"
import * as BrokerCheck from "../src/cli/doctor/BrokerCheck.ts"
import type { Heard, Node } from "../src/cli/doctor/Cluster.ts"
import * as ClusterCheck from "../src/cli/doctor/ClusterCheck.ts"
import * as Finding from "../src/cli/doctor/Finding.ts"
import * as QueueCheck from "../src/cli/doctor/QueueCheck.ts"
import * as ResultCheck from "../src/cli/doctor/ResultCheck.ts"
import * as TaskCheck from "../src/cli/doctor/TaskCheck.ts"
import * as Style from "../src/cli/output/Style.ts"

/** `problem: It blocks publishers: memory`, a line each, without what is well. */
const said = (findings: Finding.Findings) =>
  findings.filter(({ status }) => status !== "ok").map(({ about, says, status }) => `${status}: ${about}: ${says}`)

const terms = {
  heartbeat: 60,
  connectTimeout: 4,
  isEncrypted: true,
  loginMethod: "PLAIN",
  failover: "round-robin",
  alternates: [],
  server: { product: "RabbitMQ", version: "4.1.2" }
}

const connection = { uri: "amqps://rabbit//", terms, blocked: () => undefined }

const node: Node = {
  name: "celery@one",
  count: 1,
  prefetch: 8,
  slots: 8,
  settings: {},
  registered: ["proj.add", "celery.ping"],
  etas: [],
  unacknowledged: []
}

const redis = {
  uri: "rediss://cache/0",
  version: "7.0.15",
  maxmemory: 0,
  usedMemory: 2 ** 20,
  policy: "noeviction",
  role: "master",
  evictedKeys: 0,
  clockAhead: 0.1,
  isEncrypted: true
}

describe("The doctor says of", () => {
  it("periodic tasks whose scheduler is not there, stands still or does not lead, and those that never come due", () => {
    const entry = { name: "tick", task: "proj.tick", schedule: "every 10 seconds", enabled: true, comesDue: true }
    const health = {
      leader: true,
      leadership: "queue",
      store: "queue",
      last_tick: new Date(0).toISOString(),
      lag: 0,
      sent: 1
    }
    const of = (beat: Partial<BeatCheck.Beat>, now = 1_000) =>
      said(BeatCheck.check({ entries: [], schedulers: [], wrong: [], ...beat }, now))
    const led = [{ name: "celerybeat@one", health }]
    assert.deepStrictEqual(of({}), [])
    assert.deepStrictEqual(of({ entries: [entry], schedulers: led }), [])
    assert.deepStrictEqual(of({ entries: [entry], schedulers: [{ name: "celerybeat@py", health: undefined }] }), [])
    assert.deepStrictEqual(of({ entries: [entry] }), ["warning: beat: 1 periodic task, and no scheduler answers"])
    assert.deepStrictEqual(of({ schedulers: [{ name: "celerybeat@one", health: { ...health, leader: false } }] }), [
      "problem: beat: None of celerybeat@one leads"
    ])
    assert.deepStrictEqual(of({ schedulers: led }, 61_000), [
      "problem: beat: celerybeat@one leads, and has not looked at what is due since 1970-01-01T00:00:00.000Z"
    ])
    const never = { ...entry, name: "never", schedule: "0 0 30 2 *", comesDue: false }
    assert.deepStrictEqual(
      of({ entries: [never, { ...entry, enabled: false }], schedulers: led, wrong: ["entry 'x': no"] }),
      [
        "problem: beat: entry 'x': no",
        "warning: beat: never never comes due: 0 0 30 2 *",
        "warning: beat: tick is paused"
      ]
    )
    assert.deepStrictEqual(BeatCheck.named({ entries: [entry], schedulers: [], wrong: [] }), [
      { task: "proj.tick", by: "the periodic task tick" }
    ])
  })

  it("what is well, nothing", () => {
    assert.deepStrictEqual(
      said([
        ...BrokerCheck.check(connection),
        ...ClusterCheck.workers({ nodes: [node], heard: [] }),
        ...ClusterCheck.clocks([{ name: "celery@one", software: "celeriac 0.1.0", ahead: -0.01 }]),
        ...ClusterCheck.prefetch([node]),
        ...ClusterCheck.timeouts([node], 1_800, 0),
        ...TaskCheck.check({ nodes: [node], heard: [] }, [{ task: "proj.add", by: "a route of the settings" }]),
        ...ResultCheck.check(redis)
      ]),
      []
    )
  })

  for (
    const [what, some, says] of [
      ["an alarm", { blocked: () => "memory" }, ["problem: broker: It blocks publishers: memory"]],
      ["another server", { terms: { ...terms, server: { product: "LavinMQ", version: "2.0" } } }, [
        "warning: broker: LavinMQ 2.0 at amqps://rabbit//"
      ]],
      [
        "an old one",
        { terms: { ...terms, server: { product: "RabbitMQ", version: "3.7.28" } } },
        ["warning: broker: RabbitMQ 3.7.28 at amqps://rabbit// is old: it has no quorum queues with delivery limits"]
      ],
      [
        "a connection in the clear, to elsewhere",
        { uri: "amqp://guest:**@rabbit:5672//", terms: { ...terms, isEncrypted: false } },
        ["warning: broker: The connection is not encrypted: passwords and tasks travel in the clear"]
      ],
      ["a connection in the clear, to here", {
        uri: "amqp://guest:**@127.0.0.1:5672//",
        terms: { ...terms, isEncrypted: false }
      }, []],
      [
        "no heartbeats",
        { terms: { ...terms, heartbeat: 0 } },
        ["warning: broker: There are no AMQP heartbeats: a connection that dies silently is not noticed"]
      ]
    ] as const
  ) {
    it(`a broker: ${what}`, () =>
      assert.deepStrictEqual(said(BrokerCheck.check({ ...connection, ...some })), [...says]))
  }

  it("a broker that lets nobody in, what to do", () => {
    for (
      const [reason, advice] of [
        [new AccessRefused({ uri: "amqp://rabbit//", detail: "ACCESS_REFUSED" }), /right user and password/],
        [new VirtualHostRefused({ uri: "amqp://rabbit//x", detail: "NOT_ALLOWED" }), /rabbitmqctl add_vhost/],
        [new ConnectionLost({ uri: "amqp://rabbit//", detail: "connection refused" }), /Is it running/]
      ] as const
    ) {
      const { advice: given = "", status } = BrokerCheck.unreachable(because("connect", reason))
      assert.strictEqual(status, "problem")
      assert.match(given, advice)
    }
  })

  for (
    const [what, some, says] of [
      ["a full Redis", { maxmemory: 2 ** 20 }, /nearly full/],
      [
        "one that evicts",
        { maxmemory: 2 ** 30, policy: "volatile-lru" },
        /^warning: .*will throw results away .*volatile-lru/
      ],
      [
        "one that has evicted",
        { maxmemory: 2 ** 30, policy: "allkeys-lru", evictedKeys: 3 },
        /^problem: .*throws results away .*3 keys so far/
      ],
      ["a replica", { role: "slave" }, /^problem: .*is a replica/],
      ["an old one", { version: "4.0.1" }, /^problem: .*too old/],
      ["one in the clear", { uri: "redis://cache/0", isEncrypted: false }, /^warning: .*not encrypted/],
      ["one whose clock is off", { clockAhead: -90 }, /^warning: clocks: .*90\.0 seconds behind/]
    ] as const
  ) {
    it(`a store of results: ${what}`, () => {
      const lines = said(ResultCheck.check({ ...redis, ...some }))
      assert.strictEqual(lines.length, 1)
      assert.match(lines[0]!, says)
    })
  }

  it("one that evicts and has no limit, nothing", () => {
    assert.deepStrictEqual(said(ResultCheck.check({ ...redis, policy: "allkeys-lru" })), [])
  })

  it("workers: none, several of one name, several versions, old ones", () => {
    assert.match(said(ClusterCheck.workers({ nodes: [], heard: [] }))[0]!, /^warning: workers: No worker is online/)
    assert.match(
      said(ClusterCheck.workers({ nodes: [{ ...node, count: 2 }], heard: [] }))[0]!,
      /^problem: workers: 2 workers are called celery@one/
    )
    const heard = (name: string, software: string): Heard => ({ name, software, ahead: 0 })
    const lines = said(ClusterCheck.workers({
      nodes: [node],
      heard: [
        heard("a", "celeriac 0.1.0"),
        heard("b", "celeriac 0.2.0"),
        heard("c", "py-celery 3.1.26"),
        heard("d", "py-celery 5.7.0")
      ]
    }))
    assert.deepStrictEqual(lines, [
      "warning: workers: Workers of several versions run: celeriac 0.1.0, celeriac 0.2.0",
      "warning: workers: c runs Celery 3.1.26, which sends tasks of protocol 1"
    ])
  })

  it("clocks, as far as they are apart", () => {
    const of = (ahead: number) => ClusterCheck.clocks([{ name: "celery@one", software: "", ahead }])[0]?.status
    assert.deepStrictEqual([0, -1.9, 3, -15, 17, -100].map(of), [
      "ok",
      "ok",
      "warning",
      "warning",
      "problem",
      "problem"
    ])
  })

  it("what is held for longer than the broker waits", () => {
    const eta = { id: "a", name: "proj.add" }
    const late = { task_acks_late: true }
    const of = (some: Partial<Node>) =>
      said(ClusterCheck.timeouts([{ ...node, ...some }], 1_800, 10_000)).map((line) => line.slice(0, 61))
    assert.deepStrictEqual(of({ etas: [{ ...eta, at: 11_700 }] }), [])
    assert.deepStrictEqual(of({ etas: [{ ...eta, at: 13_600 }] }), [
      "problem: timeouts: celery@one holds proj.add a for 60 minutes"
    ])
    assert.deepStrictEqual(of({ unacknowledged: [{ ...eta, since: 9_000 }] }), [
      "problem: timeouts: proj.add a runs on celery@one since 17 min"
    ])
    assert.deepStrictEqual(of({ settings: { ...late, task_time_limit: 600 } }), [])
    assert.match(of({ settings: late })[0]!, /^warning: timeouts: celery@one acknowledges late/)
    assert.match(of({ settings: { ...late, task_time_limit: 3_600 } })[0]!, /^warning/)
  })

  it("messages that are held, although they are acknowledged late", () => {
    const of = (some: Partial<Node>) => said(ClusterCheck.prefetch([{ ...node, ...some }]))
    const settings = { task_acks_late: true, worker_prefetch_multiplier: 4 }
    assert.match(of({ prefetch: 32, settings })[0]!, /holds 32 messages for 8 slots/)
    assert.deepStrictEqual(of({ prefetch: 8, settings: { ...settings, worker_prefetch_multiplier: 1 } }), [])
    assert.deepStrictEqual(of({ prefetch: 32, settings: { ...settings, task_acks_late: false } }), [])
    assert.match(of({ prefetch: 0 })[0]!, /takes all messages/)
  })

  it("tasks that nobody runs, and what may have been meant", () => {
    const settings = {
      task_routes: [{ "proj.ad": "a", "proj.*": "b" }, "proj.router"],
      beat_schedule: { nightly: { task: "proj.cleanup", schedule: 30 }, broken: 4 }
    }
    const findings = TaskCheck.check({ nodes: [{ ...node, settings }], heard: [] }, [{
      task: "proj.cleanup",
      by: "a message in celery"
    }])
    assert.deepStrictEqual(said(findings), [
      "problem: tasks: No worker runs proj.ad, which is named by task_routes of celery@one",
      "problem: tasks: No worker runs proj.cleanup, which is named by beat_schedule of celery@one, a message in celery"
    ])
    assert.match(findings[0]!.advice!, /^Did you mean proj\.add\?/)
    assert.deepStrictEqual(TaskCheck.check({ nodes: [], heard: [] }, [{ task: "x", by: "y" }]), [])
  })

  it("queues: what is missing, differs, may not be declared, is not consumed from", () => {
    const entry = { kind: "Queue", name: "emails", properties: "", detail: "", differences: [] } as const
    const of = (some: object) => said(QueueCheck.ofPlan({ uri: "", entries: [{ ...entry, status: "same", ...some }] }))
    assert.deepStrictEqual(of({}), [])
    assert.deepStrictEqual(of({ status: "create" }), ["warning: queues: The queue emails is not there"])
    assert.deepStrictEqual(
      of({ status: "differs", differences: [{ argument: "x-queue-type", declared: "quorum", current: "classic" }] }),
      ["problem: queues: The queue emails differs: x-queue-type is to be quorum, and is classic"]
    )
    assert.deepStrictEqual(of({ status: "exists" }), [
      "problem: permissions: The queue emails may not be declared by this user"
    ])
    const state = (messageCount: number, consumerCount: number) => ({ name: "emails", messageCount, consumerCount })
    assert.deepStrictEqual(said(QueueCheck.ofStates([state(0, 0), state(3, 1)])), [])
    assert.deepStrictEqual(said(QueueCheck.ofStates([state(1, 0)])), [
      "warning: queues: 1 message waits in emails, from which nobody consumes"
    ])
  })
})

describe("What the doctor found", () => {
  const findings = [
    Finding.ok("broker", "fine"),
    Finding.problem("tasks", "bad", "mend it"),
    Finding.warning("broker", "so so", "look")
  ]

  it("stands by subject, with what to do, and how many there are", () => {
    assert.strictEqual(
      Finding.render(findings, Style.make(false), false),
      "broker\n  ✓ fine\n  ! so so\n    → look\ntasks\n  ✗ bad\n    → mend it\n\n1 problem, 1 warning"
    )
    assert.strictEqual(Finding.render([findings[0]!], Style.make(false), false), "broker\n  ✓ fine\n\nAll is well.")
  })

  it("is what is wrong alone, when nothing else is to be said", () => {
    assert.notInclude(Finding.render(findings, Style.make(false), true), "fine")
  })
})
