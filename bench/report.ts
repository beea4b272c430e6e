/** One line of a result. */
export interface Row {
  readonly name: string;
  readonly result: string;
  /** The limit, or the peer in the same run. */
  readonly against: string;
}

export function print(title: string, rows: readonly Row[]): void {
  const width = (field: keyof Row) => Math.max(...rows.map((row) => row[field].length));
  console.log(`\n${title}`);
  for (const row of rows)
    console.log(`  ${row.name.padEnd(width('name'))}  ${row.result.padEnd(width('result'))}  ${row.against}`);
}

export const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
