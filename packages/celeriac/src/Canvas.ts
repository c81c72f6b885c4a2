/** Chains, groups and chords of tasks. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/Canvas"
