/**
 * Names that nobody knows among those of a definition: `paramters`, or `pool`
 * beside `options` and not in it. A compiler sees most of them; JavaScript has
 * none, and what is passed on in a variable is not looked at. They are refused
 * where they are written, with the name that may have been meant.
 *
 * @since 0.1.0
 */
import type * as Autoretry from "./internal/Autoretry.ts"
import { nearest } from "./internal/Nearest.ts"
import { because, InvalidOption } from "./TaskError.ts"
import type { TaskOptions } from "./TaskOptions.ts"

/** The names that `T` has. */
export type Known<T> = { readonly [K in keyof T]-?: true }

/** What is wrong with the names of an object, in a sentence; undefined when all are known. */
export const sentence = <T>(given: object, known: Known<T>): string | undefined => {
  const stranger = Object.keys(given).find((name) => !Object.hasOwn(known, name))
  if (stranger === undefined) return undefined
  const meant = nearest(stranger, Object.keys(known))
  return `there is no '${stranger}' here${
    meant === undefined ? `: there are ${Object.keys(known).join(", ")}` : `: did you mean '${meant}'?`
  }`
}

/** Throws for what nobody knows in the definition of a task, and in its options. */
export const checkTask = <D extends { readonly options?: object | undefined }>(
  task: string,
  definition: D,
  known: Known<D>
): void => {
  const moved = Object.keys(definition).find((name) => !Object.hasOwn(known, name) && Object.hasOwn(options, name))
  if (moved !== undefined) {
    throw wrong(moved, `it stands beside the options of task '${task}': write { options: { ${moved}: … } }`)
  }
  const here = sentence<D>(definition, known)
  if (here !== undefined) throw wrong("definition", `of task '${task}': ${here}`)
  const inside = sentence(definition.options ?? {}, options)
  if (inside !== undefined) throw wrong("options", `of task '${task}': ${inside}`)
}

const wrong = (option: string, detail: string) => because("define", new InvalidOption({ option, detail }))

const options: Known<TaskOptions & Autoretry.Options> = {
  queue: true,
  exchange: true,
  routingKey: true,
  priority: true,
  expires: true,
  serializer: true,
  compression: true,
  acksLate: true,
  acksOnFailureOrTimeout: true,
  acksOnFailure: true,
  acksOnTimeout: true,
  rejectOnWorkerLost: true,
  retryOnWorkerLost: true,
  redeliveryLimit: true,
  timeLimit: true,
  softTimeLimit: true,
  interruptible: true,
  ignoreResult: true,
  trackStarted: true,
  maxRetries: true,
  defaultRetryDelay: true,
  throws: true,
  rateLimit: true,
  sendEvents: true,
  trail: true,
  pool: true,
  autoretryFor: true,
  dontAutoretryFor: true,
  retryBackoff: true,
  retryBackoffMax: true,
  retryJitter: true
}
