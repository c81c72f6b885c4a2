/** What is to be said of the workers that are online: pure rules over facts. */
import { isBefore } from "./BrokerCheck.ts"
import type { Cluster, Heard, Node } from "./Cluster.ts"
import * as Finding from "./Finding.ts"

/** Names, versions, and whether there are any. */
export const workers = ({ heard, nodes }: Cluster): Finding.Findings => {
  if (nodes.length === 0) {
    return [
      Finding.warning(
        "workers",
        "No worker is online",
        "Start one: celeriac worker -A ./worker.ts; if one runs, it is at another broker or virtual host"
      )
    ]
  }
  const software = new Map(heard.map((one) => [one.name, one.software]))
  const versions = new Set(heard.filter((one) => one.software.startsWith("celeriac")).map((one) => one.software))
  return [
    ...nodes.map(({ count, name, slots }) =>
      count > 1
        ? Finding.problem(
          "workers",
          `${count} workers are called ${name}: they share a mailbox, and each gets some of what is meant for both`,
          "Give each a name of its own: celeriac worker -n NAME@%h"
        )
        : Finding.ok(
          "workers",
          [name, software.get(name) ?? "", slots === undefined ? "" : `${slots} at once`].filter((text) => text !== "")
            .join(", ")
        )
    ),
    ...versions.size > 1
      ? [
        Finding.warning(
          "workers",
          `Workers of several versions run: ${Array.from(versions).join(", ")}`,
          "Bring all of them to one"
        )
      ]
      : [],
    ...heard.flatMap(({ name, software }) => {
      const version = /^py-celery (.*)$/.exec(software)?.[1]
      return version !== undefined && isBefore(version, [4, 0])
        ? [
          Finding.warning(
            "workers",
            `${name} runs Celery ${version}, which sends tasks of protocol 1`,
            "Use Celery 5.4 or newer"
          )
        ]
        : []
    })
  ]
}

/** Seconds that nothing notices, and those at which Celery warns. */
const mostAhead = 2
const drift = 16

export const clocks = (heard: ReadonlyArray<Heard>): Finding.Findings => {
  const far = heard.filter(({ ahead }) => Math.abs(ahead) > mostAhead)
  if (far.length === 0) return heard.length === 0 ? [] : [Finding.ok("clocks", "All within 2 seconds of ours")]
  return far.map(({ ahead, name }) => {
    const says = `The clock of ${name} is ${Math.abs(ahead).toFixed(1)} seconds ${
      ahead > 0 ? "ahead of" : "behind"
    } ours: ETAs, expiries and times of events are off by as much`
    const advice = "Let NTP set the clocks of both machines (timedatectl set-ntp true)"
    return Math.abs(ahead) > drift ? Finding.problem("clocks", says, advice) : Finding.warning("clocks", says, advice)
  })
}

const isYes = (value: unknown): boolean => value === true

export const prefetch = (nodes: ReadonlyArray<Node>): Finding.Findings =>
  nodes.flatMap(({ name, prefetch, settings, slots }) => {
    if (prefetch === 0) {
      return [
        Finding.warning(
          "prefetch",
          `${name} takes all messages that there are into its memory`,
          "Set worker_prefetch_multiplier above 0"
        )
      ]
    }
    const multiplier = settings["worker_prefetch_multiplier"]
    const isHeld = isYes(settings["task_acks_late"]) && typeof multiplier === "number" && multiplier > 1
    return isHeld && prefetch !== undefined && slots !== undefined && prefetch > slots
      ? [Finding.warning(
        "prefetch",
        `${name} acknowledges late and holds ${prefetch} messages for ${slots} ${
          slots === 1 ? "slot" : "slots"
        }: short tasks wait behind long ones while other workers are idle, and all of them come again when it is lost`,
        "Set worker_prefetch_multiplier to 1, or leave it out in a worker of ours, which takes as many as are worth a tenth of a second"
      )]
      : []
  })

/** How long the broker waits for an acknowledgement, in seconds. */
export const timeouts = (nodes: ReadonlyArray<Node>, limit: number, now: number): Finding.Findings => {
  const shown = span(limit)
  const found = nodes.flatMap(({ etas, name, settings, unacknowledged }): Finding.Findings => {
    const latest = etas.filter(({ at }) => at - now > limit).toSorted((one, other) => other.at - one.at)[0]
    const oldest = unacknowledged.filter(({ since }) =>
      now - since > limit / 2
    ).toSorted((one, other) => one.since - other.since)[0]
    const most = settings["task_time_limit"]
    return [
      ...latest === undefined ? [] : [Finding.problem(
        "timeouts",
        `${name} holds ${latest.name} ${latest.id} for ${
          span(latest.at - now)
        } until its ETA; the broker waits ${shown} for an acknowledgement, then closes the channel, and all that it held comes again`,
        "Send it to a quorum queue, where the broker keeps it until it is due (native delayed delivery), or raise consumer_timeout in rabbitmq.conf"
      )],
      ...oldest === undefined ? [] : [Finding.problem(
        "timeouts",
        `${oldest.name} ${oldest.id} runs on ${name} since ${
          span(now - oldest.since)
        }, not acknowledged; the broker waits ${shown}`,
        "Acknowledge it early (acks_late off), make it shorter, or raise consumer_timeout in rabbitmq.conf"
      )],
      ...isYes(settings["task_acks_late"]) && !(typeof most === "number" && most > 0 && most <= limit)
        ? [Finding.warning(
          "timeouts",
          `${name} acknowledges late, and its tasks may run ${
            typeof most === "number" && most > 0 ? span(most) : "without limit"
          }; the broker waits ${shown} for an acknowledgement`,
          "Set a time limit below that (task_time_limit), or raise consumer_timeout in rabbitmq.conf"
        )]
        : []
    ]
  })
  return found.length > 0 || nodes.length === 0
    ? found
    : [Finding.ok("timeouts", `Nothing is held for longer than the broker waits (${shown})`)]
}

const span = (seconds: number): string => {
  if (seconds < 120) return `${Math.round(seconds)} seconds`
  return seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`
}
