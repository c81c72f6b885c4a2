/** The live monitor: what keys make of it, what it shows, and what it writes to a terminal. */
import * as ClusterState from "@celeriac/tasks/event/ClusterState"
import type * as Event from "@celeriac/tasks/event/Event"
import { assert, describe, it } from "@effect/vitest"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import * as TestClock from "effect/testing/TestClock"
import * as fc from "fast-check"
import { Screen } from "../../../test/peers/Screen.ts"
import { EventRate, sparkline } from "../src/cli/monitor/EventRate.ts"
import * as Line from "../src/cli/monitor/Line.ts"
import * as Model from "../src/cli/monitor/Model.ts"
import * as Monitor from "../src/cli/monitor/Monitor.ts"
import * as Paint from "../src/cli/monitor/Paint.ts"
import * as Snapshot from "../src/cli/monitor/Snapshot.ts"
import * as Update from "../src/cli/monitor/Update.ts"
import { view } from "../src/cli/monitor/View.ts"

const at = 1_000_000_000

const common = (hostname: string, timestamp: number) => ({
  hostname,
  timestamp,
  localReceived: timestamp,
  utcoffset: 0,
  pid: 7
})

const beat = (hostname: string, more: object = {}, time = at): Event.Heard =>
  ({ _tag: "WorkerHeartbeat", type: "worker-heartbeat", freq: 2, ...common(hostname, time), ...more }) as Event.Heard

let clock = 0

const told = (subject: string, uuid: string, more: object = {}, time = at): Event.Heard =>
  ({
    _tag: `Task${subject[0]!.toUpperCase()}${subject.slice(1)}`,
    type: `task-${subject}`,
    uuid,
    clock: ++clock,
    ...common("celery@one", time),
    ...more
  }) as Event.Heard

const life = (uuid: string, name: string, end: "succeeded" | "failed", time = at): ReadonlyArray<Event.Heard> => [
  told("received", uuid, { name, args: "(2, 2)", kwargs: "{}" }, time),
  told("started", uuid, {}, time + 0.5),
  end === "succeeded"
    ? told(end, uuid, { result: "4", runtime: 0.25 }, time + 1)
    : told(end, uuid, { exception: "ValueError('bad')", traceback: "Traceback:\n  line 1" }, time + 1)
]

const few = [
  beat("celery@one", { active: 2, processed: 1234, loadavg: [0.5, 0.25, 1], swIdent: "py-celery", swVer: "5.7.0" }),
  ...life("aaaaaaaa-1", "proj.add", "succeeded"),
  ...life("bbbbbbbb-2", "proj.fail", "failed", at + 1),
  told("received", "cccccccc-3", { name: "proj.nap", parentId: "bbbbbbbb-2" }, at + 2)
]

/** A monitor that has heard events, and had keys; and what it asks for. */
const monitor = (events: ReadonlyArray<Event.Heard>, size: Model.Size = { columns: 80, rows: 16 }) => {
  const cluster = ClusterState.make()
  const rate = new EventRate()
  let model = Model.initial("amqp://guest:**@rabbit//", size)
  let now = at + 3
  const asked: Array<Update.Action> = []
  const look = (isAsked: boolean) => {
    model = Update.seen(model, Snapshot.make(cluster, rate, Model.queryOf(model), now), isAsked)
  }
  const self = {
    asked,
    get model() {
      return model
    },
    hear: (...events: ReadonlyArray<Event.Heard>) => {
      for (const event of events) cluster.add(event)
      look(false)
      return self
    },
    wait: (seconds: number) => {
      now += seconds
      look(false)
      return self
    },
    press: (...keys: ReadonlyArray<string>) => {
      for (const key of keys) {
        const isText = Array.from(key).length === 1
        const [next, actions] = Update.pressed(model, { name: key, ctrl: false, text: isText ? key : undefined })
        model = next
        for (const action of actions) {
          if (action._tag === "Refresh") look(true)
          else asked.push(action)
        }
      }
      return self
    },
    lines: () => view(model).map((line) => Line.textOf(line).trimEnd()),
    text: () => view(model).map(Line.textOf).join("\n")
  }
  return self.hear(...events)
}

