/*
 * The health check of MongoDB in compose.yaml, for mongosh: healthy is a primary that knows our user. What is missing of
 * that is made, so that nobody has to lend a hand: the replica set of one, and the user, who may use our database only.
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
// It is elected in a moment; the next check sees it.
if (!admin.hello().isWritablePrimary) quit(1)

if (admin.getUser('talkie') === null) {
  const roles = [{ role: 'readWrite', db: 'woongkietalkie' }]
  admin.createUser({ user: 'talkie', pwd: read('talkie-password'), roles })
}
