/** Why a step stops: restart, warm or cold shutdown. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/StopReason"
