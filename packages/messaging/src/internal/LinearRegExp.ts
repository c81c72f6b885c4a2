/**
 * Regular expressions that cannot be made to run for ever: a pattern that comes
 * from the network is matched in time that grows with its length times that of
 * the text, whatever it says.
 *
 * What is understood is what Python's `re` and JavaScript have in common, but
 * for what needs to look back: groups, alternatives, classes, repetitions,
 * anchors and word boundaries. Backreferences, lookaround and flags are refused.
 * It follows all ways through the pattern at once (Thompson's construction).
 *
 * @since 0.1.0
 */
import { anything, type Assertion, parse, type Part, Refused, type Test } from "./RegExpSyntax.ts"

export { Refused }

type Instruction =
  | { readonly op: "test"; readonly test: Test }
  | { readonly op: "assert"; readonly assertion: Assertion }
  | { op: "split"; first: number; second: number }
  | { op: "jump"; to: number }
  | { readonly op: "match" }

/** Of a pattern, in characters; names of nodes are shorter. */
const longestPattern = 512

/** Repetitions are written out. */
const mostInstructions = 4096

/** Whether a text begins as the pattern says: Python's `re.match`. Throws `Refused` for a pattern that is not understood. */
export const compile = (pattern: string): (text: string) => boolean => {
  if (pattern.length > longestPattern) throw new Refused(`it is longer than ${longestPattern} characters`)
  const program: Array<Instruction> = []
  emit(program, parse(pattern))
  program.push({ op: "match" })
  return (text) => run(program, Array.from(text))
}

const add = (program: Array<Instruction>, instruction: Instruction): number => {
  if (program.length >= mostInstructions) throw new Refused("its repetitions come to too much")
  return program.push(instruction) - 1
}

const emit = (program: Array<Instruction>, part: Part): void => {
  switch (part._tag) {
    case "Test":
      add(program, { op: "test", test: part.test })
      return
    case "Assert":
      add(program, { op: "assert", assertion: part.assertion })
      return
    case "Sequence":
      for (const one of part.parts) emit(program, one)
      return
    case "Alternatives":
      return emitAlternatives(program, part.parts)
    case "Repeat":
      return emitRepeat(program, part.part, part.least, part.most)
  }
}

const emitAlternatives = (program: Array<Instruction>, parts: ReadonlyArray<Part>): void => {
  const jumps: Array<{ to: number }> = []
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1) {
      emit(program, part)
      break
    }
    const split = { op: "split" as const, first: program.length + 1, second: 0 }
    add(program, split)
    emit(program, part)
    const jump = { op: "jump" as const, to: 0 }
    add(program, jump)
    jumps.push(jump)
    split.second = program.length
  }
  for (const jump of jumps) jump.to = program.length
}

const emitRepeat = (program: Array<Instruction>, part: Part, least: number, most: number): void => {
  for (let count = 0; count < least; count++) emit(program, part)
  if (most === Infinity) {
    const split = { op: "split" as const, first: program.length + 1, second: 0 }
    const start = add(program, split)
    emit(program, part)
    add(program, { op: "jump", to: start })
    split.second = program.length
    return
  }
  const splits: Array<{ second: number }> = []
  for (let count = least; count < most; count++) {
    const split = { op: "split" as const, first: program.length + 1, second: 0 }
    add(program, split)
    splits.push(split)
    emit(program, part)
  }
  for (const split of splits) split.second = program.length
}

const run = (program: ReadonlyArray<Instruction>, text: ReadonlyArray<string>): boolean => {
  let states = new Set<number>()
  if (follow(program, states, 0, text, 0)) return true
  for (let at = 0; at < text.length && states.size > 0; at++) {
    const next = new Set<number>()
    for (const state of states) {
      const instruction = program[state]!
      if (instruction.op !== "test" || !instruction.test(text[at]!)) continue
      if (follow(program, next, state + 1, text, at + 1)) return true
    }
    states = next
  }
  return false
}

/** Adds a state, and all that can be come to from it without a character. Gives whether one of them is the end. */
const follow = (
  program: ReadonlyArray<Instruction>,
  states: Set<number>,
  from: number,
  text: ReadonlyArray<string>,
  at: number
): boolean => {
  const left = [from]
  for (let state = left.pop(); state !== undefined; state = left.pop()) {
    if (states.has(state)) continue
    states.add(state)
    const instruction = program[state]!
    switch (instruction.op) {
      case "match":
        return true
      case "jump":
        left.push(instruction.to)
        break
      case "split":
        left.push(instruction.first, instruction.second)
        break
      case "assert":
        if (holds(instruction.assertion, text, at)) left.push(state + 1)
    }
  }
  return false
}

const holds = (assertion: Assertion, text: ReadonlyArray<string>, at: number): boolean => {
  switch (assertion) {
    case "start":
      return at === 0
    case "end":
      return at === text.length
    case "endOfLine":
      return at === text.length || (at === text.length - 1 && text[at] === "\n")
    case "boundary":
    case "noBoundary":
      return (isWord(text[at - 1]) !== isWord(text[at])) === (assertion === "boundary")
  }
}

const isWord = (character: string | undefined): boolean => character !== undefined && anything.word(character)
