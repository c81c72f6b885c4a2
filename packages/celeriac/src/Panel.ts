/** The commands that a worker knows, for steps that add theirs. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/control/Panel"
