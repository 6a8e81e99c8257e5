import { type Front, startFront } from '../storage/clickhouse-front.ts'

/*
 * A process of its own for the storage that replicas share: the test part that speaks ClickHouse's HTTP over the embedded
 * engine. Tells its parent the URL; ends when its parent goes away.
 */

const front: Front = await startFront()
process.send?.(front.url)
process.once('disconnect', () => void front.close().then(() => process.exit(0)))
