/** What a cluster is doing, by the events that were heard. */
export * from "@celeriac/tasks/event/ClusterState"
