/**
 * Makes and reads seals: `1;<when>;<number>;<signer>;<signature>`, the time in
 * milliseconds since the epoch, the rest as base64.
 *
 * The signature is over the body, all headers and what tells of the body and of
 * whom to answer; the time, and a number that is used once. A body by Celeriac
 * says of itself that its message has a seal: without it, it is refused. One of
 * Python's has none, and is trusted as far as Celery goes, or not at all: `covers`.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import { createHash, randomBytes } from "node:crypto"
import * as Content from "../Content.ts"
import * as IsoTime from "../IsoTime.ts"
import type { Delivery, Message } from "../Message.ts"
import { MessagingError } from "../MessagingError.ts"
import * as Auth from "./Auth.ts"
import * as Canon from "./internal/Canon.ts"
import { ReplayGuard } from "./internal/ReplayGuard.ts"
import * as Seal from "./Seal.ts"
import type { Signing } from "./Signing.ts"

export interface SealerOptions {
  /** `all`: every message has to be sealed. `known`: those whose signer seals. */
  readonly covers: "known" | "all"
  /** How long ago a message may have been sealed, or been due, in milliseconds. */
  readonly maxAge: number
  /** How many messages are known again. Default 100,000. */
  readonly remembered?: number | undefined
  readonly clock: Pick<Clock.Clock, "currentTimeMillisUnsafe">
  /** How compressed bodies are read. */
  readonly reading?: Content.DecodeOptions | undefined
}

export const make = (signing: Signing, options: SealerOptions): Seal.Seal => {
  const { clock, covers, maxAge, reading = {} } = options
  const guard = new ReplayGuard(options.remembered)

  const missing = (delivery: Delivery): string | undefined =>
    covers === "all"
      ? `it has no seal (${Seal.header}): who sent it signs bodies alone, and security_covers is "all"`
      : isMarked(delivery, reading)
      ? `its seal (${Seal.header}) was taken away`
      : undefined

  const verified = (delivery: Delivery, stamp: Stamp): Seal.Refusal | Seal.Sealed => {
    const why = signing.refusal(stamp.signer, bytesOf(delivery, stamp), stamp.signature)
    if (why !== undefined) {
      return refused(`${why}: its name, id, arguments, options or time are not as they were signed`)
    }
    const now = clock.currentTimeMillisUnsafe()
    const since = Math.max(stamp.at, dueAt(delivery))
    if (now - since > maxAge) {
      return refused(`it was signed at ${new Date(stamp.at).toISOString()}, longer ago than ${maxAge / 1000} s`)
    }
    return guard.isCopy(stamp.number, delivery)
      ? {
        _tag: "Refused",
        isReplay: true,
        detail: `it came before: what was signed at ${new Date(stamp.at).toISOString()} is run once`
      }
      : { _tag: "Sealed", number: stamp.number, until: since + maxAge }
  }

  return {
    seal: (message) => {
      if (!Seal.isSigned(message)) return message
      const stamp = {
        at: clock.currentTimeMillisUnsafe(),
        number: randomBytes(16).toString("base64url"),
        signer: signing.certificate.id
      }
      const signature = signing.sign(bytesOf(message, stamp))
      return { ...message, headers: { ...message.headers, [Seal.header]: write({ ...stamp, signature }) } }
    },
    check: (delivery) => {
      // What it says of itself, a body that is not signed does not.
      if (!Seal.isSigned(delivery)) {
        return covers === "all" ? refused("it is not signed") : undefined
      }
      try {
        const said = delivery.headers[Seal.header]
        const marked = covers === "all" || isMarked(delivery, reading)
        const stamp = said === undefined ? undefined : read(said)
        if (stamp === undefined) {
          const why = marked && said !== undefined ? "its seal is none" : missing(delivery)
          return why === undefined ? undefined : refused(why)
        }
        const verdict = verified(delivery, stamp)
        // Celery copies the headers of a task that it sends again, with a body of its own.
        return marked || verdict._tag === "Sealed" || verdict.isReplay ? verdict : undefined
      } catch (error) {
        return refused(error instanceof MessagingError ? error.reason.message : String(error))
      }
    }
  }
}

/** A seal, taken apart. */
interface Stamp {
  readonly at: number
  readonly number: string
  readonly signer: string
  readonly signature: Uint8Array
}

const write = ({ at, number, signature, signer }: Stamp): string =>
  ["1", at, number, base64(Buffer.from(signer)), base64(signature)].join(";")

const read = (value: unknown): Stamp | undefined => {
  if (typeof value !== "string" || value.length > 8192) return undefined
  const match = /^1;(\d{1,16});([\w-]{22});([A-Za-z0-9+/]+={0,2});([A-Za-z0-9+/]+={0,2})$/.exec(value)
  if (match === null) return undefined
  const [, at, number, signer, signature] = match
  return {
    at: Number(at),
    number: number!,
    signer: Buffer.from(signer!, "base64").toString("utf8"),
    signature: Buffer.from(signature!, "base64")
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64")

/** What is signed. */
const bytesOf = (message: Message, { at, number, signer }: Omit<Stamp, "signature">): Uint8Array =>
  Buffer.from(
    [
      "celeriac 1",
      at,
      number,
      JSON.stringify(signer),
      createHash("sha256").update(message.body).digest("hex"),
      Canon.propertiesOf(message),
      Canon.headersOf(message.headers)
    ].join("\n")
  )

/** Whoever signed the body seals. Throws for a body that is not signed. */
const isMarked = (delivery: Delivery, reading: Content.DecodeOptions): boolean =>
  Auth.isMarked(Content.open(delivery, reading))

/** When it may run: it waits that long without being old. */
const dueAt = ({ headers: { eta } }: Message): number => typeof eta === "string" ? IsoTime.parse(eta) ?? 0 : 0

const refused = (detail: string): Seal.Refusal => ({ _tag: "Refused", isReplay: false, detail })
