/** A call of a task that is not sent yet: what it lacks, its options, and what is linked to it. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/Signature"
