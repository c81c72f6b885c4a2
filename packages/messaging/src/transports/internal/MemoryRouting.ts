/**
 * Which bindings of an exchange a message takes, by the exchange's type.
 *
 * A router keeps targets and hands those that match to `visit`, some of them
 * more than once: who collects them tells them apart.
 *
 * @since 0.1.0
 */
import type { Arguments, ExchangeType } from "../../Entity.ts"
import type { Headers } from "../../Message.ts"

export interface Router<T> {
  readonly add: (target: T, routingKey: string, args: Arguments) => void
  readonly remove: (target: T, routingKey: string, args: Arguments) => void
  readonly route: (routingKey: string, headers: Headers, visit: (target: T) => void) => void
}

export const make = <T>(type: ExchangeType): Router<T> => {
  switch (type) {
    case "direct":
      return new Direct<T>()
    case "fanout":
      return new Fanout<T>()
    case "topic":
      return new Topic<T>()
    case "headers":
      return new HeadersRouter<T>()
  }
}

/** Targets with the number of bindings that lead to each: bindings may differ in arguments alone. */
class Targets<T> {
  private readonly counts = new Map<T, number>()

  add(target: T): void {
    this.counts.set(target, (this.counts.get(target) ?? 0) + 1)
  }

  remove(target: T): void {
    const count = this.counts.get(target)
    if (count === undefined) return
    if (count === 1) this.counts.delete(target)
    else this.counts.set(target, count - 1)
  }

  get isEmpty(): boolean {
    return this.counts.size === 0
  }

  visit(visit: (target: T) => void): void {
    for (const target of this.counts.keys()) visit(target)
  }
}

class Direct<T> implements Router<T> {
  private readonly byKey = new Map<string, Targets<T>>()

  add(target: T, routingKey: string): void {
    let targets = this.byKey.get(routingKey)
    if (targets === undefined) this.byKey.set(routingKey, targets = new Targets())
    targets.add(target)
  }

  remove(target: T, routingKey: string): void {
    const targets = this.byKey.get(routingKey)
    targets?.remove(target)
    if (targets?.isEmpty === true) this.byKey.delete(routingKey)
  }

  route(routingKey: string, _headers: Headers, visit: (target: T) => void): void {
    this.byKey.get(routingKey)?.visit(visit)
  }
}

class Fanout<T> implements Router<T> {
  private readonly targets = new Targets<T>()

  add(target: T): void {
    this.targets.add(target)
  }

  remove(target: T): void {
    this.targets.remove(target)
  }

  route(_routingKey: string, _headers: Headers, visit: (target: T) => void): void {
    this.targets.visit(visit)
  }
}

class Node<T> {
  readonly targets = new Targets<T>()
  readonly words = new Map<string, Node<T>>()
  /** `*` */
  one: Node<T> | undefined
  /** `#` */
  many: Node<T> | undefined
  readonly isMany: boolean
  /** The last step of a match that reached it. */
  seen = 0

  constructor(isMany: boolean) {
    this.isMany = isMany
  }

  get isEmpty(): boolean {
    return this.targets.isEmpty && this.words.size === 0 && this.one === undefined && this.many === undefined
  }
}

/**
 * A trie of patterns, walked word by word with all the nodes that the words so
 * far can reach. A match costs the number of words times the nodes alive, also
 * for patterns with many `#`, where backtracking would explode.
 */
class Topic<T> implements Router<T> {
  private readonly root = new Node<T>(false)
  private step = 0

  add(target: T, routingKey: string): void {
    let node = this.root
    for (const word of wordsOf(routingKey)) {
      if (word === "*") node = node.one ??= new Node(false)
      else if (word === "#") node = node.many ??= new Node(true)
      else {
        let next = node.words.get(word)
        if (next === undefined) node.words.set(word, next = new Node(false))
        node = next
      }
    }
    node.targets.add(target)
  }

  remove(target: T, routingKey: string): void {
    this.prune(this.root, wordsOf(routingKey), 0, target)
  }

  route(routingKey: string, _headers: Headers, visit: (target: T) => void): void {
    let alive: Array<Node<T>> = []
    this.reach(this.root, alive, ++this.step)
    for (const word of wordsOf(routingKey)) {
      const next: Array<Node<T>> = []
      const step = ++this.step
      for (const node of alive) {
        if (node.isMany) this.reach(node, next, step)
        this.reach(node.words.get(word), next, step)
        this.reach(node.one, next, step)
      }
      if (next.length === 0) return
      alive = next
    }
    for (const node of alive) node.targets.visit(visit)
  }

  /** A node, and what `#` reaches from it without a word. */
  private reach(node: Node<T> | undefined, into: Array<Node<T>>, step: number): void {
    while (node !== undefined && node.seen !== step) {
      node.seen = step
      into.push(node)
      node = node.many
    }
  }

  private prune(node: Node<T>, words: ReadonlyArray<string>, index: number, target: T): void {
    if (index === words.length) return node.targets.remove(target)
    const word = words[index]!
    const next = word === "*" ? node.one : word === "#" ? node.many : node.words.get(word)
    if (next === undefined) return
    this.prune(next, words, index + 1, target)
    if (!next.isEmpty) return
    if (word === "*") node.one = undefined
    else if (word === "#") node.many = undefined
    else node.words.delete(word)
  }
}

/** The empty key has no words. */
const wordsOf = (routingKey: string): ReadonlyArray<string> => routingKey === "" ? [] : routingKey.split(".")

class HeadersRouter<T> implements Router<T> {
  private readonly bindings: Array<{ readonly target: T; readonly args: Arguments }> = []

  add(target: T, _routingKey: string, args: Arguments): void {
    this.bindings.push({ target, args })
  }

  remove(target: T, _routingKey: string, args: Arguments): void {
    const index = this.bindings.findIndex((binding) => binding.target === target && isSame(binding.args, args))
    if (index !== -1) this.bindings.splice(index, 1)
  }

  route(_routingKey: string, headers: Headers, visit: (target: T) => void): void {
    for (const { args, target } of this.bindings) {
      if (matchesHeaders(args, headers)) visit(target)
    }
  }
}

/**
 * `x-match`: `all` (the default) or `any` of the arguments are among the
 * headers; `x-` arguments count only for `all-with-x` and `any-with-x`. An
 * argument without a value asks for the header alone.
 */
const matchesHeaders = (args: Arguments, headers: Headers): boolean => {
  const match = args["x-match"] ?? "all"
  const withX = match === "all-with-x" || match === "any-with-x"
  const any = match === "any" || match === "any-with-x"
  for (const key of Object.keys(args)) {
    if (key === "x-match" || (!withX && key.startsWith("x-"))) continue
    const wanted = args[key]
    const matches = Object.hasOwn(headers, key) &&
      (wanted === null || wanted === undefined || isSame(wanted, headers[key]))
    if (matches === any) return any
  }
  return !any
}

/** Equality of table values, by value. */
export const isSame = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const left = Object.entries(a)
  return left.length === Object.keys(b).length &&
    left.every(([key, value]) => Object.hasOwn(b, key) && isSame(value, Reflect.get(b, key)))
}
