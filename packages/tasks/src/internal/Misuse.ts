/** Calls that no compiler has seen, and what was meant by them: nothing of them is sent. */
import { because, InvalidArguments, InvalidOption, type TaskError } from "../TaskError.ts"
import * as Signed from "./Signed.ts"

/** Arguments that were looked at. */
export type Given = Readonly<Record<string, unknown>> | ReadonlyArray<unknown> | undefined

/** A task is sent by its definition; its arguments are one object or one array. */
export const ofCall = (task: unknown, args: unknown): TaskError | undefined => {
  if (typeof task === "string") return isNoTask(`'${task}' is the name of one: use sendTask, or its definition`)
  if (typeof task !== "object" || task === null || !("arguments" in task || Signed.isSigned(task))) {
    return isNoTask("it is no definition of one, as Task.make gives it, and no signature")
  }
  return args === undefined || (typeof args === "object" && args !== null) ? undefined : wrong(task, oneOfBoth)
}

/** `delay` takes nothing but the arguments. */
export const ofDelay = (task: unknown, args: ReadonlyArray<unknown>): TaskError | undefined => {
  const refused = ofCall(task, args[0])
  if (refused !== undefined || args.length < 2) return refused
  return wrong(task, "delay takes no options: give them to applyAsync")
}

/** A task that is sent by its name. */
export const ofName = (name: unknown): TaskError | undefined =>
  typeof name === "string" && name !== ""
    ? undefined
    : isNoTask("sendTask takes the name of one: send a definition with delay or applyAsync")

const oneOfBoth = "pass one object or an array, such as { x: 2, y: 3 } or [2, 3]"

const wrong = (task: unknown, detail: string): TaskError => {
  const name = Signed.isSigned(task)
    ? task.task
    : typeof task === "object" && task !== null && "name" in task
    ? String(task.name)
    : ""
  return because("send", new InvalidArguments({ task: name, detail }))
}

const isNoTask = (detail: string): TaskError => because("send", new InvalidOption({ option: "task", detail }))
