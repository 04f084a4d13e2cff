/* Draws the records of #data. Whatever they hold becomes text and nothing else: see `element`. */
const { processes, unions } = JSON.parse(document.getElementById('data').textContent)
const main = document.getElementById('main')

/** Pixels, as in the style. */
const MAPPING = 7
const GAP = 10

const COLORS = 10

/** An element with its class and its text or children. */
function element(name, className = '', ...children) {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  made.append(...children)
  return made
}

/** The colour of a branch; what is of no union has none of its own. */
function fill(target, color) {
  target.style.setProperty('--fill', color === null ? 'var(--none)' : `var(--c${color % COLORS})`)
  return target
}

function cell(text, className) {
  return element('td', className, text)
}

function table(heads, rows) {
  const head = element('tr', '', ...heads.map(([text, className]) => element('th', className, text)))
  for (const th of head.children) th.scope = 'col'
  return element('table', '', element('thead', '', head), element('tbody', '', ...rows))
}

function heading(name, about, total) {
  const title = element('h2', '', element('bdi', '', name), element('small', '', about))
  if (total !== '') title.append(element('small', '', total))
  return title
}

/** The branches of a process, with what each supplies; pointing at one shows what is of it. */
function legend(branches, strip) {
  const rows = branches.map(({ color, index, perm, path, files, size, stale }, i) => {
    const key = fill(element('span', 'key'), color)
    const row = element(
      'tr',
      '',
      cell(key),
      cell(index, 'number'),
      cell(perm),
      cell(path, 'path'),
      cell(files, 'number'),
      cell(size, 'number'),
      cell(stale, 'alarm'),
    )
    row.addEventListener('pointerenter', () => {
      strip.classList.add('pointing')
      for (const button of strip.querySelectorAll('button'))
        button.classList.toggle('pointed', Number(button.dataset.branch) === i)
    })
    row.addEventListener('pointerleave', () => strip.classList.remove('pointing'))
    return row
  })
  const heads = [
    [''],
    ['branch', 'number'],
    ['perm'],
    ['path'],
    ['files', 'number'],
    ['size', 'number'],
    ['stale'],
  ]
  return table(heads, rows)
}

/** What a mapping takes of a row at least, with the gap before it. */
function least({ gap }) {
  return gap ? MAPPING + GAP : MAPPING
}

/** Mappings in rows of one scale: half of their length is what each takes at least, the other half goes by weight. */
function inRows(mappings) {
  const length = mappings.reduce((sum, mapping) => sum + least(mapping), 0)
  const count = Math.ceil((2 * length) / main.clientWidth)
  const weight = mappings.reduce((sum, mapping) => sum + mapping.weight, 0)
  const perWeight = (count * main.clientWidth - length) / (weight || 1)
  const rows = Array.from({ length: count }, () => [])
  let before = 0
  for (const mapping of mappings) {
    rows[Math.min(count - 1, Math.floor(before / main.clientWidth))].push(mapping)
    before += least(mapping) + mapping.weight * perWeight
  }
  return rows.filter((row) => row.length > 0)
}

function describe({ range, size, perms, state }, { label }) {
  return [label, state, perms, size, range].filter((part) => part !== '')
}

