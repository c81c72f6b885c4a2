/**
 * The pictures of the documents, `docs/pictures/`: what a terminal shows of
 * `celeriac events` and `celeriac doctor`, over a broker and workers of their own.
 *
 * `node scripts/run.mjs scripts/pictures.ts` writes them. With the name of a folder
 * behind it, all screens go there too as PNG, at 80 and at 120 columns, on a dark and
 * on a light ground, to be looked at: that needs Chromium.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { open } from "../test/peers/Chromium.ts"
import { Peer, until } from "../test/peers/Process.ts"
import { RabbitMq } from "../test/peers/RabbitMq.ts"
import type { Cell } from "../test/peers/Screen.ts"
import { Terminal } from "../test/peers/Terminal.ts"
import { root } from "./workspace.mjs"

type Cells = ReadonlyArray<ReadonlyArray<Cell>>

const command = join(root, "packages", "celeriac", "src", "cli", "main.ts")
const module = join(root, "packages", "celeriac", "test", "fixtures", "pictured.ts")
const [folder] = process.argv.slice(2)

const celeriac = (args: ReadonlyArray<string>, columns: number, rows: number) =>
  new Terminal(process.execPath, [command, ...args], { columns, rows })

/** What it shows now. */
const shot = ({ screen }: Terminal): Cells => screen.cells.map((row) => [...row])

const ended = async (args: ReadonlyArray<string>, columns: number): Promise<Cells> => {
  const terminal = celeriac(args, columns, 60)
  await terminal.ended
  const { cells, lines } = terminal.screen
  return cells.slice(0, lines.findLastIndex((line) => line.trim() !== "") + 1)
}

/** The 16 colours of a terminal, by the codes that ask for them: on a light ground, and on a dark one. */
const tones: Readonly<Record<number, readonly [light: string, dark: string]>> = {
  31: ["#c1121f", "#ff7b72"],
  32: ["#1a7f37", "#56d364"],
  33: ["#8a5a00", "#e3b341"],
  34: ["#0b57d0", "#79c0ff"],
  35: ["#7d3ac1", "#d2a8ff"],
  36: ["#0a6c74", "#56d4dd"]
}

const grounds = { light: ["#ffffff", "#1f2328"], dark: ["#0d1117", "#e6edf3"] } as const

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const [wide, high, margin] = [8.4, 18, 12] as const

