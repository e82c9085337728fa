import type { TSchema } from '@sinclair/typebox'
import { Config } from '../schemas/config.js'

const variables: [string, TSchema][] = Object.entries(Config.properties)

/** docs/configuration.md */
export function configurationPage() {
  const rows = variables.map(
    ([name, { description, ...schema }]) =>
      `| \`${name}\` | ${'default' in schema ? `\`${schema.default}\`` : ''} | ${description} |`,
  )
  return `# Configuration

The environment is the only configuration. It is checked at the start: a wrong value stops the server with one line that
names the variable. An empty variable is as good as none. \`.env.example\` lists them all; \`npm start\` reads no file, so
load one with \`node --env-file\`, with your shell or with your service manager.

This page is made by \`npm run openapi\` from \`schemas/config.ts\`; change it there.

| variable | default | meaning |
| --- | --- | --- |
${rows.join('\n')}
`
}

/** .env.example */
export function environmentExample() {
  const lines = variables.map(
    ([name, schema]) => `# ${schema.description}\n# ${name}=${'default' in schema ? schema.default : ''}\n`,
  )
  return `# Made by \`npm run openapi\` from schemas/config.ts. What is commented out has the default shown, or none.\n\n${lines.join('\n')}`
}
