/** The tasks of `t/integration/tasks.py` that have others in their place, add to their chord, or come to signatures. */
import * as Canvas from "@celeriac/tasks/Canvas"
import * as Client from "@celeriac/tasks/Client"
import * as Python from "@celeriac/tasks/Python"
import * as ResultTuple from "@celeriac/tasks/result/ResultTuple"
import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import * as TaskContext from "@celeriac/tasks/TaskContext"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { identity, push, raiseError, redisEcho, replacedWithMe, tsum } from "./canvasTasks.ts"
import { add, fail, name } from "./tasks.ts"

const anything = Schema.Unknown
const args = Python.Args(anything)
const many = { nums: Schema.Array(anything), val: anything }
const state = Schema.optionalKey(Schema.Boolean)
const linked = { parameters: { args, link_msg: Schema.optionalKey(Schema.NullOr(anything)) }, success: anything }

const addReplaced = Task.make(name("add_replaced"), { parameters: { x: anything, y: anything }, success: anything })
const addReplacedWithChain = Task.make(name("add_replaced_with_chain"), {
  parameters: { x: anything, y: anything },
  success: anything
})
const recordNesting = Task.make(name("record_replaced_task_nesting"), {
  parameters: { replacements: Schema.Int, nesting: Schema.optionalKey(Schema.NullOr(Schema.Array(anything))) },
  success: anything
})
const replaceWithChain = Task.make(name("replace_with_chain"), linked)
const replaceWithChainWhichRaises = Task.make(name("replace_with_chain_which_raises"), linked)
const replaceWithChainOfGroup = Task.make(name("replace_with_chain_which_contains_a_group"), { success: anything })
const replaceWithEmptyChain = Task.make(name("replace_with_empty_chain"), { parameters: { args }, success: anything })
const buildChainInside = Task.make(name("build_chain_inside_task"), { success: anything })
const addToAll = Task.make(name("add_to_all"), { parameters: many, success: anything })
const addToAllToChord = Task.make(name("add_to_all_to_chord"), { parameters: many, success: Schema.Int })
const addChordToChord = Task.make(name("add_chord_to_chord"), { parameters: many, success: Schema.Int })
const secondOrderReplace1 = Task.make(name("second_order_replace1"), { parameters: { state }, success: anything })
const secondOrderReplace2 = Task.make(name("second_order_replace2"), { parameters: { state }, success: anything })
const failReplaced = Task.make(name("fail_replaced"), { parameters: { args }, success: anything })
const replaceWithStamped = Task.make(name("replace_with_stamped_task"), {
  parameters: { replace_with: Schema.optionalKey(anything) },
  success: anything
})
const rebuild = Task.make(name("rebuild_signature"), { parameters: { sig_dict: anything } })

/** As Python has them: what it lacks, and takes, nobody asks. */
const sum = (...args: ReadonlyArray<unknown>) => Signature.make(add.name, { args })
const raising = Signature.make(raiseError.name)

/** What is sent when the chain has ended, in one of the two ways. */
const echo = (message: unknown) => message == null ? redisEcho.s() : redisEcho.si({ message })

/** A chain of nothing, which is not to be written here: as Python sends it. */
const emptyChain = Signature.decode({
  ...{ task: "celery.chain", args: [], kwargs: { tasks: [] }, options: {} },
  ...{ subtask_type: "chain", immutable: false }
})

/** Signatures of every shape in every other: none of them is sent. */
const nested = {
  chain_chain: Canvas.chain(Canvas.chain(sum())),
  chain_group: Canvas.chain(Canvas.group(sum())),
  chain_chord: Canvas.chain(Canvas.chord([sum()], sum())),
  group_chain: Canvas.group(Canvas.chain(sum())),
  group_group: Canvas.group(Canvas.group(sum())),
  group_chord: Canvas.group(Canvas.chord([sum()], sum())),
  chord_chain: Canvas.chord(Canvas.chain(sum()), sum()),
  chord_group: Canvas.chord(Canvas.group(sum()), sum()),
  chord_chord: Canvas.chord(Canvas.chord([sum()], sum()), sum())
}

