/** What a terminal shows, as a picture: HTML for a browser, in the colours of a dark and of a light theme. */
import type { Cell, Screen } from "./Screen.ts"

export type Theme = "dark" | "light"

const themes = {
  dark: {
    ground: "#1e1e2e",
    text: "#cdd6f4",
    colors: ["#45475a", "#f38ba8", "#a6e3a1", "#f9e2af", "#89b4fa", "#cba6f7", "#94e2d5", "#bac2de"]
  },
  light: {
    ground: "#ffffff",
    text: "#24292f",
    colors: ["#24292f", "#cf222e", "#116329", "#7d4e00", "#0969da", "#8250df", "#1b7c83", "#6e7781"]
  }
} as const

export const html = (screen: Screen, theme: Theme): string => {
  const { ground, text } = themes[theme]
  const rows = screen.cells.map((row) => `<div>${runs(row).map((run) => ofRun(run, theme)).join("")}</div>`).join("")
  return `<meta charset="utf-8"><style>body{margin:0;background:${ground};color:${text}}` +
    `pre{display:inline-block;margin:0;padding:12px;font:14px/18px "DejaVu Sans Mono",monospace}div{height:18px}</style><pre>${rows}</pre>`
}

interface Run {
  readonly text: string
  readonly marks: ReadonlyArray<number>
}

/** What looks the same, together. */
const runs = (cells: ReadonlyArray<Cell>): ReadonlyArray<Run> => {
  const runs: Array<Run> = []
  for (const { marks, text } of cells) {
    const last = runs.at(-1)
    if (last !== undefined && String(last.marks) === String(marks)) {
      runs[runs.length - 1] = { text: last.text + text, marks }
    } else runs.push({ text, marks })
  }
  return runs
}

const ofRun = ({ marks, text }: Run, theme: Theme): string => {
  const { colors, ground, text: ink } = themes[theme]
  const color = marks.findLast((mark) => mark >= 30 && mark <= 37)
  const front = color === undefined ? ink : colors[color - 30]
  const isReversed = marks.includes(7)
  const style = [
    `color:${isReversed ? ground : front}`,
    ...isReversed ? [`background:${front}`] : [],
    ...marks.includes(1) ? ["font-weight:bold"] : [],
    ...marks.includes(2) ? ["opacity:.62"] : [],
    ...marks.includes(4) ? ["text-decoration:underline"] : []
  ]
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
  return `<span style="display:inline-block;height:18px;${style.join(";")}">${escaped}</span>`
}
