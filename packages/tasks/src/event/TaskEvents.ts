/**
 * The three events that nearly every task has, for the hot path: written where
 * they are sent from, with nothing made on the way.
 *
 * They say what `EventDispatcher.send` says of the same fields, whether their
 * group is enabled or not. Source: protocol of events §3.
 *
 * @since 0.1.0
 */
import * as IsoTime from "@celeriac/messaging/IsoTime"
import type { EventBatch } from "../internal/EventBatch.ts"
import type { EventOutbox } from "../internal/EventOutbox.ts"
import type { EventStamp } from "../internal/EventStamp.ts"

/** A task as it was received. Times are milliseconds since the epoch. */
export interface ReceivedTask {
  /** In logs. */
  readonly name: string
  /** The arguments as Python would print them. */
  readonly argsRepr: string | undefined
  readonly kwargsRepr: string | undefined
  readonly rootId: string | undefined
  readonly parentId: string | undefined
  readonly retries: number
  readonly eta: number | undefined
  readonly expires: number | undefined
}

/** Sends them. Never throws, and never waits. */
export interface TaskEvents {
  readonly received: (uuid: string, task: ReceivedTask) => void
  readonly started: (uuid: string) => void
  /** `result` as Python would print it; `runtime` in milliseconds. */
  readonly succeeded: (uuid: string, result: string, runtime: number) => void
}

/** None. */
export const disabled: TaskEvents = { received: () => {}, started: () => {}, succeeded: () => {} }

/** Those of a node, put together with the others that it sends. */
export const make = (outbox: EventOutbox, stamp: EventStamp): TaskEvents => {
  const { batch } = outbox
  return {
    received: (uuid, task) => {
      stamp.open(batch)
      batch.bytes(members.uuid)
      batch.text(uuid)
      batch.bytes(members.name)
      batch.text(task.name)
      batch.bytes(members.args)
      batch.text(task.argsRepr)
      batch.bytes(members.kwargs)
      batch.text(task.kwargsRepr)
      batch.bytes(members.rootId)
      batch.text(task.rootId)
      batch.bytes(members.parentId)
      batch.text(task.parentId)
      batch.bytes(members.retries)
      batch.number(task.retries)
      times(batch, task)
      stamp.close(batch, types.received)
      outbox.added("task-received")
    },
    started: (uuid) => {
      stamp.open(batch)
      batch.bytes(members.uuid)
      batch.text(uuid)
      stamp.close(batch, types.started)
      outbox.added("task-started")
    },
    succeeded: (uuid, result, runtime) => {
      stamp.open(batch)
      batch.bytes(members.uuid)
      batch.text(uuid)
      batch.bytes(members.result)
      batch.text(result)
      batch.bytes(members.runtime)
      batch.number(runtime / 1_000)
      stamp.close(batch, types.succeeded)
      outbox.added("task-succeeded")
    }
  }
}

const times = (batch: EventBatch, { eta, expires }: ReceivedTask): void => {
  if (eta === undefined && expires === undefined) return batch.bytes(members.untimed)
  batch.bytes(members.eta)
  batch.text(IsoTime.text(eta))
  batch.bytes(members.expires)
  batch.text(IsoTime.text(expires))
}

const member = (name: string): Uint8Array => Buffer.from(`,"${name}":`)

const members = {
  uuid: member("uuid"),
  name: member("name"),
  args: member("args"),
  kwargs: member("kwargs"),
  rootId: member("root_id"),
  parentId: member("parent_id"),
  retries: member("retries"),
  eta: member("eta"),
  expires: member("expires"),
  untimed: Buffer.from(",\"eta\":null,\"expires\":null"),
  result: member("result"),
  runtime: member("runtime")
}

const type = (name: string): Uint8Array => Buffer.from(`"${name}"}`)

const types = { received: type("task-received"), started: type("task-started"), succeeded: type("task-succeeded") }
