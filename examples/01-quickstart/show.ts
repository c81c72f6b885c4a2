/** What makes the quick start pleasant to look at: it prints, and knows nothing of tasks. */
import type * as BootTimeline from "celeriac/BootTimeline"
import type * as Message from "celeriac/Message"

export const print = (line = ""): void => console.log(line === "" ? "" : `  ${line}`)

export const bold = (text: string): string => style(1, text)
export const dim = (text: string): string => style(2, text)
export const green = (text: string): string => style(32, text)
export const cyan = (text: string): string => style(36, text)

const isTerminal = process.stdout.isTTY && !process.env["NO_COLOR"]

function style(code: number, text: string): string {
  return isTerminal ? `\x1b[${code}m${text}\x1b[0m` : text
}

export const title = (text: string): void => {
  print()
  print(bold(text))
}

/** Both blueprints in a line each: their steps as they came up, and how long all of them took. */
export const steps = (entries: ReadonlyArray<BootTimeline.Entry>): void => {
  for (const blueprint of ["Worker", "Consumer"]) {
    const own = entries.filter((entry) => entry.blueprint === blueprint)
    if (own.length === 0) continue
    const end = Math.max(...own.map(({ startedAt, took }) => startedAt + took))
    const took = end - Math.min(...own.map(({ startedAt }) => startedAt))
    const chain = own.map(({ label }) => label).join(dim(" → "))
    print(`${blueprint.padEnd(9)} ${chain}  ${dim(`${took.toFixed(1)} ms`)}`)
  }
}

/** A message as the broker has it. */
export const message = ({ body, headers, properties }: Message.Message): void => {
  const shown = ["task", "id", "lang", "argsrepr", "kwargsrepr", "origin", "retries", "eta"]
  const rest = Object.keys(headers).length - shown.length
  const line = (name: string, value: string) => print(`  ${cyan(name.padEnd(11))} ${value}`)
  line("properties", `content_type ${properties.contentType}, correlation_id ${properties.correlationId}`)
  line("headers", shown.map((name) => `${name} ${JSON.stringify(headers[name]) ?? "null"}`).join(", "))
  line("", dim(`and ${rest} more`))
  line("body", Buffer.from(body).toString())
}

/** Redraws itself on a terminal; elsewhere, a line for each quarter. */
export const progress = (total: number) => {
  const width = 32
  let count = 0
  const draw = () => {
    const full = Math.round((count / total) * width)
    process.stdout.write(`\r  ${green("█".repeat(full))}${dim("░".repeat(width - full))}  ${count}/${total} tasks`)
  }
  return {
    advance: () => {
      count++
      if (isTerminal) draw()
      else if (count % (total / 4) === 0) print(`${count}/${total} tasks`)
      return count
    },
    done: (line: string) => {
      if (isTerminal) process.stdout.write("\n")
      print(line)
    }
  }
}
