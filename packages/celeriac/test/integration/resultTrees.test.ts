/** Trees of results of real Celery, written down by Python and read here: the same values, the same tree. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as AsyncResult from "../../src/AsyncResult.ts"
import * as Canvas from "../../src/Canvas.ts"
import * as GroupResult from "../../src/GroupResult.ts"
import * as CanvasKit from "./CanvasKit.ts"

const kit = CanvasKit.make({ name: "trees", module: "canvas.py", database: 14 })

/** Each canvas: its name, `as_tuple`, what it comes to, what `collect` and `iterdeps` give. */
const script = `
import json, os
from celery import Celery, chain, chord, group
from celery.result import AsyncResult, GroupResult, result_from_tuple
app = Celery('trees', broker=os.environ['BROKER'], backend=os.environ['RESULTS'])
app.conf.task_default_queue = os.environ['QUEUE']
add = lambda *args: app.signature('canvas.add', args)
total = lambda: app.signature('canvas.total')
fail = lambda: app.signature('canvas.fail')
linked = add(1, 1)
linked.link(add(10))
canvases = {
    'task': linked,
    'chain': chain(add(1, 1), add(2), add(3)),
    'group': group(add(1, 1), chain(add(2, 2), add(3)), chain(add(1, 1), group(add(1), add(2)))),
    'group in a group': group(group(add(1, 1), add(2, 2)), add(3, 3)),
    'chord': chain(add(1, 1), group(add(1), add(2)), total(), add(100)),
    'group at the end': chain(add(1, 1), group(add(1), add(2))),
    'failure': chain(fail(), add(1), add(2)),
    'failing part': chord([add(1, 1), fail()], total()),
}
# Nobody stores anything of a group that did not run: Python would wait for ever.
print(json.dumps({'name': 'unrun', 'tuple': chain(fail(), group(add(1), add(2))).apply_async().as_tuple()}))
for name, canvas in canvases.items():
    sent = canvas.apply_async()
    group_id = sent.save().id if isinstance(sent, GroupResult) else None
    value = sent.get(timeout=30, propagate=False)
    failure = isinstance(value, Exception)
    root = sent
    while root.parent: root = root.parent
    tree = [] if failure or isinstance(root, GroupResult) else list(root.collect(timeout=30))
    edges = [] if isinstance(root, GroupResult) else list(root.iterdeps())
    print(json.dumps({
        'name': name,
        'tuple': sent.as_tuple(),
        'value': repr(value) if failure else value,
        'root': root.as_tuple(),
        'collected': [[result.id, value] for result, value in tree],
        'edges': [[parent and parent.id, result.id] for parent, result in edges],
        'group': group_id,
    }))
`

interface Line {
  readonly name: string
  readonly tuple: unknown
  readonly value: unknown
  readonly root: unknown
  readonly collected: ReadonlyArray<readonly [string, unknown]>
  readonly edges: ReadonlyArray<Array<string | null>>
  readonly group: string | null
}

const soon = { timeout: "1 minute" } as const

const compare = Effect.fnUntraced(function*({ collected, edges, group, name, root, tuple, value }: Line) {
  const result = yield* AsyncResult.decode(tuple)
  assert.strictEqual(AsyncResult.encode(result), JSON.stringify(tuple), name)
  const final = yield* result.final(soon)
  const said = final._tag === "Success" ? final.success : final.failure.message
  // Python says what its classes are; the text that it stored of them is the same.
  if (final._tag === "Failure") assert.include(String(value).replaceAll("\\'", "'"), String(said).slice(0, 24), name)
  else assert.deepStrictEqual<unknown>(said, value, name)
  const top = yield* AsyncResult.decode(root)
  if (edges.length > 0) {
    const ours = yield* Stream.runCollect(top.iterdeps())
    assert.sameDeepMembers(ours.map(([parent, { id }]) => [parent?.id ?? null, id ?? null]), [...edges], name)
  }
  if (collected.length > 0) {
    const ours = yield* Stream.runCollect(top.collect(soon))
    assert.deepStrictEqual<unknown>(ours.map(([{ id }, value]) => [id, value]), collected, name)
  }
  if (group !== null) {
    const restored = yield* GroupResult.restore(group)
    assert.deepStrictEqual<unknown>(yield* restored?.get(soon) ?? Effect.void, value, name)
    assert.strictEqual(restored === undefined ? "" : AsyncResult.encode(restored), JSON.stringify(tuple), name)
  }
  const drawn = yield* Canvas.draw(result)
  assert.match(drawn, final._tag === "Success" ? /SUCCESS/ : /FAILURE/, name)
  assert.notMatch(drawn, final._tag === "Success" ? /PENDING|FAILURE/ : /nothing/, name)
})

const ends = Effect.fnUntraced(function*(line: Line | undefined) {
  const group = yield* GroupResult.decode(line?.tuple)
  assert.include((yield* Effect.flip(group.get(soon))).message, "ValueError('bad')")
  const finals = yield* group.get({ ...soon, propagate: false })
  assert.deepStrictEqual(finals.map(({ _tag }) => _tag), ["Failure", "Failure"])
  const states = yield* Stream.runCollect(group.progress)
  assert.deepStrictEqual(states.map(({ state }) => state), ["FAILURE", "FAILURE"])
  assert.match(yield* Canvas.draw(group), /^chain\n├─ ✘ .* ValueError\('bad'\)\n└─ group of 2\n {3}├─ ○ 0 .* PENDING\n/)
})

describe("the results of Python", () => {
  it.live("are the same tree here, with the same values", () =>
    Effect.gen(function*() {
      yield* kit.celery
      const [unrun, ...lines] = (yield* kit.program([], script)) as ReadonlyArray<Line>
      assert.lengthOf(lines, 8)
      assert.isAbove(lines.flatMap(({ edges }) => edges).length, 12)
      assert.isAbove(lines.flatMap(({ collected }) => collected).length, 10)
      yield* Effect.andThen(Effect.forEach(lines, compare), ends(unrun)).pipe(
        Effect.provide(kit.broker)
      )
    }).pipe(Effect.scoped), 120_000)
})
