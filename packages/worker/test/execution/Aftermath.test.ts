import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as Aftermath from "@celeriac/worker/execution/Aftermath"
import { type Lost, type Outcome, timedOut } from "@celeriac/worker/trace/Outcome"
import { assert, describe, it } from "@effect/vitest"

const exception = Exceptions.make("ValueError", ["bad"])
const failure: Outcome = { _tag: "Failure", exception, traceback: "Traceback", isDeclared: false }
const timeout: Outcome = timedOut(2)
const both = [false, true]
const lost = (why: Lost["why"]): Outcome => ({ _tag: "Lost", why, message: "gone" })

type Condition = Partial<
  Pick<
    Aftermath.Facts,
    "ignoreResult" | "acksOnFailure" | "acksOnTimeout" | "rejectOnWorkerLost" | "mayReturn"
  > & { readonly acksLate: boolean }
>

interface Row {
  readonly outcome: Outcome
  /** What the row is about; what it does not name makes no difference. */
  readonly when?: Condition
  /** The status that is stored, and the exception. */
  readonly stores?: string
  readonly settles: Aftermath.Aftermath["settlement"]
}

const rows: ReadonlyArray<Row> = [
  {
    outcome: { _tag: "Success", result: 5, isSealed: false },
    when: { ignoreResult: false },
    stores: "SUCCESS",
    settles: "ack"
  },
  { outcome: { _tag: "Success", result: 5, isSealed: false }, when: { ignoreResult: true }, settles: "ack" },
  {
    outcome: failure,
    when: { ignoreResult: false, acksOnFailure: true },
    stores: "FAILURE ValueError",
    settles: "ack"
  },
  {
    outcome: failure,
    when: { ignoreResult: false, acksOnFailure: false, acksLate: true },
    stores: "FAILURE ValueError",
    settles: "reject"
  },
  {
    outcome: failure,
    when: { ignoreResult: false, acksOnFailure: false, acksLate: false },
    stores: "FAILURE ValueError",
    settles: "ack"
  },
  { outcome: failure, when: { ignoreResult: true, acksOnFailure: true }, settles: "ack" },
  { outcome: failure, when: { ignoreResult: true, acksOnFailure: false, acksLate: true }, settles: "reject" },
  { outcome: failure, when: { ignoreResult: true, acksOnFailure: false, acksLate: false }, settles: "ack" },
  {
    outcome: { _tag: "Retry", exception, traceback: undefined },
    when: { ignoreResult: false },
    stores: "RETRY ValueError",
    settles: "ack"
  },
  { outcome: { _tag: "Retry", exception, traceback: undefined }, when: { ignoreResult: true }, settles: "ack" },
  { outcome: { _tag: "Ignored", reason: undefined }, settles: "ack" },
  ...both.flatMap((acksLate): ReadonlyArray<Row> => {
    const outcome = { _tag: "Rejected", requeue: false, reason: undefined } as const
    const settles = acksLate ? "reject" : "ack"
    return [
      { outcome, when: { acksLate, ignoreResult: false }, stores: "FAILURE Reject", settles },
      { outcome, when: { acksLate, ignoreResult: true }, settles },
      { outcome: { ...outcome, requeue: true }, when: { acksLate }, settles: acksLate ? "requeue" : "ack" }
    ]
  }),
  ...(["expired", "revoked", "terminated"] as const).flatMap((why): ReadonlyArray<Row> => [
    {
      outcome: { _tag: "Revoked", why },
      when: { ignoreResult: false },
      stores: "REVOKED TaskRevokedError",
      settles: "ack"
    },
    { outcome: { _tag: "Revoked", why }, when: { ignoreResult: true }, settles: "ack" }
  ]),
  // Nobody runs again what was acknowledged before it ran.
  ...(["Shutdown", "ConnectionLost", "Crashed"] as const).flatMap((why): ReadonlyArray<Row> => [
    {
      outcome: lost(why),
      when: { acksLate: false, ignoreResult: false },
      stores: "FAILURE WorkerLostError",
      settles: "ack"
    },
    { outcome: lost(why), when: { acksLate: false, ignoreResult: true }, settles: "ack" }
  ]),
  { outcome: lost("Shutdown"), when: { acksLate: true }, settles: "requeue" },
  { outcome: lost("ConnectionLost"), when: { acksLate: true }, settles: "hold" },
  ...both.flatMap((ignoreResult): ReadonlyArray<Row> => {
    const ended = { ignoreResult, acksLate: true } as const
    const stores = ignoreResult ? {} : { stores: "FAILURE WorkerLostError" }
    const outcome = lost("Crashed")
    return [
      { outcome, when: { ...ended, rejectOnWorkerLost: true, mayReturn: true }, settles: "requeue" },
      { outcome, when: { ...ended, rejectOnWorkerLost: true, mayReturn: false }, ...stores, settles: "reject" },
      { outcome, when: { ...ended, rejectOnWorkerLost: false, acksOnFailure: true }, ...stores, settles: "ack" },
      { outcome, when: { ...ended, rejectOnWorkerLost: false, acksOnFailure: false }, ...stores, settles: "reject" }
    ]
  }),
  // A hard limit; a soft one is a failure like any other.
  ...both.flatMap((ignoreResult): ReadonlyArray<Row> => {
    const stores = ignoreResult ? {} : { stores: "FAILURE TimeLimitExceeded" }
    return [
      { outcome: timeout, when: { ignoreResult, acksOnTimeout: true }, ...stores, settles: "ack" },
      { outcome: timeout, when: { ignoreResult, acksLate: false, acksOnTimeout: false }, ...stores, settles: "ack" },
      {
        outcome: timeout,
        when: { ignoreResult, acksLate: true, acksOnTimeout: false, mayReturn: false },
        ...stores,
        settles: "reject"
      },
      {
        outcome: timeout,
        when: { ignoreResult, acksLate: true, acksOnTimeout: false, mayReturn: true },
        settles: "requeue"
      }
    ]
  }),
  { outcome: { _tag: "Unregistered", task: "t" }, stores: "FAILURE NotRegistered", settles: "reject" },
  { outcome: { _tag: "Invalid", message: "no" }, stores: "FAILURE InvalidTaskError", settles: "reject" },
  { outcome: { _tag: "Damaged", message: "no" }, stores: "FAILURE InvalidTaskError", settles: "reject" },
  { outcome: { _tag: "Refused", exception }, stores: "FAILURE ValueError", settles: "reject" },
  { outcome: { _tag: "Broken", message: "no", traceback: "" }, stores: "FAILURE Exception", settles: "reject" }
]

