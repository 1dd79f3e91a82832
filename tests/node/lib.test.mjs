// The pure modules of the inspector's pages: laws over made-up texts, and examples.
// node --test lib.test.mjs
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const STATIC = new URL('../../otel_bridge/inspector/pages/static/lib/', import.meta.url)
const lib = (name) => import(fileURLToPath(new URL(`${name}.js`, STATIC)))

const { jsonTree, looksLikeJson, stepsOf } = await lib('json-tree')
const { jsonLines } = await lib('json-lines')
const { xmlTree, xmlLines, xmlPath } = await lib('xml-lines')
const { textLines, layout, lengthOf, visible } = await lib('text-lines')
const { marksIn, pieces } = await lib('marks')
const { pairDiff, lineDiff } = await lib('diff')
const { jsonDiff, differences, diffRows } = await lib('json-diff')
const { pairs } = await lib('form')
const { spanRows, ticks } = await lib('spans')

const NONE = new Set()
const shown = (line, text) => line.parts.map((part) => part.text ?? text.slice(part.from, part.to)).join('')
const pretty = (text, turned = NONE) => jsonLines(jsonTree(text), turned).map((line) => '  '.repeat(line.depth) + shown(line, text)).join('\n')
const prettyXml = (text, options) => xmlLines(xmlTree(text, options), text, NONE).map((line) => '  '.repeat(line.depth) + shown(line, text)).join('\n')
const bare = (text) => text.replace(/\s/g, '')

