/**
 * Which step waits for which: the order a blueprint boots in, known and drawn
 * without starting anything.
 *
 * The order is topological, and declaration order decides between steps that do
 * not depend on one another, so it is the same in every run.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import {
  BootGraphError,
  Cycle,
  DuplicateName,
  MissingRequirement,
  type Reason,
  SeveralLast,
  SeveralProviders
} from "./BootGraphError.ts"
import type { Definition, Graph, Node as GraphNode } from "./internal/Definition.ts"

/**
 * The steps of a blueprint in boot order, each with the indices of those that
 * must be up first.
 *
 * @category models
 * @since 0.1.0
 */
export type BootGraph = Graph

/**
 * @category models
 * @since 0.1.0
 */
export type Node = GraphNode

/**
 * Puts steps into boot order, or says why they have none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  name: string,
  steps: ReadonlyArray<Definition>,
  expects: ReadonlySet<string>
): Result.Result<BootGraph, BootGraphError> => {
  const fail = (reason: Reason) => Result.fail(new BootGraphError({ blueprint: name, reason }))

  const names = new Set<string>()
  const providers = new Map<string, number>()
  for (const [index, step] of steps.entries()) {
    if (names.has(step.name)) return fail(new DuplicateName({ name: step.name }))
    names.add(step.name)
    if (step.provides === undefined) continue
    const service = step.provides.key
    if (providers.has(service)) {
      const rivals = steps.filter((other) => other.provides?.key === service).map((other) => other.name)
      return fail(new SeveralProviders({ service, steps: rivals }))
    }
    providers.set(service, index)
  }

  const lasts = steps.filter((step) => step.last)
  if (lasts.length > 1) return fail(new SeveralLast({ steps: lasts.map((step) => step.name) }))

  const needs: Array<ReadonlySet<number>> = []
  for (const [index, step] of steps.entries()) {
    const before = new Set<number>()
    for (const tag of step.requires) {
      const provider = providers.get(tag.key)
      if (provider !== undefined) before.add(provider)
      else if (!expects.has(tag.key)) {
        return fail(new MissingRequirement({ step: step.name, service: tag.key }))
      }
    }
    if (step.last) { for (const other of steps.keys()) if (other !== index) before.add(other) }
    needs.push(before)
  }

  const order = sort(needs)
  if (order.length < steps.length) {
    return fail(new Cycle({ steps: findCycle(needs, new Set(order)).map((index) => steps[index]!.name) }))
  }
  const rank = new Map(order.map((index, position) => [index, position]))
  return Result.succeed({
    name,
    nodes: order.map((index) => ({
      definition: steps[index]!,
      needs: Array.from(needs[index]!, (need) => rank.get(need)!).sort((a, b) => a - b)
    }))
  })
}

/** The earliest declared of the steps that wait for nothing more, again and again; short of those in a cycle. */
const sort = (needs: ReadonlyArray<ReadonlySet<number>>): ReadonlyArray<number> => {
  const order: Array<number> = []
  const done = new Set<number>()
  for (;;) {
    const next = needs.findIndex((before, index) => !done.has(index) && isSubset(before, done))
    if (next === -1) return order
    done.add(next)
    order.push(next)
  }
}

const isSubset = (some: ReadonlySet<number>, all: ReadonlySet<number>): boolean => {
  for (const one of some) if (!all.has(one)) return false
  return true
}

/** Every step that is not sorted waits for one that is not sorted: follow them until one comes again. */
const findCycle = (
  needs: ReadonlyArray<ReadonlySet<number>>,
  sorted: ReadonlySet<number>
): ReadonlyArray<number> => {
  const path: Array<number> = []
  let at = needs.findIndex((_, index) => !sorted.has(index))
  while (!path.includes(at)) {
    path.push(at)
    for (const need of needs[at]!) {
      if (!sorted.has(need)) {
        at = need
        break
      }
    }
  }
  return path.slice(path.indexOf(at))
}

/**
 * Labels of the steps in boot order.
 *
 * @category getters
 * @since 0.1.0
 */
export const order = (self: BootGraph): ReadonlyArray<string> => self.nodes.map((node) => node.definition.label)

/**
 * Labels of the steps in boot order, those that may start together side by side.
 *
 * @category getters
 * @since 0.1.0
 */
export const levels = (self: BootGraph): ReadonlyArray<ReadonlyArray<string>> => {
  const depths: Array<number> = []
  const out: Array<Array<string>> = []
  for (const node of self.nodes) {
    const depth = node.needs.reduce((deepest, need) => Math.max(deepest, depths[need]! + 1), 0)
    depths.push(depth)
    const level = out[depth] ??= []
    level.push(node.definition.label)
  }
  return out
}
