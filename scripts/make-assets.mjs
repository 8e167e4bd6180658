// `node scripts/make-assets.mjs`: makes the demo's prompts and music under assets/ again, as µ-law WAV at 8 kHz.
// Needs espeak-ng and sox, which nothing else needs: the files are in the repository. The same input gives the same bytes.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const prompts = {
  greeting: 'Welcome to Ringmain. Please hold the line for the next free agent.',
  'menu-sales': 'This is Sales. For a new order, press 1. For an order you have already placed, press 2.',
  'menu-billing': 'This is Billing. For a question about your bill, press 1. To pay a bill, press 2.',
  announcement: 'This is an announcement from Ringmain. Everything works as it should. Thank you for calling. Goodbye.',
  echo: 'This is the echo test. After this message you will hear everything that you say.',
  invalid: 'Sorry, I did not understand that.',
  closed: 'Sorry, nobody is here to take your call at the moment. Please try again later. Goodbye.',
  goodbye: 'Thank you for calling. Goodbye.',
}

const rate = 8000

function tool(command, args) {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) {
    console.error(`${command} failed: ${error?.message ?? stderr}; on Debian: apt-get install espeak-ng sox`)
    process.exit(1)
  }
}

/** Spoken, then narrowed to the telephone band, with a breath of silence around it. */
function speak(text, file, folder) {
  const raw = join(folder, 'spoken.wav')
  tool('espeak-ng', ['-v', 'en-gb-x-rp', '-s', '165', '-p', '42', '-w', raw, text])
  const out = ['-D', raw, '-r', String(rate), '-c', '1', '-e', 'mu-law', file]
  tool('sox', [...out, 'highpass', '180', 'lowpass', '3500', 'norm', '-4', 'pad', '0.25', '0.25'])
}

const bar = 3 // seconds
const midi = (note) => 440 * 2 ** ((note - 69) / 12)
/** Eight bars, each a bass note, a chord that is held, and a melody in eighths (0: rest). */
const song = [
  [48, [64, 67, 71], [76, 0, 79, 0, 83, 0, 79, 76]],
  [45, [60, 64, 67], [76, 0, 72, 0, 79, 0, 76, 72]],
  [50, [62, 65, 69], [77, 0, 74, 0, 81, 0, 77, 74]],
  [43, [62, 65, 71], [79, 0, 77, 0, 74, 0, 71, 74]],
  [52, [64, 67, 71], [79, 0, 76, 0, 83, 0, 84, 83]],
  [45, [60, 64, 67], [81, 0, 79, 0, 76, 0, 72, 76]],
  [41, [60, 65, 69], [77, 0, 81, 0, 84, 0, 81, 77]],
  [43, [62, 65, 71], [79, 0, 77, 74, 71, 0, 74, 71]],
]

/** Adds one note; what rings on beyond the end goes on at the begin, so that the loop has no seam. */
function ring(samples, note, start, seconds, level, harmonics, decay) {
  const first = Math.round(start * rate)
  const count = Math.round(seconds * rate)
  const step = (2 * Math.PI * midi(note)) / rate
  for (let i = 0; i < count; i += 1) {
    const attack = Math.min(1, i / (0.02 * rate))
    const release = Math.min(1, (count - i) / (0.1 * rate))
    const envelope = level * attack * release * Math.exp(-i / (decay * rate))
    const value = harmonics.reduce((sum, share, n) => sum + share * Math.sin(step * (n + 1) * i), 0)
    samples[(first + i) % samples.length] += envelope * value
  }
}

function compose() {
  const samples = new Float64Array(song.length * bar * rate)
  for (const [at, [bass, chord, melody]] of song.entries()) {
    const start = at * bar
    ring(samples, bass, start, bar * 1.1, 0.5, [1, 0.6, 0.3, 0.1], 2)
    for (const note of chord) ring(samples, note, start, bar * 1.2, 0.22, [1, 0.25, 0.1], 3)
    for (const [eighth, note] of melody.entries()) {
      if (note) ring(samples, note, start + (eighth * bar) / 8, 1.6, 0.4, [1, 0.4, 0.05], 0.45)
    }
  }
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
  return Int16Array.from(samples, (sample) => Math.round((sample / peak) * 12_000))
}

function music(file, folder) {
  const raw = join(folder, 'music.raw')
  writeFileSync(raw, new Uint8Array(compose().buffer))
  const source = ['-t', 'raw', '-r', String(rate), '-c', '1', '-e', 'signed', '-b', '16', raw]
  tool('sox', ['-D', ...source, '-e', 'mu-law', file])
}

const folder = mkdtempSync(join(tmpdir(), 'ringmain-assets-'))
try {
  mkdirSync('assets/prompts', { recursive: true })
  mkdirSync('assets/music', { recursive: true })
  for (const [name, text] of Object.entries(prompts)) speak(text, `assets/prompts/${name}.wav`, folder)
  music('assets/music/music.wav', folder)
} finally {
  rmSync(folder, { recursive: true })
}
