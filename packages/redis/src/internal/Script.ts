/**
 * A script that Redis runs as one transaction. It is sent by its digest, and
 * whole only to a server that does not know it: a new one, or one that was
 * started again.
 *
 * @since 0.1.0
 */
import { createHash } from "node:crypto"
import type { Link, OnReply } from "./Link.ts"
import { isUnknownScript } from "./RedisFailure.ts"

export class Script {
  private readonly text: string
  private readonly digest: string

  constructor(text: string) {
    this.text = text
    this.digest = createHash("sha1").update(text).digest("hex")
  }

  /** `onReply` is called once. */
  run(
    link: Link,
    operation: string,
    keys: ReadonlyArray<string>,
    args: ReadonlyArray<string | Buffer>,
    onReply: OnReply
  ): void {
    link.send(operation, ["EVALSHA", this.digest, String(keys.length), ...keys, ...args], (error, reply) => {
      if (error === undefined || !isUnknownScript(error)) return onReply(error, reply)
      link.send(operation, ["EVAL", this.text, String(keys.length), ...keys, ...args], onReply)
    })
  }
}
