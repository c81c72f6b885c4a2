/** Bounds on everything that is read from a broker. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/Limits"
