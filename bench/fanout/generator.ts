/** A process of its own, so that its work is on its own core: `node generator.js JOB`, both ways JSON (drive.ts). */
import { drive, type Job } from './drive.js'

try {
  const figures = await drive(JSON.parse(process.argv[2] as string) as Job)
  process.stdout.write(`${JSON.stringify(figures)}\n`)
  process.exit(0)
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}
