/**
 * What Celery's command line has and this one has not, with what to do instead:
 * who types it is told so, and no other flag is guessed for it.
 */

/** By the flag, of whatever command it is. */
export const flags: ReadonlyMap<string, string> = new Map([
  ["--loader", "-A names the module that is loaded"],
  ["--skip-checks", "nothing is checked before a command that could be skipped"],
  ["--pool-start-method", "children of pools are always started anew, since Node cannot fork"],
  ...["--bpython", "--ipython", "--python", "--eventlet", "--gevent"].map((flag) =>
    [flag, "the shell is Node's own"] as const
  )
])

/** By the command. */
export const commands: ReadonlyMap<string, string> = new Map([
  [
    "amqp",
    "`celeriac topology` declares and compares, `celeriac purge` empties, and the rest is what RabbitMQ's own tools are for"
  ],
  ["logtool", "`celeriac worker --json-logs` writes what jq reads"],
  ["upgrade", "Settings.fromCelery takes a configuration of Celery's, and says what has no place here"]
])
