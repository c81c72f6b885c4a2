/** What a worker does when it is sent a command. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/control/ControlHandler"
