/** What a doctor finds: what was looked at, how it is, and what to do about it. */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { Style } from "../output/Style.ts"

const subjects = [
  "broker",
  "permissions",
  "queues",
  "workers",
  "clocks",
  "tasks",
  "beat",
  "timeouts",
  "prefetch",
  "results"
] as const

export type Subject = typeof subjects[number]

export interface Finding {
  readonly about: Subject
  /** A warning is what may go wrong; a problem is what does. */
  readonly status: "ok" | "warning" | "problem"
  readonly says: string
  /** What to do about it. */
  readonly advice?: string | undefined
}

export type Findings = ReadonlyArray<Finding>

export const ok = (about: Subject, says: string): Finding => ({ about, status: "ok", says })

export const warning = (about: Subject, says: string, advice: string): Finding => ({
  about,
  status: "warning",
  says,
  advice
})

export const problem = (about: Subject, says: string, advice: string): Finding => ({
  about,
  status: "problem",
  says,
  advice
})

/** Something could not be looked at. */
export const ofError = (about: Subject, error: MessagingError): Finding => {
  const { reason } = error
  return reason._tag === "AccessRefused"
    ? refused(reason.message)
    : problem(about, error.message, "See what the broker's log says of this connection")
}

/** In the broker's own words, without ours around them. */
export const refused = (message: string): Finding => {
  const said = /ACCESS_REFUSED - (.*? refused for user '[^']*')/.exec(message)?.[1]
  return problem("permissions", said === undefined ? message : `${said[0]?.toUpperCase()}${said.slice(1)}`, permit)
}

/** The patterns are of all that workers and clients use, whatever the queues are called. */
export const permit =
  `Give the user what is missing: rabbitmqctl set_permissions -p VHOST USER ".*" ".*" ".*" (configure, write, read), or patterns that cover your queues, celery*, *.celery.pidbox and celeryev*`

/** For people. */
export const render = (findings: Findings, style: Style, isQuiet: boolean): string => {
  const shown = isQuiet ? findings.filter(({ status }) => status !== "ok") : findings
  const parts = subjects.flatMap((subject) => {
    const some = shown.filter(({ about }) => about === subject)
    return some.length === 0
      ? []
      : [
        [
          style.strong(subject),
          ...some.map((finding, at) => one(finding, style, finding.advice === some[at + 1]?.advice))
        ].join("\n")
      ]
  })
  return [...parts, summary(findings, style)].join("\n")
}

/** What is to be done about several is said once, behind the last. */
const one = ({ advice, says, status }: Finding, style: Style, isSaidBelow: boolean): string => {
  const sign = status === "ok" ? style.ok("✓") : status === "warning" ? style.warning("!") : style.error("✗")
  const lines = says.split("\n").join("\n    ")
  return `  ${sign} ${lines}${advice === undefined || isSaidBelow ? "" : `\n    ${style.name("→")} ${advice}`}`
}

const summary = (findings: Findings, style: Style): string => {
  const problems = count(findings, "problem")
  const warnings = count(findings, "warning")
  if (problems + warnings === 0) return `\n${style.ok("All is well.")}`
  const said = [plural(problems, "problem"), plural(warnings, "warning")].filter((text) => text !== "").join(", ")
  return `\n${problems > 0 ? style.error(said) : style.warning(said)}`
}

const plural = (count: number, word: string): string => count === 0 ? "" : `${count} ${word}${count === 1 ? "" : "s"}`

export const count = (findings: Findings, status: Finding["status"]): number =>
  findings.filter((finding) => finding.status === status).length