/** With their handlers. */
export const replacedHandlers = [
  addReplaced.toLayer(({ x, y }) => Task.replace(add.s({ x, y }))),
  addReplacedWithChain.toLayer(({ x, y }) => Task.replace(Canvas.chain(add.s({ x, y }), identity.s()))),
  recordNesting.toLayer(({ nesting, replacements }, { messageHeaders }) => {
    const seen = [...nesting ?? [], messageHeaders["replaced_task_nesting"]]
    return replacements > 0
      ? Task.replace(recordNesting.s({ replacements: replacements - 1, nesting: seen }))
      : Effect.succeed(seen)
  }),
  replaceWithChain.toLayer(({ args: [x], link_msg }) =>
    Task.replace(Canvas.chain(identity.s({ x }), identity.s()).link(echo(link_msg)))
  ),
  replaceWithChainWhichRaises.toLayer(({ args: [x], link_msg }) =>
    Task.replace(Canvas.chain(identity.s({ x }), raising).onError(echo(link_msg)))
  ),
  replaceWithChainOfGroup.toLayer(() => Task.replace(Canvas.chain(sum(1, 2), Canvas.group(sum(1), sum(1))))),
  replaceWithEmptyChain.toLayer(() => Effect.flatMap(Effect.orDie(Effect.fromResult(emptyChain)), Task.replace)),
  buildChainInside.toLayer(() =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* Effect.orDie(client.delay(
        Canvas.chain(sum(1, 1), sum(2), Canvas.group(sum(3), sum(4)), sum(5))
      ))
      return ResultTuple.encode(sent.asTuple)
    })
  ),
  addToAll.toLayer(({ nums, val }) => Task.replace(Canvas.group(nums.map((num) => sum(num, val))))),
  addToAllToChord.toLayer(({ nums, val }) =>
    Effect.as(Effect.forEach(nums, (num) => TaskContext.addToChord(sum(num, val))), 0)
  ),
  addChordToChord.toLayer(({ nums, val }) =>
    Effect.as(
      TaskContext.addToChord(Canvas.chain(Canvas.group(nums.map((num) => sum(num, val))), tsum.s())),
      0
    )
  ),
  secondOrderReplace1.toLayer(({ state = false }) =>
    state
      ? push("redis-echo", "Out A")
      : Effect.andThen(
        push("redis-echo", "In A"),
        Task.replace(Canvas.chain(secondOrderReplace2.s(), secondOrderReplace1.si({ state: true })))
      )
  ),
  secondOrderReplace2.toLayer(({ state = false }) =>
    state
      ? push("redis-echo", "Out B")
      : Effect.andThen(
        push("redis-echo", "In B"),
        Task.replace(Canvas.chain(redisEcho.s({ message: "In/Out C" }), secondOrderReplace2.si({ state: true })))
      )
  ),
  failReplaced.toLayer(({ args }) => Task.replace(fail.si({ args }))),
  replaceWithStamped.toLayer(({ replace_with }) =>
    Effect.flatMap(
      replace_with == null
        ? Effect.succeed(replacedWithMe.s())
        : Effect.orDie(Effect.fromResult(Signature.decode(replace_with))),
      (signature) => Task.replace(signature.stamp({ StampOnReplace: "This is the replaced task" }))
    )
  ),
  rebuild.toLayer(({ sig_dict }) => Effect.asVoid(Effect.orDie(Effect.fromResult(Signature.decode(sig_dict))))),
  ...Object.entries(nested).map(([shapes, signature]) =>
    Task.make(name(`return_nested_signature_${shapes}`), { success: anything })
      .toLayer(() => Effect.orDie(Effect.fromResult(Signature.encode(signature))))
  )
]