const conditions = Array.from({ length: 64 }, (_, bits) => ({
  acksLate: (bits & 1) > 0,
  ignoreResult: (bits & 2) > 0,
  acksOnFailure: (bits & 4) > 0,
  acksOnTimeout: (bits & 8) > 0,
  rejectOnWorkerLost: (bits & 16) > 0,
  mayReturn: (bits & 32) > 0
}))

/** An early message is settled by the time it ends, if it ran. */
const factsOf = ({ acksLate, ...rest }: Required<Condition>, id: string | undefined = "id"): Aftermath.Facts => ({
  ...rest,
  id,
  name: "proj.head",
  group: "group",
  parentId: "parent",
  isSettled: !acksLate
})

const fits = (row: Row, condition: Required<Condition>) =>
  Object.entries(row.when ?? {}).every(([key, value]) => condition[key as keyof Condition] === value)

const keyOf = (outcome: Outcome) => JSON.stringify(outcome)

const ranToItsEnd: ReadonlySet<Outcome["_tag"]> = new Set(
  ["Success", "Failure", "Retry", "Ignored", "Rejected", "Lost"] as const
)

const calledOff = {
  expired: "the task follows proj.head[id], which had expired: it was not run",
  revoked: "the task follows proj.head[id], which was revoked: it was not run",
  terminated: "the task follows proj.head[id], which was terminated: it was not run"
}