/** A small generator of chance that begins alike each time. */
function chance (seed) {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
const anyText = (random, signs) => Array.from({ length: random(40) }, () => signs[random(signs.length)]).join('')
const JSON_SIGNS = ['{', '}', '[', ']', ':', ',', '"', '"a"', '"b\\"', '\\', '1', '-0.50', '12345678901234567890', 'true', 'null', 'nope', '"k":', ' ', '\n']
const XML_SIGNS = ['<a>', '</a>', '<b x="1">', '</b>', '<', '>', '/>', '<br/>', '<!--', '-->', '<![CDATA[', ']]>', '<?x', '?>', 'text', '"', "'", '=', ' ', '\n', '<!doctype', '&lt;', '<c:d e:f=g>']

function anyValue (random, depth = 0) {
  const kind = random(depth > 3 ? 4 : 6)
  if (kind === 4) return Array.from({ length: random(4) }, () => anyValue(random, depth + 1))
  if (kind === 5) return Object.fromEntries(Array.from({ length: random(4) }, () => ['abcd'[random(4)], anyValue(random, depth + 1)]))
  return [null, random(2) === 1, random(1000) - 500, anyText(random, ['x', '"', '\\', 'ü', '\n', ' '])][kind]
}

test('JSON is laid out as JSON.stringify does it', () => {
  const random = chance(1)
  for (let turn = 0; turn < 500; turn += 1) {
    const value = anyValue(random)
    assert.equal(pretty(JSON.stringify(value)), JSON.stringify(value, null, 2))
  }
})

test('no sign of any text is lost or moved in the JSON view', () => {
  const random = chance(2)
  for (let turn = 0; turn < 5000; turn += 1) {
    const text = anyText(random, JSON_SIGNS)
    const lines = jsonLines(jsonTree(text), NONE)
    assert.equal(bare(lines.map((line) => shown(line, text)).join('')), bare(text), text)
  }
})

test('a JSON document that is cut off anywhere is shown as far as it goes', () => {
  const whole = JSON.stringify({ a: [1, { 'b "c"': 'd\\e' }, null], f: {} })
  for (let end = 0; end <= whole.length; end += 1) {
    assert.equal(bare(pretty(whole.slice(0, end))), bare(whole.slice(0, end)))
  }
})

test('big integers, escapes and keys that come twice stay', () => {
  assert.equal(pretty('{"n":12345678901234567890,"n":1.50,"\\u0061":"\\u00fc"}'), '{\n  "n": 12345678901234567890,\n  "n": 1.50,\n  "\\u0061": "\\u00fc"\n}')
})

test('a document of a million levels has few lines', () => {
  assert.ok(jsonLines(jsonTree('['.repeat(1_000_000)), NONE).length < 100)
  assert.ok(xmlLines(xmlTree('<a>'.repeat(100_000)), '<a>'.repeat(100_000), NONE).length < 100)
})

test('what is folded says how much is in it', () => {
  const text = '{"a":[1,2],"b":3}'
  const [object] = jsonTree(text).children
  assert.equal(pretty(text).split('\n').length, 7)
  const root = jsonTree(text)
  assert.equal(jsonLines(root, new Set([root.children[0].children[0]])).map((line) => shown(line, text)).join('|'), '{|"a": [ 2 items ],|"b": 3|}')
  assert.equal(object.children.length, 2)
})

test('a value has a path, in several documents it has none', () => {
  const [object] = jsonTree('{"a":[0,{"b\\n":1}]}').children
  assert.deepEqual(stepsOf(object.children[0].children[1].children[0], '{"a":[0,{"b\\n":1}]}'), ['a', 1, 'b\n'])
  assert.equal(stepsOf(jsonTree('{"a":1}\n{"a":2}').children[0].children[0], '{"a":1}\n{"a":2}'), null)
})

test('an error page is no JSON', () => {
  assert.ok(!looksLikeJson(jsonTree('<h1>Bad gateway</h1>')))
  assert.ok(!looksLikeJson(jsonTree('upstream timed out')))
  assert.ok(looksLikeJson(jsonTree('{"cut')))
})

test('no sign of any text is lost or moved in the XML view', () => {
  const random = chance(3)
  for (let turn = 0; turn < 5000; turn += 1) {
    const text = anyText(random, XML_SIGNS)
    for (const html of [false, true]) {
      const lines = xmlLines(xmlTree(text, { html }), text, NONE)
      assert.equal(bare(lines.map((line) => shown(line, text)).join('')), bare(text), text)
    }
  }
})

test('XML is laid out by its elements', () => {
  assert.equal(prettyXml('<?xml version="1.0"?><a><b c="1 > 0">text</b><d/><e>one<f>two</f></e></a>'),
    '<?xml version="1.0"?>\n<a>\n  <b c="1 > 0">text</b>\n  <d/>\n  <e>\n    one\n    <f>two</f>\n  </e>\n</a>')
  assert.equal(prettyXml('<p><br>Hi<img src=x></p>', { html: true }), '<p>\n  <br>\n  Hi\n  <img src=x>\n</p>')
})

test('an element has a path in the query language', () => {
  const root = xmlTree('<s:a><b/><b><c d="1"/></b></s:a>')
  assert.equal(xmlPath(root.children[0].children[1].children[0]), '/a/b[2]/c')
})

test('rows hold every sign of their lines once, in order, and none is too long', () => {
  const random = chance(4)
  for (let turn = 0; turn < 300; turn += 1) {
    const text = anyText(random, ['word ', 'x'.repeat(100), '\n', '\r\n', '{"a":', '[', '1', ']', '}'])
    for (const lines of [textLines(text), jsonLines(jsonTree(text), NONE)]) {
      const columns = 20 + random(60)
      const laid = layout(lines, columns)
      const rows = Array.from({ length: laid.total }, (_, number) => laid.row(number))
      const joined = rows.map(({ line, from, to }) => shown(line, text).slice(from, to)).join('')
      assert.equal(joined, lines.map((line) => shown(line, text)).join(''))
      assert.ok(rows.every(({ from, to }) => to - from <= Math.max(columns, 24)))
    }
  }
})

test('a place in the text has its row', () => {
  const text = `short\n${'long '.repeat(50)}needle`
  const laid = layout(textLines(text), 40)
  const { line, from, to } = laid.row(laid.rowOf(text.indexOf('needle')))
  const end = text.indexOf('needle') - line.parts[0].from
  assert.ok(from <= end && end < to)
  assert.equal(laid.rowOf(0), 0)
  assert.equal(lengthOf(line.parts[0]), 256)
})

test('line ends are all known', () => {
  assert.deepEqual(textLines('a\nb\r\nc\n').map((line) => shown(line, 'a\nb\r\nc\n')), ['a', 'b', 'c'])
  assert.equal(textLines('').length, 1)
})

test('signs that would disturb others are shown as signs', () => {
  assert.equal(visible('\u001b[31m\u202eevil\u0000'), '␛[31m␦evil␀')
})

test('hits are marked whatever their case and white space', () => {
  const text = 'A card  was\ndeclined; discarded card.'
  const found = (highlights) => marksIn(text, highlights).map(([from, to]) => text.slice(from, to))
  assert.deepEqual(found([{ text: 'CARD', whole: true }]), ['card', 'card'])
  assert.deepEqual(found([{ text: 'card', whole: false }]), ['card', 'card', 'card'])
  assert.deepEqual(found([{ text: 'was declined', whole: true }]), ['was\ndeclined'])
  assert.deepEqual(found([{ text: '.*(', whole: false }, { text: ' ', whole: true }]), [])
})

test('marked pieces are the text again', () => {
  const marks = [[2, 4], [6, 9]]
  assert.deepEqual(pieces(marks, 0, 10), [[0, 2, false], [2, 4, true], [4, 6, false], [6, 9, true], [9, 10, false]])
  assert.deepEqual(pieces(marks, 3, 7), [[3, 4, true], [4, 6, false], [6, 7, true]])
})

test('headers are compared whatever their order and case', () => {
  const found = pairDiff([['A', '1'], ['set-cookie', 'x'], ['set-cookie', 'y'], ['gone', '1']], [['Set-Cookie', 'y'], ['Set-Cookie', 'x'], ['a', '2'], ['new', '1']])
  assert.deepEqual(found.map(({ name, state }) => [name, state]), [['A', 'changed'], ['set-cookie', 'same'], ['gone', 'removed'], ['new', 'added']])
})

test('a line diff has both texts, whole and in order', () => {
  const random = chance(5)
  for (let turn = 0; turn < 500; turn += 1) {
    const [one, other] = [0, 1].map(() => Array.from({ length: random(12) }, () => 'abcd'[random(4)]))
    const rows = lineDiff(one, other)
    assert.deepEqual(rows.map((row) => row.one).filter((line) => line !== null), one)
    assert.deepEqual(rows.map((row) => row.other).filter((line) => line !== null), other)
    assert.ok(rows.every((row) => (row.state === 'same') === (row.one === row.other)))
  }
  assert.deepEqual(lineDiff(['a', 'b', 'c'], ['a', 'x', 'c', 'd']).map((row) => row.state), ['same', 'changed', 'same', 'added'])
})

test('long texts that have nothing in common are told as replaced', () => {
  const lines = (letter) => Array.from({ length: 30_000 }, (_, index) => letter + index)
  assert.equal(lineDiff(lines('a'), lines('b')).length, 30_000)
})

const diffOf = (one, other) => jsonDiff(jsonTree(one), one, jsonTree(other), other)
function rowsOf (one, other) {
  const side = (line, text) => (line ? shown(line, text) : '')
  return diffRows(diffOf(one, other), NONE).map((row) => (row.folded ? `... ${row.folded.length}` : `${row.state} ${side(row.left, one)} | ${side(row.right, other)}`))
}

test('JSON is compared by its paths', () => {
  assert.deepEqual(rowsOf('{"a":1,"b":2,"c":[1,2,{"d":3}]}', '{"c":[1,2,{"d":4},5],"b":2,"e":{"f":1}}'), [
    'same { | {', 'removed "a": 1, | ', '... 1', 'same "c": [ | "c": [', '... 2', 'same { | {', 'changed "d": 3 | "d": 4', 'same } | },',
    'added  | 5', 'same ] | ],', 'added  | "e": {', 'added  | "f": 1', 'added  | }', 'same } | }',
  ])
})

test('numbers are compared as they were written, strings by what they say', () => {
  assert.equal(differences(diffOf('{"a":12345678901234567890}', '{"a":12345678901234567891}')), 1)
  assert.equal(differences(diffOf('[1.0]', '[1.00]')), 1)
  assert.equal(differences(diffOf('["\\u00fc"]', '[ "ü" ]')), 0)
})

test('keys that come twice are compared in turn, and names of objects are only names', () => {
  assert.equal(differences(diffOf('{"a":1,"a":2}', '{"a":3,"a":2}')), 1)
  assert.equal(differences(diffOf('{"__proto__":1,"constructor":2}', '{"constructor":2,"__proto__":1}')), 0)
})

test('any JSON is equal to itself in another order, and one change is one difference', () => {
  const random = chance(6)
  const turned = (value) => {
    if (Array.isArray(value)) return value.map(turned)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).reverse().map(([key, each]) => [key, turned(each)]))
  }
  for (let turn = 0; turn < 300; turn += 1) {
    const value = { x: anyValue(random), y: 1 }
    assert.equal(differences(diffOf(JSON.stringify(value), JSON.stringify(turned(value), null, 1))), 0)
    assert.equal(differences(diffOf(JSON.stringify(value), JSON.stringify({ ...value, y: 2 }))), 1)
  }
})

