/** The keys of the monitor, and what each does: Celery's where Celery has one. */

export type Doing =
  | "up"
  | "down"
  | "pageUp"
  | "pageDown"
  | "first"
  | "last"
  | "info"
  | "traceback"
  | "result"
  | "revoke"
  | "terminate"
  | "rateLimit"
  | "enableEvents"
  | "filter"
  | "sort"
  | "pause"
  | "focus"
  | "back"
  | "help"
  | "redraw"
  | "quit"

/** Of the terminal: a name, or the character itself. */
export interface Key {
  readonly name: string
  readonly ctrl: boolean
  /** Undefined of keys that write nothing. */
  readonly text: string | undefined
}

interface Entry {
  readonly doing: Doing
  readonly keys: ReadonlyArray<string>
  /** As it is written on the screen. */
  readonly shown: string
  readonly doc: string
}

export const table: ReadonlyArray<Entry> = [
  { doing: "up", keys: ["up", "k", "K"], shown: "↑ k", doc: "up" },
  { doing: "down", keys: ["down", "j", "J"], shown: "↓ j", doc: "down" },
  { doing: "pageUp", keys: ["pageup", "ctrl-b", "ctrl-u"], shown: "PgUp", doc: "a page up" },
  { doing: "pageDown", keys: ["pagedown", "ctrl-f", "ctrl-d"], shown: "PgDn", doc: "a page down" },
  { doing: "first", keys: ["home", "g"], shown: "g Home", doc: "to the first, and stay there: what is new is chosen" },
  { doing: "last", keys: ["end", "G"], shown: "G End", doc: "to the last" },
  { doing: "focus", keys: ["tab"], shown: "Tab", doc: "from tasks to workers, and back" },
  {
    doing: "info",
    keys: ["return", "enter", "i", "I"],
    shown: "Enter i",
    doc: "all that is known of the task; of a worker, its tasks alone"
  },
  { doing: "traceback", keys: ["t", "T"], shown: "t", doc: "the traceback of the task" },
  { doing: "result", keys: ["r", "R"], shown: "r", doc: "the result of the task" },
  { doing: "revoke", keys: ["c", "C"], shown: "c", doc: "revoke the task: it will not run" },
  { doing: "terminate", keys: ["x", "X"], shown: "x", doc: "terminate the task: what runs of it is ended" },
  { doing: "rateLimit", keys: ["l", "L"], shown: "l", doc: "set the rate limit of tasks of this name" },
  { doing: "enableEvents", keys: ["e", "E"], shown: "e", doc: "ask all workers to tell of their tasks" },
  {
    doing: "filter",
    keys: ["/"],
    shown: "/",
    doc: "show tasks with these words alone: of name, state, id, worker; !word is without it"
  },
  { doing: "sort", keys: ["s", "S"], shown: "s", doc: "sort by time, name, state, worker, runtime" },
  { doing: "pause", keys: ["p", "P", "space"], shown: "p Space", doc: "hold the picture; events are counted on" },
  { doing: "back", keys: ["escape", "backspace", "left"], shown: "Esc", doc: "back; then clear the filter" },
  { doing: "redraw", keys: ["ctrl-l"], shown: "^L", doc: "draw everything anew" },
  { doing: "help", keys: ["?", "h", "H"], shown: "? h", doc: "these keys" },
  { doing: "quit", keys: ["q", "Q", "ctrl-c"], shown: "q ^C", doc: "end" }
]

const byKey = new Map(table.flatMap(({ doing, keys }) => keys.map((key) => [key, doing] as const)))

/** What it does, if anything. */
export const doingOf = ({ ctrl, name, text }: Key): Doing | undefined =>
  ctrl ? byKey.get(`ctrl-${name}`) : byKey.get(text ?? "") ?? byKey.get(name)
