/** The step that watches over background fibers and sources, to require. */
export * from "@celeriac/worker/boot/Hub"
