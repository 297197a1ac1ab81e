// The native library's reports, from the program LabMeasurements.
import { execFileSync } from 'node:child_process';

// The reports for requests; each request has a figure, a seed and values.
export function nativeReports(program, requests) {
  const lines = requests.map(({ figure, seed, values }) => [figure, seed, ...values].join(' '));
  const output = execFileSync(program, { input: `${lines.join('\n')}\n`, maxBuffer: 1 << 30 });
  const reports = String(output).trim().split('\n').map((line) => JSON.parse(line));
  if (reports.length !== requests.length) throw new Error(`${reports.length} reports of ${requests.length} requests`);
  return reports;
}
