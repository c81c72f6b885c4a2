import * as Portable from "@celeriac/worker/trace/Portable"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Child, type Owner } from "../../src/pool/internal/Child.ts"
import type { Spawn } from "../../src/pool/internal/Link.ts"
import type { Start } from "../../src/pool/internal/Protocol.ts"
import * as PoolJobs from "../../src/testing/internal/PoolJobs.ts"

const start: Start = {
  module: PoolJobs.module,
  name: undefined,
  include: [],
  settings: {},
  stepOptions: {},
  level: "Info",
  maxResultBytes: 1,
  tellsMemory: false,
  lent: {
    events: undefined,
    writer: undefined,
    reader: undefined,
    chords: undefined,
    producer: false,
    transport: undefined
  }
}

/** A child that says what the test says, and whose time goes by when the test says so. */
const make = Effect.gen(function*() {
  const kills: Array<number> = []
  const due: Array<() => void> = []
  let millis = 0
  let say: Parameters<Spawn>[0] | undefined
  const nothing = () => {}
  const owner: Owner = {
    coding: yield* Portable.coding,
    hostname: "celery@test",
    later: (after, call) => {
      millis += after
      due.push(call)
      return () => {
        const place = due.indexOf(call)
        if (place !== -1) due.splice(place, 1)
      }
    },
    onUp: nothing,
    onFailed: nothing,
    onEnded: (job, outcome) => job.ended(outcome),
    onUnbegun: nothing,
    onFree: nothing,
    onExit: nothing,
    onOther: nothing
  }
  const child = new Child(
    owner,
    (listener) => {
      say = listener
      return { id: 1, send: nothing, kill: (signum) => void kills.push(signum) }
    },
    start,
    1
  )
  const job = PoolJobs.job("wait")
  say?.onMessage({ _tag: "Up", known: { tasks: [], unstarted: [] } })
  child.run(job, job.accept()!, true, 1)
  const pass = () => due.splice(0).forEach((call) => call())
  const end = () =>
    say?.onMessage({
      _tag: "Ended",
      job: 1,
      outcome: { plain: { _tag: "Revoked", why: "terminated", signum: 15 } },
      hasHooks: false,
      memory: undefined
    })
  return { child, end, job, kills, pass, millis: () => millis, exit: () => say?.onExit({ code: 1 }) }
})

describe("a child whose run is to end", () => {
  it.effect("lives on when the run ends in time", () =>
    Effect.gen(function*() {
      const { child, end, job, kills, pass } = yield* make
      child.interrupt({ _tag: "Revoked", signum: 15 })
      end()
      pass()
      assert.deepStrictEqual([kills, job.outcomes.length, child.isKilled], [[], 1, false])
    }))

  for (const why of [{ _tag: "HardLimit", seconds: 2 }, { _tag: "Revoked", signum: 15 }] as const) {
    it.effect(`is killed within 50 ms when it does not: ${why._tag}`, () =>
      Effect.gen(function*() {
        const { child, kills, millis, pass } = yield* make
        child.interrupt(why)
        while (kills.at(-1) !== 9) pass()
        assert.isAtMost(millis(), 50)
      }))
  }

  it.effect("goes when it does not: by the signal, and then for certain, though the run has ended meanwhile", () =>
    Effect.gen(function*() {
      const { child, end, exit, job, kills, pass } = yield* make
      child.interrupt({ _tag: "Revoked", signum: 15 })
      pass()
      assert.deepStrictEqual(kills, [15])
      end()
      pass()
      assert.deepStrictEqual([kills, child.isKilled], [[15, 9], true])
      exit()
      assert.deepStrictEqual(job.outcomes, [{ _tag: "Revoked", why: "terminated", signum: 15 }])
    }))

  it.effect("tells what the run came to when it is gone with it", () =>
    Effect.gen(function*() {
      const { child, exit, job, pass } = yield* make
      child.interrupt({ _tag: "HardLimit", seconds: 2 })
      pass()
      exit()
      assert.deepInclude(job.outcomes[0], { _tag: "Failure", isTimeout: true })
    }))
})
