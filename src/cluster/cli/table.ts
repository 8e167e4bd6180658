/** Rows in aligned columns, for people; scripts take `--json`. */

export type Column<Row> = { readonly title: string; readonly of: (row: Row) => unknown }

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(({ title }) => title.toUpperCase()), ...rows.map((row) => columns.map(cellOf(row)))]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const cellOf =
  <Row>(row: Row) =>
  ({ of }: Column<Row>): string => {
    const value = of(row)
    return value === undefined || value === null || value === '' ? '-' : String(value)
  }
