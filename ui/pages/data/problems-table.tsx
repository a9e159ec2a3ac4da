/** What is wrong with a file, line by line, and what to change. */
import { DataTable, type Column } from '../../parts/data-table.js';
import { formatNumber } from '../../parts/format.js';
import { Notice } from '../../parts/notice.js';
import type { Dataset } from '../../service/api.js';

type DatasetError = NonNullable<Dataset['error']>;
type Problem = DatasetError['problems'][number];

const columns: readonly Column<Problem>[] = [
  { id: 'line', title: 'Line', isNumber: true, cell: ({ line }) => formatNumber(line) },
  { id: 'column', title: 'Column', cell: ({ column }) => column ?? '–' },
  { id: 'value', title: 'What is there', cell: ({ value }) => (value === null ? '–' : <code>{value}</code>) },
  { id: 'message', title: 'What to change', cell: ({ message }) => message },
];

/** The service lists no more. */
const mostListed = 100;

export function FileProblems({ error }: { error: DatasetError }) {
  const { problems } = error;
  return (
    <>
      <Notice kind="error" title="The file cannot be used">
        <p>{error.message}</p>
        <p>Correct the file, and add it again under the same name.</p>
      </Notice>
      {problems.length > 0 && (
        <DataTable
          label="Lines at fault"
          columns={columns}
          rows={problems}
          keyOf={(problem) => `${problem.code} ${problems.indexOf(problem)}`}
        />
      )}
      {problems.length >= mostListed && <p class="small muted">The first {mostListed} are listed.</p>}
    </>
  );
}