test('two documents that were cut off are compared as far as they go', () => {
  assert.equal(differences(diffOf('{"a":1,"b":[1,', '{"a":1,"b":[1,2')), 1)
})

test('forms are decoded, and what can not be is left', () => {
  assert.deepEqual(pairs('a=1&b=caf%C3%A9+x&c&&d=%zz&=e&f=g=h'), [['a', '1'], ['b', 'café x'], ['c', ''], ['d', '%zz'], ['', 'e'], ['f', 'g=h']].map(([name, value]) => ({ name, value })))
})

const span = (spanId, parentSpanId, start) => ({ spanId, parentSpanId, start, duration: 1, name: spanId })

test('spans stand below their parents in order of time, and all are there', () => {
  const spans = [span('c', 'root', 3), span('b', 'a', 2), span('a', 'root', 1), span('lost', 'unknown', 0), span('x', 'y', 5), span('y', 'x', 6)]
  assert.deepEqual(spanRows(spans, 'root').map(({ span, depth }) => [span.spanId, depth]), [['lost', 0], ['a', 0], ['b', 1], ['c', 0], ['x', 0], ['y', 0]])
})

test('a scale has four to eight round places', () => {
  for (const length of [0.001, 0.9, 1.6, 7, 42, 804, 1000, 30_000]) {
    const found = ticks(length)
    assert.ok(found.length >= 4 && found.length <= 8, `${length}: ${found}`)
    assert.ok(found.at(-1) <= length)
  }
})
