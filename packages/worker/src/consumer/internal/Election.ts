/**
 * Who of a cluster does something that one of them shall do: the rules of an
 * election, without messages and without a clock of its own. `Gossip` brings it
 * what came, and carries out what it says.
 *
 * Every node that is asked to hold an election stands for it by an event
 * `worker-elect`, and every node answers each of these with `worker-elect-ack`.
 * The candidature with the lowest logical clock wins, of those the one whose
 * node comes first by name: Celery's rule, so nodes of both kinds elect the same
 * one when they have heard the same.
 *
 * Celery's vote is over after as many answers as there are other nodes, whoever
 * gave them. Here it is over when every node that is alive has answered, this one
 * too, and none has answered to more candidatures than were heard. What a node
 * sends comes in order, and its clock is past that of all it has answered: so a
 * candidature which is still to come loses against one that is here, and no two
 * nodes can win. (Python's nodes do not set their clock by candidatures: for
 * their sake those that did not stand are waited for, a moment.) Whoever does not
 * answer in time leaves the election without a winner.
 *
 * Source: `celery.worker.consumer.gossip`, `LamportClock.sort_heap`.
 *
 * @since 0.1.0
 */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"

/** What a node says when it stands. */
interface Candidature {
  /** Of the election. */
  readonly id: string
  /** The logical clock of the node when it stood. */
  readonly clock: number
  readonly hostname: string
  readonly pid: number
  /** What kind of thing is to be done, and the thing itself. */
  readonly topic: string
  readonly action: unknown
}

export type Verdict =
  | {
    readonly _tag: "Elected"
    readonly id: string
    /** `<hostname>.<pid>` */
    readonly leader: string
    readonly candidature: Candidature
  }
  /** In time, these nodes have said nothing. */
  | { readonly _tag: "Dropped"; readonly id: string; readonly silent: ReadonlyArray<string> }

/** ms that those are waited for who have answered and do not stand (yet), if nobody says otherwise. */
const usualGrace = 1_000

/** ms after which an election is dropped. */
const patience = 10_000

/** Elections that are remembered, and nodes of each. */
const elections = 256
const voters = 1_000

/** What was heard of an election. */
interface Vote {
  readonly since: number
  /** Whether this node was asked to hold it: only then it wants to know who won. */
  ours: boolean
  over: boolean
  best: Candidature | undefined
  /** How many candidatures came, from anyone. */
  stood: number
  readonly standing: Set<string>
  /** How often each node has answered, and the most of these. */
  readonly answers: Map<string, number>
  mostAnswers: number
  /** Since when all have answered. */
  answeredSince: number | undefined
}

/** The node of a candidature, as Celery calls it: names that are equal are told apart by their processes. */
export const nodeId = ({ hostname, pid }: Pick<Candidature, "hostname" | "pid">): string => `${hostname}.${pid}`

/** Whether `one` goes before `other`. */
const precedes = (one: Candidature, other: Candidature): boolean =>
  one.clock !== other.clock ? one.clock < other.clock : compareCodePoints(nodeId(one), nodeId(other)) < 0

/** Times are milliseconds, of whatever clock. */
export class Elections {
  private readonly votes = new BoundedMap<string, Vote>(elections)
  /** Those that this node holds, and that are not over: these are not forgotten for others. */
  private readonly open = new Map<string, Vote>()
  private readonly grace: number

  constructor(grace = usualGrace) {
    this.grace = grace
  }

  /** Whether this node holds any. */
  get isOpen(): boolean {
    return this.open.size > 0
  }

  /**
   * This node holds an election, and is to stand. One of this name that is over is
   * forgotten. Gives whether it does: not when it holds too many already.
   */
  hold(id: string, now: number): boolean {
    if (this.open.has(id)) return true
    if (this.open.size === elections) return false
    const known = this.find(id, now)
    const vote = known.over ? this.add(id, now) : known
    vote.ours = true
    this.open.set(id, vote)
    return true
  }

  /** A node stands: this one too. Each one that stands is answered, whether it is news or not. */
  stand(candidature: Candidature, now: number): void {
    const vote = this.find(candidature.id, now)
    if (vote.over) return
    vote.stood++
    if (vote.standing.size < voters) vote.standing.add(candidature.hostname)
    if (vote.best === undefined || precedes(candidature, vote.best)) vote.best = candidature
  }

  /** A node has answered a candidature: this one too. */
  answer(id: string, hostname: string, now: number): void {
    const vote = this.find(id, now)
    if (vote.over) return
    const count = vote.answers.get(hostname) ?? 0
    if (count === 0 && vote.answers.size === voters) return
    vote.answers.set(hostname, count + 1)
    vote.mostAnswers = Math.max(vote.mostAnswers, count + 1)
  }

  /** What has been decided since, if these nodes are alive: this one among them. */
  settle(alive: Iterable<string>, now: number): ReadonlyArray<Verdict> {
    if (this.open.size === 0) return []
    const members = Array.from(alive)
    return Array.from(this.open, ([id, vote]) => this.judge(id, vote, members, now)).filter((one) => one !== undefined)
  }

  /** When to settle again, if nothing comes before. */
  next(): number | undefined {
    let at: number | undefined
    for (const vote of this.open.values()) {
      const due = vote.answeredSince === undefined ? vote.since + patience : vote.answeredSince + this.grace
      at = at === undefined ? due : Math.min(at, due)
    }
    return at
  }

  private judge(id: string, vote: Vote, members: ReadonlyArray<string>, now: number): Verdict | undefined {
    const silent = members.filter((hostname) => !vote.answers.has(hostname))
    if (vote.best === undefined || silent.length > 0 || vote.mostAnswers > vote.stood) {
      vote.answeredSince = undefined
      return now < vote.since + patience ? undefined : this.end(vote, { _tag: "Dropped", id, silent })
    }
    vote.answeredSince ??= now
    const haveAllStood = members.every((hostname) => vote.standing.has(hostname))
    if (!haveAllStood && now < vote.answeredSince + this.grace) return undefined
    const candidature = vote.best
    return this.end(vote, { _tag: "Elected", id, leader: nodeId(candidature), candidature })
  }

  /** It stays known to be over, so that what comes late begins nothing. */
  private end<V extends Verdict>(vote: Vote, verdict: V): V {
    this.open.delete(verdict.id)
    vote.over = true
    vote.best = undefined
    vote.standing.clear()
    vote.answers.clear()
    return verdict
  }

  /** What others may have held long ago is no part of what they hold now. */
  private find(id: string, now: number): Vote {
    const vote = this.open.get(id) ?? this.votes.get(id)
    return vote === undefined || isPast(vote, now) ? this.add(id, now) : vote
  }

  /** Of those that others hold, the one heard of longest ago is forgotten when there are too many. */
  private add(id: string, now: number): Vote {
    const vote = newVote(now)
    this.votes.set(id, vote)
    return vote
  }
}

/** One that this node holds is not past before it was settled. */
const isPast = (vote: Vote, now: number): boolean => (vote.over || !vote.ours) && now >= vote.since + patience

const newVote = (since: number): Vote => ({
  since,
  ours: false,
  over: false,
  best: undefined,
  stood: 0,
  standing: new Set(),
  answers: new Map(),
  mostAnswers: 0,
  answeredSince: undefined
})

/** As Python compares strings: JavaScript puts what is beyond 16 bits before some of what is within. */
const compareCodePoints = (one: string, other: string): number => {
  const length = Math.min(one.length, other.length)
  for (let i = 0; i < length; i++) {
    const a = one.charCodeAt(i)
    const b = other.charCodeAt(i)
    if (a !== b) return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1
  }
  return one.length - other.length
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff
