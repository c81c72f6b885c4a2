/**
 * What is to follow a task (its callbacks, its errbacks, the rest of its
 * chain, the body of its chord) and is not sent by this worker.
 *
 * A task that ran without what follows it would end a workflow without a word.
 * So it does not run: the message goes to the dead-letter exchange, and
 * whoever waits gets a failure that says why. Source: protocol §1.3.
 *
 * @since 0.1.0
 */
import { type Embed, noEmbed } from "@celeriac/tasks/protocol/TaskBody"
import { type ExceptionRecord, make } from "@celeriac/tasks/result/ExceptionRecord"

/** Why a task with these successors is refused, if it has any. */
export const refusal = (embed: Embed): ExceptionRecord | undefined => {
  if (embed === noEmbed) return undefined
  const parts: Array<string> = []
  if (some(embed.callbacks)) parts.push("callbacks")
  if (some(embed.errbacks)) parts.push("errbacks")
  if (some(embed.chain)) parts.push("a chain")
  if (embed.chord !== undefined) parts.push("a chord")
  return parts.length === 0 ? undefined : make("NotImplementedError", [
    `the task is followed by ${parts.join(", ")}, and this worker does not send what follows a task: it was not run`
  ])
}

const some = (list: ReadonlyArray<unknown> | undefined): boolean => list !== undefined && list.length > 0
