import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import { suite } from "@celeriac/messaging/testing/TransportConformance"

suite("memory", { layer: MemoryTransport.layer })
