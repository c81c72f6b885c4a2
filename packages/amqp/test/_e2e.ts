import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Transport } from "@celeriac/messaging/Transport"
import { queue } from "@celeriac/messaging/Entity"
import * as AmqpTransport from "/work/main/packages/amqp/src/AmqpTransport.ts"
import { RabbitMq } from "/work/main/test/peers/RabbitMq.ts"
const rabbit = await RabbitMq.start()
const msg = (i:number, size=200)=>({ body: Buffer.alloc(size, 97), headers: { lang:"py", task:"proj.add", id:"a3b5c2f0-1111-4222-8333-123456789abc", shadow:null, eta:null, expires:null, group:null, group_index:null, retries:0, timelimit:[null,null], root_id:"a3b5c2f0-1111-4222-8333-123456789abc", parent_id:null, argsrepr:"(2, 2)", kwargsrepr:"{}", origin:"gen12345@host.example.com", ignore_result:false, replaced_task_nesting:0, stamped_headers:null, stamps:{}, i }, properties: { contentType:"application/json", contentEncoding:"utf-8", deliveryMode: 2 as const, correlationId: "c"+i, replyTo:"", priority:0 } })
const prog = Effect.scoped(Effect.gen(function*(){
  const t = yield* Transport
  const c = yield* t.connect({name:"e2e"})
  const ch = yield* c.openChannel
  console.log(yield* ch.declareQueue(queue("q1")))
  yield* ch.publish(msg(1, 300000), {exchange:"", routingKey:"q1"})
  console.log(yield* Effect.flip(ch.publish(msg(1), {exchange:"", routingKey:"nope"})).pipe(Effect.map(e=>e.message)))
  const d = yield* ch.get("q1"); 
  if (d._tag==="Some") { console.log(d.value.body.length, d.value.headers, d.value.properties.correlationId, d.value.settle("ack"), d.value.settle("ack")) }
  for (let r=0;r<3;r++) {
  const N=20000
  let t0=performance.now(), cpu=process.cpuUsage()
  yield* Effect.callback<void>(resume => { let left=N; for(let i=0;i<N;i++) ch.publishUnsafe(msg(i), {exchange:"",routingKey:"q1"}, {}, (e)=>{ if(e) console.log(e.message); if(--left===0) resume(Effect.void)}) })
  let u=process.cpuUsage(cpu)
  console.log("confirmed publish/s", (N/(performance.now()-t0)*1000).toFixed(0), "cpu us/msg", ((u.user+u.system)/N).toFixed(1))
  const cc = yield* c.openChannel
  t0=performance.now(); cpu=process.cpuUsage()
  yield* Effect.scoped(Effect.gen(function*(){
    let n=0, done!:()=>void; const p = new Promise<void>(r=>done=r)
    const sub = yield* cc.consume("q1", { prefetch: 100, onDelivery: (d) => { d.headers; d.settle("ack"); if(++n===N) done() } })
    yield* Effect.promise(()=>p)
  }))
  u=process.cpuUsage(cpu)
  console.log("consume+ack/s", (N/(performance.now()-t0)*1000).toFixed(0), "cpu us/msg", ((u.user+u.system)/N).toFixed(1))
  }
  let t0=performance.now(); for (let i=0;i<500;i++) yield* ch.publish(msg(i), {exchange:"", routingKey:"q1"}); console.log("await each /s", (500/(performance.now()-t0)*1000).toFixed(0))
  t0=performance.now()
  console.log((yield* ch.purgeQueue("q1")), performance.now()-t0)
  console.log(yield* Effect.flip(ch.queueState("zz")).pipe(Effect.map(e=>e.message)))
  console.log(yield* Effect.flip(ch.lost).pipe(Effect.map(e=>e.message)))
}))
let t1=performance.now()
try { await Effect.runPromise(prog.pipe(Effect.provide(AmqpTransport.layer({url:rabbit.url})))) } catch(e){ console.log("FAILED", e) }
console.log("total", performance.now()-t1)
await rabbit.stop()
