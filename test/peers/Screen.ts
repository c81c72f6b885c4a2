/**
 * What a terminal shows after what was written to it: as much of one as our
 * screens use, cells with their colours. What it does not know it throws at, so
 * that nothing is drawn that nobody looked at.
 */

export interface Cell {
  readonly text: string
  /** Of SGR, as they were set: `1`, `32`, `7`. */
  readonly marks: ReadonlyArray<number>
}

const blank: Cell = { text: " ", marks: [] }

export class Screen {
  columns: number
  rows: number
  /** Whether the other screen is shown. */
  isOther = false
  hasCursor = true
  #cells: Array<Array<Cell>> = []
  #main: ReadonlyArray<Array<Cell>> = []
  #row = 0
  #column = 0
  #saved: readonly [row: number, column: number] = [0, 0]
  #wraps = true
  #marks: ReadonlyArray<number> = []
  #pending = ""

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
    this.#clear()
  }

  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    this.#cells = Array.from(
      { length: rows },
      (_, row) => Array.from({ length: columns }, (_, column) => this.#cells[row]?.[column] ?? blank)
    )
  }

  /** Its lines, without what is blank at their ends. */
  get lines(): ReadonlyArray<string> {
    return this.#cells.map((row) => row.map(({ text }) => text).join("").trimEnd())
  }

  get text(): string {
    return this.lines.join("\n").trimEnd()
  }

  get cells(): ReadonlyArray<ReadonlyArray<Cell>> {
    return this.#cells
  }

  write(text: string): void {
    let rest = this.#pending + text
    this.#pending = ""
    while (rest !== "") {
      if (rest[0] === "\x1b") {
        const [whole, kind, parameters = "", final] = /^\x1b(?:([[(=>])([?\d;]*)([A-Za-z])?|[78c])/.exec(rest) ?? []
        if (whole === undefined || (kind === "[" && final === undefined)) {
          if (rest.length > 40) throw new Error(`this terminal does not know ${JSON.stringify(rest.slice(0, 40))}`)
          this.#pending = rest
          return
        }
        rest = rest.slice(whole.length)
        if (kind === "[") this.#control(parameters, final ?? "")
        continue
      }
      const [character] = rest
      rest = rest.slice(character!.length)
      this.#put(character!)
    }
  }

  #put(character: string): void {
    if (character === "\r") return void (this.#column = 0)
    if (character === "\n") return this.#feed()
    if (character === "\b") return void (this.#column = Math.max(0, this.#column - 1))
    if (character === "\t") return void (this.#column = Math.min(this.columns - 1, (this.#column | 7) + 1))
    if (character < " ") return
    if (this.#column >= this.columns) {
      if (!this.#wraps) return
      this.#column = 0
      this.#feed()
    }
    this.#cells[this.#row]![this.#column++] = { text: character, marks: this.#marks }
  }

  #feed(): void {
    if (this.#row < this.rows - 1) return void this.#row++
    this.#cells.shift()
    this.#cells.push(this.#line())
  }

  #control(parameters: string, final: string): void {
    const numbers = parameters.replace("?", "").split(";").map(Number)
    const [first = 0, second = 0] = numbers
    switch (final) {
      case "m":
        for (const mark of numbers) this.#marks = marked(this.#marks, mark)
        return
      case "H":
        this.#row = Math.min(this.rows, first || 1) - 1
        this.#column = Math.min(this.columns, second || 1) - 1
        return
      case "K":
        this.#erase(first === 0 ? this.#column : 0)
        return
      case "J":
        if (first === 2) return this.#clear()
        this.#erase(this.#column)
        for (let row = this.#row + 1; row < this.rows; row++) this.#cells[row] = this.#line()
        return
      case "A":
        return void (this.#row = Math.max(0, this.#row - (first || 1)))
      case "B":
        return void (this.#row = Math.min(this.rows - 1, this.#row + (first || 1)))
      case "C":
        return void (this.#column = Math.min(this.columns - 1, this.#column + (first || 1)))
      case "D":
        return void (this.#column = Math.max(0, this.#column - (first || 1)))
      case "G":
        return void (this.#column = (first || 1) - 1)
      case "h":
      case "l":
        return this.#mode(first, final === "h")
      default:
        throw new Error(`this terminal does not know ESC [ ${parameters}${final}`)
    }
  }

  #mode(mode: number, on: boolean): void {
    if (mode === 25) this.hasCursor = on
    else if (mode === 7) this.#wraps = on
    else if (mode === 1049) this.#other(on)
    else if (mode !== 2026 && mode !== 2004) throw new Error(`this terminal does not know the mode ${mode}`)
  }

  /** Who leaves it twice finds the cursor where it was the first time, as on a real one. */
  #other(on: boolean): void {
    if (on && !this.isOther) {
      this.#main = this.#cells
      this.#saved = [this.#row, this.#column]
      this.#clear()
    }
    if (!on) {
      if (this.isOther) this.#cells = [...this.#main]
      this.resize(this.columns, this.rows)
      ;[this.#row, this.#column] = this.#saved
    }
    this.isOther = on
  }

  /** The rest of the line. */
  #erase(from: number): void {
    for (let column = from; column < this.columns; column++) this.#cells[this.#row]![column] = blank
  }

  #clear(): void {
    this.#cells = Array.from({ length: this.rows }, () => this.#line())
  }

  #line(): Array<Cell> {
    return Array.from({ length: this.columns }, () => blank)
  }
}

/** With one more, which may be the end of others. */
const marked = (marks: ReadonlyArray<number>, mark: number): ReadonlyArray<number> => {
  if (mark === 0) return []
  if (mark === 39) return marks.filter((other) => other < 30 || (other > 37 && other < 90) || other > 97)
  if (mark === 22) return marks.filter((other) => other !== 1 && other !== 2)
  return mark === 27 ? marks.filter((other) => other !== 7) : [...marks, mark]
}
