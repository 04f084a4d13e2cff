// Shows the main job on a captured container, as any user and on a machine without AUFS: npm run demo
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('..', import.meta.url))
const sample = 'samples/leaky-01-docker'
const args = ['--procfs', `${sample}/proc`, '--sysfs', `${sample}/sys`, '--pid', '112']

console.log('A container on AUFS, captured from a kernel that names mapped files by the layer they lie in.\n')
console.log(`$ aufs-vma ${args.join(' ')}\n`)

const { stdout, stderr, status } = spawnSync(process.execPath, ['dist/bin/aufs-vma.js', ...args], {
  cwd: repository,
  encoding: 'utf8',
})
process.stderr.write(stderr)
if (status !== 0) process.exit(status ?? 1)

const records = stdout
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line))
// A file is mapped several times (code, data …): once each is enough to see.
const files = [...new Map(records.map((record) => [record.link, record])).values()]
const rows = files.map(({ link, path, branch, mnt_id, fixed }) => [
  shorten(link),
  path,
  branch === null ? '-' : `${branch.index} ${shorten(branch.path)}`,
  branch === null ? '-' : [branch.perm, ...branch.attributes].join('+'),
  mnt_id === null ? '-' : String(mnt_id),
  fixed ? 'yes' : 'no',
])
printTable([['what the kernel says', 'path', 'branch', 'perm', 'mnt_id', 'fixed'], ...rows])

console.log(
  `\n${records.length} mappings of ${files.length} files, each a line of JSON with all that is known of it.`,
)
console.log('On your own machine: aufs-vma --pid PID')

/** The id of a layer, 64 digits, as its first eight. */
function shorten(text) {
  return text.replace(/\b([0-9a-f]{8})[0-9a-f]{56}/g, '$1…')
}

function printTable(rows) {
  const shown = rows.map((row) => row.map(printable))
  const widths = shown[0].map((_, column) => Math.max(...shown.map((row) => row[column].length)))
  for (const row of shown)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
}

/** A name may hold what would move the cursor or turn the writing around. */
function printable(text) {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/gu,
    (character) => `\\u{${character.codePointAt(0).toString(16)}}`,
  )
}