/** One picture for both grounds: a reader's own counts, unless one is named. */
const svg = (cells: Cells, only?: keyof typeof grounds): string => {
  const columns = cells[0]?.length ?? 0
  const [width, height] = [Math.ceil(columns * wide) + 2 * margin, cells.length * high + 2 * margin]
  const rules = (ground: keyof typeof grounds): string => {
    const [back, front] = grounds[ground]
    return [
      `.b{fill:${back}}.f{fill:${front}}.r{fill:${back}}.g{fill:${front}}`,
      ...Object.entries(tones).map(([code, [light, dark]]) => `.c${code}{fill:${ground === "light" ? light : dark}}`)
    ].join("")
  }
  const style = only === undefined
    ? `${rules("light")}@media(prefers-color-scheme:dark){${rules("dark")}}`
    : rules(only)
  const parts = cells.flatMap((row, at) => runs(row).flatMap((run) => drawn(run, margin + at * high)))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}.s{font-weight:700}.d{opacity:.6}${style}</style>`,
    `<rect class="b" width="${width}" height="${height}" rx="8"/>`,
    ...parts,
    "</svg>",
    ""
  ].join("\n")
}

const drawn = ({ marks, start, text }: Run, y: number): ReadonlyArray<string> => {
  const x = margin + start * wide
  const length = Array.from(text).length * wide
  const isReversed = marks.includes(7)
  const color = marks.find((mark) => mark in tones)
  const tone = isReversed ? "r" : color === undefined ? "f" : `c${color}`
  const classes = [tone, marks.includes(1) ? "s" : "", marks.includes(2) ? "d" : ""].join(" ").trim()
  const shape = `x="${x.toFixed(1)}" y="${y}" width="${length.toFixed(1)}" height="${high}"`
  const ground = isReversed ? [`<rect class="g" shape-rendering="crispEdges" ${shape}/>`] : []
  if (text.trim() === "") return ground
  const place = `x="${x.toFixed(1)}" y="${y + 13}" textLength="${length.toFixed(1)}" xml:space="preserve"`
  ground.push(`<text class="${classes}" ${place}>${escaped(text)}</text>`)
  return ground
}

interface Run {
  readonly start: number
  readonly marks: ReadonlyArray<number>
  text: string
}

/** Cells side by side that look alike. */
const runs = (row: ReadonlyArray<Cell>): ReadonlyArray<Run> => {
  const all: Array<Run> = []
  for (const [start, { marks, text }] of row.entries()) {
    const last = all.at(-1)
    if (last !== undefined && last.marks.join() === marks.join()) last.text += text === "" ? " " : text
    else all.push({ start, marks, text: text === "" ? " " : text })
  }
  return all
}

const rabbit = await RabbitMq.start()
const url = ["-b", rabbit.url]
const workers = ["web@one", "mail@two"].map((name) =>
  new Peer(process.execPath, [command, "worker", "-A", module, ...url, "-n", name, "-E", "-c", "4"], {
    env: { NO_COLOR: "1", CELERIAC_ACKS_LATE: "true" }
  })
)
const screens = new Map<string, Cells>()
try {
  for (const worker of workers) await until("a worker's start", () => worker.output.includes(" ready."), 60_000)
  for (const columns of [80, 120]) {
    const monitor = celeriac(["events", ...url], columns, 24)
    await monitor.shows("● mail@two", 60_000)
    for (
      const args of [
        ["shop.order", "-a", "[17]"],
        ["shop.order", "-a", "[18]"],
        ["mail.send", "-a", `["ann@example.org"]`],
        ["shop.report"],
        ["mail.bounce"]
      ]
    ) {
      await ended(["call", ...args, ...url], 80)
    }
    await monitor.shows(/FAILURE[^]*shop\.report|shop\.report[^]*FAILURE/, 60_000)
    screens.set(`monitor-${columns}`, shot(monitor))
    monitor.type("?")
    await monitor.shows("Keys")
    screens.set(`keys-${columns}`, shot(monitor))
    monitor.type("q")
    await monitor.stop()
    await ended(["call", "shop.ordr", ...url], 80)
    for (
      const [name, args] of [
        ["doctor", ["doctor", "-A", module, "--messages", "5"]],
        ["status", ["status"]],
        ["inspect", ["inspect", "active_queues"]],
        ["registered", ["inspect", "registered"]],
        ["graph", ["graph", "bootsteps", "-A", module, "--format", "levels"]],
        ["workers", ["graph", "workers", "--format", "levels"]],
        ["beat", ["beat", "list", "-A", module]],
        ["next", ["beat", "next", "-A", module]]
      ] as const
    ) screens.set(`${name}-${columns}`, await ended([...args, ...url], columns))
  }
  const boot = celeriac(["worker", "-A", module, ...url, "-n", "new@three", "-l", "info"], 80, 40)
  await boot.shows("ready.", 60_000)
  screens.set("banner-80", shot(boot))
  await boot.stop()
} finally {
  await Promise.all(workers.map((worker) => worker.stop("SIGKILL")))
  await rabbit.stop()
}

const pictures = join(root, "docs", "pictures")
mkdirSync(pictures, { recursive: true })
writeFileSync(join(pictures, "monitor.svg"), svg(screens.get("monitor-120") ?? []))
writeFileSync(join(pictures, "doctor.svg"), svg(screens.get("doctor-120") ?? []))

if (folder !== undefined) {
  mkdirSync(folder, { recursive: true })
  const browser = await open()
  for (const [name, cells] of screens) {
    for (const ground of ["dark", "light"] as const) {
      const page = await browser.newPage()
      const text = svg(cells, ground)
      const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(text) ?? []
      await page.setViewportSize({ width: Number(width), height: Number(height) })
      await page.setContent(`<body style="margin:0">${text}`)
      await page.screenshot({ path: resolve(folder, `${name}-${ground}.png`) })
      await page.close()
    }
  }
  await browser.close()
}
