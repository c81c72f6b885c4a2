/** The step that hears the other nodes of the cluster, and holds elections with them, to require. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/consumer/Gossip"
