/** What should exist at a broker, as a value: planned, applied, verified, drawn. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/Topology"
