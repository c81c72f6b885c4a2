/**
 * The steps of a blueprint as one layer: each step's layer provided with those of
 * the steps it requires, and all merged.
 *
 * What a dependent waits on is the memo of the layer it is provided with. Merged
 * in boot order, each step is the first to ask for itself.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Any } from "../Bootstep.ts"
import type { Graph } from "./Definition.ts"

/** With types erased: they are those of the blueprint. */
export type Whole = Layer.Layer<never, unknown, unknown>

/** Put together when it is first booted: many blueprints are only drawn, or made into others. */
export const compose = (graph: Graph, steps: ReadonlyArray<Any>): Whole => {
  const known = wholes.get(graph)
  if (known !== undefined) return known
  const whole = make(graph, steps)
  wholes.set(graph, whole)
  return whole
}

const wholes = new WeakMap<Graph, Whole>()

const make = (graph: Graph, steps: ReadonlyArray<Any>): Whole => {
  const layers = new Map(steps.map((step) => [step.definition, step.layer]))
  const composed: Array<Whole> = []
  for (const { definition, needs } of graph.nodes) {
    const required = new Set(definition.requires.map((tag) => tag.key))
    composed.push(needs.reduceRight<Whole>((layer, need) => {
      const service = graph.nodes[need]!.definition.provides?.key
      const needed = composed[need]!
      // The last step waits for all, and sees what it requires.
      return Layer.provide(layer, service !== undefined && required.has(service) ? needed : awaited(needed))
    }, layers.get(definition)!))
  }
  return Layer.mergeAll(Layer.empty, ...composed)
}

/** Provides nothing, when the layer is up. */
const awaited = (layer: Whole): Whole => Layer.provide(Layer.effectDiscard(Effect.void), layer)
