/** What tasks of pools do: they compute for so long, in processor time of their thread. */
export const spin = (millis: number): void => {
  const used = () => {
    const { system, user } = process.threadCpuUsage()
    return user + system
  }
  const end = used() + millis * 1_000
  while (used() < end);
}

/** Where their messages go. */
export const queue = "bench.pools"
