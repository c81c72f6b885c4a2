/**
 * A private copy of amqplib, looked at while it is loaded.
 *
 * amqplib's frame parser takes `encodeTable` and `decodeFields` from its
 * codec when it is loaded, so the exchange must happen before: its modules
 * are loaded once more, apart from the copy the application may use, with
 * `FieldTable` in the codec's place and no traces. Neither the order of imports nor the
 * application's own amqplib matters, and neither is changed.
 *
 * What is used of it, below its public API, is not promised to stay. So `Driver`
 * alone uses it, and `load` looks at the version and at every member before the
 * first of them is used: `parts` is the list.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { EventEmitter } from "node:events"
import { Duplex } from "node:stream"
import { decodeFields, encodeTable } from "../FieldTable.ts"
import * as AmqplibModules from "./AmqplibModules.ts"
import type { BodyFrame, DriverError, Frame, HeaderFrame, RawMessage } from "./DriverFrame.ts"
import { type Method, methods } from "./Methods.ts"

export interface RawConnection extends EventEmitter {
  readonly stream: Duplex
  readonly frameMax: number
  readonly heartbeat: number
  heartbeater: { clear(): void } | null
  /** As the broker gives them. */
  readonly serverProperties?: { readonly product?: unknown; readonly version?: unknown } | undefined
  sentSinceLastCheck: boolean
  sendMethod: (channel: number, method: Method, fields: object) => boolean
  step: (next: (error: Error | null, frame: Frame | null) => void) => void
  open(fields: object, opened: (error: Error | null) => void): void
  close(closed: () => void): void
  sendHeartbeat(): void
  checkSend(): boolean
  checkRecv(): boolean
  onSocketError(error: Error): void
}

export interface RawChannel extends EventEmitter {
  readonly ch: number
  handleMessage: unknown
  allocate(): RawChannel
  /** Calls back with the reply, or with why there is none: the frame that closed the channel, where one did. */
  sendOrEnqueue(method: Method, fields: object, reply: (error: DriverError | Frame | null, frame?: Frame) => void): void
  closeBecause(reason: string, code: number, closed: () => void): void
  accept(frame: Frame | HeaderFrame | BodyFrame): void
}

export interface Amqplib {
  readonly Connection: new(stream: Duplex) => RawConnection
  readonly Channel: new(connection: RawConnection) => RawChannel
  readonly acceptMessage: (done: (message: RawMessage) => void) => unknown
  readonly encodeMethod: (method: Method, channel: number, fields: object) => Buffer
}

/** The range that the manifest asks for: this release, and its later patches. */
const minor = [2, 3]
const leastPatch = 1

let loaded: Result.Result<Amqplib, string> | undefined

/** The private copy, loaded once; or, in a sentence, what of the one that is installed does not fit. */
export const load = (): Result.Result<Amqplib, string> => loaded ??= loadAfresh()

const loadAfresh = (): Result.Result<Amqplib, string> => {
  let version = "of an unknown version"
  try {
    const modules = AmqplibModules.find()
    version = modules.version
    if (!isInRange(version)) return Result.fail(unfit(version, "it is another version"))
    return modules.use((load) => assemble(version, load))
  } catch (error) {
    return Result.fail(unfit(version, `it cannot be loaded: ${error instanceof Error ? error.message : String(error)}`))
  }
}

const isInRange = (version: string): boolean => {
  const [major, middle, patch, ...more] = version.split(".").map(Number)
  return major === minor[0] && middle === minor[1] && patch !== undefined && patch >= leastPatch && more.length === 0
}

const unfit = (version: string, why: string): string =>
  `amqplib ${version} does not fit @celeriac/amqp: ${why}. Install amqplib@~${minor.join(".")}.${leastPatch}`

// What amqplib's modules export is looked at below, a member at a time.
const assemble = (version: string, module: AmqplibModules.Load): Result.Result<Amqplib, string> => {
  const codec = module("codec.js")
  const errors = module("error.js")
  const changes = [
    ...["encodeTable", "decodeFields"].filter((name) => typeof codec[name] !== "function"),
    ...["stackCapture"].filter((name) => typeof errors[name] !== "function")
  ]
  codec.encodeTable = encodeTable
  codec.decodeFields = decodeFields
  errors.stackCapture = withoutStack
  const amqplib = { ...module("connection.js"), ...module("channel.js"), encodeMethod: module("defs.js").encodeMethod }
  const missing = changes.length > 0 ? changes : missingIn(amqplib, module("defs.js"), module("format.js"))
  return missing.length === 0
    ? Result.succeed(amqplib)
    : Result.fail(unfit(version, `it has no ${missing.join(", no ")} as they are used here`))
}

/**
 * amqplib writes a stack trace whenever something closes, for who uses it afterwards.
 * Nobody here reads it, and in a file with a source map it would have the map read.
 */
const withoutStack = (reason: string): string => reason

/** Every member that is used, by the type it must have. */
const parts = {
  connection: {
    function: [
      ...["on", "sendMethod", "step", "open", "close", "sendHeartbeat", "checkSend", "checkRecv", "onSocketError"]
    ],
    number: ["frameMax"],
    boolean: ["sentSinceLastCheck"],
    object: ["stream"]
  },
  channel: {
    function: ["on", "handleMessage", "allocate", "sendOrEnqueue", "closeBecause", "accept"]
  }
} as const

// The arguments are modules of amqplib, of which nothing is known before.
const missingIn = (amqplib: any, defs: any, format: any): ReadonlyArray<string> => {
  const missing = ["Connection", "Channel", "acceptMessage", "encodeMethod"].filter((name) =>
    typeof amqplib[name] !== "function"
  )
  if (missing.length > 0) return missing
  const connection = new amqplib.Connection(new Duplex())
  const objects = { connection, channel: new amqplib.Channel(connection) }
  for (const [name, byType] of Object.entries(parts)) {
    const object = objects[name as keyof typeof parts]
    for (const [type, members] of Object.entries(byType)) {
      for (const member of members) if (typeof object[member] !== type) missing.push(`${name}.${member}`)
    }
  }
  for (const [name, number] of Object.entries(methods)) if (defs[name] !== number) missing.push(`defs.${name}`)
  const close = { fields: { replyCode: 320, replyText: "why" } }
  if (wordsOf(String(format.closeMessage?.(close))) !== "why") missing.push("format.closeMessage")
  const declare = { queue: "", arguments: { n: 300 } }
  if (missing.length === 0 && !amqplib.encodeMethod(methods.QueueDeclare, 1, declare).includes("\u0001nI")) {
    missing.push("codec.encodeTable")
  }
  return missing
}

/** The broker's own words, out of amqplib's sentence around them. */
export const wordsOf = (sentence: string): string => /with message "([^]*)"$/.exec(sentence)?.[1] ?? sentence
