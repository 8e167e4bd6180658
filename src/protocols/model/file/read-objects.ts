/** Configuration objects from a YAML file: entries, and for everything that is wrong its line, column and remedy. */
import { Compile } from 'typebox/compile'
import { type ConfigurationFault, ConfigurationInvalid } from '#platform/config/errors.ts'
import { placed } from '#platform/config/read-config.ts'
import { parseYaml, type YamlDocument } from '#platform/config/yaml-document.ts'
import { faultsOf as schemaFaults } from '#platform/schema/faults.ts'
import { complete, type Entries } from '../entries.ts'
import { type Fault, faultsOf } from '../faults.ts'
import { type Kind, kindNames } from '../objects.ts'
import { expand, type Problem } from './expand.ts'
import { type FileContent, FileSchema } from './file-schema.ts'

export interface ObjectsFile {
  readonly entries: Entries
  /** A fault of the objects with its place in this file; of an object that it does not name, the file as a whole. */
  placed(fault: Fault): ConfigurationFault
}

/** Reads a file that the text names, by its path there. */
export type ReadBeside = (path: string) => Promise<string>

const validator = Compile(FileSchema)

/** Throws `ConfigurationInvalid`. Without `read`, strategies must be in the text: no file of this host is looked at. */
export async function readObjects(file: string, text: string, read?: ReadBeside): Promise<ObjectsFile> {
  const document = parseYaml(file, text, FileSchema)
  const content = (document.value ?? {}) as FileContent
  const faults = schemaFaults(FileSchema, validator, content)
  if (faults.length > 0)
    throw new ConfigurationInvalid(
      file,
      faults.map((fault) => placed(document, fault)),
    )
  const reader = new Reader(document, content, read)
  const entries = await reader.entries()
  if (reader.faults.length > 0) throw new ConfigurationInvalid(file, reader.faults)
  return { entries, placed: (fault) => reader.place(fault) }
}

/** What is wrong with the objects of a file by themselves. Throws `ConfigurationInvalid`. */
export function checkObjects(file: string, { entries, placed }: ObjectsFile): void {
  const persons = (entries.persons ?? []).map(({ password: _, ...person }) => person)
  const faults = faultsOf(complete({ ...entries, persons }))
  if (faults.length > 0) throw new ConfigurationInvalid(file, faults.map(placed))
}

class Reader {
  readonly faults: ConfigurationFault[] = []
  private readonly document: YamlDocument
  private readonly content: FileContent
  private readonly read: ReadBeside | undefined
  /** Where the entry of each object stands. */
  private readonly places = new Map<string, readonly string[]>()

  constructor(document: YamlDocument, content: FileContent, read: ReadBeside | undefined) {
    this.document = document
    this.content = content
    this.read = read
  }

  async entries(): Promise<Entries> {
    const entries: Record<string, unknown> = this.content.settings ? { settings: this.content.settings } : {}
    for (const kind of kindNames) {
      const written = this.content[kind]
      if (written === undefined) continue
      const objects = written.map((_, index) => this.objectsOf(kind, index))
      entries[kind] = (await Promise.all(objects)).flat()
    }
    return entries as Entries
  }

  place(fault: Fault): ConfigurationFault {
    const { kind, key, property } = fault
    const path = kind === 'settings' ? ['settings'] : (this.places.get(placeName(kind, key)) ?? [])
    const name = [kind, key, property].filter((part) => part !== undefined).join('.')
    const [message = '', ...remedies] = fault.message.split('; ')
    const whole = path.length === 0 || property === undefined ? path : [...path, property]
    return {
      ...this.document.positionOf(whole),
      key: name,
      message,
      remedy: remedies.join('; ') || 'correct it',
    }
  }

  private async objectsOf(kind: Kind, index: number): Promise<object[]> {
    const path = [kind, String(index)]
    const entry = this.content[kind]?.[index] ?? {}
    const expanded = expand(kind, entry, this.content.templates)
    if (!Array.isArray(expanded)) return this.refuse(path, expanded)
    for (const { key } of expanded) this.places.set(placeName(kind, key), path)
    const objects = expanded.map((one) => one.entry)
    return kind === 'strategies' ? (await Promise.all(objects.map((one) => this.withScxml(path, one)))).flat() : objects
  }

  private async withScxml(path: readonly string[], entry: Record<string, unknown>): Promise<object[]> {
    const { file, ...strategy } = entry
    if (file === undefined) return [strategy]
    const refuse = (message: string, remedy: string) => this.refuse(path, { property: 'file', message, remedy })
    if (strategy.scxml !== undefined) return refuse('and scxml are both there', 'keep one of the two')
    if (this.read === undefined)
      return refuse('cannot be read here', 'send the document as scxml; ringmain config apply does that')
    try {
      return [{ ...strategy, scxml: await this.read(String(file)) }]
    } catch (error) {
      return refuse(`cannot be read: ${(error as Error).message}`, 'paths are seen from the folder of this file')
    }
  }

  private refuse(path: readonly string[], { property, message, remedy }: Problem): [] {
    const whole = [...path, property]
    this.faults.push(placed(this.document, { path: whole, isKey: false, message, remedy }))
    return []
  }
}

const placeName = (kind: string, key: string | undefined): string => `${kind}:${key}`
