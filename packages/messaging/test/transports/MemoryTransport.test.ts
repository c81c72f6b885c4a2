import { suite } from "@celeriac/messaging/testing/TransportConformance"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"

suite("memory", { layer: MemoryTransport.layer() })
