/** Functions that see each task before and after it is published. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/PublishSignals"
