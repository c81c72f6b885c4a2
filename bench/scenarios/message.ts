/**
 * The task message that every scenario publishes and consumes: what a Python
 * client sends for `bench.noop(1, 2)`, about 600 bytes with its headers.
 */
import { randomUUID } from "node:crypto"

export { queue } from "./queue.ts"

export interface Outgoing {
  readonly body: Buffer
  readonly options: {
    readonly headers: Record<string, unknown>
    readonly contentType: string
    readonly contentEncoding: string
    readonly correlationId: string
    readonly replyTo?: string
    readonly deliveryMode: number
    readonly priority: number
    readonly mandatory?: boolean
  }
}

export const outgoing = (replyTo: string | undefined, name = "bench.noop", eta: string | null = null): Outgoing => {
  const id = randomUUID()
  return {
    body: Buffer.from(JSON.stringify([[1, 2], {}, { callbacks: null, errbacks: null, chain: null, chord: null }])),
    options: {
      headers: {
        lang: "py",
        task: name,
        id,
        shadow: null,
        eta,
        expires: null,
        group: null,
        group_index: null,
        retries: 0,
        timelimit: [null, null],
        root_id: id,
        parent_id: null,
        argsrepr: "(1, 2)",
        kwargsrepr: "{}",
        origin: "gen1@bench",
        ignore_result: replyTo === undefined,
        replaced_task_nesting: 0,
        stamped_headers: null,
        stamps: {}
      },
      contentType: "application/json",
      contentEncoding: "utf-8",
      correlationId: id,
      ...(replyTo === undefined ? {} : { replyTo }),
      deliveryMode: 2,
      priority: 0
    }
  }
}