describe("what follows from an outcome", () => {
  for (const row of rows) {
    const when = Object.entries(row.when ?? {}).map(([key, value]) => `${key}: ${value}`).join(", ")
    const detail = "why" in row.outcome
      ? ` (${row.outcome.why})`
      : "requeue" in row.outcome
      ? ` (${row.outcome.requeue})`
      : ""
    it(`${row.outcome._tag}${detail}${when === "" ? "" : `, ${when}`}: ${row.stores ?? "nothing"} is stored, ${row.settles}`, () => {
      for (const condition of conditions.filter((condition) => fits(row, condition))) {
        const { messages, record, settlement } = Aftermath.of(row.outcome, factsOf(condition), 1_000)
        assert.deepStrictEqual(
          [record && [record.status, record.exception?.excType].filter(Boolean).join(" "), settlement, messages],
          [row.stores, row.settles, []]
        )
        if (record !== undefined) {
          assert.deepStrictEqual([record.taskId, record.groupId, record.parentId], ["id", "group", "parent"])
        }
      }
    })
  }

  it("is said for every outcome and every condition, once", () => {
    const keys = new Set(rows.map(({ outcome }) => keyOf(outcome)))
    for (const key of keys) {
      for (const condition of conditions) {
        const matching = rows.filter((row) => keyOf(row.outcome) === key && fits(row, condition))
        assert.strictEqual(matching.length, 1, `${key} ${JSON.stringify(condition)}`)
      }
    }
    // A tag that is missing here does not compile.
    const tags: Record<Outcome["_tag"], true> = {
      Success: true,
      Failure: true,
      Retry: true,
      Ignored: true,
      Rejected: true,
      Revoked: true,
      Lost: true,
      Unregistered: true,
      Invalid: true,
      Damaged: true,
      Refused: true,
      Broken: true
    }
    assert.deepStrictEqual(new Set<string>(rows.map(({ outcome }) => outcome._tag)), new Set(Object.keys(tags)))
  })

  it("is the message by which it runs again, for a retry and for nothing else", () => {
    const again = {
      message: { body: Uint8Array.of(), headers: {}, properties: {} },
      to: { exchange: "", routingKey: "q" }
    }
    for (const { outcome } of rows) {
      for (const condition of conditions) {
        const alone = Aftermath.of(outcome, factsOf(condition), 1_000)
        const messages = outcome._tag === "Retry" ? [again] : []
        assert.deepStrictEqual(Aftermath.of(outcome, factsOf(condition), 1_000, [], again), { ...alone, messages })
      }
    }
  })

  it("is a FAILURE for each task that would have followed one that did not run, where it is waited for", () => {
    const signature = { task: "tests.next" }
    const followers = [
      { id: "b", replyTo: "client-1", group: undefined, signature },
      { id: "id", replyTo: "client-1", group: undefined, signature },
      { id: "c", replyTo: undefined, group: "g", signature }
    ]
    for (const { outcome } of rows) {
      for (const condition of conditions) {
        const alone = Aftermath.of(outcome, factsOf(condition), 1_000)
        const { others, ...own } = Aftermath.of(outcome, factsOf(condition), 1_000, followers)
        assert.deepStrictEqual({ ...own, others: [] }, alone)
        const stored = others.map(({ addressee, record }) => [
          record.taskId,
          record.status,
          record.groupId,
          record.parentId,
          addressee
        ])
        assert.deepStrictEqual(
          stored,
          ranToItsEnd.has(outcome._tag) ? [] : [
            ["b", "FAILURE", undefined, "id", { replyTo: "client-1", correlationId: "b", signature }],
            ["c", "FAILURE", "g", "id", { replyTo: undefined, correlationId: "c", signature }]
          ]
        )
        for (const { record } of others) {
          assert.deepStrictEqual(
            record.exception,
            outcome._tag === "Revoked"
              ? Exceptions.make("TaskRevokedError", [calledOff[outcome.why]])
              : alone.record?.exception
          )
        }
      }
    }
  })

  it("stores nothing where nobody could ask for it: a message without an id", () => {
    const { record, settlement } = Aftermath.of(
      { _tag: "Damaged", message: "cut off" },
      { ...factsOf(conditions[0]!), id: undefined },
      0
    )
    assert.deepStrictEqual([record, settlement], [undefined, "reject"])
  })
})