const type = (text: string) => Array.from(text)

/** The ids of the rows, and which of them is chosen. */
const rows = ({ lines }: ReturnType<typeof monitor>) =>
  lines().flatMap((line) => /^(▸| ) [·▶✓✗↻⊘] .*?([abc])\2{7}$/.exec(line)?.slice(1) ?? []).join("")

describe("The monitor shows", () => {
  it("workers, tasks, the latest first, and the keys", () => {
    const lines = monitor(few).lines()
    assert.strictEqual(lines.length, 16)
    assert.match(lines[0]!, /^ celeriac events  amqp:\/\/rabbit\/\/ .*1\/1 workers  3 tasks  0\/s .*\d\d:\d\d:\d\d$/)
    assert.match(lines[1]!, /^ {2}WORKER +ACTIVE +PROCESSED +LOAD +HEARD$/)
    assert.match(lines[2]!, /^ {2}● celery@one +2 +1,234 +0\.50 0\.25 1\.00 +1s ago$/)
    assert.match(lines[4]!, /^ {2}STATE +TIME ↓ +RUNTIME +NAME +WORKER +ID$/)
    assert.match(lines[5]!, /^▸ · RECEIVED +\S+ +proj\.nap +celery@one +cccccccc$/)
    assert.match(lines[6]!, /^ {2}✗ FAILURE +\S+ +proj\.fail +celery@one +bbbbbbbb$/)
    assert.match(lines[7]!, /^ {2}✓ SUCCESS +\S+ +0\.250s +proj\.add +celery@one +aaaaaaaa$/)
    assert.include(lines[15]!, "q quit")
  })

  it("a worker that is gone as gone, and below those that are there", () => {
    const shown = monitor([beat("celery@one", { active: 1 }), beat("celery@two", {}, at + 100)]).wait(100).lines()
    assert.match(shown[2]!, /^ {2}● celery@two/)
    assert.match(shown[3]!, /^ {2}○ celery@one .* 1m 43s$/)
    assert.include(shown[0]!, "1/2 workers")
  })

  it("all that is known of a task", () => {
    const shown = monitor(few, { columns: 100, rows: 40 }).press("j", "i").text()
    for (
      const [name, value] of [
        ["name", "proj.fail"],
        ["id", "bbbbbbbb-2"],
        ["args", "(2, 2)"],
        ["worker", "celery@one"],
        ["times", "received \\S+, started \\S+ \\(\\+0\\.500s\\), failed \\S+ \\(\\+0\\.500s\\)"]
      ]
    ) assert.match(shown, new RegExp(`^  ${name} +${value?.replace(/^\(2, 2\)/, "\\(2, 2\\)")} *$`, "m"))
    assert.match(shown, /Result\n {2}ValueError\('bad'\)/)
    assert.match(shown, /Traceback\n {2}Traceback:\n {4}line 1/)
    assert.match(shown, /Children\n {2}· RECEIVED +cccccccc-3 proj\.nap/)
  })

  it("nothing that steers the terminal, whatever workers tell", () => {
    const hostile = "\x1b]0;gone\x07\x1b[2J\u202eevil\n\ud800"
    const shown = monitor([
      beat(`celery@${hostile}`, { swIdent: hostile }),
      told("received", "aaaaaaaa-1", { name: hostile, args: hostile, kwargs: hostile, hostname: hostile }),
      told("failed", "aaaaaaaa-1", { exception: hostile, traceback: hostile, hostname: hostile })
    ], { columns: 200, rows: 40 })
    for (const text of [shown.text(), shown.press("i").text(), shown.press("c").text()]) {
      assert.notMatch(text.replaceAll("\n", ""), /[\x00-\x1f\x7f-\x9f\u202e\ud800-\udfff]/)
    }
  })

  it("as many lines as there are rows, none wider than the screen, whatever its size", () => {
    const texts = ["proj.add", "名前の長いタスク", "e\u0301te\u0301", "🐇🐇", ""]
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.constantFrom(...texts), { maxLength: 60 }),
        fc.array(fc.constantFrom("j", "G", "i", "t", "tab", "?", "escape", "/", "x", "l", "s", "p", "pagedown"), {
          maxLength: 8
        }),
        (columns, rows, names, keys) => {
          const events = names.flatMap((name, index) => [
            beat(`${name}@${index}`, { active: index }),
            ...life(`${index}-${name}`, name, index % 2 === 0 ? "failed" : "succeeded")
          ])
          const lines = view(monitor(events, { columns, rows }).press(...keys).model)
          assert.strictEqual(lines.length, rows)
          for (const line of lines) assert.isAtMost(Line.lineWidth(line), columns)
        }
      ),
      { numRuns: 60 }
    )
  })
})

