/** How good a version is: its figures in plain words, its mistakes, its thresholds, its calibration, and what its columns are worth. */
import type { PictureShape } from '../../parts/pixel-picture.js';
import { formatName, formatNumber, formatPercent } from '../../parts/format.js';
import { Notice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import type { Evaluation } from '../../service/api.js';
import { CalibrationPlot } from './calibration-plot.js';
import { Pictures } from './pictures.js';
import { CellMatrix } from './cell-matrix.js';
import {
  figureMeanings,
  formatFigure,
  intervalText,
  splitNames,
  verdict,
  type FigureName,
} from './figures-text.js';
import { Importance } from './importance.js';
import { mainFigureOf, mainSplit, type Split, type SplitName } from './model-data.js';
import { ResidualPlots } from './residual-plots.js';
import { RowLink } from './row-link.js';
import { ThresholdView } from './threshold-view.js';

/** `picture`: what the model takes. */
export function EvaluationView({
  evaluation,
  picture,
}: {
  evaluation: Evaluation;
  picture: PictureShape | undefined;
}) {
  const main = mainSplit(evaluation);
  if (!main) return <Notice kind="info" title="There are no rows to judge it by" />;
  const [name, split] = main;
  const { labels, positive, importance } = evaluation;
  return (
    <div class="stack evaluation">
      <MainFigures evaluation={evaluation} name={name} split={split} />
      {labels && split.confusion && (
        <CellMatrix evaluation={evaluation} labels={labels} confusion={split.confusion} picture={picture} />
      )}
      {labels && positive !== undefined && split.thresholds && (
        <ThresholdView
          key={name}
          thresholds={split.thresholds}
          classes={split.classes ?? []}
          positive={positive}
          chosen={evaluation.threshold}
        />
      )}
      {split.pairs && <ResidualPlots split={split} />}
      <div class="columns">
        {split.calibration_bins && (
          <CalibrationPlot
            bins={split.calibration_bins}
            error={split.figures.calibration_error}
            temperature={evaluation.calibration?.temperature}
          />
        )}
        {importance && <Importance importance={importance} />}
      </div>
      {evaluation.mistakes && <Mistakes evaluation={evaluation} picture={picture} />}
    </div>
  );
}

function MainFigures({
  evaluation: { task },
  name,
  split,
}: {
  evaluation: Evaluation;
  name: SplitName;
  split: Split;
}) {
  const main = mainFigureOf(split.figures);
  const said = main && verdict(main, split);
  return (
    <Section title="Figures">
      <p class="muted">
        On {formatNumber(split.rows)} {splitNames[name]}
        {split.weights &&
          `, weighed: they tell as much as ${formatNumber(Math.round(split.weights.effective_rows))} equal ones`}
        .
      </p>
      {said && (
        <Notice kind={said.isGood ? 'success' : 'warning'}>
          <p>{said.text}</p>
        </Notice>
      )}
      {main && (
        <p class="main-figure">
          <strong>{formatFigure(main, split.figures[main])}</strong>{' '}
          <span class="muted">
            {formatName(main)}: {figureMeanings[main]}. {intervalText(main, split.intervals[main])}
          </span>
        </p>
      )}
      <FiguresTable split={split} task={task} />
    </Section>
  );
}

function FiguresTable({ split, task }: { split: Split; task: string }) {
  const { figures, intervals, baselines } = split;
  const names = Object.keys(figures) as FigureName[];
  return (
    <div class="table-frame" role="region" aria-label="Figures" tabIndex={0}>
      <table class="figures-table">
        <caption class="visually-hidden">Figures, beside those of what must be beaten</caption>
        <thead>
          <tr>
            <th scope="col">Figure</th>
            <th scope="col" class="number">
              This version
            </th>
            <th scope="col" class="number">
              Linear model
            </th>
            <th scope="col" class="number">
              {task === 'classification' ? 'Always the commonest' : 'Always the mean'}
            </th>
            <th scope="col">95 % interval</th>
            <th scope="col">What it says</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{formatName(name)}</th>
              <td class="number">
                <strong>{formatFigure(name, figures[name])}</strong>
              </td>
              <td class="number">{formatFigure(name, baselines.linear?.[name])}</td>
              <td class="number">{formatFigure(name, baselines.constant[name])}</td>
              <td class="interval">
                {intervals[name]?.map((end) => formatFigure(name, end)).join(' to ') ?? '–'}
              </td>
              <td class="muted">{figureMeanings[name]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Mistakes({ evaluation, picture }: { evaluation: Evaluation; picture: PictureShape | undefined }) {
  const { mistakes, task, dataset } = evaluation;
  const rows = mistakes?.rows ?? [];
  if (rows.length === 0) return null;
  const isClass = task === 'classification';
  return (
    <Section title={isClass ? 'Surest mistakes' : 'Largest errors'}>
      <p class="muted">
        Look at them first: they often show what is wrong in the data. Rows are counted from 0 in{' '}
        {dataset.name}.
      </p>
      {picture === undefined ? (
        <MistakesTable evaluation={evaluation} />
      ) : (
        <Pictures dataset={dataset} split={mistakes?.split} rows={rows.map(({ row }) => row)} shape={picture}>
          {(place) => {
            const { actual, predicted, confidence } = rows[place] ?? {};
            return (
              <>
                {actual}, taken for <strong>{predicted}</strong>, {formatPercent(confidence, 1)}
              </>
            );
          }}
        </Pictures>
      )}
    </Section>
  );
}

function MistakesTable({ evaluation: { mistakes, task, model } }: { evaluation: Evaluation }) {
  const isClass = task === 'classification';
  const rows = mistakes?.rows ?? [];
  return (
    <div class="table-frame" role="region" aria-label="Mistakes" tabIndex={0}>
      <table>
        <caption class="visually-hidden">Mistakes</caption>
        <thead>
          <tr>
            <th scope="col" class="number">
              Row
            </th>
            <th scope="col">Actual</th>
            <th scope="col">Answer</th>
            {isClass && (
              <th scope="col" class="number">
                How sure
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ row, output, actual, predicted, confidence }, i) => (
            <tr key={i}>
              <td class="number">
                <RowLink model={model} row={row} />
              </td>
              <td>
                {output !== undefined && <span class="muted">{output}: </span>}
                {shown(actual)}
              </td>
              <td>{shown(predicted)}</td>
              {isClass && <td class="number">{formatPercent(confidence, 1)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function shown(value: string | number): string {
  return typeof value === 'number' ? formatNumber(value) : value;
}
