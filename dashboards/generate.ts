import { writeFileSync } from 'node:fs'
import { dashboardFiles } from './boards/index.ts'

for (const [file, text] of Object.entries(dashboardFiles)) {
  writeFileSync(new URL(file, import.meta.url), text)
  console.log(`dashboards/${file}: ${text.length} characters`)
}