describe("The monitor's keys", () => {
  it("choose a task, which stays chosen when others come", () => {
    const shown = monitor(few)
    assert.strictEqual(rows(shown), "▸c b a")
    assert.strictEqual(rows(shown.press("j")), " c▸b a")
    shown.hear(told("started", "cccccccc-3", {}, at + 4), told("retried", "aaaaaaaa-1", {}, at + 5))
    assert.strictEqual(rows(shown), " a c▸b")
    assert.strictEqual(rows(shown.press("g")), "▸a c b")
  })

  it("filter by words, as they are typed, and go back", () => {
    const shown = monitor(few).press("/", ...type("proj !fail"))
    assert.strictEqual(rows(shown), "▸c a")
    assert.include(shown.lines().at(-1)!, "Filter: proj !fail█")
    shown.press("return")
    assert.match(shown.lines().at(-1)!, /^ \/proj !fail \(2\) /)
    assert.strictEqual(rows(shown.press("escape")), "▸c b a")
    assert.strictEqual(rows(shown.press("/", ...type("nap"), "escape")), "▸c b a")
    assert.include(shown.press("/", ...type("nosuch"), "return").text(), "No task fits. Esc shows all.")
  })

  it("sort, and say by what", () => {
    const shown = monitor(few).press("s")
    assert.strictEqual(rows(shown), "▸a b c")
    assert.include(shown.text(), "NAME ↓")
    assert.strictEqual(rows(shown.press("s")), "▸b c a")
  })

  it("hold the picture, while events are counted on", () => {
    const shown = monitor(few).press("p").hear(...life("dddddddd-4", "proj.add", "succeeded"))
    assert.strictEqual(rows(shown), "▸c b a")
    assert.match(shown.lines()[0]!, / 4 tasks .*PAUSED$/)
    assert.include(shown.press("p").text(), "dddddddd")
  })

  it("show the tasks of one worker alone", () => {
    const shown = monitor([
      ...few,
      told("received", "dddddddd-4", { hostname: "celery@two" })
    ])
    shown.press("tab", "j", "return")
    assert.strictEqual(shown.model.only, "celery@two")
    assert.notInclude(shown.text(), "aaaaaaaa")
    assert.include(shown.text(), "dddddddd")
  })

  it("revoke and terminate after a yes alone", () => {
    const shown = monitor(few).press("c")
    assert.include(shown.lines().at(-1)!, "Revoke proj.nap cccccccc-3? y yes")
    assert.deepStrictEqual(shown.press("n").asked, [])
    assert.deepStrictEqual(shown.press("c", "y", "j", "x", "y").asked, [
      { _tag: "Revoke", id: "cccccccc-3", terminate: false },
      { _tag: "Revoke", id: "bbbbbbbb-2", terminate: true }
    ])
  })

  it("set a rate limit, when it is one", () => {
    const shown = monitor(few).press("l", ...type("often"), "return")
    assert.include(shown.lines().at(-1)!, "often is no rate limit")
    assert.deepStrictEqual(shown.press("l", ...type("10/mm"), "backspace", "return").asked, [
      { _tag: "RateLimit", name: "proj.nap", limit: "10/m" }
    ])
  })

  it("lead to the traceback, and say when there is none", () => {
    const shown = monitor(few, { columns: 80, rows: 9 }).press("j", "t")
    assert.match(shown.lines()[1]!, /^ {2}times|^ Result|^$/)
    assert.include(shown.text(), " Traceback")
    assert.include(shown.text(), "line 1")
    assert.include(shown.press("escape", "k", "t").lines().at(-1)!, "There is no traceback")
  })

  it("end it, ask for events, and do nothing where there is nothing", () => {
    assert.deepStrictEqual(monitor([]).press("c", "t", "l", "j", "G", "e", "q").asked, [{ _tag: "EnableEvents" }, {
      _tag: "Quit"
    }])
    assert.include(monitor([]).text(), "No task was heard of yet. Workers tell of tasks with -E; e asks them to.")
  })
})

