/**
 * How the help of a command is laid out. On a terminal no line is longer than it
 * is wide: what a flag does stands beside it, or under one that is long, and is
 * broken where there is space. Where nobody says how wide, no line is broken.
 */
import * as CliOutput from "effect/cli/CliOutput"
import type * as HelpDoc from "effect/cli/HelpDoc"
import * as Option from "effect/Option"
import * as Print from "./Print.ts"
import * as Style from "./Style.ts"

export interface Options {
  readonly colors: boolean
  /** How wide it may be. */
  readonly columns: number | undefined
}

/** The widest that a line of text is good to read, on a terminal that is wider. */
const readable = 100

/** Names of this many columns stand on the line of what is said of them. */
const most = 26

export const formatter = ({ colors, columns }: Options): CliOutput.Formatter => {
  const style = Style.make(colors)
  const width = columns === undefined ? undefined : Math.min(columns, readable)
  return { ...CliOutput.defaultFormatter({ colors }), formatHelpDoc: (doc) => layout(doc, style, width) }
}

/** The one line of a command that says how it is used. */
export const usage = ({ usage }: HelpDoc.HelpDoc): string => `Usage: ${usage}`

const layout = (doc: HelpDoc.HelpDoc, style: Style.Style, width: number | undefined): string => {
  const shared = [...doc.inheritedFlags ?? [], ...doc.globalFlags ?? []]
  const [root = "", ...path] = doc.commandPath ?? []
  // What the root takes is what all others inherit.
  const [own, ofAll] = path.length === 0 ? [[], [...doc.flags, ...shared]] : [doc.flags, shared]
  const groups = (doc.subcommands ?? []).map(({ commands, group }) => ({
    title: group === undefined ? "SUBCOMMANDS" : `${group}:`,
    commands: commands.map(command)
  }))
  const longest = Math.max(0, ...groups.flatMap(({ commands }) => commands.map(({ name }) => name.length)))
  return [
    section("DESCRIPTION", doc.description === "" ? [] : [`  ${Print.wrapped(doc.description, width, "  ")}`], style),
    section("USAGE", [`  ${style.name(doc.usage)}`], style),
    section("ARGUMENTS", rows((doc.args ?? []).map(argument), style, width), style),
    section("FLAGS", rows(own.map(flag), style, width), style),
    ...groups.map(({ commands, title }) => section(title, rows(commands, style, width, longest), style)),
    section(
      "FLAGS OF EVERY COMMAND",
      path.length === 0
        ? rows(ofAll.map(flag), style, width)
        : [`  ${Print.wrapped(`${ofAll.map(shortly).join(" ")}: see ${root} --help`, width, "  ")}`],
      style
    ),
    section("EXAMPLES", examples(doc.examples ?? [], style), style)
  ].filter((part) => part !== "").join("\n\n")
}

const section = (title: string, lines: ReadonlyArray<string>, style: Style.Style): string =>
  lines.length === 0 ? "" : [style.strong(title), ...lines].join("\n")

interface Row {
  readonly name: string
  /** What stands for its value. */
  readonly value: string
  readonly text: string
}

const argument = ({ description, name, required, variadic }: HelpDoc.ArgDoc): Row => ({
  name: `<${name}${variadic ? "..." : ""}>`,
  value: "",
  text: `${Option.getOrElse(description, () => "")}${required ? "" : " (optional)"}`
})

const flag = ({ aliases, description, name, type }: HelpDoc.FlagDoc): Row => ({
  name: [
    ...aliases.filter((alias) => !alias.startsWith("--")),
    `--${name}`,
    ...aliases.filter((alias) => alias.startsWith("--"))
  ].join(", "),
  value: type === "boolean" ? "" : ` ${/^[a-z]+$/.test(type) ? type.toUpperCase() : type}`,
  // The library adds them to what is said.
  text: Option.getOrElse(description, () => "").replace(/ \(choices: (.*)\)$/, ". One of $1")
})

/** `[-A FILE]`, by its first letter if it has one. */
const shortly = (one: HelpDoc.FlagDoc): string => {
  const { name, value } = flag(one)
  return `[${name.split(",")[0]}${value}]`
}

const command = ({ alias, description, name, shortDescription }: HelpDoc.SubcommandDoc): Row => ({
  name: alias === undefined ? name : `${name}, ${alias}`,
  value: "",
  text: shortDescription ?? description
})

const rows = (
  all: ReadonlyArray<Row>,
  style: Style.Style,
  width: number | undefined,
  least = 0
): ReadonlyArray<string> => {
  const lengths = all.map(({ name, value }) => name.length + value.length)
  const longest = Math.max(least, ...lengths)
  const column = width === undefined || longest <= most ? longest : Math.min(longest, most)
  const indent = " ".repeat(column + 4)
  return all.map(({ name, text, value }, at) => {
    const [length = 0] = lengths.slice(at)
    const left = `  ${style.ok(name)}${style.faint(value)}`
    const right = Print.wrapped(text, width, indent)
    return length > column ? `${left}\n${indent}${right}` : `${left}${" ".repeat(column - length)}  ${right}`
  })
}

const examples = (all: ReadonlyArray<HelpDoc.ExampleDoc>, style: Style.Style): ReadonlyArray<string> =>
  all.flatMap(({ command, description }, at) => [
    ...(at > 0 && description !== undefined ? [""] : []),
    ...(description === undefined ? [] : [`  ${style.faint(`# ${description}`)}`]),
    `  ${style.name(command)}`
  ])
