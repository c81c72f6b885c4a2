/** What a cluster is doing, by the events that were heard. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/event/ClusterState"