describe("Lines", () => {
  it("are cut, filled and wrapped to cells, not to characters", () => {
    assert.deepStrictEqual([Line.widthOf("añb"), Line.widthOf("名前"), Line.widthOf("e\u0301"), Line.widthOf("🐇")], [
      3,
      4,
      1,
      2
    ])
    assert.deepStrictEqual([Line.fit("名前です", 5), Line.fitRight("4", 3), Line.cutStart("abcdef", 4)], [
      "名前…",
      "  4",
      "…def"
    ])
    assert.deepStrictEqual(Line.wrap("one two three\nfour", 8), ["one two", "three", "four"])
  })

  it("are painted with colours, or with none; with signs, or in ASCII", () => {
    const line = Line.line(Line.span("✓ ok", "ok"), Line.span(" bold", "strong"))
    assert.strictEqual(
      Paint.paint(line, 20, { colors: true, unicode: true }),
      "\x1b[32m✓ ok\x1b[0m\x1b[1m bold\x1b[0m\x1b[K"
    )
    assert.strictEqual(Paint.paint(line, 20, { colors: false, unicode: false }), "+ ok\x1b[1m bold\x1b[0m\x1b[K")
  })

  it("are written only where they changed", () => {
    assert.strictEqual(Paint.changes(["a", "b"], ["a", "b"]), "")
    assert.strictEqual(Paint.changes(["a", "b"], ["a", "c"]), "\x1b[?2026h\x1b[2;1Hc\x1b[?2026l")
  })

  it("draw how many events there were in each second", () => {
    const rate = new EventRate()
    for (const [second, count] of [[10, 7], [11, 1], [13, 3]] as const) {
      for (let index = 0; index < count; index++) rate.count(second + 0.5)
    }
    assert.deepStrictEqual(rate.read(14).slice(-4), [7, 1, 0, 3])
    assert.strictEqual(sparkline([7, 1, 0, 3]), "▇▂▁▄")
  })
})

