/**
 * Flags of `celeriac worker` that are options of a worker's own steps: which
 * there are, only the module says. `--enable-my-option` is the option
 * `enableMyOption`, `--no-enable-my-option` says no to it.
 */
import type { BootGraph } from "@celeriac/bootsteps/BootGraph"
import * as StepOption from "@celeriac/bootsteps/StepOption"
import type { Definition } from "@celeriac/worker/Worker"
import * as Result from "effect/Result"

/** By the names behind the dashes, what stood behind them; `true` for nothing. */
export type Said = Readonly<Record<string, string | true>>

/** A flag that no step of the worker has an option for. */
export class UnknownFlag {
  readonly _tag = "UnknownFlag"
  readonly flag: string
  constructor(flag: string) {
    this.flag = flag
  }
}

/** By the names of the options; or what is wrong with one, in a sentence. */
export const resolve = (
  { blueprint }: Pick<Definition<unknown, unknown>, "blueprint">,
  said: Said
): Result.Result<Readonly<Record<string, unknown>>, UnknownFlag | string> => {
  const known = new Map(optionsOf(blueprint.graph).map((option) => [option[StepOption.TypeId].name, option]))
  const options: Record<string, unknown> = {}
  for (const [flag, text] of Object.entries(said)) {
    const name = camel(flag)
    const no = flag.startsWith("no-") && text === true ? known.get(camel(flag.slice(3))) : undefined
    const option = known.get(name) ?? no
    if (option === undefined) return Result.fail(new UnknownFlag(flag))
    const details = option[StepOption.TypeId]
    const value = valueOf(details.decode, option === no ? false : text)
    if (Result.isFailure(value)) {
      return Result.fail(`--${flag} ${text === true ? "" : `"${text}" `}does not fit: ${value.failure}`)
    }
    options[details.name] = value.success
  }
  return Result.succeed(options)
}

/** How the options of a worker's steps are said, and what they are. */
export const listed = ({ blueprint }: Pick<Definition<unknown, unknown>, "blueprint">) =>
  Array.from(new Map(optionsOf(blueprint.graph).map((option) => [option[StepOption.TypeId].name, option])).values())
    .map(({ [StepOption.TypeId]: { decode, doc, name } }) => ({
      name: name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`),
      doc: doc ?? "",
      isSwitch: Result.isSuccess(decode(true)) && Result.isFailure(decode("true"))
    }))

const optionsOf = (graph: BootGraph): ReadonlyArray<StepOption.Any> =>
  graph.nodes.flatMap(({ definition }) => [
    ...StepOption.among(definition.requires),
    ...(definition.child === undefined ? [] : optionsOf(definition.child.graph))
  ])

/** Text is what it says if that fits, else what it says as JSON: a number, a list. */
const valueOf = (decode: (given: unknown) => Result.Result<unknown, string>, text: string | boolean) => {
  if (typeof text === "boolean") return Result.map(decode(text), () => text)
  const asText = Result.map(decode(text), (): unknown => text)
  if (Result.isSuccess(asText)) return asText
  try {
    const json: unknown = JSON.parse(text)
    return Result.map(decode(json), () => json)
  } catch {
    return asText
  }
}

const camel = (flag: string): string => flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
