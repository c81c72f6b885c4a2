/** What a broker has of a topology, and what it has not. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/TopologyPlan"