/** A strip of buttons, one of which is in the order of the tabulator; and the line that names the one pointed at. */
function picture({ name, mappings, branches }) {
  const hint = element('span', '', 'Point at a mapping to see its file.')
  const detail = element('div', 'detail', hint)
  const strip = element('div', 'strip')
  strip.setAttribute('role', 'group')
  strip.setAttribute('aria-label', `address space of ${name}`)
  const buttons = []

  const show = (button, mapping) => {
    strip.querySelector('.shown')?.classList.remove('shown')
    button.classList.add('shown')
    const parts = describe(mapping, branches[mapping.branch]).map((part) =>
      element('span', part === mapping.state && mapping.stale ? 'alarm' : '', part),
    )
    const line = element(
      'div',
      '',
      ...parts.flatMap((part, i) => (i === 0 ? [part] : [element('span', '', ' · '), part])),
    )
    detail.replaceChildren(element('b', '', element('bdi', '', mapping.path)), line)
  }

  const button = (mapping) => {
    const { path, branch, stale, weight } = mapping
    const made = fill(
      element('button', stale ? 'stale' : '', element('span', '', path.slice(path.lastIndexOf('/') + 1))),
      branches[branch].color,
    )
    made.type = 'button'
    made.tabIndex = buttons.length === 0 ? 0 : -1
    made.dataset.branch = branch
    made.style.flexGrow = weight
    made.setAttribute('aria-label', [path, ...describe(mapping, branches[branch])].join(', '))
    made.addEventListener('pointerenter', () => show(made, mapping))
    made.addEventListener('focus', () => show(made, mapping))
    buttons.push(made)
    return made
  }

  for (const mapped of inRows(mappings)) {
    const row = element('div', 'row')
    for (const mapping of mapped) {
      if (mapping.gap) row.append(element('span', 'gap'))
      row.append(button(mapping))
    }
    strip.append(row)
  }

  strip.addEventListener('keydown', (event) => {
    const at = buttons.indexOf(event.target)
    const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buttons.length - 1 }
    const next = buttons[steps[event.key]]
    if (next === undefined) return
    event.preventDefault()
    buttons[at].tabIndex = -1
    next.tabIndex = 0
    next.focus()
  })
  return { strip, detail, buttons }
}

/** The same as text. */
function listing({ mappings, branches }) {
  const rows = mappings.map(({ range, size, perms, path, branch, state, stale }) =>
    element(
      'tr',
      '',
      cell(range, 'number'),
      cell(size, 'number'),
      cell(perms),
      cell(path, 'path'),
      cell(branches[branch].index),
      cell(state, stale ? 'alarm' : ''),
    ),
  )
  const heads = [['addresses', 'number'], ['size', 'number'], ['perms'], ['path'], ['branch'], ['state']]
  const details = element(
    'details',
    '',
    element('summary', '', `${mappings.length} mappings as a table`),
    table(heads, rows),
  )
  return { details, rows }
}

/** All that a search looks at. */
const searched = []

for (const process of processes) {
  const { strip, detail, buttons } = picture(process)
  const { details, rows } = listing(process)
  process.mappings.forEach(({ path }, i) => {
    searched.push({ path, wanted: path.toLowerCase(), shapes: [buttons[i], rows[i]] })
  })
  main.append(
    element(
      'section',
      '',
      heading(process.name, process.about, process.total),
      strip,
      detail,
      legend(process.branches, strip),
      details,
    ),
  )
}

for (const { name, about, branches } of unions) {
  const rows = branches.map(({ color, index, perm, path }) =>
    element(
      'tr',
      '',
      cell(fill(element('span', 'key'), color)),
      cell(index, 'number'),
      cell(perm),
      cell(path, 'path'),
    ),
  )
  main.append(
    element(
      'section',
      '',
      heading(name, about, ''),
      table([[''], ['branch', 'number'], ['perm'], ['path']], rows),
    ),
  )
}

if (main.childElementCount === 0)
  main.append(element('p', '', 'There is nothing to show: the input was empty.'))

document.getElementById('search').addEventListener('input', ({ target }) => {
  const text = target.value.toLowerCase()
  const paths = new Set()
  let count = 0
  for (const { path, wanted, shapes } of searched) {
    const isMatch = text !== '' && wanted.includes(text)
    for (const shape of shapes) shape.classList.toggle('match', isMatch)
    if (!isMatch) continue
    count += 1
    paths.add(path)
  }
  document.body.classList.toggle('searching', text !== '')
  document.getElementById('found').textContent = text === '' ? '' : `${count} mappings of ${paths.size} paths`
})
