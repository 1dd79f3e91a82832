// Reads payloads from stdin, one JSON a line; prints for each a JSON array of what the validator says.
// node validate.js alf|har
const alf = require('alf-validator')
const har = require('har-validator')

const validate = { alf, har: har.har }[process.argv[2]]
const lines = require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean)

;(async () => {
  for (const line of lines) {
    let errors = []
    await validate(JSON.parse(line)).catch((error) => { errors = error.errors || [String(error)] })
    console.log(JSON.stringify(errors))
  }
})()
