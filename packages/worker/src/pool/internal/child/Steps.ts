/**
 * The steps of a worker that a child starts for its tasks: those that provide a
 * service, or say that they are for children, and need nothing that lives with
 * the worker alone. Loaded where a worker has steps of one's own.
 *
 * @since 0.1.0
 */
import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import type * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { Control } from "@celeriac/bootsteps/Control"
import * as StepOption from "@celeriac/bootsteps/StepOption"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as StepOptions from "../../../state/internal/StepOptions.ts"
import type { Known } from "../../Pool.ts"

type Steps = ReadonlyArray<Bootstep.Any>

/** `around` is what a child has from its parent. */
export const make = (
  steps: Steps,
  options: StepOptions.Given,
  around: Context.Context<never>
): { readonly layer: Layer.Layer<never, unknown>; readonly unstarted: Known["unstarted"] } => {
  const { startable, unstarted } = sorted(steps.filter(({ definition }) => definition.inChildren), around)
  if (startable.length === 0) return { layer: Layer.empty, unstarted }
  const expects = startable.flatMap(({ definition }) => definition.requires.filter((tag) => !isOfStep(tag)))
  const layer = Effect.fromResult(Blueprint.makeResult("Worker", startable, { expects })).pipe(
    Effect.flatMap((blueprint) =>
      Effect.map(
        Effect.fromResult(StepOptions.resolve(startable, {}, options)),
        (given) => blueprint.layer.pipe(Layer.provide(Layer.succeedContext(given)), Layer.provide(Control.layer))
      )
    ),
    Layer.unwrap
  )
  // What else they need is around them: it was looked for.
  return { layer: layer as Layer.Layer<never, unknown>, unstarted }
}

/** Takes out those that need what is not there, until none does. */
const sorted = (steps: Steps, around: Context.Context<never>) => {
  const unstarted: Array<Known["unstarted"][number]> = []
  let startable = steps
  for (;;) {
    const there = new Set([
      ...[Control.key, TaskRegistry.key],
      ...around.mapUnsafe.keys(),
      ...startable.flatMap(({ definition }) => definition.provides?.key ?? [])
    ])
    const isThere = (tag: Bootstep.Tags[number]) => there.has(tag.key) || StepOption.among([tag]).length === 1
    const lacking = startable.flatMap((step) => {
      const missing = step.definition.requires.find((tag) => !isThere(tag))
      return missing === undefined ? [] : [{ step: step.stepName, why: `it requires '${nameOf(missing)}'` }]
    })
    if (lacking.length === 0) return { startable, unstarted }
    unstarted.push(...lacking)
    startable = startable.filter(({ stepName }) => !lacking.some(({ step }) => step === stepName))
  }
}

const isOfStep = ({ key }: Bootstep.Tags[number]): boolean => key.startsWith(ofSteps)

const nameOf = ({ key }: Bootstep.Tags[number]): string => key.startsWith(ofSteps) ? key.slice(ofSteps.length) : key

const ofSteps = "Bootstep/"
