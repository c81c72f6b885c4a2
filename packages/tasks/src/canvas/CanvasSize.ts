/**
 * How large a canvas is, before it is sent: its messages, as JSON has them.
 *
 * A message holds all that follows it: of a chain, whatever comes behind its
 * first task; in each part of a chord the body and what is behind that. What is
 * sent later by workers is in these messages already.
 *
 * @since 0.1.0
 */
import { json } from "@celeriac/messaging/serializers/Json"
import * as Result from "effect/Result"
import * as CanvasFreeze from "../internal/CanvasFreeze.ts"
import * as TaskBody from "../protocol/TaskBody.ts"
import * as Signature from "../Signature.ts"
import { because, InvalidOption, type TaskError } from "../TaskError.ts"
import { CanvasMessages, Unsendable } from "./CanvasMessages.ts"
import { linksOf } from "./CanvasShape.ts"

/** In bytes of the bodies. */
export interface CanvasSize {
  /** How many are sent by whoever sends the canvas. */
  readonly messages: number
  readonly bytes: number
  readonly largest: number
}

/** Of a canvas, or of one task; fails with what makes no sense in it. Serializers and compressions that are not JSON's make it another one. */
export const of = (signature: Signature.Any): Result.Result<CanvasSize, TaskError> => {
  const written = Signature.encode(signature)
  if (Result.isFailure(written)) return Result.fail(written.failure)
  let messages = 0
  let bytes = 0
  let largest = 0
  const measure = (signature: TaskBody.SignatureJson) => {
    const { args, kwargs, options } = signature
    const body = json.encode(TaskBody.encode(args ?? [], kwargs ?? {}, {
      callbacks: listOf(linksOf(signature, "link")),
      errbacks: listOf(linksOf(signature, "link_error")),
      chain: listOf(options?.chain),
      chord: options?.chord as TaskBody.SignatureJson | undefined // where there is one, `CanvasMessages` has put it
    })).byteLength
    messages++
    bytes += body
    largest = Math.max(largest, body)
    return Result.succeed({ message: { body: nothing, headers: {}, properties: {} }, to, by: undefined, declare: [] })
  }
  try {
    const frozen = CanvasFreeze.freeze(written.success, {
      newId: () => id,
      optionsOf: () => ({}),
      onChord: () => {}
    })
    new CanvasMessages(measure, () => id, 0).apply(frozen.json, [], {})
    return Result.succeed({ messages, bytes, largest })
  } catch (error) {
    if (!(error instanceof Unsendable)) throw error
    return Result.fail(because("size", new InvalidOption({ option: "signature", detail: error.message })))
  }
}

/** All ids have its length. */
const id = "00000000-0000-4000-8000-000000000000"

const nothing = new Uint8Array()
const to = { exchange: "", routingKey: "" }

const listOf = (value: unknown): ReadonlyArray<TaskBody.SignatureJson> | undefined =>
  Array.isArray(value) && value.length > 0 ? value : undefined
