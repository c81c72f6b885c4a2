/**
 * Remote commands as a command line says them: which there are, the module's own
 * among them, and what their arguments mean. Arguments stand in the order of
 * the command's; the one that takes all that is left is the last.
 */
import * as Command from "@celeriac/tasks/control/Command"
import * as Commands from "@celeriac/tasks/control/Commands"
import { nearest } from "@celeriac/tasks/Nearest"
import * as Result from "effect/Result"
import * as SchemaAST from "effect/SchemaAST"
import type * as App from "../app/App.ts"

/** Those of one kind, by the name on the wire, in alphabetical order. */
export const known = (kind: Command.Kind, app: App.App | undefined): ReadonlyMap<string, Command.Any> => {
  const own = Object.values(app?.exports ?? {}).filter(isCommand)
  const all = [...Object.values<Command.Any>(kind === "inspect" ? Commands.inspect : Commands.control), ...own]
  return new Map(
    all.filter((command) => command.kind === kind && command.isVisible)
      .toSorted((one, other) => one.name < other.name ? -1 : 1)
      .map((command) => [command.name, command])
  )
}

const isCommand = (value: unknown): value is Command.Any =>
  typeof value === "object" && value !== null && "kind" in value && "encodeArguments" in value && "decodeReply" in value

/** By its name or an alias; or why there is none. */
export const find = (
  all: ReadonlyMap<string, Command.Any>,
  kind: Command.Kind,
  name: string
): Result.Result<Command.Any, string> => {
  const found = all.get(name) ?? Array.from(all.values()).find(({ aliases }) => aliases.includes(name))
  if (found !== undefined) return Result.succeed(found)
  const near = nearest(name, all.keys())
  return Result.fail(
    `Command ${name} not recognized.${near === undefined ? "" : ` Did you mean ${near}?`} Available ${kind} commands: ${
      Array.from(all.keys()).join(", ")
    }`
  )
}

/** What the words behind its name come to, checked. */
export const argumentsOf = (
  command: Command.Any,
  words: ReadonlyArray<string>
): Result.Result<unknown, string> => {
  const places = placesOf(command)
  if (command.variadic === undefined && words.length > places.length) {
    return Result.fail(
      places.length === 0
        ? `Command '${command.name}' takes no arguments`
        : `Command '${command.name}' takes arguments: ${signature(command)}`
    )
  }
  const said = (read: (text: string, name: string) => unknown) =>
    Object.fromEntries([
      ...places.flatMap((name, index) => words[index] === undefined ? [] : [[snake(name), read(words[index], name)]]),
      ...(command.variadic === undefined ? [] : [[snake(command.variadic), words.slice(places.length)]])
    ])
  const asText = command.bind(said((text, name) => command.fields[name] === Command.flag ? isYes(text) : text))
  // What no text is read as may be JSON: a number, a list.
  const bound = Result.isSuccess(asText) ? asText : command.bind(said(json))
  return Result.isSuccess(bound)
    ? Result.succeed(bound.success)
    : Result.fail(
      asText === bound || Result.isSuccess(asText) ? "" : `${asText.failure.message}. It takes: ${signature(command)}`
    )
}

/** How its arguments are written: `<task_name> <rate_limit>`, `[ids...]`. */
export const signature = (command: Command.Any): string =>
  [
    ...placesOf(command).map((name) => {
      const field = command.fields[name]
      return field !== undefined && SchemaAST.isOptional(field.ast) ? `[${snake(name)}]` : `<${snake(name)}>`
    }),
    ...(command.variadic === undefined ? [] : [`[${snake(command.variadic)}...]`])
  ].join(" ")

/** The arguments that stand alone, in their order: those before the one that takes the rest. */
const placesOf = ({ fields, variadic }: Command.Any): ReadonlyArray<string> => {
  const names = Object.keys(fields)
  return variadic === undefined ? names : names.slice(0, names.indexOf(variadic))
}

/** Python's spelling, in which workers know them. */
const snake = (name: string): string => name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)

/** As Celery reads it: what is not no, is yes. */
const isYes = (text: string): boolean => !["false", "no", "0", "off", "f", "n"].includes(text.toLowerCase())

const json = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
