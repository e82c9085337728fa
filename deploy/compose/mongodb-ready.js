/*
 * MongoDB's health check in compose.yaml, run by mongosh: healthy means a primary that has our user. The check also
 * creates what is missing, so that no manual step is needed: a replica set with one member, and a user with access to
 * our database only.
 */
const fs = require('node:fs')

const read = name => fs.readFileSync(`/secrets/${name}`, 'utf8')
const admin = db.getSiblingDB('admin')
admin.auth('root', read('root-password'))

try {
  rs.status()
} catch (error) {
  if (error.codeName !== 'NotYetInitialized') throw error
  rs.initiate({ _id: 'talkie', members: [{ _id: 0, host: 'mongodb:27017' }] })
}
// The election takes a moment; the next check will see the primary.
if (!admin.hello().isWritablePrimary) quit(1)

if (admin.getUser('talkie') === null) {
  const roles = [{ role: 'readWrite', db: 'woongkietalkie' }]
  admin.createUser({ user: 'talkie', pwd: read('talkie-password'), roles })
}