describe("The live monitor", () => {
  /** A terminal whose keys are typed, and whose screen is read. */
  const terminal = Effect.gen(function*() {
    const screen = new Screen(80, 16)
    const writes: Array<string> = []
    const keys = yield* Queue.make<Terminal.UserInput, Cause.Done>()
    const sizes = yield* Queue.make<Terminal.Size, Cause.Done>()
    Queue.offerUnsafe(sizes, { columns: 80, rows: 16 })
    const service = Terminal.make({
      columns: Effect.succeed(80),
      rows: Effect.succeed(16),
      size: Effect.succeed(sizes),
      readInput: Effect.succeed(keys),
      readLine: Effect.die("nobody asks for a line"),
      display: (text) =>
        Effect.sync(() => {
          writes.push(text)
          screen.write(text)
        })
    })
    const press = (name: string) =>
      Queue.offerUnsafe(keys, {
        input: name.length === 1 ? Option.some(name) : Option.none(),
        key: { name, ctrl: false, meta: false, shift: false }
      })
    const resize = (columns: number, rows: number) => {
      screen.resize(columns, rows)
      Queue.offerUnsafe(sizes, { columns, rows })
    }
    return { screen, writes, press, resize, service }
  })

  const started = Effect.gen(function*() {
    yield* TestClock.setTime(at * 1000)
    const { press, resize, screen, service, writes } = yield* terminal
    const events = yield* Queue.unbounded<Event.Heard>()
    const asked: Array<Monitor.Asked> = []
    const fiber = yield* Effect.forkChild(Effect.provideService(
      Monitor.run({
        uri: "memory://",
        look: { colors: true, unicode: true },
        events: Stream.fromQueue(events),
        perform: (action) =>
          Effect.sync(() => {
            asked.push(action)
            return { text: "celery@one: done", tone: "ok" } as const
          }),
        news: yield* Queue.unbounded<Monitor.Told>()
      }),
      Terminal.Terminal,
      service
    ))
    yield* TestClock.adjust("100 millis")
    return { asked, events, fiber, press, resize, screen, writes }
  })

  it.effect("draws what comes, and gives the screen back when it is left", () =>
    Effect.gen(function*() {
      const { events, fiber, press, screen } = yield* started
      assert.isTrue(screen.isOther)
      assert.isFalse(screen.hasCursor)
      assert.include(screen.text, "No worker was heard of yet.")
      for (const event of few) Queue.offerUnsafe(events, event)
      yield* TestClock.adjust("1 second")
      assert.match(screen.text, /● celery@one +2 +1,234/)
      assert.match(screen.text, /✗ FAILURE .*proj\.fail/)
      press("q")
      yield* Fiber.join(fiber)
      assert.isFalse(screen.isOther)
      assert.isTrue(screen.hasCursor)
      assert.strictEqual(screen.text, "")
    }))

  it.effect("gives the screen back when it is interrupted, or its events fail", () =>
    Effect.gen(function*() {
      const { fiber, screen } = yield* started
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual([screen.isOther, screen.hasCursor], [false, true])
      const { screen: other, service } = yield* terminal
      const failed = yield* Effect.flip(Effect.provideService(
        Monitor.run({
          uri: "memory://",
          look: { colors: false, unicode: true },
          events: Stream.fail("the broker is gone"),
          perform: () => Effect.succeed({ text: "", tone: "ok" }),
          news: yield* Queue.unbounded<Monitor.Told>()
        }),
        Terminal.Terminal,
        service
      ))
      assert.strictEqual(failed, "the broker is gone")
      assert.deepStrictEqual([other.isOther, other.hasCursor], [false, true])
    }))

  it.effect("draws ten times a second at most, and nothing while nothing changes", () =>
    Effect.gen(function*() {
      const { events, fiber, writes } = yield* started
      for (const event of few) Queue.offerUnsafe(events, event)
      yield* TestClock.adjust("1 second")
      const before = writes.length
      for (let tick = 0; tick < 100; tick++) {
        for (let index = 0; index < 10; index++) {
          Queue.offerUnsafe(events, told("received", `${tick}-${index}`, { name: "proj.add" }))
        }
        yield* TestClock.adjust("10 millis")
      }
      assert.isAtMost(writes.length - before, 11)
      assert.isAtLeast(writes.length - before, 9)
      yield* TestClock.adjust("1 second")
      const quiet = writes.length
      yield* TestClock.adjust("900 millis")
      assert.isAtMost(writes.length - quiet, 1)
      yield* Fiber.interrupt(fiber)
    }))

  it.effect("answers keys at once, does what they ask for, and says what came of it", () =>
    Effect.gen(function*() {
      const { asked, events, fiber, press, screen } = yield* started
      for (const event of few) Queue.offerUnsafe(events, event)
      yield* TestClock.adjust("1 second")
      press("c")
      press("y")
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(asked, [{ _tag: "Revoke", id: "cccccccc-3", terminate: false }])
      yield* TestClock.adjust("100 millis")
      assert.include(screen.text, "celery@one: done")
      yield* TestClock.adjust("7 seconds")
      assert.notInclude(screen.text, "celery@one: done")
      yield* Fiber.interrupt(fiber)
    }))

  it.effect("fills a screen of another size", () =>
    Effect.gen(function*() {
      const { events, fiber, resize, screen } = yield* started
      for (const event of few) Queue.offerUnsafe(events, event)
      yield* TestClock.adjust("1 second")
      for (const [columns, rows] of [[140, 30], [40, 8], [12, 2], [90, 24]] as const) {
        resize(columns, rows)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(screen.lines.length, rows)
      }
      assert.match(screen.lines[0]!, /^ celeriac events/)
      assert.include(screen.lines[23]!, "q quit")
      yield* Fiber.interrupt(fiber)
    }))
})
